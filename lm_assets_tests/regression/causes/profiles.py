"""Profiles of made-up applications, for tests of what explains a change."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from lm_assets.model.application_profile import (
    ApplicationProfile,
    ExecutionProfile,
    ExecutorProfile,
    PlanNode,
    StageProfile,
)

# Run-to-run noise of five runs: a few per cent, the same in every test.
NOISE = (0.98, 1.03, 1.0, 0.97, 1.02)


def a_plan(*names: str) -> tuple[PlanNode, ...]:
    """A chain of operators, each reading from the next."""
    return tuple(PlanNode(depth=n, name=name, detail=name) for n, name in enumerate(names))


def a_stage(key: str, clock_ms: float, **options: Any) -> StageProfile:
    """A stage whose tasks ran all the time that it took, on one core."""
    sums = {"tasks": 8, "run_time_ms": int(clock_ms), "cpu_time_ms": int(clock_ms * 0.8)}
    sums |= {"task_time_ms": int(clock_ms)} | options.pop("sums", {})
    return StageProfile(
        execution=options.pop("execution", 0),
        key=key,
        name=f"{key} at job.py",
        operators=options.pop("operators", (key,)),
        sums=sums,
        clock_ms=clock_ms,
        run_time_p50_ms=clock_ms / 8,
        run_time_p95_ms=clock_ms / 8,
        run_time_max_ms=options.pop("max_ms", clock_ms / 8),
        **options,
    )


def an_application(stages: Sequence[StageProfile], **options: Any) -> ApplicationProfile:
    """An application of one query with these stages."""
    names = options.pop("plan", ("Join", "Scan parquet"))
    digest = "-".join(names)
    gap = options.pop("driver_gap_ms", 500.0)
    return ApplicationProfile(
        app_id="app-1",
        clock_ms=sum(stage.clock_ms for stage in stages) + gap,
        driver_gap_ms=gap,
        settings=options.pop("settings", {}),
        versions={"spark": "4.0.5"},
        executors=options.pop("executors", (ExecutorProfile(executor_id="1", host="a", cores=1),)),
        plans={digest: a_plan(*names)},
        executions=(ExecutionProfile(description="save at job.py", plan=digest),),
        stages=tuple(stages),
        **options,
    )


def some_runs(make: Any, n: int = 5, *, seed: int = 0) -> list[ApplicationProfile]:
    """``n`` runs of one application; ``make`` is given each run's factor of noise."""
    return [make(NOISE[(number + seed) % len(NOISE)]) for number in range(n)]


def with_settings(profile: ApplicationProfile, **settings: str) -> ApplicationProfile:
    """The same with these settings, whose dots are written as double underscores."""
    named = {name.replace("__", "."): value for name, value in settings.items()}
    return replace(profile, settings=named)
