"""Two versions side by side, paired over the combinations that both have."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lm_assets.model.verdict import Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class PartComparison:
    """The comparison within one dimension value, such as ``operation=join``."""

    where: Mapping[str, str]
    n: int
    change: float | None
    change_ci95: tuple[float, float] | None
    p: float | None
    verdict: Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class CarriedTotal:
    """A combination that carries the change of the total, in the metric's unit.

    ``share`` is its part of all changes in that direction, 0 to 1.
    """

    combination: str
    baseline: float
    candidate: float
    share: float


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionComparison:
    """One metric of a candidate version against a baseline version.

    Changes are candidate / baseline − 1. ``change_geomean`` weighs every combination alike and is
    None where the metric has no logarithms; ``change_total`` weighs every unit alike.
    ``mean_difference`` is in the metric's unit; ``change_unit`` is that of the parts' changes.
    ``verdict`` rests on the log scale for ratio metrics and on the raw scale otherwise;
    ``scale_conflict`` tells that the other one disagrees: what is not worse on the deciding scale
    is inconclusive then, and ``carried_by`` names the combinations that carry the total.
    ``noise_floor_used`` tells that ``p_log`` rests on the metric's noise floor. ``fault`` is the
    first value that the metric cannot have, with its rule: nothing is concluded then. ``left_out``
    gives, by combination, why its values were not compared, ``other_sources`` of a combination that
    was compared which of its runs were not, since they measured another quantity.
    """

    metric: str
    n: int
    verdict: Verdict
    change_geomean: float | None
    change_geomean_ci95: tuple[float, float] | None
    t_log: float | None
    p_log: float | None
    change_total: float | None
    mean_difference: float | None
    mean_difference_ci95: tuple[float, float] | None
    t_raw: float | None
    p_raw: float | None
    wilcoxon_p: float | None
    scale_conflict: bool
    change_unit: str = "relative"
    carried_by: tuple[CarriedTotal, ...] = ()
    noise_floor_used: bool = False
    unpaired: tuple[str, ...] = ()
    parts: tuple[PartComparison, ...] = field(default=())
    fault: Mapping[str, object] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    other_sources: Mapping[str, str] = field(default_factory=dict)
