"""Why each cell has its verdict: explanations as data, rendered by reports."""

import numpy as np

from lm_assets.model.policy import StagePolicy
from lm_assets.model.verdict import Verdict
from lm_assets.regression.cells.evidence import degradation_of, worse_by
from lm_assets.regression.cells.verdicts import VERDICTS
from lm_assets.regression.verdict.campaign_context import CampaignContext
from lm_assets.regression.verdict.deciding import deciding_of_cells, disagreements
from lm_assets.regression.verdict.environment import environment_changes
from lm_assets.regression.verdict.judgement import Judgement
from lm_assets.stats.validation import BoolArray

Explanation = dict[str, object]

# Who moved less than the others by chance alone is no news.
_TOLD_BELOW = 0.05


def explanations(
    judgement: Judgement, policy: StagePolicy, context: CampaignContext
) -> list[Explanation]:
    """Return the explanation of every cell."""
    result = _figures_of_the_rule(judgement, policy)
    _add_decisions(result, judgement, policy)
    _add_shifts(result, judgement)
    _add_places(result, judgement, policy, context)
    _add_outliers(result, judgement)
    _add_faults_and_gaps(result, judgement, context)
    _add_limits(result, judgement)
    for cell, suspects in judgement.unit_suspects.items():
        result[cell]["unit_suspect"] = suspects
    _add_sources(result, judgement)
    for cell, loss in judgement.weighed.items():
        result[cell]["trade_off"] = {
            "rule": loss.rule,
            "reason": loss.reason,
            "loss": loss.loss,
            "gain": loss.gain,
            "gained_in": loss.gained_in,
            "required_gain": loss.required_gain,
            "is_accepted": loss.is_accepted,
            "refused_because": loss.refused_because,
        }
    for cell, fresh in judgement.confirmed.items():
        result[cell]["confirmation"] = {
            "verdict": fresh.verdict.value,
            "change": fresh.change,
            "change_ci95": None if fresh.change_ci95 is None else list(fresh.change_ci95),
            "degradation": fresh.degradation,
            "p": fresh.p,
            "q": fresh.q,
            "n_baseline": fresh.n_baseline,
            "n_current": fresh.n_current,
        }
    return result


def _figures_of_the_rule(judgement: Judgement, policy: StagePolicy) -> list[Explanation]:
    cells, advice = judgement.cells, judgement.advice
    rows = zip(
        judgement.plain_rule.tolist(),
        cells.is_points.tolist(),
        judgement.judged.is_compared.tolist(),
        judgement.decisions.equivalence_p.tolist(),
        advice.detectable_change.tolist(),
        advice.runs_needed.tolist(),
        cells.current.n.tolist(),
        strict=True,
    )
    result: list[Explanation] = []
    for plain_rule, is_points, is_compared, equivalence_p, detectable, needed, n in rows:
        explanation: Explanation = {"plain_rule": plain_rule}
        if is_compared:
            explanation["threshold"] = (
                policy.threshold_points if is_points else policy.threshold_relative
            )
            explanation["alpha"] = policy.alpha
            if equivalence_p == equivalence_p:  # noqa: PLR0124 - NaN is where it is not defined
                explanation["equivalence_p"] = equivalence_p
                explanation["minimal_detectable_change"] = detectable
            if needed > n:
                explanation["more_runs"] = needed - n
        result.append(explanation)
    return result


def _add_decisions(result: list[Explanation], judgement: Judgement, policy: StagePolicy) -> None:
    """Add what decided, where the plain rule says another thing, and how sure the size is."""
    for cell, figures in deciding_of_cells(judgement).items():
        result[cell]["deciding"] = figures
    for cell, sentence in disagreements(judgement, policy).items():
        result[cell]["disagreement"] = sentence
    p_beyond = judgement.decisions.p_beyond_threshold
    for cell in np.flatnonzero(judgement.decisions.has(Verdict.REGRESSED)).tolist():
        p = float(p_beyond[cell])
        result[cell]["size"] = "beyond_threshold" if p < policy.alpha else "uncertain"
        result[cell]["p_beyond_threshold"] = p if p == p else None  # noqa: PLR0124 - NaN


def _add_places(
    result: list[Explanation],
    judgement: Judgement,
    policy: StagePolicy,
    context: CampaignContext,
) -> None:
    """Add the node that a cell cannot be told from, and what changed in its environment."""
    for cell, found in judgement.confounded.items():
        result[cell]["node"] = {
            "node": found.node,
            "other_cells": found.other_cells,
            "node_worse_by": found.node_worse_by,
        }
    changed = {
        name: {key: list(pair) for key, pair in change.changed.items()}
        for change in environment_changes(context, policy.environment)
        for name in change.combinations
    }
    if changed:
        cells = judgement.cells
        for cell in np.flatnonzero(judgement.decisions.has(Verdict.NOT_COMPARABLE)).tolist():
            name = cells.combinations[cells.combination_code[cell]]
            result[cell]["environment"] = changed[name]


def _add_shifts(result: list[Explanation], judgement: Judgement) -> None:
    deciding_p = judgement.judged.deciding_p
    beyond = judgement.cells.sign * judgement.decisions.degradation
    own = judgement.cells.sign * degradation_of(judgement.cells, judgement.comparisons)
    gained_less = _gained_less(judgement)
    for shift in judgement.shifts:
        for cell in shift.cells.tolist():
            result[cell]["common_shift"] = {
                "shift": shift.change,
                "change": float(own[cell]),
                "change_beyond_shift": float(beyond[cell]),
                "p_beyond_shift": float(deciding_p[cell]),
            }
            if gained_less[cell]:
                result[cell]["note"] = "gained less than the others"


def _gained_less(judgement: Judgement) -> BoolArray:
    """Tell which cells got better, and are worse beside the shift that all share."""
    size = worse_by(judgement.cells, judgement.comparisons)
    is_behind: BoolArray = (size < 0.0) & (judgement.decisions.worse_by > 0.0)
    return is_behind & (np.nan_to_num(judgement.judged.deciding_p, nan=1.0) < _TOLD_BELOW)


def _add_outliers(result: list[Explanation], judgement: Judgement) -> None:
    flagged, cells = judgement.flagged, judgement.cells
    baseline = cells.baseline.runs_of_cells(flagged.baseline)
    current = cells.current.runs_of_cells(flagged.current)
    without = judgement.decisions_without_flagged.code.tolist()
    names = [verdict.value for verdict in VERDICTS]
    for cell in np.flatnonzero(flagged.cells).tolist():
        result[cell]["outlier_runs"] = {
            "baseline": baseline.get(cell, []),
            "current": current.get(cell, []),
        }
        result[cell]["verdict_without_outliers"] = names[without[cell]]


def _add_faults_and_gaps(
    result: list[Explanation], judgement: Judgement, context: CampaignContext
) -> None:
    cells = judgement.cells
    for cell, fault in judgement.faults.items():
        result[cell]["fault"] = dict(fault)
    for verdict in (Verdict.INSUFFICIENT_DATA, Verdict.NO_BASELINE):
        for cell in np.flatnonzero(judgement.decisions.has(verdict)).tolist():
            key = (
                cells.combinations[cells.combination_code[cell]],
                cells.metrics[cells.metric_code[cell]].name,
            )
            if key in context.missing:
                result[cell]["missing_because"] = context.missing[key]


def _add_limits(result: list[Explanation], judgement: Judgement) -> None:
    cells = judgement.whole
    for cell, runs in cells.current.runs_of_cells(judgement.over_limit).items():
        limit = cells.metrics[cells.metric_code[cell]].limit
        result[cell]["limit"] = {"limit": limit, "runs": runs}


def _add_sources(result: list[Explanation], judgement: Judgement) -> None:
    sources = judgement.sources
    for cell, sides in sources.runs.items():
        result[cell]["sources"] = {side: dict(runs) for side, runs in sides.items()}
    for cell, sides in sources.left_out.items():
        result[cell]["sources_left_out"] = {side: dict(runs) for side, runs in sides.items()}
