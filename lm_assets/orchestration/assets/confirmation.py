"""Suspected cells of a campaign: what is asked of load runners, and the fresh runs that answer."""

import dagster as dg
import pandas as pd

from lm_assets.collect.collector import campaign_manifest
from lm_assets.collect.confirmation import collect_confirmation
from lm_assets.collect.run_sources import RunSources
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.verdict_json import campaign_verdict
from lm_assets.gateways.clock import Clock
from lm_assets.gateways.configuration import Configuration
from lm_assets.orchestration import metadata
from lm_assets.orchestration.catalogue import current_catalogue
from lm_assets.orchestration.partitions import campaign_partitions
from lm_assets.orchestration.tables_of_campaigns import RECORDS, VERDICTS
from lm_assets.regression.confirmation.of_campaign import campaign_confirmation_request

incoming_confirmations = dg.AssetSpec(
    "incoming_confirmations",
    description="Result files of the fresh runs that a campaign asked for, of both sides.",
    partitions_def=campaign_partitions,
    group_name="confirmation",
    kinds={"s3", "json"},
)


@dg.asset(
    partitions_def=campaign_partitions,
    deps=[incoming_confirmations],
    group_name="confirmation",
    kinds={"python", "s3"},
    metadata={"dagster/column_schema": RECORDS.schema},
)
def confirmation_runs(
    context: dg.AssetExecutionContext,
    bucket: dg.ResourceParam[CampaignBucket],
    settings: dg.ResourceParam[Configuration],
    sources: dg.ResourceParam[RunSources],
    clock: dg.ResourceParam[Clock],
) -> dg.Output[pd.DataFrame]:
    """Fresh runs of suspected cells, baseline and current interleaved; none until they land."""
    fresh = collect_confirmation(
        context.partition_key,
        bucket=bucket,
        matrix=settings.matrix,
        metrics=settings.metrics,
        now=clock.now(),
        closing_after=settings.retention.closing_after,
        sources=sources,
        report_progress=context.log.info,
    )
    bucket.write_quarantine(fresh.landed_as, fresh.quarantined)
    return dg.Output(RECORDS.frame(fresh.records), metadata=metadata.of_fresh_runs(fresh))


@dg.asset(
    partitions_def=campaign_partitions,
    deps=["baseline_catalogue"],
    group_name="confirmation",
    kinds={"json", "s3"},
)
def confirmation_request(
    context: dg.AssetExecutionContext,
    regression_verdicts: pd.DataFrame,
    bucket: dg.ResourceParam[CampaignBucket],
    settings: dg.ResourceParam[Configuration],
) -> dg.MaterializeResult:
    """Request for the fresh runs that would decide the campaign's suspected cells."""
    manifest, _ = campaign_manifest(bucket, context.partition_key)
    verdict = campaign_verdict(VERDICTS.rows(regression_verdicts))
    request = campaign_confirmation_request(
        verdict,
        manifest,
        catalogue=current_catalogue(settings.baselines_path),
        policy=settings.regression,
    )
    key = bucket.write_confirmation_request(context.partition_key, request)
    return dg.MaterializeResult(metadata=metadata.of_request(key, verdict.confirmation))
