"""SQL executions while they run: their last plan, and what its operators counted."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from lm_assets.collect.spark.event_log.events import Accumulable
from lm_assets.collect.spark.event_log.sql_events import decode_plan
from lm_assets.collect.spark.profiling.plans import ComparablePlan, comparable_plan
from lm_assets.model.application_profile import ExecutionProfile, PlanNode

_MOST_EXECUTIONS = 1_000
_MOST_PLANS = 200
_MOST_PLAN_NODES = 8_000
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


@dataclass(slots=True)
class RunningExecution:
    """One execution; its plan is read when the first stage of it ends, and again when it changed.

    ``place`` is its position in the profile.
    """

    place: int
    description: str
    text: bytes = b""
    plan: ComparablePlan | None = None
    earlier: list[ComparablePlan] = field(default_factory=list)
    counted: dict[int, int] = field(default_factory=dict)

    def replan(self, text: msgspec.Raw) -> None:
        """Take a later plan in place of the one before."""
        self.text = bytes(text) or self.text

    def read_plan(self) -> ComparablePlan | None:
        """Return the last plan; None where there is none that can be read."""
        if self.text:
            try:
                plan = comparable_plan(decode_plan(self.text))
            except _UNREADABLE:
                plan = None
            if self.plan is not None:
                self.earlier = [*self.earlier[-2:], self.plan]
            self.plan, self.text = plan, b""
        return self.plan

    def fragments(
        self, accumulables: list[Accumulable]
    ) -> tuple[ComparablePlan, tuple[int, ...]] | None:
        """Return the parts of the plan that a stage with these accumulators ran.

        An earlier plan is asked where adaptive execution has replaced the part since.
        """
        last = self.read_plan()
        accumulators = [item.id for item in accumulables]
        for plan in (last, *reversed(self.earlier)):
            if plan is None:
                continue
            fragment_of = plan.fragment_of
            found = {fragment_of[n] for n in accumulators if n in fragment_of}
            if found:
                return plan, tuple(sorted(found))
        return None

    def count(self, accumulables: list[Accumulable]) -> None:
        """Keep what the operators have counted so far."""
        counted = self.counted
        for item in accumulables:
            value = item.value
            if isinstance(value, str):
                if value.isdecimal():
                    counted[item.id] = int(value)
            elif isinstance(value, int):
                counted[item.id] = value

    def figures(self) -> dict[str, dict[str, int]]:
        """Return what was counted, by operator."""
        figures: dict[str, dict[str, int]] = {}
        if self.plan is None:
            return figures
        for accumulator, (position, name) in self.plan.figure_of.items():
            if (amount := self.counted.get(accumulator)) is not None:
                figures.setdefault(str(position), {})[name] = amount
        return figures


@dataclass(slots=True)
class KnownExecutions:
    """The profile's executions and plans; alike ones share a row once there are many."""

    rows: list[ExecutionProfile] = field(default_factory=list)
    plans: dict[str, tuple[PlanNode, ...]] = field(default_factory=dict)
    plan_nodes: int = 0
    folded: dict[tuple[str, str], int] = field(default_factory=dict)
    left_out_plans: int = 0

    @property
    def is_full(self) -> bool:
        """Whether further executions share rows."""
        return len(self.rows) >= _MOST_EXECUTIONS

    def begin(self, description: str, kind: str = "sql") -> int:
        """Return the position of a new execution's row."""
        if self.is_full:
            alike = (kind, description)
            if alike in self.folded:
                return self.folded[alike]
            # One row of the last resort, so that a profile stays small whatever it is of.
            if len(self.rows) >= 2 * _MOST_EXECUTIONS:
                return len(self.rows) - 1
            self.folded[alike] = len(self.rows)
        self.rows.append(ExecutionProfile(description=description, kind=kind))
        return len(self.rows) - 1

    def finish(
        self, place: int, plan: ComparablePlan | None, figures: Mapping[str, Mapping[str, int]]
    ) -> None:
        """Write what an execution came to; the first of those that share a row is kept."""
        row = self.rows[place]
        if row.plan or plan is None:
            return
        if plan.digest not in self.plans:
            fits = (
                len(self.plans) < _MOST_PLANS
                and self.plan_nodes + len(plan.nodes) <= _MOST_PLAN_NODES
            )
            if fits:
                self.plans[plan.digest] = plan.nodes
                self.plan_nodes += len(plan.nodes)
            else:
                self.left_out_plans += 1
        self.rows[place] = ExecutionProfile(
            description=row.description,
            kind=row.kind,
            plan=plan.digest,
            figures=figures,
        )
