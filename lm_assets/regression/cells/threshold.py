"""The plain rule's threshold and the margin of equivalence, on the scale of a metric's comparison.

Ratio metrics are held to one factor in both directions: 20 % means 1.2 times, whichever side is
the larger. A slow-down of 23 % is the same as a throughput that falls by 18.7 %, and gets the same
verdict in either spelling; for what should be high the threshold is a fall of 16.7 %.
"""

import math

import numpy as np

from lm_assets.model.metric import Direction, Metric, Scale
from lm_assets.model.policy import StagePolicy
from lm_assets.regression.cells.alignment import Cells
from lm_assets.stats.validation import FloatArray


def threshold_of(metric: Metric, policy: StagePolicy) -> float:
    """Return the distance beyond which a metric is worse: a log ratio, points, or events."""
    return {
        Scale.RATIO: math.log1p(policy.threshold_relative),
        Scale.POINTS: policy.threshold_points,
        Scale.COUNT: policy.equivalence_events_per_run,
    }[metric.scale]


def margin_of(metric: Metric, policy: StagePolicy) -> float:
    """Return the distance within which a metric must be shown to lie to be called unchanged."""
    return {
        Scale.RATIO: math.log1p(policy.equivalence_relative),
        Scale.POINTS: policy.equivalence_points,
        Scale.COUNT: policy.equivalence_events_per_run,
    }[metric.scale]


def thresholds_of_cells(cells: Cells, policy: StagePolicy) -> FloatArray:
    """Return the threshold of every cell; rates are compared by their ratio."""
    limits = [
        math.log1p(policy.threshold_relative) if m.scale is Scale.COUNT else threshold_of(m, policy)
        for m in cells.metrics
    ]
    return np.array(limits)[cells.metric_code]


def margins_of_cells(cells: Cells, policy: StagePolicy) -> FloatArray:
    """Return the margin of equivalence of every cell."""
    return np.array([margin_of(m, policy) for m in cells.metrics])[cells.metric_code]


def distance_on_scale(metric: Metric, change: float) -> float:
    """Return a change, as it is told, on the scale of the comparison; above 0 where it is worse."""
    on_scale = change
    if metric.scale is Scale.RATIO:
        on_scale = math.log1p(change) if change > -1.0 else -math.inf
    return -on_scale if metric.direction is Direction.HIGHER else on_scale
