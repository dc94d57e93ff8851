"""A campaign's records against the baseline catalogue: what is compared with what."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from lm_assets.model.baseline import Baseline, BaselineCatalogue, BaselineStatus
from lm_assets.model.campaign import Manifest
from lm_assets.model.metric import MetricCatalogue
from lm_assets.model.policy import RegressionPolicy
from lm_assets.model.record import RunRecord
from lm_assets.model.verdict import CampaignVerdict
from lm_assets.regression.campaign_context import CampaignContext
from lm_assets.regression.judge import judge
from lm_assets.regression.sample_table import SampleTable

SampleRow = tuple[str, str, str, float]


def judge_campaign(
    manifest: Manifest,
    records: Sequence[RunRecord],
    *,
    catalogue: BaselineCatalogue,
    metrics: MetricCatalogue,
    policy: RegressionPolicy,
) -> CampaignVerdict:
    """Return the verdict of a campaign's records against the active baselines.

    Only the combinations that the campaign was to run, or did run, are judged: the baselines of
    the others say nothing of it.
    """
    to_run = {*manifest.expected_combinations, *(record.combination for record in records)}
    baselines = {
        name: entry
        for name, entry in catalogue.entries.items()
        if name in to_run and entry.status is BaselineStatus.ACTIVE
    }
    return judge(
        campaign=manifest.campaign,
        stage=manifest.stage,
        baseline=SampleTable.from_rows(baseline_rows(baselines)),
        current=SampleTable.from_rows(current_rows(records, metrics)),
        metrics=metrics,
        policy=policy.stages[manifest.stage],
        dimensions={record.combination: record.dimensions for record in records},
        context=campaign_context(manifest, records, baselines),
        baseline_version=catalogue.digest,
    )


def baseline_rows(baselines: Mapping[str, Baseline]) -> Iterator[SampleRow]:
    """Yield the accepted samples; their runs are numbered in the order of acceptance."""
    for name, entry in baselines.items():
        for metric, baseline in entry.metrics.items():
            for number, value in enumerate(baseline.samples, start=1):
                yield name, metric, f"baseline-{number}", value


def current_rows(records: Iterable[RunRecord], metrics: MetricCatalogue) -> Iterator[SampleRow]:
    """Yield the samples of a campaign's runs.

    Of a run that failed only the stability counts are samples: how long it took to fail, and with
    what resources, says nothing of the work that it did not do.
    """
    for record in records:
        values = record.tier1_stability if record.is_failed else record.metrics
        for metric, value in values.items():
            if metric in metrics:
                yield record.combination, metric, record.run_id, value


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
