"""Which baselines are due for replacement: without this, every week would rewrite all of them.

A baseline that moves with every campaign follows the noise, and a slow decline with it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from lm_assets.model.baseline import Baseline, BaselineStatus
from lm_assets.model.metric import Metric, MetricCatalogue, Scale
from lm_assets.model.policy import StagePolicy
from lm_assets.regression.baselines.checks import MAXIMUM_AGE_DAYS
from lm_assets.regression.baselines.guards import differing_names
from lm_assets.regression.baselines.moves import MetricMove, loss_threshold
from lm_assets.stats.moments import log_moments, sample_moments
from lm_assets.stats.ragged import RaggedSamples
from lm_assets.stats.welch import compare_means

Replacement = tuple[Baseline | None, Baseline]


def due_reasons(
    replacements: Sequence[Replacement],
    moves: Iterable[MetricMove],
    *,
    now: datetime,
    metrics: MetricCatalogue,
    policy: StagePolicy,
) -> Mapping[str, str]:
    """Return why each combination's baseline is due for replacement; the others are left out.

    Due is what has no baseline, a baseline older than ``MAXIMUM_AGE_DAYS``, one of another
    environment, or one that a metric has left for the better: by more than the policy's threshold,
    and significantly, so that a later loss of that gain would be judged as one. What a person has
    retired stays so.

    Parameters
    ----------
    replacements : sequence of (Baseline or None, Baseline)
        Old and new entry of each combination.
    moves : iterable of MetricMove
        Their moves.
    now : datetime
        The moment of the change.
    metrics, policy : MetricCatalogue, StagePolicy
        Scales and directions; threshold and alpha.
    """
    gained = _gains(replacements, moves, metrics, policy)
    found: dict[str, str] = {}
    for old, new in replacements:
        if old is not None and old.status is BaselineStatus.RETIRED:
            continue
        reasons = ["it has no baseline"] if old is None else _outdated(old, new, now)
        if names := gained.get(new.combination):
            reasons.append(f"better by more than the threshold: {', '.join(names)}")
        if reasons:
            found[new.combination] = "; ".join(reasons)
    return found


def _outdated(old: Baseline, new: Baseline, now: datetime) -> list[str]:
    age = now - datetime.fromisoformat(old.updated_at)
    reasons = []
    if age > timedelta(days=MAXIMUM_AGE_DAYS):
        reasons.append(f"the baseline is {age.days} days old")
    if differences := differing_names(old.environment, new.environment):
        reasons.append(f"another environment: {'; '.join(differences)}")
    return reasons


def _gains(
    replacements: Sequence[Replacement],
    moves: Iterable[MetricMove],
    metrics: MetricCatalogue,
    policy: StagePolicy,
) -> dict[str, list[str]]:
    """Return by combination the metrics that became better, beyond threshold and chance."""
    pairs = {new.combination: (old, new) for old, new in replacements}
    by_metric: dict[str, list[str]] = {}
    for move in moves:
        limit = loss_threshold(metrics[move.metric], policy)
        if move.degradation is not None and move.degradation < -limit:
            by_metric.setdefault(move.metric, []).append(move.combination)
    gained: dict[str, list[str]] = {}
    for name, combinations in by_metric.items():
        candidates = [pairs[combination] for combination in combinations]
        p_values = _p_values(candidates, metrics[name])
        for combination, p in zip(combinations, p_values, strict=True):
            if p < policy.alpha:
                gained.setdefault(combination, []).append(name)
    return gained


def _p_values(pairs: Sequence[Replacement], metric: Metric) -> list[float]:
    """Return Welch's p of old against new samples; NaN where the test is not defined."""
    moments_of = log_moments if metric.scale is Scale.RATIO else sample_moments
    olds, news = (
        moments_of(
            RaggedSamples.from_lists(
                [entry.metrics[metric.name].samples for pair in pairs if (entry := pair[side])]
            )
        )
        for side in (0, 1)
    )
    found: list[float] = compare_means(olds, news, min_sd=metric.noise_floor).p.tolist()
    return found
