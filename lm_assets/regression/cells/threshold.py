"""The plain rule's threshold and the margin of equivalence, in the unit of a metric's scale."""

import numpy as np

from lm_assets.model.metric import Direction, Metric, Scale
from lm_assets.model.policy import StagePolicy
from lm_assets.stats.validation import FloatArray


def threshold_of(metric: Metric, policy: StagePolicy) -> float:
    """Return the degradation above which a metric is worse: relative, in points, or events."""
    return {
        Scale.RATIO: policy.threshold_relative,
        Scale.POINTS: policy.threshold_points,
        Scale.COUNT: policy.equivalence_events_per_run,
    }[metric.scale]


def margin_of(metric: Metric, policy: StagePolicy) -> float:
    """Return the margin within which a metric must be shown to lie to be called unchanged."""
    return {
        Scale.RATIO: policy.equivalence_relative,
        Scale.POINTS: policy.equivalence_points,
        Scale.COUNT: policy.equivalence_events_per_run,
    }[metric.scale]


def degradation_on_scale(metric: Metric, worse: FloatArray) -> FloatArray:
    """Return degradations from differences on the comparison's scale, above 0 where worse."""
    if metric.scale is not Scale.RATIO:
        return worse
    # Of a metric that should be high, a log ratio of −x is a loss of 1 − e^−x.
    return -np.expm1(-worse) if metric.direction is Direction.HIGHER else np.expm1(worse)
