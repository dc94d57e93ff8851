"""Step 10: campaigns one after the other: trend, drift from the anchor, level shifts."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lm_assets.model.history import HistoryPoint, LevelChange, MetricHistory
from lm_assets.model.metric import Direction, Metric, Scale
from lm_assets.model.policy import StagePolicy
from lm_assets.model.provenance import UNKNOWN_SOURCE
from lm_assets.model.verdict import Verdict
from lm_assets.regression.cells.figures import defined, interval
from lm_assets.regression.cells.threshold import distance_on_scale, margin_of, threshold_of
from lm_assets.regression.history.sources import of_one_quantity
from lm_assets.stats.change_points import ChangePoints, find_change_points
from lm_assets.stats.drift import Drift, drift_from_anchor
from lm_assets.stats.state import State
from lm_assets.stats.trend import Trend, fit_trend
from lm_assets.stats.validation import FloatArray

Change = tuple[float, float, float, float]
"""A change with its interval and p, relative or in the metric's unit."""


def judge_history(
    points: Sequence[HistoryPoint],
    *,
    metric: Metric,
    policy: StagePolicy,
    anchor: Sequence[float] = (),
    anchor_source: str = UNKNOWN_SOURCE,
) -> MetricHistory:
    """Return trend, drift and change points of one metric of one combination.

    Parameters
    ----------
    points : sequence of HistoryPoint
        In time order, one a campaign; campaigns without a value are left out.
    anchor : sequence of float
        Pinned samples of a release, in run order; drift is measured against them.
    anchor_source : str
        What measured them; empty where that was not kept.

    Notes
    -----
    Campaigns that another quantity was measured in are left out and counted, and so is such an
    anchor: a cost of Prometheus and one of an event log are no trend.

    Worse than the threshold against the anchor decides first, then a level shift that has lasted
    to the end, then a trend. Nothing is called unchanged that is not shown to lie within the
    margin.
    """
    quantity = of_one_quantity([point.sources for point in points], metric)
    points = [points[at] for at in quantity.kept]
    is_anchor_of_another = (
        bool(quantity.source_class and anchor_source)
        and metric.class_of(anchor_source) != quantity.source_class
    )
    judged = _judged(points, metric, policy, () if is_anchor_of_another else anchor)
    return replace(
        judged,
        left_out=quantity.left_out,
        is_anchor_left_out=is_anchor_of_another and bool(anchor),
    )


def _judged(
    points: Sequence[HistoryPoint], metric: Metric, policy: StagePolicy, anchor: Sequence[float]
) -> MetricHistory:
    values = np.array([point.value for point in points], dtype=np.float64)
    if any(_is_impossible(metric, value) for value in (*values.tolist(), *anchor)):
        return MetricHistory(
            metric=metric.name,
            n=values.size,
            verdict=Verdict.DATA_FAULT,
            decided_by="data_fault",
        )
    series = _on_scale(metric, values)
    trend, on_scale = fit_trend(values), fit_trend(series)
    shifts = find_change_points(series)
    drift = drift_from_anchor(
        series, _on_scale(metric, np.array(anchor, dtype=np.float64)), min_sd=metric.noise_floor
    )
    moved, drifted = _trend_change(metric, on_scale), _drift_change(metric, drift)
    levels = _level_changes(points, metric, shifts)
    verdict, decided_by = _verdict(metric, policy, moved, drifted, shifts)
    return MetricHistory(
        metric=metric.name,
        n=values.size,
        verdict=verdict,
        decided_by=decided_by,
        slope_per_step=defined(trend.slope),
        slope_ci95=interval(trend.slope_low, trend.slope_high),
        mann_kendall_p=defined(trend.p),
        change=moved and moved[0],
        change_ci95=moved and interval(moved[1], moved[2]),
        drift=drifted and drifted[0],
        drift_ci95=drifted and interval(drifted[1], drifted[2]),
        drift_p=drifted and drifted[3],
        change_points=levels,
    )


def _is_impossible(metric: Metric, mean: float) -> bool:
    """Whether a mean of runs cannot be one of the metric: of events it need not be whole."""
    is_count = metric.scale is Scale.COUNT
    return metric.rule_broken(math.floor(mean) if is_count else mean) is not None


def _on_scale(metric: Metric, values: FloatArray) -> FloatArray:
    return np.log(values) if metric.scale is Scale.RATIO else values


def _as_change(metric: Metric, difference: float) -> float:
    return math.expm1(min(difference, 700.0)) if metric.scale is Scale.RATIO else difference


def _worse(metric: Metric, change: float) -> float:
    return -change if metric.direction is Direction.HIGHER else change


def _trend_change(metric: Metric, trend: Trend) -> Change | None:
    if trend.state != State.OK:
        return None
    steps = trend.n - 1
    change, low, high = (
        _as_change(metric, slope * steps)
        for slope in (trend.slope, trend.slope_low, trend.slope_high)
    )
    return change, low, high, trend.p_following


def _drift_change(metric: Metric, drift: Drift) -> Change | None:
    if drift.state != State.OK:
        return None
    change, low, high = (
        _as_change(metric, difference)
        for difference in (drift.difference, drift.difference_low, drift.difference_high)
    )
    return change, low, high, drift.p


def _level_changes(
    points: Sequence[HistoryPoint], metric: Metric, found: ChangePoints
) -> tuple[LevelChange, ...]:
    to_unit = math.exp if metric.scale is Scale.RATIO else float
    return tuple(
        LevelChange(
            campaign=points[index].campaign,
            index=index,
            before=to_unit(before),
            after=to_unit(after),
            degradation=_worse(metric, _as_change(metric, after - before)),
        )
        for index, before, after in zip(found.indices, found.levels, found.levels[1:], strict=False)
    )


def _verdict(
    metric: Metric,
    policy: StagePolicy,
    moved: Change | None,
    drifted: Change | None,
    shifts: ChangePoints,
) -> tuple[Verdict, str]:
    threshold = threshold_of(metric, policy)
    evidence = [("drift", drifted), ("trend", moved)]
    if shifts.indices:
        lasting = _as_change(metric, shifts.levels[-1] - shifts.levels[0])
        evidence.insert(1, ("change_point", (lasting, lasting, lasting, 0.0)))
    for step, change in evidence:
        if change is not None and change[3] < policy.alpha:
            worse = distance_on_scale(metric, change[0])
            if abs(worse) > threshold:
                return (Verdict.REGRESSED if worse > 0.0 else Verdict.IMPROVED), step
    if moved is None and drifted is None:
        return Verdict.INSUFFICIENT_DATA, "minimum_points"
    margin = margin_of(metric, policy)
    # The change since the anchor is the one that matters; without an anchor, since the beginning.
    step, change = ("drift", drifted) if drifted is not None else ("trend", moved)
    ends = () if change is None else [distance_on_scale(metric, end) for end in change[1:3]]
    if ends and max(map(abs, ends)) < margin:
        return Verdict.UNCHANGED, step
    return Verdict.INCONCLUSIVE, step
