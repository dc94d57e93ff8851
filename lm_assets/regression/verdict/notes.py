"""What a reader must know of a campaign beside its verdict, in sentences."""

from collections import Counter

import numpy as np

from lm_assets.model.policy import StagePolicy
from lm_assets.model.verdict import Verdict
from lm_assets.regression.matrix.common_shift import is_finding
from lm_assets.regression.verdict.campaign_context import CampaignContext
from lm_assets.regression.verdict.judgement import Judgement
from lm_assets.regression.verdict.phrases import change_phrase

# Of 20 cells without anything between them, 1 in 100 campaigns shows 1.6 (measured).
_SIDES = ("baseline", "current")
_FEWEST_CELLS = 20
_NOTED_OVERDISPERSION = 1.6


def campaign_notes(
    judgement: Judgement, policy: StagePolicy, context: CampaignContext
) -> tuple[str, ...]:
    """Return the notes of a campaign: small shifts taken off, gaps, failed runs, noise."""
    return (
        *_small_shifts(judgement, policy),
        *_gaps(judgement),
        *_failed_runs(context),
        *_priors(judgement),
        *_overdispersion(judgement),
        *_changed_sources(judgement),
    )


def _small_shifts(judgement: Judgement, policy: StagePolicy) -> list[str]:
    return [
        f"a common shift of {change_phrase(shift.change, shift.metric.scale.change_unit)} was "
        f"taken off every cell of {shift.metric.name}; it is too small for a finding"
        for shift in judgement.shifts
        if not is_finding(shift, policy.common_shift)
    ]


def _gaps(judgement: Judgement) -> list[str]:
    cells = judgement.cells
    gone = np.unique(cells.combination_code[(cells.current.n == 0) & (cells.baseline.n > 0)])
    new = np.unique(cells.combination_code[(cells.current.n > 0) & (cells.baseline.n == 0)])
    notes = []
    if gone.size:
        notes.append(f"{gone.size} combinations have a baseline and lack current values of it")
    if new.size:
        notes.append(f"{new.size} combinations have current values and lack a baseline for them")
    return notes


def _failed_runs(context: CampaignContext) -> list[str]:
    runs = sum(map(len, context.failed_runs.values()))
    if not runs:
        return []
    return [f"{runs} load runs failed in {len(context.failed_runs)} combinations"]


def _overdispersion(judgement: Judgement) -> list[str]:
    return [
        f"{fitted.metric.name}: cells differ by {fitted.fit.overdispersion:.1f} times their "
        "run-to-run noise; either most of them really changed, or something acts on whole "
        "combinations, such as the node that all runs of one were on, and p is too small"
        for fitted in judgement.fitted
        if fitted.cells.size >= _FEWEST_CELLS and fitted.fit.overdispersion > _NOTED_OVERDISPERSION
    ]


def _priors(judgement: Judgement) -> list[str]:
    return [
        f"{metric.name}: noise shared over {prior.n_cells} cells, prior of {prior.df:.1f} degrees "
        f"of freedom at a standard deviation of {prior.variance**0.5:.4g}"
        for metric, prior in zip(judgement.cells.metrics, judgement.judged.priors, strict=True)
        if prior is not None
    ]


def _changed_sources(judgement: Judgement) -> list[str]:
    """Return which metrics other sources measured than in the baseline, in how many cells."""
    cells, sources = judgement.cells, judgement.sources
    places: Counter[tuple[str, str, str]] = Counter()
    for cell in np.flatnonzero(judgement.decisions.has(Verdict.SOURCE_CHANGED)).tolist():
        before, now = (", ".join(sorted(sources.runs[cell][side])) for side in _SIDES)
        places[cells.metrics[cells.metric_code[cell]].name, before, now] += 1
    return [
        f"{metric}: measured by {before} in the baseline and by {now} now, in {n} cells; these are "
        "different quantities, and nothing was compared"
        for (metric, before, now), n in places.items()
    ]
