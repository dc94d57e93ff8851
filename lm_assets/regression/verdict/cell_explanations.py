"""Why each cell has its verdict: flags and explanations as data, rendered by reports."""

import numpy as np

from lm_assets.model.policy import StagePolicy
from lm_assets.model.verdict import Verdict
from lm_assets.regression.cells.data_faults import fault_mask
from lm_assets.regression.cells.soundness import has_lower_bound
from lm_assets.regression.cells.unit_suspects import find_unit_suspects
from lm_assets.regression.cells.verdicts import VERDICTS
from lm_assets.regression.matrix.common_shift import follows_any
from lm_assets.regression.verdict.campaign_context import CampaignContext
from lm_assets.regression.verdict.environment import environment_changes
from lm_assets.regression.verdict.judgement import Judgement
from lm_assets.stats.validation import BoolArray

Explanation = dict[str, object]


def flags_of_cells(
    judgement: Judgement, policy: StagePolicy, context: CampaignContext
) -> list[tuple[str, ...]]:
    """Return the flags of every cell, in a fixed order."""
    cells, comparisons = judgement.cells, judgement.comparisons
    changed_places = _changed_environments(context)
    masks = {
        "scale_conflict": _scale_conflict(judgement, policy),
        "noise_floor_used": comparisons.deciding.is_floored & comparisons.is_compared,
        "one_run_prediction": comparisons.is_predicted,
        "common_shift_removed": follows_any(cells, judgement.shifts),
        "has_outliers": judgement.flagged.cells,
        "flips_without_outliers": flips_without_outliers(judgement),
        "missing_in_current": (cells.current.n == 0) & (cells.baseline.n > 0),
        "environment_changed": _of_combinations(judgement, changed_places),
        "has_failed_runs": _of_combinations(judgement, set(context.failed_runs)),
        "runs_needed_above_maximum": _needs_too_many(judgement),
        "at_least": has_lower_bound(cells),
        "unit_suspect": fault_mask(cells, find_unit_suspects(cells)),
        "other_sources_left_out": _has_left_out(judgement),
    }
    flags: list[tuple[str, ...]] = [()] * len(cells)
    for name, mask in masks.items():
        for cell in np.flatnonzero(mask).tolist():
            flags[cell] = (*flags[cell], name)
    return flags


def explanations(
    judgement: Judgement, policy: StagePolicy, context: CampaignContext
) -> list[Explanation]:
    """Return the explanation of every cell."""
    result = _figures_of_the_rule(judgement, policy)
    _add_shifts(result, judgement)
    _add_outliers(result, judgement)
    _add_faults_and_gaps(result, judgement, context)
    _add_limits(result, judgement)
    for cell, suspects in find_unit_suspects(judgement.cells).items():
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


def flips_without_outliers(judgement: Judgement) -> BoolArray:
    """Tell which cells would have another verdict without their flagged runs."""
    without = judgement.decisions_without_flagged
    differs: BoolArray = without.code != judgement.statistical.code
    return judgement.flagged.cells & differs


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


def _add_shifts(result: list[Explanation], judgement: Judgement) -> None:
    deciding_p = judgement.judged.deciding_p
    beyond = judgement.cells.sign * judgement.decisions.degradation
    for shift in judgement.shifts:
        for cell in shift.cells.tolist():
            result[cell]["common_shift"] = {
                "shift": shift.change,
                "change_beyond_shift": float(beyond[cell]),
                "p_beyond_shift": float(deciding_p[cell]),
            }


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


def _has_left_out(judgement: Judgement) -> BoolArray:
    mask = np.zeros(len(judgement.cells), dtype=np.bool_)
    mask[list(judgement.sources.left_out)] = True
    return mask


def _scale_conflict(judgement: Judgement, policy: StagePolicy) -> BoolArray:
    """Tell where the plain rule would say another thing on the raw than on the log scale."""
    comparisons = judgement.comparisons
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        on_logs = np.expm1(comparisons.welch.difference)
        on_raw = comparisons.arithmetic.difference / comparisons.baseline.mean
    calls = []
    for change, p in ((on_logs, comparisons.welch.p), (on_raw, comparisons.arithmetic.p)):
        size = np.nan_to_num(judgement.cells.sign * change)
        passes = (np.abs(size) > policy.threshold_relative) & (p < policy.alpha)
        calls.append(np.where(passes, np.sign(size), 0.0))
    conflict: BoolArray = calls[0] != calls[1]
    return conflict & judgement.cells.is_ratio & comparisons.is_compared


def _of_combinations(judgement: Judgement, names: set[str]) -> BoolArray:
    cells = judgement.cells
    is_named = np.array([name in names for name in cells.combinations], dtype=np.bool_)
    mask: BoolArray = is_named[cells.combination_code]
    return mask


def _changed_environments(context: CampaignContext) -> set[str]:
    return {name for change in environment_changes(context) for name in change.combinations}


def _needs_too_many(judgement: Judgement) -> BoolArray:
    undecided = judgement.decisions.has(Verdict.INCONCLUSIVE) & judgement.judged.is_compared
    is_unknown: BoolArray = judgement.advice.runs_needed == 0
    return undecided & is_unknown
