"""What a reader must know of a campaign beside its verdict, in sentences."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping

import numpy as np

from lm_assets.model.metric import Metric
from lm_assets.model.policy import StagePolicy
from lm_assets.model.verdict import Verdict
from lm_assets.regression.cells.unit_suspects import suspect_phrase
from lm_assets.regression.matrix.common_shift import is_finding
from lm_assets.regression.verdict.campaign_context import CampaignContext
from lm_assets.regression.verdict.judgement import Judgement
from lm_assets.regression.verdict.phrases import change_phrase
from lm_assets.stats.variance_prior import VariancePrior

# Of 20 cells without anything between them, 1 in 100 campaigns shows 1.6 (measured).
_SIDES = ("baseline", "current")
_NOTED_OVERDISPERSION = 1.6
_TAKEN_OFF = "was taken off"
_LACKING = "what other runs of their combination have"
_ANOTHER_UNIT = "in another unit?"


def campaign_notes(
    judgement: Judgement, policy: StagePolicy, context: CampaignContext
) -> tuple[str, ...]:
    """Return the notes of a campaign: units, shifts taken off, gaps, failed runs, noise."""
    return (
        *_unit_suspects(judgement),
        *_shifts(judgement, policy),
        *_gaps(judgement),
        *_failed_runs(context),
        *_lacking(context),
        *_priors(judgement),
        *_overdispersion(judgement),
        *_changed_sources(judgement),
        *_unnamed_sources(judgement),
        *_positions(judgement),
        *_clumps(judgement),
    )


def no_reader_may_miss(note: str) -> bool:
    """Tell whether a note says what was taken off, that a unit is doubtful, or a run in part."""
    return _TAKEN_OFF in note or _LACKING in note or note.startswith(_ANOTHER_UNIT)


def _unit_suspects(judgement: Judgement) -> list[str]:
    """Return one note for the metric and the first run of it that looks like another unit."""
    cells = judgement.cells
    of_metric: dict[str, list[tuple[str, Mapping[str, object]]]] = {}
    for cell, readings in judgement.unit_suspects.items():
        combination = cells.combinations[cells.combination_code[cell]]
        metric = cells.metrics[cells.metric_code[cell]].name
        of_metric.setdefault(metric, []).extend((combination, reading) for reading in readings)
    notes = []
    for metric, found in of_metric.items():
        combination, reading = found[0]
        phrase = suspect_phrase({"combination": combination, "metric": metric, **reading})
        more = f", and {len(found) - 1} more values of it" if len(found) > 1 else ""
        notes.append(f"{_ANOTHER_UNIT} {phrase}{more}")
    return notes


def _shifts(judgement: Judgement, policy: StagePolicy) -> list[str]:
    return [
        f"a common shift of {change_phrase(shift.change, shift.metric.scale.change_unit)} "
        f"{_TAKEN_OFF} every cell of {shift.metric.name}"
        + ("" if is_finding(shift, policy.common_shift) else "; it is too small for a finding")
        for shift in judgement.shifts
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


def _lacking(context: CampaignContext) -> list[str]:
    """Return one note that names the first run of which a source gave less than of the others."""
    runs = [
        (combination, run, reason)
        for combination, of_runs in context.lacking.items()
        for run, reason in of_runs.items()
    ]
    if not runs:
        return []
    combination, run, reason = runs[0]
    verb = "lacks" if len(runs) == 1 else "lack"
    count = f"{len(runs)} load run{'' if len(runs) == 1 else 's'}"
    return [f"{count} {verb} {_LACKING}, such as {run} of {combination}: {reason}"]


def _overdispersion(judgement: Judgement) -> list[str]:
    return [
        f"{spread.metric.name}: cells differ by {spread.estimate.ratio:.1f} times their "
        "run-to-run noise; either most of them really changed, or something acts on whole "
        "combinations, such as the node that all runs of one were on: it is part of the error of "
        "every cell, and what can no longer be told from it is suspected"
        for spread in judgement.spreads
        if spread.estimate.ratio > _NOTED_OVERDISPERSION
    ]


def _positions(judgement: Judgement) -> list[str]:
    return [
        f"{removed.metric.name}: run {removed.position} of every cell is off by "
        f"{change_phrase(removed.change, removed.metric.scale.change_unit)} in the {removed.side}; "
        f"that {_TAKEN_OFF}"
        for removed in judgement.positions
    ]


def _clumps(judgement: Judgement) -> list[str]:
    clumped, cells = judgement.judged.clumped, judgement.cells
    codes = cells.metric_code[judgement.judged.rate_cells]
    return [
        f"{cells.metrics[code].name}: events come {size:.1f} at a time, and are judged so"
        for code in np.unique(codes).tolist()
        if (size := float(clumped.dispersion[codes == code][0])) > 1.0
    ]


def _shared_priors(
    judgement: Judgement,
) -> Iterator[tuple[Metric, tuple[VariancePrior, VariancePrior]]]:
    for metric, priors in zip(judgement.cells.metrics, judgement.judged.priors, strict=True):
        if priors is not None:
            yield metric, priors


def _priors(judgement: Judgement) -> list[str]:
    return [
        f"{metric.name}: noise shared over {before.n_cells} cells, {_prior_phrase(before)}"
        + ("" if now is before else f", and of the current runs {_prior_phrase(now)}")
        for metric, (before, now) in _shared_priors(judgement)
    ]


def _prior_phrase(prior: VariancePrior) -> str:
    noise = f"a standard deviation of {prior.variance**0.5:.4g}"
    if math.isinf(prior.df):
        return f"all alike, at {noise}"
    return f"worth {prior.df:.1f} runs to each, at {noise}"


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


def _unnamed_sources(judgement: Judgement) -> list[str]:
    """Return which metrics only one side names a source of, in how many cells with both."""
    cells, sources = judgement.cells, judgement.sources
    sizes = {"baseline": cells.baseline.n, "current": cells.current.n}
    places: Counter[tuple[str, str, str]] = Counter()
    for cell, named in sources.runs.items():
        unnamed = [side for side in _SIDES if side not in named and sizes[side][cell] > 0]
        for side in unnamed if named else ():
            (told,) = (", ".join(sorted(of)) for of in named.values())
            places[cells.metrics[cells.metric_code[cell]].name, told, side] += 1
    return [
        f"{metric}: measured by {told}, and nobody says by what in the {side} runs, in {n} cells; "
        "they were compared as one quantity"
        for (metric, told, side), n in sorted(places.items())
    ]
