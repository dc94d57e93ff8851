"""Verdicts: the decision for a cell and, rolled up, for a campaign."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Verdict(StrEnum):
    """The decision for one cell (combination × metric), or for a campaign.

    ``CONFOUNDED`` is a cell that got worse and cannot be told from the node that it ran on;
    ``NOT_COMPARABLE`` one whose environment is another than the baseline's; ``SOURCE_CHANGED`` one
    that sources measured which mean different things by the metric.
    """

    REGRESSED = "regressed"
    SUSPECTED = "suspected"
    CONFOUNDED = "confounded"
    IMPROVED = "improved"
    UNCHANGED = "unchanged"
    INCONCLUSIVE = "inconclusive"
    ACCEPTED_TRADEOFF = "accepted_tradeoff"
    NO_BASELINE = "no_baseline"
    INSUFFICIENT_DATA = "insufficient_data"
    NOT_COMPARABLE = "not_comparable"
    DATA_FAULT = "data_fault"
    NOT_RUN = "not_run"
    SOURCE_CHANGED = "source_changed"


# The kind of findings that rest on exact counters alone.
BEHAVIOUR_CHANGED = "behaviour_changed"
# What a finding of load runs that failed names in a metric's place.
FAILED_RUNS = "failed_runs"

_CELL_FIGURES = (
    *("baseline_mean", "current_mean", "change", "change_ci95", "degradation"),
    *("p", "p_moderated", "q", "change_arithmetic", "p_arithmetic"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class CellVerdict:
    """The decision for one metric of one combination, with the numbers it rests on.

    ``change`` is current / baseline − 1 for ``ratio`` metrics (of geometric means), the difference
    in points for ``points`` metrics and the difference of events per run for ``count`` metrics
    (``change_unit`` says which: `Scale.change_unit`). A figure is finite, or ``None`` where it is
    not defined. ``degradation`` > 0 is worse whatever the metric's direction.
    ``explanation`` is data: ``decided_by`` names the step, the rest its numbers.
    """

    combination: str
    metric: str
    verdict: Verdict
    decided_by: str
    change_unit: str = "relative"
    baseline_mean: float | None = None
    current_mean: float | None = None
    change: float | None = None
    change_ci95: tuple[float, float] | None = None
    degradation: float | None = None
    p: float | None = None
    p_moderated: float | None = None
    q: float | None = None
    n_baseline: int = 0
    n_current: int = 0
    change_arithmetic: float | None = None
    p_arithmetic: float | None = None
    flags: tuple[str, ...] = ()
    runs_needed: int | None = None
    explanation: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # A campaign has twenty thousand cells: their sum is finite unless one of them is not, or
        # they are so large that a closer look is due.
        figures = (
            *(self.baseline_mean, self.current_mean, self.change, self.degradation, self.p),
            *(self.p_moderated, self.q, self.change_arithmetic, self.p_arithmetic),
            *(self.change_ci95 or ()),
        )
        if not math.isfinite(sum(filter(None, figures))):
            _refuse_not_finite(self, _CELL_FIGURES)


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One reported cause: a cell, or a dimension-level or matrix-wide effect that explains many.

    ``kind`` is ``cell``, ``dimension``, ``common_shift``, ``limit``, ``environment_change`` or
    ``behaviour_changed`` (exact counters, no verdict of their own); of what did not come
    ``unfit_campaign``, ``no_usable_run``, ``not_run`` or ``fewer_runs``;
    ``where`` gives the dimension values it lives in (empty: the whole matrix); ``cells`` the
    number of cells it explains; ``severity`` the verdict it stands for.
    """

    kind: str
    metric: str
    severity: Verdict
    where: Mapping[str, str] = field(default_factory=dict)
    change: float | None = None
    change_ci95: tuple[float, float] | None = None
    change_unit: str = "relative"
    cells: int = 1
    combinations: tuple[str, ...] = ()
    message: str = ""
    explanation: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _refuse_not_finite(self, ("change", "change_ci95"))


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfirmationState:
    """How far the fresh runs are that a campaign's suspected cells ask for.

    ``asked`` cells ask for them and ``left_out`` more would, were there no maximum. ``outcomes``
    counts, by verdict, the asked cells that fresh runs have decided.
    """

    asked: int
    left_out: int = 0
    outcomes: Mapping[str, int] = field(default_factory=dict)

    @property
    def answered(self) -> int:
        """How many of the asked cells fresh runs have decided."""
        return sum(self.outcomes.values())

    @property
    def is_open(self) -> bool:
        """Whether fresh runs are still awaited."""
        return self.answered < self.asked


@dataclass(frozen=True, kw_only=True, slots=True)
class CampaignVerdict:
    """The roll-up of a campaign: its verdict, the exit code it means, and every cell and finding.

    ``counts`` maps each verdict to the number of cells that have it. ``confirmation`` is None
    where no cell asks for fresh runs. ``delivery_digest`` is of the landed objects that it is the
    verdict of; empty where there were none, or an earlier version judged.
    """

    campaign: str
    stage: str
    verdict: Verdict
    exit_code: int
    cells: tuple[CellVerdict, ...]
    findings: tuple[Finding, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    baseline_version: str = ""
    notes: tuple[str, ...] = ()
    confirmation: ConfirmationState | None = None
    delivery_digest: str = ""


def _refuse_not_finite(row: CellVerdict | Finding, names: Iterable[str]) -> None:
    # Stored as JSON, NaN and infinity would come back as None: another figure without a trace.
    for name in names:
        value = getattr(row, name)
        if value is None:
            continue
        low, high = value if isinstance(value, tuple) else (value, value)
        if not (math.isfinite(low) and math.isfinite(high)):
            raise ValueError(f"{name} of {row.metric} must be finite or None, got {value!r}")
