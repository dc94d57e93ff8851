"""Steps 1 and 2: every cell compared on its metric's scale, by Welch and by the moderated t."""

from dataclasses import dataclass, fields, replace

import numpy as np

from lm_assets.model.deciding import DecidingTest
from lm_assets.model.policy import StagePolicy
from lm_assets.regression.cells.alignment import Cells, CellSamples
from lm_assets.regression.cells.event_rates import (
    dispersion_of_cells,
    rates_of_cells,
    rates_without_worst_run,
)
from lm_assets.regression.cells.shared_noise import share_noise
from lm_assets.stats.counts import RateComparison
from lm_assets.stats.moments import SampleMoments, log_moments, sample_moments
from lm_assets.stats.overdispersion import widened
from lm_assets.stats.prediction import compare_new_runs
from lm_assets.stats.validation import BoolArray, FloatArray, IntArray
from lm_assets.stats.variance_prior import VariancePrior
from lm_assets.stats.welch import MeanComparison, compare_means


@dataclass(frozen=True, kw_only=True, slots=True)
class CellComparisons:
    """Current against baseline in every cell; arrays of shape (cells,), NaN where not defined.

    ``welch`` is on logs for ratio metrics and in points otherwise, against the prediction where
    there is one new run (``is_predicted``). ``deciding`` is the same with the moderated error
    where the campaign gives one (``is_moderated``). ``arithmetic`` is Welch on the raw scale.
    ``rates`` holds the cells ``rate_cells``, ``clumped`` the same in clumps of the size in which
    events come, ``without_worst`` without the run of most events of the current side and of the
    baseline. ``p`` and ``deciding_p`` join both families; they are defined where ``is_compared``.
    """

    baseline: SampleMoments
    current: SampleMoments
    arithmetic: MeanComparison
    welch: MeanComparison
    deciding: MeanComparison
    rates: RateComparison
    clumped: RateComparison
    without_worst: tuple[RateComparison, RateComparison]
    rate_cells: IntArray
    p: FloatArray
    deciding_p: FloatArray
    is_compared: BoolArray
    is_moderated: BoolArray
    is_predicted: BoolArray
    is_loud: BoolArray
    priors: tuple[tuple[VariancePrior, VariancePrior] | None, ...]

    @property
    def run_stddev(self) -> FloatArray:
        """Spread of one run that the deciding comparison believes in, on its scale."""
        error = self.deciding.standard_error
        with np.errstate(divide="ignore"):
            return error / np.sqrt(1.0 / self.baseline.n + 1.0 / self.current.n)


def compare_cells(
    cells: Cells,
    *,
    judged: BoolArray,
    policy: StagePolicy,
    shift: FloatArray | None = None,
    as_run: Cells | None = None,
) -> CellComparisons:
    """Return the comparison of the judged cells, with a known shift taken off the current side.

    ``shift`` is on the scale of the comparison: log ratios or points. ``as_run`` are the cells as
    they were run, of which means and arithmetic figures are told; without it they are ``cells``.
    """
    told = {name: sample_moments(side.ragged) for name, side in _sides(as_run or cells)}
    before, now = (_on_scale(cells, side) for _, side in _sides(cells))
    if shift is not None:
        now = _moved(now, -shift)
    floor = np.where(cells.is_count, 0.0, cells.noise_floor)
    is_predicted = judged & (cells.current.n == 1)
    welch = _chosen(
        is_predicted,
        compare_new_runs(before, now, min_sd=floor),
        compare_means(before, now, min_sd=floor),
    )
    is_measured = judged & ~cells.is_count
    shared = share_noise(cells, before, now, usable=is_measured, fallback=welch, policy=policy)
    rate_cells = np.flatnonzero(judged & cells.is_count)
    rates = rates_of_cells(cells, rate_cells, 1.0)
    clumped = rates_of_cells(cells, rate_cells, dispersion_of_cells(cells, judged)[rate_cells])
    p = np.where(is_measured, welch.p, np.nan)
    deciding_p = np.where(is_measured, shared.comparison.p, np.nan)
    p[rate_cells], deciding_p[rate_cells] = rates.p, clumped.p
    return CellComparisons(
        baseline=told["baseline"],
        current=told["current"],
        arithmetic=_arithmetic(cells, told["baseline"], told["current"], is_predicted),
        welch=welch,
        deciding=shared.comparison,
        rates=rates,
        clumped=clumped,
        without_worst=rates_without_worst_run(cells, rate_cells),
        rate_cells=rate_cells,
        p=p,
        deciding_p=deciding_p,
        is_compared=~np.isnan(deciding_p),
        is_moderated=shared.is_moderated,
        is_predicted=is_predicted,
        is_loud=shared.is_loud,
        priors=shared.priors,
    )


def with_further_variance(
    cells: Cells, comparisons: CellComparisons, variance: FloatArray, df: FloatArray
) -> CellComparisons:
    """Return the comparisons whose deciding errors hold a further variance of each cell."""
    deciding = widened(comparisons.deciding, variance, df)
    deciding_p = np.where(cells.is_count, comparisons.deciding_p, deciding.p)
    deciding_p[~comparisons.is_compared] = np.nan
    return replace(comparisons, deciding=deciding, deciding_p=deciding_p)


def changes(
    cells: Cells, comparisons: CellComparisons
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return change and 95 % interval of every cell by the deciding test, in its scale's unit."""
    low, high = comparisons.deciding.interval()
    figures = [comparisons.deciding.difference, low, high]
    with np.errstate(over="ignore"):
        change, low, high = (np.where(cells.is_ratio, np.expm1(f), f) for f in figures)
    chosen = comparisons.rate_cells
    change[chosen] = comparisons.rates.rate_difference
    low[chosen], high[chosen] = comparisons.clumped.difference_interval()
    return change, low, high


def tests_of_cells(comparisons: CellComparisons) -> list[str]:
    """Return the name of the test that decides each cell."""
    names = np.full(comparisons.is_compared.size, DecidingTest.WELCH.value, dtype="<U16")
    names[comparisons.is_predicted] = DecidingTest.PREDICTION.value
    names[comparisons.is_moderated] = DecidingTest.MODERATED.value
    names[comparisons.rate_cells] = DecidingTest.RATES.value
    result: list[str] = names.tolist()
    return result


def _sides(cells: Cells) -> tuple[tuple[str, CellSamples], tuple[str, CellSamples]]:
    return (("baseline", cells.baseline), ("current", cells.current))


def _on_scale(cells: Cells, side: CellSamples) -> SampleMoments:
    raw, logs = sample_moments(side.ragged), log_moments(side.ragged)
    return SampleMoments(
        n=raw.n,
        **{
            f.name: np.where(cells.is_ratio, getattr(logs, f.name), getattr(raw, f.name))
            for f in fields(SampleMoments)
            if f.name != "n"
        },
    )


def _moved(moments: SampleMoments, by: FloatArray) -> SampleMoments:
    return SampleMoments(
        n=moments.n,
        mean=moments.mean + by,
        variance=moments.variance,
        minimum=moments.minimum + by,
        maximum=moments.maximum + by,
        state=moments.state,
    )


def _chosen(mask: BoolArray, yes: MeanComparison, no: MeanComparison) -> MeanComparison:
    return MeanComparison(
        **{
            f.name: np.where(mask, getattr(yes, f.name), getattr(no, f.name))
            for f in fields(MeanComparison)
        }
    )


def _arithmetic(
    cells: Cells, before: SampleMoments, now: SampleMoments, is_predicted: BoolArray
) -> MeanComparison:
    scale = np.where(cells.is_ratio, np.abs(np.nan_to_num(before.mean)), 1.0)
    floor = np.where(cells.is_count, 0.0, cells.noise_floor * scale)
    return _chosen(
        is_predicted,
        compare_new_runs(before, now, min_sd=floor),
        compare_means(before, now, min_sd=floor),
    )
