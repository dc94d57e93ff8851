"""The judgement of a campaign against the reviewed baselines, and of its versions side by side."""

import dagster as dg
import pandas as pd

from lm_assets.collect.collector import campaign_manifest
from lm_assets.collect.coverage import with_coverage
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.deliveries import read_delivery
from lm_assets.gateways.bucket.verdict_json import verdict_rows
from lm_assets.gateways.configuration import Configuration
from lm_assets.orchestration import metadata
from lm_assets.orchestration.assets.baseline_catalogue import baseline_catalogue
from lm_assets.orchestration.baseline_metadata import of_revision
from lm_assets.orchestration.catalogue import current_catalogue
from lm_assets.orchestration.partitions import campaign_partitions
from lm_assets.orchestration.tables_of_campaigns import RECORDS, VERDICTS
from lm_assets.regression.campaign_judgement import judge_campaign
from lm_assets.regression.versions.of_campaign import compare_campaign_versions


@dg.asset(
    partitions_def=campaign_partitions,
    deps=[baseline_catalogue, "statistical_summaries"],
    group_name="judgement",
    kinds={"scipy", "s3", "postgres"},
    # Under Dagster's own name its page would show the columns above the verdict.
    metadata={"columns": VERDICTS.schema},
)
def regression_verdicts(
    context: dg.AssetExecutionContext,
    raw_metrics: pd.DataFrame,
    confirmation_runs: pd.DataFrame,
    bucket: dg.ResourceParam[CampaignBucket],
    settings: dg.ResourceParam[Configuration],
) -> dg.Output[pd.DataFrame]:
    """Verdict of every cell of the campaign, its findings, and the campaign's own verdict."""
    manifest, _ = campaign_manifest(bucket, context.partition_key)
    catalogue = current_catalogue(settings.baselines_path)
    records = RECORDS.rows(raw_metrics)
    verdict = judge_campaign(
        manifest,
        records,
        catalogue=catalogue,
        metrics=settings.metrics,
        policy=settings.regression,
        fresh=RECORDS.rows(confirmation_runs),
        matrix=settings.matrix,
        delivery=with_coverage(
            read_delivery(bucket.store, context.partition_key),
            records,
            settings.regression.stages[manifest.stage].coverage,
        ),
    )
    return dg.Output(
        VERDICTS.frame(verdict_rows(verdict)),
        metadata={**metadata.of_verdict(verdict, settings), **of_revision(catalogue.revision)},
    )


@dg.asset(
    partitions_def=campaign_partitions,
    group_name="judgement",
    kinds={"scipy"},
)
def version_comparison(
    context: dg.AssetExecutionContext,
    raw_metrics: pd.DataFrame,
    bucket: dg.ResourceParam[CampaignBucket],
    settings: dg.ResourceParam[Configuration],
) -> dg.MaterializeResult:
    """Versions of the campaign side by side: paired across the combinations they share."""
    manifest, _ = campaign_manifest(bucket, context.partition_key)
    pairs = compare_campaign_versions(
        RECORDS.rows(raw_metrics),
        matrix=settings.matrix,
        metrics=settings.metrics,
        policy=settings.regression.stages[manifest.stage],
    )
    return dg.MaterializeResult(metadata=metadata.of_versions(pairs))
