"""Metadata of a combination's history: what is judged of it, and each metric as a picture."""

from collections.abc import Mapping, Sequence

import dagster as dg

from lm_assets.gateways.warehouse import HistoryPoint
from lm_assets.model.history import MetricHistory
from lm_assets.model.metric import MetricCatalogue
from lm_assets.model.verdict import Verdict
from lm_assets.orchestration.metadata import Metadata, table
from lm_assets.reports.history import history_markdown
from lm_assets.reports.pictures.trend import Trend, TrendPoint


def of_history(
    history: Sequence[HistoryPoint], judged: Sequence[MetricHistory], metrics: MetricCatalogue
) -> Metadata:
    """Metadata of a combination's history: what is judged of it, and each metric as a line."""
    by_metric: dict[str, list[HistoryPoint]] = {}
    for point in history:
        by_metric.setdefault(point.metric, []).append(point)
    latest = [points[-1] for points in by_metric.values()]
    return {
        "campaigns": len({point.campaign for point in history}),
        "dagster/row_count": len(history),
        "latest": table(
            {
                "metric": p.metric,
                "unit": p.unit,
                "campaign": p.campaign,
                "n": p.n,
                "mean": p.mean,
                "cv": p.cv,
                "verdict": p.verdict,
                "sources": ", ".join(p.sources),
            }
            for p in latest
            if p.mean is not None
        ),
        "over_time": table(
            {
                "metric": m.metric,
                "verdict": m.verdict.value,
                "decided_by": m.decided_by,
                "campaigns": m.n,
                "slope_per_campaign": m.slope_per_step,
                "mann_kendall_p": m.mann_kendall_p,
                "drift_from_anchor": m.drift,
                "level_shifts": ", ".join(point.campaign for point in m.change_points),
                "other_sources_left_out": other_sources(m),
            }
            for m in judged
        ),
        "lines": dg.MetadataValue.md(history_markdown(_trends(by_metric, judged, metrics))),
    }


def other_sources(history: MetricHistory) -> str:
    """Return which campaigns measured another quantity, such as ``event log (3 campaigns)``."""
    said = [f"{source} ({n} campaigns)" for source, n in sorted(history.left_out.items())]
    return "; ".join([*said, *(["the anchor"] if history.is_anchor_left_out else [])])


def _trends(
    by_metric: Mapping[str, Sequence[HistoryPoint]],
    judged: Sequence[MetricHistory],
    metrics: MetricCatalogue,
) -> list[Trend]:
    shifts = {history.metric: history.change_points for history in judged}
    return [
        Trend(
            label=metrics[name].label,
            unit=metrics[name].unit,
            points=[
                TrendPoint(
                    campaign=point.campaign,
                    value=point.mean,
                    verdict=None if point.verdict is None else Verdict(point.verdict),
                )
                for point in points
            ],
            shifts=shifts.get(name, ()),
        )
        for name, points in by_metric.items()
        if name in metrics and metrics[name].is_judged
    ]
