"""A campaign's records against the baseline catalogue: what is compared with what."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from lm_assets.model.baseline import Baseline, BaselineCatalogue
from lm_assets.model.campaign import Manifest, confirmation_campaign
from lm_assets.model.combination import Matrix
from lm_assets.model.delivery import Delivery
from lm_assets.model.errors import DataFaultError
from lm_assets.model.metric import MetricCatalogue
from lm_assets.model.policy import RegressionPolicy
from lm_assets.model.record import RunRecord
from lm_assets.model.verdict import CampaignVerdict
from lm_assets.regression.campaign_samples import baseline_rows, current_rows
from lm_assets.regression.cells.sample_table import SampleTable
from lm_assets.regression.confirmation.of_campaign import confirmation_samples, of_these_baselines
from lm_assets.regression.judge import judge
from lm_assets.regression.verdict.behaviour import behaviour_findings
from lm_assets.regression.verdict.campaign_context import CampaignContext
from lm_assets.regression.verdict.expectation import Expectation, campaign_expectation
from lm_assets.regression.verdict.own_baseline import mark_own_baselines


def judge_campaign(
    manifest: Manifest,
    records: Sequence[RunRecord],
    *,
    catalogue: BaselineCatalogue,
    metrics: MetricCatalogue,
    policy: RegressionPolicy,
    fresh: Sequence[RunRecord] = (),
    matrix: Matrix | None = None,
    delivery: Delivery | None = None,
) -> CampaignVerdict:
    """Return the verdict of a campaign's records against the active baselines.

    Only the combinations that the campaign was to run, or did run, are judged: the baselines of
    the others say nothing of it. ``fresh`` are the runs that its suspected cells asked for.
    With a ``matrix``, what was to be run follows from the manifest's priority or the stage's policy
    where the manifest has no list. ``delivery`` says what landed beside the records, and what
    makes the campaign unfit to be judged whatever its cells say.

    Raises
    ------
    DataFaultError
        When there is no record and none was expected: fresh runs alone confirm nothing.
    """
    delivered = delivery or Delivery(campaign=manifest.campaign)
    active = catalogue.active
    of_stage = policy.stages[manifest.stage]
    expected = campaign_expectation(
        manifest,
        matrix=matrix,
        baselines=active,
        policy=of_stage,
        landed_at=delivered.landed_at,
    )
    if not (records or expected.combinations or delivered.objects):
        raise DataFaultError(
            f"campaign {manifest.campaign!r} has no records and expected none: did fresh runs land "
            f"as {confirmation_campaign(manifest.campaign)!r} without the campaign itself?"
        )
    to_run = {*expected.combinations, *delivered.unusable, *(r.combination for r in records)}
    baselines = {name: entry for name, entry in active.items() if name in to_run}
    usable = of_these_baselines(fresh, baselines)
    verdict = judge(
        campaign=manifest.campaign,
        stage=manifest.stage,
        baseline=SampleTable.from_rows(baseline_rows(baselines)),
        current=SampleTable.from_rows(current_rows(records, metrics)),
        metrics=metrics,
        policy=of_stage,
        dimensions={record.combination: record.dimensions for record in records},
        context=_with_delivery(campaign_context(manifest, records, baselines), expected, delivered),
        baseline_version=catalogue.digest,
        confirmation=confirmation_samples(usable, metrics),
    )
    verdict = mark_own_baselines(verdict, baselines)
    return replace(
        verdict,
        notes=(*_outdated(len(fresh) - len(usable)), *verdict.notes),
        delivery_digest=delivered.digest,
    )


def _with_delivery(
    context: CampaignContext, expected: Expectation, delivered: Delivery
) -> CampaignContext:
    return replace(
        context,
        expected_combinations=expected.combinations,
        expected_because=expected.because,
        unusable=delivered.unusable,
        unfit=(*filter(None, (expected.fault,)), *delivered.faults),
    )


def _outdated(runs: int) -> list[str]:
    said = f"{runs} fresh runs are of a baseline replaced since, and decide nothing"
    return [said] if runs else []


def campaign_context(
    manifest: Manifest, records: Sequence[RunRecord], baselines: Mapping[str, Baseline]
) -> CampaignContext:
    """Return what the judge should know beside the samples."""
    failed: dict[str, tuple[str, ...]] = {}
    attempted: dict[str, int] = {}
    missing: dict[tuple[str, str], str] = {}
    for record in records:
        attempted[record.combination] = attempted.get(record.combination, 0) + 1
        if record.is_failed:
            failed[record.combination] = (*failed.get(record.combination, ()), record.run_id)
        for metric, reason in record.missing.items():
            missing[record.combination, metric] = reason
    return CampaignContext(
        environment_baseline={name: entry.environment for name, entry in baselines.items()},
        environment_current={record.combination: record.environment for record in records},
        nodes_baseline={name: entry.nodes for name, entry in baselines.items() if entry.nodes},
        nodes_current=_nodes(records),
        expected_combinations=manifest.expected_combinations,
        failed_runs=failed,
        attempted_runs=attempted,
        missing=missing,
        lacking=_lacking(records),
        promised_runs=manifest.runs_per_combination,
        behaviour=tuple(behaviour_findings(records, baselines)),
    )


def _lacking(records: Sequence[RunRecord]) -> Mapping[str, Mapping[str, str]]:
    """Return the reason of each sound run that lacks a metric which others of it have."""
    had: dict[str, set[str]] = {}
    for record in records:
        had.setdefault(record.combination, set()).update(record.metrics)
    found: dict[str, dict[str, str]] = {}
    for record in records:
        absent = sorted(had[record.combination] & record.missing.keys())
        if absent and not record.is_failed:
            reason = record.missing[absent[0]]
            found.setdefault(record.combination, {})[record.run_id] = reason
    return found


def _nodes(records: Sequence[RunRecord]) -> Mapping[str, Mapping[str, str]]:
    """Return the node of each run by combination, as far as anything names one."""
    nodes: dict[str, dict[str, str]] = {}
    for record in records:
        if record.node:
            nodes.setdefault(record.combination, {})[record.run_id] = record.node
    return nodes
