"""What the campaign could have seen, and how many runs would decide a cell."""

from dataclasses import dataclass

import numpy as np

from lm_assets.model.policy import StagePolicy
from lm_assets.model.verdict import Verdict
from lm_assets.regression.cells.alignment import Cells
from lm_assets.regression.cells.comparison import CellComparisons
from lm_assets.regression.cells.threshold import margins_of_cells, thresholds_of_cells
from lm_assets.regression.cells.verdicts import Decisions
from lm_assets.stats.power import detectable_difference, runs_to_detect, runs_to_show_equivalence
from lm_assets.stats.validation import FloatArray, IntArray


@dataclass(frozen=True, kw_only=True, slots=True)
class RunAdvice:
    """Advice per cell, shape (cells,).

    ``runs_needed`` is runs per side, 0 where it is not known or above the policy's maximum.
    ``detectable_change`` is the smallest rise that the runs made would have called with the
    policy's power: relative or in points; NaN for counts.
    """

    runs_needed: IntArray
    detectable_change: FloatArray


def advise(
    cells: Cells, comparisons: CellComparisons, decisions: Decisions, policy: StagePolicy
) -> RunAdvice:
    """Return the runs per side at which a cell would be decided with the policy's power.

    A cell is decided when a true change of the threshold is called, and no change at all is shown
    to lie within the margins; the larger number counts. It depends on the noise and not on the
    change that was seen, except for a cell that has that many runs already and is still undecided:
    its change lies between the two, and the advice is what would tell it from the nearer one.
    """
    spread, threshold, margin = _planning_figures(cells, comparisons, policy)
    levels = {"alpha": policy.alpha, "power": policy.power}
    known = np.flatnonzero(comparisons.is_compared & np.isfinite(spread))
    detect = runs_to_detect(spread[known], threshold[known], **levels, max_runs=policy.maximum_runs)
    equal = runs_to_show_equivalence(
        spread[known], margin[known], **levels, max_runs=policy.maximum_runs
    )
    runs = np.zeros(len(cells), dtype=np.int64)
    reached = detect.is_reached & equal.is_reached
    runs[known] = np.where(reached, np.maximum(detect.runs, equal.runs), 0)
    undecided = decisions.has(Verdict.INCONCLUSIVE) | decisions.has(Verdict.SUSPECTED)
    fewest = np.minimum(cells.baseline.n, cells.current.n)
    near = np.flatnonzero(undecided & (runs > 0) & (runs <= fewest))
    distance = np.abs(np.abs(_difference(comparisons)[near]) - threshold[near])
    more = runs_to_detect(spread[near], distance, **levels, max_runs=policy.maximum_runs)
    runs[near] = np.where(more.is_reached & (more.runs > fewest[near]), more.runs, 0)
    detectable = detectable_difference(comparisons.deciding, alpha=policy.alpha, power=policy.power)
    with np.errstate(over="ignore"):
        detectable = np.where(cells.is_ratio, np.expm1(detectable), detectable)
    return RunAdvice(
        runs_needed=runs,
        detectable_change=np.where(comparisons.is_compared & ~cells.is_count, detectable, np.nan),
    )


def _planning_figures(
    cells: Cells, comparisons: CellComparisons, policy: StagePolicy
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return spread of a run, threshold and margin of every cell on its scale."""
    spread = comparisons.run_stddev.copy()
    threshold, margin = thresholds_of_cells(cells, policy), margins_of_cells(cells, policy)
    chosen, rates = comparisons.rate_cells, comparisons.clumped
    exposure = rates.baseline_exposure + rates.current_exposure
    events = rates.baseline_events + rates.current_events
    # Half an event stands for none: no event in few runs does not mean a rate of zero.
    rate = np.maximum(events, 0.5) / np.maximum(exposure, 1.0)
    spread[chosen] = np.sqrt(rate * rates.dispersion)
    margin[chosen] = threshold[chosen] = policy.equivalence_events_per_run
    return spread, threshold, margin


def _difference(comparisons: CellComparisons) -> FloatArray:
    difference = comparisons.deciding.difference.copy()
    difference[comparisons.rate_cells] = comparisons.rates.rate_difference
    return difference
