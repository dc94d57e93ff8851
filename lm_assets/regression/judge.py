"""The judge: the steps in order, from two tables of samples to the verdict of a campaign."""

from collections.abc import Mapping
from types import MappingProxyType

from lm_assets.model.campaign import Stage
from lm_assets.model.metric import MetricCatalogue
from lm_assets.model.policy import StagePolicy
from lm_assets.model.verdict import CampaignVerdict, CellVerdict, Finding
from lm_assets.regression.cell_judgement import judge_cells
from lm_assets.regression.cells.alignment import align_cells
from lm_assets.regression.cells.sample_table import SampleTable
from lm_assets.regression.confirmation.fresh_runs import ConfirmationSamples
from lm_assets.regression.confirmation.request import confirmation_state
from lm_assets.regression.matrix.dimension_table import DimensionTable
from lm_assets.regression.verdict.campaign_context import CampaignContext
from lm_assets.regression.verdict.cell_rows import cell_rows
from lm_assets.regression.verdict.coverage import coverage_gaps
from lm_assets.regression.verdict.delivered import (
    counts_of,
    shortfall,
    shortfall_findings,
    with_shortfall,
)
from lm_assets.regression.verdict.findings import (
    cell_findings,
    environment_findings,
    failed_run_findings,
    limit_findings,
    shift_findings,
)
from lm_assets.regression.verdict.gate import campaign_outcome
from lm_assets.regression.verdict.judgement import Judgement
from lm_assets.regression.verdict.notes import campaign_notes
from lm_assets.regression.verdict.roll_up import roll_up

_NO_DIMENSIONS: Mapping[str, Mapping[str, str]] = MappingProxyType({})
_NO_CONTEXT = CampaignContext()


def judge(
    *,
    campaign: str,
    stage: Stage,
    baseline: SampleTable,
    current: SampleTable,
    metrics: MetricCatalogue,
    policy: StagePolicy,
    dimensions: Mapping[str, Mapping[str, str]] = _NO_DIMENSIONS,
    context: CampaignContext = _NO_CONTEXT,
    baseline_version: str = "",
    confirmation: ConfirmationSamples | None = None,
) -> CampaignVerdict:
    """Return the verdict of a campaign: every cell, every finding, and what the gate does.

    Parameters
    ----------
    baseline : SampleTable
        Accepted samples of the combinations that the campaign was to run, and of no others: a
        combination that has a baseline and no current samples counts as missing.
    current : SampleTable
        Samples of the campaign. Those of failed load runs are for ``context.failed_runs``: a run
        that broke off early is no fast run.
    dimensions : mapping of combination to its dimension values
        For matrix-wide shifts and for findings that name dimension values.
    confirmation : ConfirmationSamples, optional
        Fresh runs of suspected cells, when they have landed.

    Raises
    ------
    ValueError
        When a table has a metric that the catalogue does not know.
    """
    cells = align_cells(baseline, current, metrics)
    table = DimensionTable.of_combinations(cells.combinations, dimensions)
    judgement = judge_cells(
        cells,
        table,
        metrics=metrics,
        policy=policy,
        context=context,
        confirmation=confirmation,
    )
    measured = cell_rows(judgement, policy, context)
    short = shortfall(measured, context)
    rows = with_shortfall(measured, short, context)
    findings = (
        *shortfall_findings(rows, short, context),
        *_findings(judgement, measured, policy=policy, context=context),
    )
    counts = counts_of(rows)
    gaps = coverage_gaps(cells, context, policy)
    outcome = campaign_outcome(counts, findings, gaps, policy.gate, unfit=context.unfit)
    return CampaignVerdict(
        campaign=campaign,
        stage=stage.value,
        verdict=outcome.verdict,
        exit_code=outcome.exit_code,
        cells=rows,
        findings=findings,
        counts=counts,
        baseline_version=baseline_version,
        notes=(*outcome.notes, *campaign_notes(judgement, policy, context)),
        confirmation=confirmation_state(rows, policy.confirmation),
    )


def _findings(
    judgement: Judgement,
    rows: tuple[CellVerdict, ...],
    *,
    policy: StagePolicy,
    context: CampaignContext,
) -> tuple[Finding, ...]:
    """Return every finding, the widest causes first."""
    effects = roll_up(judgement, policy)
    explained = {(rows[at].combination, rows[at].metric) for at in effects.explained}
    return (
        *shift_findings(judgement.shifts, policy=policy, context=context),
        *effects.findings,
        *limit_findings(rows),
        *failed_run_findings(context, policy.gate),
        *environment_findings(context, policy.environment),
        *cell_findings(rows, explained),
        *context.behaviour,
    )
