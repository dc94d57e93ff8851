"""The steps that judge cells, in order, from aligned samples to the last word on each."""

from collections.abc import Mapping

from lm_assets.model.metric import MetricCatalogue
from lm_assets.model.policy import StagePolicy
from lm_assets.regression.cells.alignment import Cells
from lm_assets.regression.cells.comparison import CellComparisons, compare_cells
from lm_assets.regression.cells.data_faults import fault_mask, find_faults
from lm_assets.regression.cells.hard_limits import runs_over_limit
from lm_assets.regression.cells.outlier_flips import FlaggedRuns, flag_runs, without_flagged_runs
from lm_assets.regression.cells.run_advice import advise
from lm_assets.regression.cells.soundness import sound_decisions
from lm_assets.regression.cells.sources import CellSources, choose_sources
from lm_assets.regression.cells.trade_offs import weigh_losses
from lm_assets.regression.cells.verdicts import Decisions, decide, judgeable, plain_rule
from lm_assets.regression.confirmation.fresh_runs import (
    ConfirmationSamples,
    ConfirmedCell,
    confirm_suspected,
)
from lm_assets.regression.matrix.common_shift import MatrixShift, find_common_shifts, shift_of_cells
from lm_assets.regression.matrix.dimension_fit import FittedMetric, fit_dimensions
from lm_assets.regression.matrix.dimension_table import DimensionTable
from lm_assets.regression.matrix.multiplicity import campaign_q
from lm_assets.regression.verdict.final_verdicts import (
    with_confirmations,
    with_hard_limits,
    with_trade_offs,
)
from lm_assets.regression.verdict.judgement import Judgement
from lm_assets.stats.validation import BoolArray


def judge_cells(
    cells: Cells,
    dimensions: DimensionTable,
    *,
    metrics: MetricCatalogue,
    policy: StagePolicy,
    confirmation: ConfirmationSamples | None = None,
) -> Judgement:
    """Return what every step found out, cell by cell."""
    whole = cells
    faults = find_faults(whole)
    is_faulty = fault_mask(whole, faults)
    cells, sources = choose_sources(whole)
    judged = judgeable(cells, is_faulty, policy) & ~sources.is_changed
    measured = compare_cells(cells, judged=judged, policy=policy)
    shifts = find_common_shifts(cells, measured, dimensions, policy.common_shift)
    beyond_shift = _beyond_shift(cells, measured, shifts, judged, policy)
    fitted = fit_dimensions(cells, beyond_shift, dimensions, policy)
    q = campaign_q(beyond_shift, fitted)
    statistical = sound_decisions(
        decide(cells, beyond_shift, q=q.q, is_faulty=is_faulty, judged=judged, policy=policy),
        cells,
        sources,
    )
    confirmed = _confirmed(cells, statistical, confirmation, metrics, policy)
    decisions = with_confirmations(statistical, confirmed)
    weighed = weigh_losses(cells, decisions, policy.trade_offs)
    # Of every run, whatever measured it: a limit is no comparison.
    over_limit = runs_over_limit(whole)
    flagged = flag_runs(cells, judged)
    return Judgement(
        cells=cells,
        whole=whole,
        sources=sources,
        comparisons=measured,
        judged=beyond_shift,
        q=q.q,
        q_beyond_effects=q.beyond_effects,
        plain_rule=plain_rule(cells, measured, policy),
        statistical=statistical,
        decisions=with_hard_limits(with_trade_offs(decisions, weighed), whole, over_limit),
        decisions_without_flagged=_without_flagged(
            cells, flagged, is_faulty, sources, shifts=shifts, fitted=fitted, policy=policy
        ),
        flagged=flagged,
        over_limit=over_limit,
        fitted=fitted,
        shifts=shifts,
        faults=faults,
        weighed=weighed,
        confirmed=confirmed,
        advice=advise(cells, beyond_shift, decisions, policy),
    )


def _confirmed(
    cells: Cells,
    decisions: Decisions,
    confirmation: ConfirmationSamples | None,
    metrics: MetricCatalogue,
    policy: StagePolicy,
) -> Mapping[int, ConfirmedCell]:
    if confirmation is None:
        return {}
    return confirm_suspected(cells, decisions, confirmation, catalogue=metrics, policy=policy)


def _beyond_shift(
    cells: Cells,
    measured: CellComparisons,
    shifts: tuple[MatrixShift, ...],
    judged: BoolArray,
    policy: StagePolicy,
) -> CellComparisons:
    """Return the comparisons with the common shift taken off, the same ones where there is none."""
    if not shifts:
        return measured
    return compare_cells(cells, judged=judged, policy=policy, shift=shift_of_cells(cells, shifts))


def _without_flagged(
    cells: Cells,
    flagged: FlaggedRuns,
    is_faulty: BoolArray,
    sources: CellSources,
    *,
    shifts: tuple[MatrixShift, ...],
    fitted: tuple[FittedMetric, ...],
    policy: StagePolicy,
) -> Decisions:
    """Return what would be decided without the flagged runs; nothing else rests on it."""
    trimmed = without_flagged_runs(cells, flagged)
    judged = judgeable(trimmed, is_faulty, policy) & ~sources.is_changed
    comparisons = compare_cells(
        trimmed, judged=judged, policy=policy, shift=shift_of_cells(cells, shifts)
    )
    q = campaign_q(comparisons, fitted).q
    decided = decide(trimmed, comparisons, q=q, is_faulty=is_faulty, judged=judged, policy=policy)
    return sound_decisions(decided, trimmed, sources)
