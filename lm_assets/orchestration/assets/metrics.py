"""From landed results to canonical records and their statistics. Nothing here is judged."""

from dataclasses import replace

import dagster as dg
import pandas as pd

from lm_assets.collect.collector import collect_campaign
from lm_assets.collect.run_sources import RunSources
from lm_assets.collect.shards import logs_read_ahead
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.deliveries import write_delivery
from lm_assets.gateways.clock import Clock
from lm_assets.gateways.configuration import Configuration
from lm_assets.orchestration import metadata
from lm_assets.orchestration.instance import first_try_of
from lm_assets.orchestration.partitions import campaign_partitions
from lm_assets.orchestration.tables_of_campaigns import RECORDS, SUMMARIES
from lm_assets.regression.summaries import summarise

incoming_results = dg.AssetSpec(
    "incoming_results",
    description="Result files, event logs and pod snapshots that load runners left in the bucket.",
    partitions_def=campaign_partitions,
    group_name="collect",
    kinds={"s3", "json"},
)


@dg.asset(
    partitions_def=campaign_partitions,
    deps=[incoming_results, "event_log_readings"],
    group_name="collect",
    kinds={"python", "s3", "postgres"},
    metadata={"dagster/column_schema": RECORDS.schema},
)
def raw_metrics(
    context: dg.AssetExecutionContext,
    bucket: dg.ResourceParam[CampaignBucket],
    settings: dg.ResourceParam[Configuration],
    sources: dg.ResourceParam[RunSources],
    clock: dg.ResourceParam[Clock],
) -> dg.Output[pd.DataFrame]:
    """Canonical three-tier record of every load run of the campaign."""
    read = logs_read_ahead(bucket.store, context.partition_key, first_try_of(context.run))
    collected = collect_campaign(
        context.partition_key,
        bucket=bucket,
        matrix=settings.matrix,
        metrics=settings.metrics,
        now=clock.now(),
        closing_after=settings.retention.closing_after,
        sources=replace(sources, logs_read=read),
        report_progress=context.log.info,
    )
    bucket.write_quarantine(context.partition_key, collected.quarantined)
    write_delivery(bucket.store, collected.delivery)
    return dg.Output(
        RECORDS.frame(collected.records),
        metadata=metadata.of_records(collected, settings.metrics),
    )


@dg.asset(
    partitions_def=campaign_partitions,
    group_name="collect",
    kinds={"scipy", "s3", "postgres"},
    metadata={"dagster/column_schema": SUMMARIES.schema},
)
def statistical_summaries(
    raw_metrics: pd.DataFrame, settings: dg.ResourceParam[Configuration]
) -> dg.Output[pd.DataFrame]:
    """Mean, spread, 95 % interval, quantiles and outliers of every metric of every combination."""
    summaries = summarise(RECORDS.rows(raw_metrics), settings.metrics)
    return dg.Output(SUMMARIES.frame(summaries), metadata=metadata.of_summaries(summaries))
