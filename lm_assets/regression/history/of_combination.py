"""Every judged metric of one combination over the campaigns, against its pinned anchor."""

from collections.abc import Mapping, Sequence

from lm_assets.model.baseline import BaselineAnchor
from lm_assets.model.history import HistoryPoint, MetricHistory
from lm_assets.model.metric import MetricCatalogue
from lm_assets.model.policy import StagePolicy
from lm_assets.model.provenance import UNKNOWN_SOURCE
from lm_assets.regression.history.series import judge_history

_NO_ANCHOR = BaselineAnchor(set_at="", source_campaigns=(), reason="")


def judge_combination_history(
    points: Mapping[str, Sequence[HistoryPoint]],
    *,
    metrics: MetricCatalogue,
    policy: StagePolicy,
    anchor: BaselineAnchor = _NO_ANCHOR,
) -> tuple[MetricHistory, ...]:
    """Return trend, drift and level shifts of each judged metric that has points.

    Parameters
    ----------
    points : mapping of metric name to points in time order
    metrics : MetricCatalogue
    policy : StagePolicy
        Whose thresholds say what matters: the weekly stage's.
    anchor : BaselineAnchor
        The release that drift is measured against; nothing is pinned unless given.
    """
    return tuple(
        judge_history(
            points[metric.name],
            metric=metric,
            policy=policy,
            anchor=anchor.samples.get(metric.name, ()),
            anchor_source=anchor.sources.get(metric.name, UNKNOWN_SOURCE),
        )
        for metric in metrics
        if metric.is_judged and points.get(metric.name)
    )
