"""Event logs of a campaign, read in shards: a step each, wherever the executor runs it.

Steps hand nothing over but their order; what they share lies in the bucket (see
``lm_assets.collect.shards``), so that it does not matter which process or pod a step runs in.
"""

from collections.abc import Iterator

import dagster as dg

from lm_assets.collect.collection_config import parse_collection_config
from lm_assets.collect.shards import Shards
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.configuration import Configuration
from lm_assets.orchestration import metadata
from lm_assets.orchestration.instance import first_try_of
from lm_assets.orchestration.partitions import campaign_partitions

# An outage of the store or a lost pod; only this shard is read again.
_AGAIN = dg.RetryPolicy(max_retries=2, delay=1)


@dg.op(ins={"landed": dg.In(dg.Nothing)}, out=dg.DynamicOut(dg.Nothing))
def event_log_shards(
    context: dg.OpExecutionContext,
    bucket: dg.ResourceParam[CampaignBucket],
    settings: dg.ResourceParam[Configuration],
) -> Iterator[dg.DynamicOutput[None]]:
    """Division of the campaign's event logs into shards."""
    config = parse_collection_config(settings.collection)
    for shard in _shards(context, bucket, settings).plan(config.shard_bytes):
        context.log.info(f"shard {shard.number}: {shard.logs} event logs, {shard.size_bytes} bytes")
        yield dg.DynamicOutput(None, mapping_key=str(shard.number))


@dg.op(ins={"shard": dg.In(dg.Nothing)}, out=dg.Out(dg.Nothing), retry_policy=_AGAIN)
def event_log_shard(
    context: dg.OpExecutionContext,
    bucket: dg.ResourceParam[CampaignBucket],
    settings: dg.ResourceParam[Configuration],
) -> None:
    """What the event logs of one shard say."""
    config = parse_collection_config(settings.collection)
    _shards(context, bucket, settings).read(
        int(context.get_mapping_key() or 0),
        concurrency=config.concurrency,
        report_progress=context.log.info,
    )


@dg.op(ins={"shards": dg.In(dg.Nothing)}, out=dg.Out(dg.Nothing))
def event_logs_read(
    context: dg.OpExecutionContext,
    bucket: dg.ResourceParam[CampaignBucket],
    settings: dg.ResourceParam[Configuration],
) -> Iterator[dg.Output[None]]:
    """How many shards there were, and how much each read."""
    config = parse_collection_config(settings.collection)
    shards = _shards(context, bucket, settings).plan(config.shard_bytes)
    yield dg.Output(None, metadata=metadata.of_shards(shards))


@dg.graph_asset(
    partitions_def=campaign_partitions,
    ins={"incoming_results": dg.AssetIn(dagster_type=dg.Nothing)},
    group_name="collect",
    kinds={"spark", "s3"},
)
def event_log_readings(incoming_results):  # type: ignore[no-untyped-def]  # Dagster's own handles
    """Readings of the campaign's event logs, made in shards where they are large."""
    return event_logs_read(event_log_shards(incoming_results).map(event_log_shard).collect())


def _shards(
    context: dg.OpExecutionContext, bucket: CampaignBucket, settings: Configuration
) -> Shards:
    return Shards(
        campaign=context.partition_key,
        run=first_try_of(context.run),
        bucket=bucket,
        matrix=settings.matrix,
        metrics=settings.metrics,
    )
