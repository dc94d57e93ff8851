"""Every judged metric of one combination over the campaigns, against its pinned anchor."""

from collections.abc import Mapping, Sequence

from lm_assets.model.history import HistoryPoint, MetricHistory
from lm_assets.model.metric import MetricCatalogue
from lm_assets.model.policy import StagePolicy
from lm_assets.regression.history.series import judge_history

_NO_ANCHOR: Mapping[str, Sequence[float]] = {}


def judge_combination_history(
    points: Mapping[str, Sequence[HistoryPoint]],
    *,
    metrics: MetricCatalogue,
    policy: StagePolicy,
    anchor: Mapping[str, Sequence[float]] = _NO_ANCHOR,
) -> tuple[MetricHistory, ...]:
    """Return trend, drift and level shifts of each judged metric that has points.

    Parameters
    ----------
    points : mapping of metric name to points in time order
    metrics : MetricCatalogue
    policy : StagePolicy
        Whose thresholds say what matters: the weekly stage's.
    anchor : mapping of metric name to samples
        The release that drift is measured against.
    """
    return tuple(
        judge_history(
            points[metric.name],
            metric=metric,
            policy=policy,
            anchor=anchor.get(metric.name, ()),
        )
        for metric in metrics
        if metric.is_judged and points.get(metric.name)
    )
