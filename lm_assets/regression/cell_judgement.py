"""The steps that judge cells, in order, from aligned samples to the last word on each."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lm_assets.model.metric import MetricCatalogue
from lm_assets.model.policy import StagePolicy
from lm_assets.model.verdict import Verdict
from lm_assets.regression.cells.alignment import Cells
from lm_assets.regression.cells.comparison import CellComparisons, compare_cells
from lm_assets.regression.cells.data_faults import fault_mask, find_faults
from lm_assets.regression.cells.evidence import plain_rule
from lm_assets.regression.cells.hard_limits import runs_over_limit
from lm_assets.regression.cells.outlier_flips import FlaggedRuns, flag_runs, without_flagged_runs
from lm_assets.regression.cells.run_advice import advise
from lm_assets.regression.cells.run_positions import SteadyCells, take_off_positions
from lm_assets.regression.cells.soundness import sound_decisions
from lm_assets.regression.cells.sources import CellSources, choose_sources
from lm_assets.regression.cells.trade_offs import weigh_losses
from lm_assets.regression.cells.unit_suspects import find_unit_suspects
from lm_assets.regression.cells.verdicts import Decisions, decide, judgeable
from lm_assets.regression.confirmation.fresh_runs import (
    ConfirmationSamples,
    ConfirmedCell,
    confirm_suspected,
)
from lm_assets.regression.matrix.common_shift import MatrixShift, find_common_shifts, shift_of_cells
from lm_assets.regression.matrix.dimension_fit import FittedMetric, fit_dimensions
from lm_assets.regression.matrix.dimension_table import DimensionTable
from lm_assets.regression.matrix.multiplicity import CampaignQ, campaign_q
from lm_assets.regression.matrix.node_effects import ConfoundedCell, find_confounded
from lm_assets.regression.matrix.overdispersion import (
    MetricSpread,
    find_overdispersion,
    residuals_with_overdispersion,
    with_overdispersion,
)
from lm_assets.regression.verdict.campaign_context import CampaignContext
from lm_assets.regression.verdict.environment import environment_changes
from lm_assets.regression.verdict.final_verdicts import (
    with_confirmations,
    with_confounded,
    with_doubtful_units,
    with_hard_limits,
    with_incomparable,
    with_trade_offs,
)
from lm_assets.regression.verdict.judgement import Judgement
from lm_assets.stats.validation import BoolArray


@dataclass(frozen=True, kw_only=True, slots=True)
class _Shared:
    """What cells share: taken off each before it is decided, or part of its error."""

    shifts: tuple[MatrixShift, ...]
    fitted: tuple[FittedMetric, ...]
    spreads: tuple[MetricSpread, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ComparedCells:
    """The cells compared as they are and beyond what they share, and decided by that alone."""

    steady: SteadyCells
    judged: BoolArray
    own: CellComparisons
    beyond: CellComparisons
    shared: _Shared
    q: CampaignQ
    decisions: Decisions


def judge_cells(
    cells: Cells,
    dimensions: DimensionTable,
    *,
    metrics: MetricCatalogue,
    policy: StagePolicy,
    context: CampaignContext,
    confirmation: ConfirmationSamples | None = None,
) -> Judgement:
    """Return what every step found out, cell by cell."""
    faults = find_faults(cells)
    is_faulty = fault_mask(cells, faults)
    whole, (cells, sources) = cells, choose_sources(cells)
    compared = compare_and_decide(cells, dimensions, sources, is_faulty, policy=policy)
    flagged = flag_runs(compared.steady.cells, compared.judged)
    confounded = _confounded(cells, compared, policy, context)
    away = _is_elsewhere(cells, policy, context)
    trimmed = _without_flagged(compared, flagged, sources, is_faulty, policy=policy)
    statistical, without_flagged = (
        with_incomparable(with_confounded(sound_decisions(of, cells, sources), confounded), away)
        for of in (compared.decisions, trimmed)
    )
    suspects = find_unit_suspects(cells)
    statistical = with_doubtful_units(statistical, without_flagged, fault_mask(cells, suspects))
    confirmed = _confirmed(cells, statistical, confirmation, metrics=metrics, policy=policy)
    decisions = with_confirmations(statistical, confirmed)
    weighed = weigh_losses(cells, decisions, policy.trade_offs)
    over_limit = runs_over_limit(whole)  # whatever measured a run: a limit is no comparison
    return Judgement(
        cells=cells,
        whole=whole,
        sources=sources,
        comparisons=compared.own,
        judged=compared.beyond,
        q=compared.q.q,
        q_beyond_effects=compared.q.beyond_effects,
        plain_rule=plain_rule(cells, compared.own, policy)[0],
        statistical=statistical,
        decisions=with_hard_limits(with_trade_offs(decisions, weighed), whole, over_limit),
        decisions_without_flagged=without_flagged,
        flagged=flagged,
        over_limit=over_limit,
        positions=compared.steady.removed,
        has_position_removed=compared.steady.is_touched,
        spreads=compared.shared.spreads,
        confounded=confounded,
        fitted=compared.shared.fitted,
        shifts=compared.shared.shifts,
        faults=faults,
        unit_suspects=suspects,
        weighed=weighed,
        confirmed=confirmed,
        advice=advise(cells, compared.beyond, decisions, policy),
    )


def compare_and_decide(
    cells: Cells,
    dimensions: DimensionTable,
    sources: CellSources,
    is_faulty: BoolArray,
    *,
    policy: StagePolicy,
) -> ComparedCells:
    """Return the comparison steps of all cells, one after the other, and what follows from them.

    Nodes, environments, sources, confirmations, trade-offs and limits have their say after that.
    """
    judged = judgeable(cells, is_faulty, policy) & ~sources.is_changed
    steady = take_off_positions(cells, judged, policy)
    measured = compare_cells(steady.cells, judged=judged, policy=policy, as_run=cells)
    shifts = find_common_shifts(cells, measured, dimensions, policy.common_shift)
    remaining = _beyond_shift(steady.cells, measured, shifts, judged=judged, policy=policy)
    fitted = fit_dimensions(cells, remaining, dimensions, policy)
    spreads = find_overdispersion(remaining, fitted, policy.overdispersion)
    own, beyond = (with_overdispersion(cells, of, spreads) for of in (measured, remaining))
    fitted = residuals_with_overdispersion(fitted, beyond)
    q = campaign_q(beyond, fitted)
    return ComparedCells(
        steady=steady,
        judged=judged,
        own=own,
        beyond=beyond,
        shared=_Shared(shifts=shifts, fitted=fitted, spreads=spreads),
        q=q,
        decisions=decide(
            cells, own, beyond, q=q.q, is_faulty=is_faulty, judged=judged, policy=policy
        ),
    )


def _beyond_shift(
    steady: Cells,
    measured: CellComparisons,
    shifts: tuple[MatrixShift, ...],
    *,
    judged: BoolArray,
    policy: StagePolicy,
) -> CellComparisons:
    """Return the comparisons with the common shift taken off, the same ones where there is none."""
    if not shifts:
        return measured
    return compare_cells(steady, judged=judged, policy=policy, shift=shift_of_cells(steady, shifts))


def _confounded(
    cells: Cells, compared: ComparedCells, policy: StagePolicy, context: CampaignContext
) -> Mapping[int, ConfoundedCell]:
    """Return the worse cells that cannot be told from their node."""
    decisions = compared.decisions
    return find_confounded(
        cells,
        compared.beyond,
        decisions.has(Verdict.REGRESSED) | decisions.has(Verdict.SUSPECTED),
        nodes_baseline=context.nodes_baseline,
        nodes_current=context.nodes_current,
        policy=policy,
    )


def _confirmed(
    cells: Cells,
    statistical: Decisions,
    confirmation: ConfirmationSamples | None,
    *,
    metrics: MetricCatalogue,
    policy: StagePolicy,
) -> Mapping[int, ConfirmedCell]:
    """Return what fresh runs say of the cells that asked for them, if any have landed."""
    if confirmation is None:
        return {}
    return confirm_suspected(cells, statistical, confirmation, catalogue=metrics, policy=policy)


def _is_elsewhere(cells: Cells, policy: StagePolicy, context: CampaignContext) -> BoolArray:
    """Tell which cells were measured in another environment than their baseline."""
    changes = environment_changes(context, policy.environment)
    changed = {name for change in changes for name in change.combinations}
    is_named = np.array([name in changed for name in cells.combinations], dtype=np.bool_)
    mask: BoolArray = is_named[cells.combination_code]
    return mask


def _without_flagged(
    compared: ComparedCells,
    flagged: FlaggedRuns,
    sources: CellSources,
    is_faulty: BoolArray,
    *,
    policy: StagePolicy,
) -> Decisions:
    """Return what would be decided without the flagged runs; nothing else rests on it."""
    trimmed = without_flagged_runs(compared.steady.cells, flagged)
    judged = judgeable(trimmed, is_faulty, policy) & ~sources.is_changed
    shared = compared.shared
    measured = compare_cells(trimmed, judged=judged, policy=policy)
    remaining = _beyond_shift(trimmed, measured, shared.shifts, judged=judged, policy=policy)
    own, beyond = (with_overdispersion(trimmed, of, shared.spreads) for of in (measured, remaining))
    q = campaign_q(beyond, shared.fitted).q
    return decide(trimmed, own, beyond, q=q, is_faulty=is_faulty, judged=judged, policy=policy)
