"""A campaign's records against the baseline catalogue: what is compared with what."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from lm_assets.model.baseline import Baseline, BaselineCatalogue, BaselineStatus
from lm_assets.model.campaign import Manifest, confirmation_campaign
from lm_assets.model.errors import DataFaultError
from lm_assets.model.metric import MetricCatalogue
from lm_assets.model.policy import RegressionPolicy
from lm_assets.model.record import RunRecord
from lm_assets.model.verdict import CampaignVerdict
from lm_assets.regression.campaign_samples import baseline_rows, current_rows
from lm_assets.regression.cells.sample_table import SampleTable
from lm_assets.regression.confirmation.of_campaign import confirmation_samples, of_these_baselines
from lm_assets.regression.judge import judge
from lm_assets.regression.verdict.campaign_context import CampaignContext


def judge_campaign(
    manifest: Manifest,
    records: Sequence[RunRecord],
    *,
    catalogue: BaselineCatalogue,
    metrics: MetricCatalogue,
    policy: RegressionPolicy,
    fresh: Sequence[RunRecord] = (),
) -> CampaignVerdict:
    """Return the verdict of a campaign's records against the active baselines.

    Only the combinations that the campaign was to run, or did run, are judged: the baselines of
    the others say nothing of it. ``fresh`` are the runs that its suspected cells asked for.

    Raises
    ------
    DataFaultError
        When there is no record and none was expected: fresh runs alone confirm nothing.
    """
    if not records and not manifest.expected_combinations:
        raise DataFaultError(
            f"campaign {manifest.campaign!r} has no records and expected none: did fresh runs land "
            f"as {confirmation_campaign(manifest.campaign)!r} without the campaign itself?"
        )
    to_run = {*manifest.expected_combinations, *(record.combination for record in records)}
    baselines = {
        name: entry
        for name, entry in catalogue.entries.items()
        if name in to_run and entry.status is BaselineStatus.ACTIVE
    }
    usable = of_these_baselines(fresh, baselines)
    verdict = judge(
        campaign=manifest.campaign,
        stage=manifest.stage,
        baseline=SampleTable.from_rows(baseline_rows(baselines)),
        current=SampleTable.from_rows(current_rows(records, metrics)),
        metrics=metrics,
        policy=policy.stages[manifest.stage],
        dimensions={record.combination: record.dimensions for record in records},
        context=campaign_context(manifest, records, baselines),
        baseline_version=catalogue.digest,
        confirmation=confirmation_samples(usable, metrics),
    )
    if outdated := len(fresh) - len(usable):
        note = f"{outdated} fresh runs are of a baseline replaced since, and decide nothing"
        verdict = replace(verdict, notes=(note, *verdict.notes))
    return verdict


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
        expected_combinations=manifest.expected_combinations,
        failed_runs=failed,
        attempted_runs=attempted,
        missing=missing,
    )
