"""The plain rule's threshold, for effects that are wider than a cell."""

import numpy as np

from lm_assets.model.metric import Direction, Metric, Scale
from lm_assets.model.policy import StagePolicy
from lm_assets.stats.validation import FloatArray


def threshold_of(metric: Metric, policy: StagePolicy) -> float:
    """Return the degradation above which a metric is worse: relative, or in points."""
    is_points = metric.scale is Scale.POINTS
    return policy.threshold_points if is_points else policy.threshold_relative


def degradation_on_scale(metric: Metric, worse: FloatArray) -> FloatArray:
    """Return degradations from differences on the comparison's scale, above 0 where worse."""
    if metric.scale is not Scale.RATIO:
        return worse
    # Of a metric that should be high, a log ratio of −x is a loss of 1 − e^−x.
    return -np.expm1(-worse) if metric.direction is Direction.HIGHER else np.expm1(worse)
