"""A stage that ended: what it ran, which makes it the same in another run, and its profile."""

from typing import NamedTuple

from lm_assets.collect.spark.event_log.events import CompletedStageInfo
from lm_assets.collect.spark.profiling.executions import RunningExecution
from lm_assets.collect.spark.profiling.kept_data import kept_data
from lm_assets.collect.spark.profiling.plans import (
    call_site_without_place,
    digest_of,
    functions_of,
    operation_names,
)
from lm_assets.collect.spark.profiling.stage_sums import StageSums
from lm_assets.model.application_profile import StageProfile


class StageIdentity(NamedTuple):
    """The part of a stage's profile that its plan tells."""

    key: str = ""
    operators: tuple[str, ...] = ()
    fragments: tuple[int, ...] = ()
    functions: tuple[str, ...] | None = None


NOT_YET_KNOWN = StageIdentity()


def identity_in(stage: StageProfile) -> StageIdentity:
    """Return what a stage that was written before ran."""
    return StageIdentity(
        key=stage.key,
        operators=stage.operators,
        fragments=stage.fragments,
        functions=stage.functions,
    )


def identity_of(info: CompletedStageInfo, execution: RunningExecution | None) -> StageIdentity:
    """Return what a stage ran, by its execution's plan; by its own name where no plan has it."""
    accumulators = [item.id for item in info.accumulables]
    found = None if execution is None else execution.fragments(accumulators)
    if found is None:
        operators = operation_names(rdd.scope for rdd in info.rdds)
        key = digest_of((call_site_without_place(info.name), *operators))
        return StageIdentity(key=key, operators=operators)
    plan, fragments = found
    return StageIdentity(
        key=digest_of(plan.keys.get(part, "") for part in fragments),
        operators=tuple(name for part in fragments for name in plan.operators.get(part, ())),
        fragments=fragments,
        functions=functions_of(plan, fragments),
    )


def stage_profile(
    info: CompletedStageInfo, sums: StageSums, place: int, identity: StageIdentity
) -> StageProfile:
    """Return the profile of a stage that ended, in the execution at a place."""
    times = sums.run_times
    return StageProfile(
        execution=place,
        name=call_site_without_place(info.name),
        **identity._asdict(),
        kept_data=kept_data(info.rdds),
        sums=sums.by_name(),
        run_time_p50_ms=times.quantile_ms(0.50),
        run_time_p95_ms=times.quantile_ms(0.95),
        run_time_max_ms=float(sums.run_time_max_ms) if len(times) else None,
    )
