"""A metric of a combination over campaigns: trend, drift and change points."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lm_assets.model.verdict import Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class HistoryPoint:
    """One campaign's value of a metric, and how many runs it is the mean of.

    ``sources`` are what measured the runs; none where nobody said.
    """

    campaign: str
    value: float
    runs: int = 1
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class LevelChange:
    """A change point: the first campaign after it, its place in the series, and the levels."""

    campaign: str
    index: int
    before: float
    after: float
    degradation: float


@dataclass(frozen=True, kw_only=True, slots=True)
class MetricHistory:
    """What the campaigns of one combination say of one metric, in time order.

    ``change`` is what the trend amounts to from the first campaign to the last, and ``drift`` how
    far the recent campaigns are from the pinned anchor: relative for ratio metrics, else in the
    metric's unit. ``slope_per_step`` is in the metric's unit per campaign. Figures are None where
    there is too little to say; ``verdict`` is ``insufficient_data`` then.

    Everything is said of one class of sources. ``left_out`` counts, by their sources, the campaigns
    that another quantity was measured in; ``is_anchor_left_out`` where the anchor is one of those.
    """

    metric: str
    n: int
    verdict: Verdict
    decided_by: str
    slope_per_step: float | None = None
    slope_ci95: tuple[float, float] | None = None
    mann_kendall_p: float | None = None
    change: float | None = None
    change_ci95: tuple[float, float] | None = None
    drift: float | None = None
    drift_ci95: tuple[float, float] | None = None
    drift_p: float | None = None
    change_points: tuple[LevelChange, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)
    is_anchor_left_out: bool = False
