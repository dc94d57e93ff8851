"""What speaks for a cell having got worse, or better: the plain rule, and what remains."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from lm_assets.model.policy import StagePolicy
from lm_assets.regression.cells.alignment import Cells
from lm_assets.regression.cells.comparison import CellComparisons
from lm_assets.regression.cells.threshold import margins_of_cells, thresholds_of_cells
from lm_assets.stats.counts import RateComparison, compare_rates
from lm_assets.stats.equivalence import equivalence_of
from lm_assets.stats.validation import BoolArray, FloatArray


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """What is known of every cell; masks of shape (cells,).

    ``plain_*`` is the rule that was asked for, on the cell as it is; ``own_worse`` the same by the
    deciding test. ``remains_*`` tell which cells are past the threshold beyond what is shared,
    ``is_significant`` where the deciding test says so, ``survives`` where multiplicity does too.
    ``holds_*`` are false where one run alone makes the rate of events.
    """

    plain_worse: BoolArray
    plain_better: BoolArray
    own_worse: BoolArray
    remains_worse: BoolArray
    remains_better: BoolArray
    is_significant: BoolArray
    survives: BoolArray
    holds_worse: BoolArray
    holds_better: BoolArray
    has_enough_runs: BoolArray

    @property
    def is_regressed(self) -> BoolArray:
        """Worse by the plain rule, and beyond what is shared, and more than chance and one run."""
        calls = self.plain_worse & self.remains_worse & self.survives & self.holds_worse
        return calls & self.has_enough_runs

    @property
    def is_improved(self) -> BoolArray:
        """The mirror image of regressed."""
        return self.plain_better & self.remains_better & self.survives & self.holds_better

    def suspicions(self) -> Sequence[tuple[BoolArray, str]]:
        """Return which cells are worse by either test, by what keeps them from being regressed."""
        is_worse = self.plain_worse | self.own_worse
        return (
            (is_worse & ~self.remains_worse, "common_shift"),
            (is_worse & ~self.is_significant, "deciding_test"),
            (is_worse & ~self.survives, "multiplicity"),
            (is_worse & ~self.plain_worse, "plain_rule"),
            (is_worse & ~self.holds_worse, "one_run"),
            (is_worse, "few_runs"),
        )


def weigh_evidence(
    cells: Cells,
    own: CellComparisons,
    beyond: CellComparisons,
    *,
    q: FloatArray,
    policy: StagePolicy,
) -> Evidence:
    """Return what speaks for and against every cell having changed."""
    plain_worse, plain_better = plain_rule(cells, own, policy)
    threshold = thresholds_of_cells(cells, policy)
    size, remainder = worse_by(cells, own), worse_by(cells, beyond)
    is_significant = _is_below(beyond.deciding_p, policy.alpha)
    survives = is_significant
    if policy.multiplicity:
        survives = is_significant & (np.nan_to_num(q, nan=1.0) <= policy.false_discovery_rate)
    holds_worse, holds_better = _holds_without_worst_run(cells, beyond, policy)
    return Evidence(
        plain_worse=plain_worse,
        plain_better=plain_better,
        own_worse=(size > threshold) & _is_below(own.deciding_p, policy.alpha),
        remains_worse=remainder > threshold,
        remains_better=remainder < -threshold,
        is_significant=is_significant,
        survives=survives,
        holds_worse=holds_worse,
        holds_better=holds_better,
        has_enough_runs=cells.current.n >= policy.regressed_minimum_current_runs,
    )


def plain_rule(
    cells: Cells, comparisons: CellComparisons, policy: StagePolicy
) -> tuple[BoolArray, BoolArray]:
    """Tell where the rule that was asked for holds: past the threshold, and Welch's p.

    Returns the cells that are worse by it, and those that are better.
    """
    size, threshold = worse_by(cells, comparisons), thresholds_of_cells(cells, policy)
    is_significant = _is_below(comparisons.p, policy.alpha)
    return (size > threshold) & is_significant, (size < -threshold) & is_significant


def worse_by(cells: Cells, comparisons: CellComparisons) -> FloatArray:
    """Return how much worse cells are: log ratio, points, or log ratio of rates; 0 if unknown."""
    size = cells.sign * comparisons.welch.difference
    chosen = comparisons.rate_cells
    size[chosen] = cells.sign[chosen] * _log_ratio(comparisons.rates)
    return np.where(comparisons.is_compared, size, 0.0)


def degradation_of(cells: Cells, comparisons: CellComparisons) -> FloatArray:
    """Return how much worse cells are, as it is told: relative, in points, or events a run."""
    difference = comparisons.welch.difference
    with np.errstate(over="ignore"):
        change = np.where(cells.is_ratio, np.expm1(difference), difference)
    change[comparisons.rate_cells] = comparisons.rates.rate_difference
    return cells.sign * change


def p_beyond_threshold(
    cells: Cells, comparisons: CellComparisons, policy: StagePolicy
) -> FloatArray:
    """Return p of the test that a cell is no worse than the threshold; NaN where not compared."""
    deciding, threshold = comparisons.deciding, thresholds_of_cells(cells, policy)
    t = (cells.sign * deciding.difference - threshold) / deciding.standard_error
    normal = np.isinf(deciding.df)
    tail = special.stdtr(np.where(normal, 1.0, deciding.df), -t)
    p = np.where(normal, special.ndtr(-t), tail)
    chosen, rates = comparisons.rate_cells, comparisons.clumped
    # A rate that is 1.2 times as large is one that was watched 1.2 times as long.
    p[chosen] = compare_rates(
        rates.baseline_events,
        rates.baseline_exposure,
        rates.current_events,
        rates.current_exposure * np.exp(threshold[chosen]),
        dispersion=rates.dispersion,
    ).p_greater
    return np.where(comparisons.is_compared, p, np.nan)


def shown_equivalent(
    cells: Cells, own: CellComparisons, beyond: CellComparisons, policy: StagePolicy
) -> tuple[FloatArray, BoolArray]:
    """Return the p of equivalence, and where no change is shown.

    What remains beyond a shared shift must be shown to lie within the margins, and the cell as it
    is must be shown to be no worse than they allow: a shift for the worse is not taken off that.
    """
    margin = margins_of_cells(cells, policy)
    inside = equivalence_of(beyond.deciding, lower=-margin, upper=margin)
    itself = equivalence_of(own.deciding, lower=-margin, upper=margin)
    not_worse = np.where(cells.sign > 0.0, itself.p_upper, itself.p_lower)
    p = np.maximum(inside.p, not_worse)
    is_measured = beyond.is_compared & ~cells.is_count
    shown = (np.nan_to_num(p, nan=1.0) < policy.alpha) & is_measured
    chosen, rates = beyond.rate_cells, beyond.clumped
    rate = rates.baseline_events / np.maximum(rates.baseline_exposure, 1.0)
    allowed = np.maximum(policy.equivalence_events_per_run, policy.equivalence_relative * rate)
    lower, upper = rates.difference_interval(confidence=1.0 - 2.0 * policy.alpha)
    shown[chosen] = (lower > -allowed) & (upper < allowed)
    return np.where(is_measured, p, np.nan), shown


def _holds_without_worst_run(
    cells: Cells, comparisons: CellComparisons, policy: StagePolicy
) -> tuple[BoolArray, BoolArray]:
    """Tell where worse, and better, hold without the run of most events; true for other metrics."""
    masks = []
    chosen = comparisons.rate_cells
    threshold = thresholds_of_cells(cells, policy)[chosen]
    for sign, rates in zip((1.0, -1.0), comparisons.without_worst, strict=True):
        holds = np.ones(len(cells), dtype=np.bool_)
        size = sign * cells.sign[chosen] * _log_ratio(rates)
        holds[chosen] = (size > threshold) & _is_below(rates.p, policy.alpha)
        masks.append(holds)
    return masks[0], masks[1]


def _log_ratio(rates: RateComparison) -> FloatArray:
    # Of no events at all the ratio is undefined and nothing has changed.
    with np.errstate(divide="ignore"):
        return np.log(np.nan_to_num(rates.rate_ratio, nan=1.0, posinf=np.inf))


def _is_below(p: FloatArray, alpha: float) -> BoolArray:
    return np.nan_to_num(p, nan=1.0) < alpha
