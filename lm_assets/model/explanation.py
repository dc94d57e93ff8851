"""Why something got slower or faster: the change taken apart, its causes, what else differs."""

from collections.abc import Mapping
from dataclasses import dataclass, field

EXACT, STATISTICAL, OBSERVED = "exact", "statistical", "observed"
EXPLAINS, ALSO_DIFFERS = "explains", "also_differs"


@dataclass(frozen=True, kw_only=True, slots=True)
class ExplainedChange:
    """The change that is taken apart, in seconds of ``quantity`` (clock, run_time or cpu_time).

    ``metric`` is the judged metric it stands for. The interval is of the relative change.
    """

    metric: str
    quantity: str
    baseline_s: float
    current_s: float
    change: float | None
    change_ci95: tuple[float, float] | None = None
    p: float | None = None
    n_baseline: int = 0
    n_current: int = 0
    is_clear: bool = False

    @property
    def change_s(self) -> float:
        """Seconds gained, below zero where it got faster."""
        return self.current_s - self.baseline_s


@dataclass(frozen=True, kw_only=True, slots=True)
class InnerPart:
    """One contribution to the change inside a part: where in its tasks the time went."""

    name: str
    change_s: float
    change_ci95_s: tuple[float, float] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangePart:
    """One bar of the waterfall.

    ``kind`` is ``matched``, ``moved``, ``re_planned``, ``new``, ``gone``, ``start_up``,
    ``driver_gap`` or ``unexplained``. ``share`` is of the whole change; all shares sum to 1.
    """

    kind: str
    label: str
    operators: tuple[str, ...] = ()
    baseline_s: float = 0.0
    current_s: float = 0.0
    change_ci95_s: tuple[float, float] | None = None
    share: float | None = None
    p: float | None = None
    q: float | None = None
    stands_out: bool = False
    inside: tuple[InnerPart, ...] = ()

    @property
    def change_s(self) -> float:
        """Seconds gained."""
        return self.current_s - self.baseline_s


@dataclass(frozen=True, kw_only=True, slots=True)
class Cause:
    """One answer to *why*, with the class of its evidence and its share of the change.

    ``evidence`` is ``exact`` (the baseline's runs agree to the last digit, and every current run
    differs), ``statistical`` (interval and q), or ``observed`` where the baseline has too few runs
    to know which.
    """

    kind: str
    statement: str
    evidence: str
    share: float | None = None
    share_ci95: tuple[float, float] | None = None
    stage: str | None = None
    operators: tuple[str, ...] = ()
    q: float | None = None
    details: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class CounterChange:
    """A counter that differs; ``direction`` is more or fewer, or other for a plan."""

    name: str
    where: str
    baseline: float
    current: float
    evidence: str
    direction: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SettingChange:
    """A setting, version or resource that differs between all runs of both sides."""

    name: str
    baseline: str | None
    current: str | None
    relation: str = ALSO_DIFFERS
    kind: str = "setting"


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanLine:
    """One operator of a plan beside another run's: ``mark`` is ``+``, ``-`` or empty."""

    mark: str
    depth: int
    operator: str
    detail: str
    rows_out: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanChange:
    """The plans of one query on both sides, each with marks at what the other does not have."""

    execution: str
    executions: int
    removed: tuple[str, ...]
    added: tuple[str, ...]
    baseline: tuple[PlanLine, ...]
    current: tuple[PlanLine, ...]
    evidence: str = EXACT


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """Everything that is said of one combination's change; causes in their order of rank.

    ``coverage`` is the share of run time in stages that were paired with the other side's;
    ``coverage_by_kind`` divides all run time into stages ``matched`` outright, ``re_planned``,
    ``new`` and ``gone``.
    """

    change: ExplainedChange
    coverage: float | None
    causes: tuple[Cause, ...] = ()
    parts: tuple[ChangePart, ...] = ()
    counters: tuple[CounterChange, ...] = ()
    settings: tuple[SettingChange, ...] = ()
    plans: tuple[PlanChange, ...] = ()
    unknown: tuple[str, ...] = ()
    summary: str = ""
    coverage_by_kind: Mapping[str, float] = field(default_factory=dict)
    links: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class CombinationCauses:
    """The explanation of one combination of a campaign, or why there is none."""

    combination: str
    metrics: tuple[str, ...]
    explanation: Explanation | None = None
    reason: str = ""
