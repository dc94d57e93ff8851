"""What cells differ by beyond their noise, when shared effects are taken off, is part of the error.

Runs of a combination that share a node, a day or a slow hour are not independent: their spread
says how well they repeat each other, not how far another node would have been.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from lm_assets.model.metric import Metric, Scale
from lm_assets.model.noise_policy import OverdispersionPolicy
from lm_assets.regression.cells.alignment import Cells
from lm_assets.regression.cells.comparison import CellComparisons, with_further_variance
from lm_assets.regression.matrix.dimension_fit import FittedMetric
from lm_assets.stats.overdispersion import Overdispersion, estimate_overdispersion
from lm_assets.stats.student import two_sided_p
from lm_assets.stats.validation import FloatArray, IntArray


@dataclass(frozen=True, kw_only=True, slots=True)
class MetricSpread:
    """What the cells of one metric differ by beyond their noise."""

    metric: Metric
    cells: IntArray
    estimate: Overdispersion


def find_overdispersion(
    comparisons: CellComparisons, fitted: Sequence[FittedMetric], policy: OverdispersionPolicy
) -> tuple[MetricSpread, ...]:
    """Return the spread of every metric's cells beyond shift, dimension effects and noise."""
    deciding = comparisons.deciding
    return tuple(
        MetricSpread(
            metric=found.metric,
            cells=found.cells,
            estimate=estimate_overdispersion(
                found.fit.residual,
                deciding.standard_error[found.cells],
                deciding.df[found.cells],
                min_cells=policy.minimum_cells,
            ),
        )
        for found in fitted
        if found.metric.scale is not Scale.COUNT
    )


def with_overdispersion(
    cells: Cells, comparisons: CellComparisons, spreads: Sequence[MetricSpread]
) -> CellComparisons:
    """Return the comparisons whose errors hold what cells differ by."""
    variance, df = _of_cells(cells, spreads)
    return with_further_variance(cells, comparisons, variance, df)


def residuals_with_overdispersion(
    fitted: Sequence[FittedMetric], widened: CellComparisons
) -> tuple[FittedMetric, ...]:
    """Return the fits whose residuals are tested with the errors of the widened comparisons."""
    deciding = widened.deciding
    return tuple(
        found
        if found.metric.scale is Scale.COUNT
        else replace(
            found,
            residual_p=two_sided_p(
                found.fit.residual / deciding.standard_error[found.cells], deciding.df[found.cells]
            ),
        )
        for found in fitted
    )


def _of_cells(cells: Cells, spreads: Sequence[MetricSpread]) -> tuple[FloatArray, FloatArray]:
    variance, df = np.zeros(len(cells)), np.full(len(cells), np.inf)
    for spread in spreads:
        variance[spread.cells], df[spread.cells] = spread.estimate.variance, spread.estimate.df
    return variance, df
