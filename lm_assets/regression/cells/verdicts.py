"""Step 5: the verdict of every cell, from its comparison, its q and the policy."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lm_assets.model.policy import StagePolicy
from lm_assets.model.verdict import Verdict
from lm_assets.regression.cells.alignment import Cells
from lm_assets.regression.cells.comparison import CellComparisons
from lm_assets.stats.equivalence import equivalence_of, ratio_margins
from lm_assets.stats.state import State
from lm_assets.stats.validation import BoolArray, FloatArray

VERDICTS = tuple(Verdict)
CODE = {verdict: code for code, verdict in enumerate(VERDICTS)}
VerdictCodes = npt.NDArray[np.int8]


@dataclass(frozen=True, kw_only=True, slots=True)
class Decisions:
    """What was decided for every cell; arrays of shape (cells,).

    ``code`` is a position in ``VERDICTS``, ``decided_by`` the step that decided. ``degradation``
    is the judged one (a common shift taken off).
    """

    code: VerdictCodes
    decided_by: npt.NDArray[np.str_]
    degradation: FloatArray
    equivalence_p: FloatArray

    def has(self, verdict: Verdict) -> BoolArray:
        """Tell which cells have a verdict."""
        mask: BoolArray = self.code == CODE[verdict]
        return mask

    @property
    def counts(self) -> Mapping[str, int]:
        """How many cells have each verdict, those that any has, in alphabetical order."""
        of_code = np.bincount(self.code, minlength=len(VERDICTS)).tolist()
        named = zip((verdict.value for verdict in VERDICTS), of_code, strict=True)
        return {name: n for name, n in sorted(named) if n}


def judgeable(cells: Cells, is_faulty: BoolArray, policy: StagePolicy) -> BoolArray:
    """Tell which cells have possible values and enough runs on both sides."""
    return (
        (cells.baseline.n >= policy.minimum_baseline_runs)
        & (cells.current.n >= policy.minimum_current_runs)
        & ~is_faulty
    )


def degradation_of(cells: Cells, comparisons: CellComparisons) -> FloatArray:
    """Return how much worse each cell is: relative, in points, or in events per run."""
    difference = comparisons.welch.difference
    with np.errstate(over="ignore"):
        change = np.where(cells.is_ratio, np.expm1(difference), difference)
    change[comparisons.rate_cells] = comparisons.rates.rate_difference
    return cells.sign * change


def decide(
    cells: Cells,
    comparisons: CellComparisons,
    *,
    q: FloatArray,
    is_faulty: BoolArray,
    judged: BoolArray,
    policy: StagePolicy,
) -> Decisions:
    """Return the verdict of every cell, before limits, trade-offs and confirmations."""
    degradation = degradation_of(cells, comparisons)
    worse, better = _passes_threshold(cells, comparisons, degradation, policy)
    is_significant = _is_below(comparisons.deciding_p, policy.alpha)
    survives = is_significant
    if policy.multiplicity:
        survives = is_significant & (np.nan_to_num(q, nan=1.0) <= policy.false_discovery_rate)
    welch_rule = worse & _is_below(comparisons.p, policy.alpha)
    deciding_rule = worse & is_significant
    equivalence_p, is_equivalent = _equivalence(cells, comparisons, policy)
    steps = (
        (is_faulty, Verdict.DATA_FAULT, "data_fault"),
        (cells.baseline.n == 0, Verdict.NO_BASELINE, "no_baseline"),
        (~judged, Verdict.INSUFFICIENT_DATA, "minimum_runs"),
        (deciding_rule & survives, Verdict.REGRESSED, "rule_and_multiplicity"),
        (welch_rule | deciding_rule, Verdict.SUSPECTED, "multiplicity"),
        (better & survives, Verdict.IMPROVED, "rule_and_multiplicity"),
        (is_equivalent, Verdict.UNCHANGED, "equivalence"),
        (
            comparisons.deciding.state == State.ZERO_VARIANCE,
            Verdict.INCONCLUSIVE,
            "zero_variance",
        ),
        (np.ones(len(cells), dtype=np.bool_), Verdict.INCONCLUSIVE, "power"),
    )
    conditions = [condition for condition, _, _ in steps]
    first = np.argmax(np.array(conditions), axis=0)
    return Decisions(
        code=np.array([CODE[verdict] for _, verdict, _ in steps], dtype=np.int8)[first],
        decided_by=np.array([step for _, _, step in steps])[first],
        degradation=degradation,
        equivalence_p=equivalence_p,
    )


def plain_rule(cells: Cells, comparisons: CellComparisons, policy: StagePolicy) -> BoolArray:
    """Tell where the rule that was asked for holds: worse by the threshold, and Welch's p."""
    worse, _ = _passes_threshold(cells, comparisons, degradation_of(cells, comparisons), policy)
    return worse & _is_below(comparisons.p, policy.alpha)


def _is_below(p: FloatArray, alpha: float) -> BoolArray:
    return np.nan_to_num(p, nan=1.0) < alpha


def _passes_threshold(
    cells: Cells, comparisons: CellComparisons, degradation: FloatArray, policy: StagePolicy
) -> tuple[BoolArray, BoolArray]:
    """Return where a cell is worse, and where it is better, by more than the threshold."""
    size = degradation.copy()
    rates, chosen = comparisons.rates, comparisons.rate_cells
    # Of no events at all the ratio is undefined and nothing has changed.
    ratio = np.nan_to_num(rates.rate_ratio, nan=1.0, posinf=np.inf)
    size[chosen] = cells.sign[chosen] * (ratio - 1.0)
    threshold = np.where(cells.is_points, policy.threshold_points, policy.threshold_relative)
    size = np.where(comparisons.is_compared, size, 0.0)
    return size > threshold, size < -threshold


def _equivalence(
    cells: Cells, comparisons: CellComparisons, policy: StagePolicy
) -> tuple[FloatArray, BoolArray]:
    """Return the p of the two one-sided tests, and where the margins are shown to hold."""
    low, high = ratio_margins(policy.equivalence_relative)
    result = equivalence_of(
        comparisons.deciding,
        lower=np.where(cells.is_ratio, low, -policy.equivalence_points),
        upper=np.where(cells.is_ratio, high, policy.equivalence_points),
    )
    is_measured = comparisons.is_compared & ~cells.is_count
    shown = result.is_equivalent(alpha=policy.alpha) & is_measured
    chosen, rates = comparisons.rate_cells, comparisons.rates
    rate = rates.baseline_events / np.maximum(rates.baseline_exposure, 1.0)
    margin = np.maximum(policy.equivalence_events_per_run, policy.equivalence_relative * rate)
    lower, upper = rates.difference_interval(confidence=1.0 - 2.0 * policy.alpha)
    shown[chosen] = (lower > -margin) & (upper < margin)
    return np.where(is_measured, result.p, np.nan), shown
