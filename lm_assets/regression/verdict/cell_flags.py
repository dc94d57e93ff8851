"""What a reader should know of a cell beside its verdict, by short names."""

import numpy as np

from lm_assets.model.policy import StagePolicy
from lm_assets.model.verdict import Verdict
from lm_assets.regression.cells.data_faults import fault_mask
from lm_assets.regression.cells.soundness import has_lower_bound
from lm_assets.regression.matrix.common_shift import follows_any
from lm_assets.regression.verdict.campaign_context import CampaignContext
from lm_assets.regression.verdict.deciding import differs_within_margin
from lm_assets.regression.verdict.environment import environment_changes
from lm_assets.regression.verdict.judgement import Judgement
from lm_assets.stats.bimodality import MIN_VALUES, detect_two_modes
from lm_assets.stats.validation import BoolArray


def flags_of_cells(
    judgement: Judgement, policy: StagePolicy, context: CampaignContext
) -> list[tuple[str, ...]]:
    """Return the flags of every cell, in a fixed order."""
    cells, comparisons = judgement.cells, judgement.comparisons
    changed_places = _changed_environments(context, policy)
    masks = {
        "scale_conflict": _scale_conflict(judgement, policy),
        "noise_floor_used": comparisons.deciding.is_floored & comparisons.is_compared,
        "own_noise": comparisons.is_loud,
        "run_position_removed": judgement.has_position_removed & comparisons.is_compared,
        "one_run_prediction": comparisons.is_predicted,
        "common_shift_removed": follows_any(cells, judgement.shifts),
        "has_outliers": judgement.flagged.cells,
        "flips_without_outliers": flips_without_outliers(judgement),
        "missing_in_current": (cells.current.n == 0) & (cells.baseline.n > 0),
        "environment_changed": _of_combinations(judgement, changed_places),
        "has_failed_runs": _of_combinations(judgement, set(context.failed_runs)),
        "runs_needed_above_maximum": _needs_too_many(judgement),
        "differs_within_margin": differs_within_margin(judgement, policy),
        "two_modes": _two_modes(judgement),
        "at_least": has_lower_bound(cells),
        "unit_suspect": fault_mask(cells, judgement.unit_suspects),
        "other_sources_left_out": _has_left_out(judgement),
    }
    flags: list[tuple[str, ...]] = [()] * len(cells)
    for name, mask in masks.items():
        for cell in np.flatnonzero(mask).tolist():
            flags[cell] = (*flags[cell], name)
    return flags


def flips_without_outliers(judgement: Judgement) -> BoolArray:
    """Tell which cells would have another verdict without their flagged runs."""
    without = judgement.decisions_without_flagged
    differs: BoolArray = without.code != judgement.statistical.code
    return judgement.flagged.cells & differs


def _scale_conflict(judgement: Judgement, policy: StagePolicy) -> BoolArray:
    """Tell where the plain rule would say another thing on the raw than on the log scale."""
    comparisons = judgement.comparisons
    on_logs = comparisons.welch.difference
    with np.errstate(divide="ignore", invalid="ignore"):
        on_raw = np.log(comparisons.current.mean / comparisons.baseline.mean)
    threshold = np.log1p(policy.threshold_relative)
    calls = []
    for moved, p in ((on_logs, comparisons.welch.p), (on_raw, comparisons.arithmetic.p)):
        size = np.nan_to_num(judgement.cells.sign * moved)
        passes = (np.abs(size) > threshold) & (p < policy.alpha)
        calls.append(np.where(passes, np.sign(size), 0.0))
    conflict: BoolArray = calls[0] != calls[1]
    return conflict & judgement.cells.is_ratio & comparisons.is_compared


def _of_combinations(judgement: Judgement, names: set[str]) -> BoolArray:
    cells = judgement.cells
    is_named = np.array([name in names for name in cells.combinations], dtype=np.bool_)
    mask: BoolArray = is_named[cells.combination_code]
    return mask


def _changed_environments(context: CampaignContext, policy: StagePolicy) -> set[str]:
    changes = environment_changes(context, policy.environment)
    return {name for change in changes for name in change.combinations}


def _two_modes(judgement: Judgement) -> BoolArray:
    """Tell which cells have a side of two modes: its mean is that of neither."""
    cells = judgement.cells
    mask = np.zeros(len(cells), dtype=np.bool_)
    for side in (cells.baseline, cells.current):
        ragged = side.ragged
        for cell in np.flatnonzero(judgement.judged.is_compared & (side.n >= MIN_VALUES)).tolist():
            values = ragged.values[ragged.offsets[cell] : ragged.offsets[cell + 1]]
            on_scale = np.log(values) if cells.is_ratio[cell] else values
            mask[cell] |= detect_two_modes(on_scale).is_bimodal
    return mask & ~cells.is_count


def _has_left_out(judgement: Judgement) -> BoolArray:
    mask = np.zeros(len(judgement.cells), dtype=np.bool_)
    mask[list(judgement.sources.left_out)] = True
    return mask


def _needs_too_many(judgement: Judgement) -> BoolArray:
    undecided = judgement.decisions.has(Verdict.INCONCLUSIVE) & judgement.judged.is_compared
    is_unknown: BoolArray = judgement.advice.runs_needed == 0
    return undecided & is_unknown
