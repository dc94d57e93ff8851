"""SQL executions while they run: their last plan, and what its operators counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from lm_assets.collect.spark.event_log.events import Accumulable, CompletedStageInfo
from lm_assets.collect.spark.event_log.sql_events import decode_plan
from lm_assets.collect.spark.profiling.plans import ComparablePlan, comparable_plan
from lm_assets.model.application_profile import ExecutionProfile, PlanNode

_MOST_EXECUTIONS = 1_000
_MOST_PLANS = 200
_MOST_PLAN_NODES = 8_000
# Of one execution that runs: plans or stages, and text that is not read.
_MOST_HELD = 32
_MOST_UNREAD_BYTES = 1 << 20
_MOST_PLANS_KEPT = 4
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


@dataclass(slots=True)
class RunningExecution:
    """One execution, its plans, and the stages that ended whose part in a plan is not known yet.

    Adaptive execution logs the plan anew with every stage, mostly with all that it had before: to
    read the last one is enough. ``place`` is the execution's position in the profile, ``plans`` has
    them as they were logged, each a text until it is read, None where it cannot be; ``unplaced``
    has the stages' rows.
    """

    place: int
    description: str
    plans: list[bytes | ComparablePlan | None] = field(default_factory=list)
    unplaced: list[tuple[int, CompletedStageInfo]] = field(default_factory=list)
    unread_bytes: int = 0
    counted: dict[int, int] = field(default_factory=dict)

    def replan(self, text: msgspec.Raw) -> None:
        """Take a later plan; the one before is forgotten if no stage can have run by it."""
        if not (found := bytes(text)):
            return
        before = self.plans[-1] if self.plans else None
        if isinstance(before, bytes) and not self.unplaced:
            self.plans.pop()
            self.unread_bytes -= len(before)
        self.plans.append(found)
        self.unread_bytes += len(found)

    @property
    def holds_much(self) -> bool:
        """Whether so much waits to be read that the stages should be placed."""
        return (
            len(self.unplaced) >= _MOST_HELD
            or len(self.plans) >= _MOST_HELD
            or self.unread_bytes >= _MOST_UNREAD_BYTES
        )

    def forget(self) -> None:
        """Forget the stages, which were placed, and all but the last of their plans.

        What was read of a plan is bounded, and its text is not: of texts that are long together
        only the last is kept as one.
        """
        self.unplaced.clear()
        del self.plans[:-_MOST_PLANS_KEPT]
        if self.unread_bytes >= _MOST_UNREAD_BYTES:
            for n in range(len(self.plans) - 1):
                self._read(n)
        self.unread_bytes = 0

    def read_plan(self) -> ComparablePlan | None:
        """Return the last plan; None where there is none that can be read."""
        return self._read(len(self.plans) - 1) if self.plans else None

    def fragments(
        self, accumulators: Sequence[int]
    ) -> tuple[ComparablePlan, tuple[int, ...]] | None:
        """Return the parts of the plan that a stage with these accumulators ran.

        An earlier plan is asked where adaptive execution has replaced the part since.
        """
        for n in reversed(range(len(self.plans))):
            if (plan := self._read(n)) is None:
                continue
            fragment_of = plan.fragment_of
            found = {fragment_of[a] for a in accumulators if a in fragment_of}
            if found:
                return plan, tuple(sorted(found))
        return None

    def _read(self, n: int) -> ComparablePlan | None:
        plan = self.plans[n]
        if isinstance(plan, bytes):
            try:
                plan = comparable_plan(decode_plan(plan))
            except _UNREADABLE:
                plan = None
            self.plans[n] = plan
        return plan

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
        if (plan := self.read_plan()) is None:
            return figures
        for accumulator, (position, name) in plan.figure_of.items():
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
