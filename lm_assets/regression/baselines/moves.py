"""How far a baseline would move, metric by metric, and what a baseline is able to detect."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lm_assets.model.baseline import AcknowledgedFinding, Baseline
from lm_assets.model.metric import Direction, Metric, MetricCatalogue, Scale
from lm_assets.model.policy import StagePolicy
from lm_assets.regression.baselines.sources import is_changed
from lm_assets.stats.moments import SampleMoments, log_moments, sample_moments
from lm_assets.stats.power import detectable_difference
from lm_assets.stats.ragged import RaggedSamples
from lm_assets.stats.welch import compare_means

CHANGE_UNITS = {Scale.RATIO: "relative", Scale.POINTS: "points", Scale.COUNT: "events_per_run"}


@dataclass(frozen=True, kw_only=True, slots=True)
class MetricMove:
    """One metric of one combination before and after a change of its baseline.

    ``change`` is new / old − 1 of geometric means for ``ratio`` metrics, else the difference of
    means (``change_unit``), ``change_since_anchor`` the same from the anchor; ``degradation`` and
    ``against_anchor`` are those changes with > 0 as worse. ``None`` where a figure is not defined.
    ``acknowledged`` is the acknowledgement of an earlier loss that the old entry still carries.
    ``is_comparable`` says whether every change that a judged metric should have is defined.
    ``is_loss``: worse than the policy's threshold, against the old samples or against the anchor,
    which small steps cannot outrun; of what is worse than the anchor, only that beyond the
    acknowledged loss counts. What cannot be compared is not shown to be no loss: it is one.
    """

    combination: str
    metric: str
    unit: str
    change_unit: str
    n_old: int
    n_new: int
    mean_old: float | None
    mean_new: float | None
    change: float | None
    change_since_anchor: float | None
    degradation: float | None
    against_anchor: float | None
    is_loss: bool
    is_comparable: bool = True
    acknowledged: AcknowledgedFinding | None = None


def metric_moves(
    old: Baseline | None, new: Baseline, *, metrics: MetricCatalogue, policy: StagePolicy
) -> tuple[MetricMove, ...]:
    """Return the moves of every known metric that either entry has, in display order."""
    before = {} if old is None else old.metrics
    names = [n for n in metrics.names if n in before or n in new.metrics]
    return tuple(_move(metrics[name], old, new, policy) for name in names)


def _move(metric: Metric, old: Baseline | None, new: Baseline, policy: StagePolicy) -> MetricMove:
    before = () if old is None else _samples(old, metric.name)
    after = _samples(new, metric.name)
    pinned = _pinned(old, new, metric)
    if old is not None and is_changed(_sources(old, metric), _sources(new, metric), metric):
        # The guard of that name says so; what is not the same quantity has not moved.
        before = ()
    change = change_between(before, after, metric)
    degradation = degradation_of(change, metric)
    since_anchor = change_between(pinned, after, metric)
    against_anchor = degradation_of(since_anchor, metric)
    acknowledged = None if old is None else old.acknowledged_findings.get(metric.name)
    beyond = _beyond_acknowledged(against_anchor, acknowledged, metric)
    is_comparable = not metric.is_judged or not (
        (change is None and before and after) or (since_anchor is None and pinned and after)
    )
    worst = max((d for d in (degradation, beyond) if d is not None), default=-math.inf)
    return MetricMove(
        combination=new.combination,
        metric=metric.name,
        unit=metric.unit,
        change_unit=CHANGE_UNITS[metric.scale],
        n_old=0 if old is None else len(_samples(old, metric.name)),
        n_new=len(after),
        mean_old=None if not before else math.fsum(before) / len(before),
        mean_new=None if not after else math.fsum(after) / len(after),
        change=change,
        change_since_anchor=since_anchor,
        degradation=degradation,
        against_anchor=against_anchor,
        is_loss=not is_comparable or worst > loss_threshold(metric, policy),
        is_comparable=is_comparable,
        acknowledged=acknowledged,
    )


def _beyond_acknowledged(
    against_anchor: float | None, acknowledged: AcknowledgedFinding | None, metric: Metric
) -> float | None:
    """Return the degradation from the level that was acknowledged, else from the anchor."""
    accepted = None if acknowledged is None else acknowledged.loss_since_anchor
    if against_anchor is None or accepted is None:
        return against_anchor
    if metric.scale is not Scale.RATIO:
        return against_anchor - accepted
    if metric.direction is Direction.LOWER:
        return (1.0 + against_anchor) / (1.0 + accepted) - 1.0
    left = 1.0 - accepted
    return 1.0 - (1.0 - against_anchor) / left if left > 0.0 else against_anchor


def _pinned(old: Baseline | None, new: Baseline, metric: Metric) -> tuple[float, ...]:
    """Return the anchor's samples, none where another class of sources measured them."""
    if old is None or old.anchor is None:
        return ()
    source = old.anchor.sources.get(metric.name)
    if source is not None and is_changed([source], _sources(new, metric), metric):
        return ()
    return old.anchor.samples.get(metric.name, ())


def _sources(entry: Baseline, metric: Metric) -> tuple[str, ...]:
    found = entry.metrics.get(metric.name)
    return () if found is None else found.sources


def _samples(entry: Baseline, metric: str) -> tuple[float, ...]:
    found = entry.metrics.get(metric)
    return () if found is None else found.samples


def change_between(old: Sequence[float], new: Sequence[float], metric: Metric) -> float | None:
    """Return the change from old to new samples on the metric's scale, ``None`` if undefined."""
    if not old or not new:
        return None
    if metric.scale is not Scale.RATIO:
        return math.fsum(new) / len(new) - math.fsum(old) / len(old)
    if min(*old, *new) <= 0.0:
        return None
    return math.expm1(_mean_log(new) - _mean_log(old))


def _mean_log(samples: Sequence[float]) -> float:
    return math.fsum(map(math.log, samples)) / len(samples)


def degradation_of(change: float | None, metric: Metric) -> float | None:
    """Return how much worse a change is; ``None`` where neither way is better."""
    if change is None or metric.direction is Direction.NONE:
        return None
    return change if metric.direction is Direction.LOWER else -change


def change_text(value: float | None, unit: str) -> str:
    """Return a change with its sign and unit, or a dash for none."""
    if value is None:
        return "–"
    if unit == "relative":
        return f"{value:+.1%}"
    return f"{value:+.2f} {unit.replace('_', ' ')}"


def loss_threshold(metric: Metric, policy: StagePolicy) -> float:
    """Return the degradation above which a baseline moves only with an acknowledged finding."""
    if metric.scale is Scale.RATIO:
        return policy.threshold_relative
    if metric.scale is Scale.POINTS:
        return policy.threshold_points
    return policy.equivalence_events_per_run


def detectable_changes(
    entries: Iterable[Baseline], *, metrics: MetricCatalogue, policy: StagePolicy
) -> Mapping[tuple[str, str], float]:
    """Return, by (combination, metric), the change that each baseline lets a campaign detect.

    The smallest true rise that as many new runs, as noisy as the accepted ones, would show with
    the policy's alpha and power; relative for ``ratio`` metrics, else in the metric's unit. Cells
    for which it is not defined (one sample, not judged) are left out.
    """
    entries = list(entries)
    found: dict[tuple[str, str], float] = {}
    for metric in metrics:
        cells = [e for e in entries if metric.name in e.metrics] if metric.is_judged else []
        if not cells:
            continue
        samples = RaggedSamples.from_lists([e.metrics[metric.name].samples for e in cells])
        moments = log_moments(samples) if metric.scale is Scale.RATIO else sample_moments(samples)
        smallest = _detectable(moments, metric, policy)
        for entry, value in zip(cells, smallest, strict=True):
            if math.isfinite(value):
                found[entry.combination, metric.name] = value
    return found


def _detectable(moments: SampleMoments, metric: Metric, policy: StagePolicy) -> list[float]:
    comparison = compare_means(moments, moments, min_sd=metric.noise_floor)
    smallest = detectable_difference(comparison, alpha=policy.alpha, power=policy.power)
    on_scale = np.expm1(smallest) if metric.scale is Scale.RATIO else smallest
    found: list[float] = on_scale.tolist()
    return found
