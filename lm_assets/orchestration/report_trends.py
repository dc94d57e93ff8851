"""Cells of a campaign over the campaigns before it, for its reports."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from lm_assets.gateways.configuration import Configuration
from lm_assets.gateways.warehouse import CellPoint, Warehouse, before_campaign
from lm_assets.gateways.warehouse.known_alerts import known_alerts
from lm_assets.model.baseline import BaselineCatalogue
from lm_assets.model.campaign import Manifest, Stage
from lm_assets.model.history import HistoryPoint, LevelChange
from lm_assets.model.metric import Metric
from lm_assets.model.record import RunRecord
from lm_assets.model.verdict import CampaignVerdict, CellVerdict, Verdict
from lm_assets.regression.history.series import judge_history
from lm_assets.reports.insight import by_severity
from lm_assets.reports.material import CellKey
from lm_assets.reports.pictures.trend import Trend, TrendPoint

# So many campaigns fit a picture of a line, and so many cells the technical report's megabyte.
MOST_CAMPAIGNS, MOST_CELLS, _MOST_JUDGED = 30, 2_000, 400
_LEAST_POINTS_FOR_SHIFTS = 8
_LOSSES = (Verdict.REGRESSED, Verdict.SUSPECTED, Verdict.ACCEPTED_TRADEOFF)


def cell_trends(
    warehouse: Warehouse,
    manifest: Manifest,
    verdict: CampaignVerdict,
    records: Sequence[RunRecord],
    *,
    settings: Configuration,
    baseline: BaselineCatalogue,
) -> Mapping[CellKey, Trend]:
    """Return the trend of each judged cell that ran before, this campaign last.

    Of a large campaign it is the worst cells. A campaign of which nobody knows when it began has
    none.
    """
    cells = [c for c in by_severity(verdict.cells) if c.current_mean is not None][:MOST_CELLS]
    began = min((r.started_at for r in records if r.started_at), default=None)
    if not cells or began is None:
        return {}
    keys = [(cell.combination, cell.metric) for cell in cells]
    earlier = warehouse.run(
        lambda connection: before_campaign(
            connection,
            keys,
            campaign=manifest.campaign,
            stage=manifest.stage.value,
            before=began,
            campaigns=MOST_CAMPAIGNS,
        )
    )
    known = [a for a in known_alerts(warehouse, manifest.stage.value) if a.excuses]
    points: dict[CellKey, list[CellPoint]] = {}
    for point in earlier:
        points.setdefault((point.combination, point.metric), []).append(point)
    labels = manifest.subject.version_labels
    version = " ".join(value for _, value in sorted(labels.items()))
    return {
        (cell.combination, cell.metric): _trend(
            cell,
            points[cell.combination, cell.metric],
            TrendPoint(
                campaign=manifest.campaign,
                value=cell.current_mean,
                verdict=cell.verdict,
                version=version,
            ),
            metric=settings.metrics[cell.metric],
            settings=settings,
            accepted=_accepted(baseline, cell),
            is_judged=place < _MOST_JUDGED,
            is_known=any(alert.covers(cell.combination, cell.metric) for alert in known),
        )
        for place, cell in enumerate(cells)
        if (cell.combination, cell.metric) in points and cell.metric in settings.metrics
    }


def _trend(
    cell: CellVerdict,
    earlier: Sequence[CellPoint],
    latest: TrendPoint,
    *,
    metric: Metric,
    settings: Configuration,
    accepted: Sequence[float],
    is_judged: bool,
    is_known: bool,
) -> Trend:
    shifts: Sequence[LevelChange] = ()
    if is_judged and len(earlier) + 1 >= _LEAST_POINTS_FOR_SHIFTS:
        series = [
            *_series(earlier),
            HistoryPoint(campaign=latest.campaign, value=latest.value or 0),
        ]
        weekly = settings.regression.stages[Stage.WEEKLY]
        shifts = judge_history(series, metric=metric, policy=weekly).change_points
    return Trend(
        label=metric.label,
        unit=metric.unit,
        points=_with_known([*map(_point, earlier), latest], is_known=is_known),
        band=(min(accepted), max(accepted)) if accepted else None,
        shifts=shifts,
    )


def _with_known(points: list[TrendPoint], *, is_known: bool) -> list[TrendPoint]:
    """Return the points, those of the loss that somebody knows of marked: the last ones."""
    if not is_known:
        return points
    start = len(points)
    while start and points[start - 1].verdict in _LOSSES:
        start -= 1
    return [*points[:start], *(replace(p, is_acknowledged=True) for p in points[start:])]


def _point(point: CellPoint) -> TrendPoint:
    return TrendPoint(
        campaign=point.campaign,
        value=point.mean,
        verdict=None if point.verdict is None else Verdict(point.verdict),
        version=point.versions,
    )


def _series(earlier: Iterable[CellPoint]) -> list[HistoryPoint]:
    return [
        HistoryPoint(campaign=p.campaign, value=p.mean, runs=p.n, sources=tuple(p.sources))
        for p in earlier
    ]


def _accepted(baseline: BaselineCatalogue, cell: CellVerdict) -> tuple[float, ...]:
    entry = baseline.entries.get(cell.combination)
    known = entry.metrics.get(cell.metric) if entry else None
    return known.samples if known else ()
