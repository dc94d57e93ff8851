"""The events that tell of plans: which SQL execution ran which operators."""

import msgspec
from msgspec import Struct, field

_PACKAGE = "org.apache.spark.sql.execution.ui"


class PlanMetric(Struct):
    """One figure that an operator counts, and the accumulator that holds it."""

    name: str
    accumulator_id: int = field(name="accumulatorId")


class PlanInfo(Struct):
    """An operator and what it reads from."""

    name: str = field(name="nodeName")
    text: str = field(name="simpleString", default="")
    children: "list[PlanInfo]" = []
    metadata: dict[str, str] = {}
    metrics: list[PlanMetric] = []


class SQLExecutionStart(Struct):
    """An execution and the plan that it starts with; the plan's text is kept as it stands.

    Most plans are replaced by a later one before anybody needs them.
    """

    execution_id: int = field(name="executionId")
    description: str = ""
    plan: msgspec.Raw = field(name="sparkPlanInfo", default=msgspec.Raw())
    modified: dict[str, str] = field(name="modifiedConfigs", default_factory=dict)


class SQLAdaptiveExecutionUpdate(Struct):
    """The plan that adaptive execution has arrived at; the last one is the final one."""

    execution_id: int = field(name="executionId")
    plan: msgspec.Raw = field(name="sparkPlanInfo", default=msgspec.Raw())


class SQLExecutionEnd(Struct):
    """An execution ended."""

    execution_id: int = field(name="executionId")


class DriverAccumUpdates(Struct):
    """What the driver counts: files and bytes of scans, broadcasts, written files."""

    execution_id: int = field(name="executionId")
    updates: list[tuple[int, int]] = field(name="accumUpdates", default_factory=list)


SQL_EVENTS = {
    f"{_PACKAGE}.SparkListener{kind.__name__}": msgspec.json.Decoder(kind)
    for kind in (
        SQLExecutionStart,
        SQLAdaptiveExecutionUpdate,
        SQLExecutionEnd,
        DriverAccumUpdates,
    )
}
_PLAN = msgspec.json.Decoder(PlanInfo)


def decode_plan(text: bytes) -> PlanInfo:
    """Return the plan that an event holds.

    Raises
    ------
    msgspec.DecodeError, UnicodeDecodeError, RecursionError
        Where it is no plan, or is nested without end.
    """
    return _PLAN.decode(text)
