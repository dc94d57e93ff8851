"""Steps 1 and 2: every cell compared on its metric's scale, by Welch and by the moderated t."""

from dataclasses import dataclass, fields

import numpy as np

from lm_assets.model.policy import StagePolicy
from lm_assets.regression.cells.alignment import Cells, CellSamples
from lm_assets.stats.counts import RateComparison, compare_rates
from lm_assets.stats.moderated import compare_moderated
from lm_assets.stats.moments import SampleMoments, log_moments, sample_moments
from lm_assets.stats.prediction import compare_new_runs
from lm_assets.stats.state import State
from lm_assets.stats.validation import BoolArray, FloatArray, IntArray
from lm_assets.stats.variance_prior import VariancePrior
from lm_assets.stats.welch import MeanComparison, compare_means


@dataclass(frozen=True, kw_only=True, slots=True)
class CellComparisons:
    """Current against baseline in every cell; arrays of shape (cells,), NaN where not defined.

    ``welch`` is on logs for ratio metrics and in points otherwise, against the prediction where
    there is one new run (``is_predicted``). ``deciding`` is the same with the moderated error
    where the campaign gives one (``is_moderated``). ``arithmetic`` is Welch on the raw scale.
    ``rates`` holds the cells ``rate_cells``. ``p`` and ``deciding_p`` join both families; they are
    defined where ``is_compared``.
    """

    baseline: SampleMoments
    current: SampleMoments
    arithmetic: MeanComparison
    welch: MeanComparison
    deciding: MeanComparison
    rates: RateComparison
    rate_cells: IntArray
    p: FloatArray
    deciding_p: FloatArray
    is_compared: BoolArray
    is_moderated: BoolArray
    is_predicted: BoolArray
    priors: tuple[VariancePrior | None, ...]

    @property
    def run_stddev(self) -> FloatArray:
        """Spread of one run that the deciding comparison believes in, on its scale."""
        error = self.deciding.standard_error
        with np.errstate(divide="ignore"):
            return error / np.sqrt(1.0 / self.baseline.n + 1.0 / self.current.n)


def compare_cells(
    cells: Cells, *, judged: BoolArray, policy: StagePolicy, shift: FloatArray | None = None
) -> CellComparisons:
    """Return the comparison of the judged cells, with a known shift taken off the current side.

    ``shift`` is on the scale of the comparison: log ratios or points.
    """
    raw = {name: sample_moments(side.ragged) for name, side in _sides(cells)}
    before, now = (_on_scale(cells, side, raw[name]) for name, side in _sides(cells))
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
    deciding, is_moderated, priors = _moderated(
        cells, before, now, usable=is_measured, fallback=welch, policy=policy
    )
    rate_cells = np.flatnonzero(judged & cells.is_count)
    rates = _rates(cells, raw["baseline"], raw["current"], rate_cells)
    p = np.where(is_measured, welch.p, np.nan)
    deciding_p = np.where(is_measured, deciding.p, np.nan)
    p[rate_cells] = deciding_p[rate_cells] = rates.p
    return CellComparisons(
        baseline=raw["baseline"],
        current=raw["current"],
        arithmetic=_arithmetic(cells, raw["baseline"], raw["current"], is_predicted),
        welch=welch,
        deciding=deciding,
        rates=rates,
        rate_cells=rate_cells,
        p=p,
        deciding_p=deciding_p,
        is_compared=~np.isnan(deciding_p),
        is_moderated=is_moderated,
        is_predicted=is_predicted,
        priors=priors,
    )


def changes(
    cells: Cells, comparisons: CellComparisons
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return change and its 95 % interval of every cell, in the unit of its metric's scale."""
    low, high = comparisons.welch.interval()
    figures = [comparisons.welch.difference, low, high]
    with np.errstate(over="ignore"):
        change, low, high = (np.where(cells.is_ratio, np.expm1(f), f) for f in figures)
    chosen = comparisons.rate_cells
    change[chosen] = comparisons.rates.rate_difference
    low[chosen], high[chosen] = comparisons.rates.difference_interval()
    return change, low, high


def _sides(cells: Cells) -> tuple[tuple[str, CellSamples], tuple[str, CellSamples]]:
    return (("baseline", cells.baseline), ("current", cells.current))


def _on_scale(cells: Cells, side: CellSamples, raw: SampleMoments) -> SampleMoments:
    logs = log_moments(side.ragged)
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


def _moderated(
    cells: Cells,
    before: SampleMoments,
    now: SampleMoments,
    *,
    usable: BoolArray,
    fallback: MeanComparison,
    policy: StagePolicy,
) -> tuple[MeanComparison, BoolArray, tuple[VariancePrior | None, ...]]:
    """Return the fallback with the moderated figures of every metric that has enough cells."""
    columns = {f.name: getattr(fallback, f.name).copy() for f in fields(MeanComparison)}
    is_moderated = np.zeros(len(cells), dtype=np.bool_)
    priors: list[VariancePrior | None] = []
    for position in range(len(cells.metrics)):
        chosen = cells.of_metric(position)
        chosen = chosen[usable[chosen]]
        result = compare_moderated(
            before.select(chosen),
            now.select(chosen),
            min_sd=cells.noise_floor[chosen],
            min_cells=policy.moderated_minimum_cells,
        )
        priors.append(result.prior if result.is_moderated else None)
        if result.is_moderated:
            better = result.comparison.state == State.OK
            is_moderated[chosen[better]] = True
            for name, column in columns.items():
                column[chosen[better]] = getattr(result.comparison, name)[better]
    return MeanComparison(**columns), is_moderated, tuple(priors)


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


def _rates(
    cells: Cells, before: SampleMoments, now: SampleMoments, chosen: IntArray
) -> RateComparison:
    n_before, n_now = cells.baseline.n[chosen], cells.current.n[chosen]
    return compare_rates(
        np.rint(before.mean[chosen] * n_before),
        n_before,
        np.rint(now.mean[chosen] * n_now),
        n_now,
    )
