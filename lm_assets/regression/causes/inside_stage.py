"""Where inside a stage the time went: its tasks' parts, their number, and how many ran at once.

Spark measures the parts of a task's time: CPU, garbage collection, waiting for shuffle data,
writing shuffle data, deserialisation, sending results, scheduling; the rest is waiting for storage
or for a processor. They are summed over tasks, and turned into time on the clock by how much
clock time a second of task time took; a change of that ratio (a straggler, fewer slots) is a part
of its own. The parts sum to the stage's change.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from lm_assets.model.application_profile import StageProfile
from lm_assets.model.explanation import InnerPart
from lm_assets.regression.causes.matching import MatchedRow
from lm_assets.regression.causes.samples import seconds

PARALLELISM = "tasks at once"
_MS = 1_000.0


def task_times_ms(stages: Sequence[StageProfile]) -> dict[str, float]:
    """Return a run's task time of some stages by what it was spent on; the parts sum to it."""

    def of(name: str) -> float:
        return float(sum(stage.sum_of(name) for stage in stages))

    run, gc = of("run_time_ms"), of("gc_time_ms")
    fetch, write = of("fetch_wait_ms"), of("shuffle_write_ms")
    # CPU time includes what the task's own thread spends in writing; collection is other threads'.
    cpu = min(of("cpu_time_ms"), run)
    gc = min(gc, run - cpu)
    fetch = min(fetch, run - cpu - gc)
    write_wait = min(write, run - cpu - gc - fetch)
    return {
        "CPU": cpu,
        "garbage collection": gc,
        "shuffle fetch wait": fetch,
        "shuffle write wait": write_wait,
        "storage and other waits": run - cpu - gc - fetch - write_wait,
        "deserialisation": of("deserialize_ms"),
        "results": of("result_ms"),
        "scheduling": of("scheduler_delay_ms"),
    }


def tail_ms(stages: Sequence[StageProfile]) -> float:
    """Return by how much the longest tasks outlasted nearly all others (maximum − p95)."""
    return sum(
        max((stage.run_time_max_ms or 0.0) - (stage.run_time_p95_ms or 0.0), 0.0)
        for stage in stages
        if stage.run_time_p95_ms is not None
    )


def inner_parts(row: MatchedRow, quantity: str, change_s: float) -> tuple[InnerPart, ...]:
    """Return the contributions to a row's change, the largest first; empty where only one is."""
    if quantity == "cpu_time":
        return ()
    before = [task_times_ms(run) for run in row.baseline]
    now = [task_times_ms(run) for run in row.current]
    clock = [_clock(row.baseline, quantity), _clock(row.current, quantity)]
    task = [_mean_of_sums(before, quantity), _mean_of_sums(now, quantity)]
    factors = [c / t for c, t in zip(clock, task, strict=True) if t > 0.0]
    if not factors:
        return ()
    factor = sum(factors) / len(factors)
    names = _NAMES[quantity]
    found = seconds(
        [[run[name] * factor / _MS for run in before] for name in names],
        [[run[name] * factor / _MS for run in now] for name in names],
    )
    parts = [
        InnerPart(
            name=name,
            change_s=float(found.difference[n]),
            change_ci95_s=(float(found.low[n]), float(found.high[n]))
            if np.isfinite(found.p[n])
            else None,
        )
        for n, name in enumerate(names)
    ]
    rest = change_s - sum(part.change_s for part in parts)
    parts.append(InnerPart(name=PARALLELISM, change_s=rest))
    kept = [part for part in parts if abs(part.change_s) >= 0.0005]
    return tuple(sorted(kept, key=lambda part: -abs(part.change_s)))


_RUN_NAMES = (
    *("CPU", "garbage collection", "shuffle fetch wait", "shuffle write wait"),
    "storage and other waits",
)
_NAMES = {
    "clock": (*_RUN_NAMES, "deserialisation", "results", "scheduling"),
    "run_time": _RUN_NAMES,
}


def _clock(by_run: Sequence[Sequence[StageProfile]], quantity: str) -> float:
    """Return the mean over runs of what the row has of the quantity."""
    if quantity == "clock":
        return float(np.mean([sum(stage.clock_ms for stage in run) for run in by_run]))
    return float(np.mean([sum(s.sum_of("run_time_ms") for s in run) for run in by_run]))


def _mean_of_sums(by_run: Sequence[Mapping[str, float]], quantity: str) -> float:
    return float(np.mean([sum(run[name] for name in _NAMES[quantity]) for run in by_run]))
