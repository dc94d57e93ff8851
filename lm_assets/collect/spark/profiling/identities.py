"""What makes a stage the same in another run: the operators that it ran."""

from typing import NamedTuple

from lm_assets.collect.spark.event_log.events import CompletedStageInfo
from lm_assets.collect.spark.profiling.executions import RunningExecution
from lm_assets.collect.spark.profiling.plans import (
    call_site_without_place,
    digest_of,
    functions_of,
    operation_names,
)


class StageIdentity(NamedTuple):
    """The part of a stage's profile that its plan tells."""

    key: str = ""
    operators: tuple[str, ...] = ()
    fragments: tuple[int, ...] = ()
    functions: tuple[str, ...] | None = None


NOT_YET_KNOWN = StageIdentity()


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
