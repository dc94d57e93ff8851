"""Schedules: every week the recent campaigns and all histories, every night retention."""

from pathlib import Path

import dagster as dg

from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.kept_campaigns import open_campaigns
from lm_assets.gateways.clock import Clock
from lm_assets.gateways.configuration import Configuration
from lm_assets.gateways.warehouse import Warehouse
from lm_assets.model.retention import RetentionPolicy
from lm_assets.orchestration import metadata
from lm_assets.orchestration.backfill import WeeklyBackfillConfig, launch_backfill
from lm_assets.orchestration.jobs import combination_job
from lm_assets.orchestration.retention import (
    apply_retention,
    retention_status,
    retention_targets,
)


@dg.op(description="Asks Dagster for a backfill of the newest kept campaigns.")
def request_weekly_backfill(
    context: dg.OpExecutionContext,
    config: WeeklyBackfillConfig,
    bucket: dg.ResourceParam[CampaignBucket],
    retention: dg.ResourceParam[RetentionPolicy],
    clock: dg.ResourceParam[Clock],
) -> str:
    """Id of the backfill; empty when there is no campaign yet."""
    since = clock.now() - retention.closing_after
    campaigns = open_campaigns(bucket, landed_since=since)[: config.campaigns]
    if not campaigns:
        context.log.info("no campaign is open: nothing to backfill")
        return ""
    title = f"Weekly backfill {clock.now():%Y-%m-%d}"
    backfill = launch_backfill(campaigns, title=title, workspace=Path(config.workspace))
    context.log.info(f"backfill {backfill} covers {', '.join(campaigns)}")
    return backfill


@dg.job(
    executor_def=dg.in_process_executor,
    description="Requests the weekly backfill; its runs appear under Backfills.",
)
def weekly_backfill_job() -> None:
    """Request of the weekly backfill."""
    request_weekly_backfill()


weekly_backfill = dg.ScheduleDefinition(
    name="weekly_backfill",
    job=weekly_backfill_job,
    cron_schedule="0 4 * * 1",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Mondays 04:00 UTC: the recent campaigns anew, each its own run.",
)


@dg.schedule(
    job=combination_job,
    cron_schedule="0 6 * * 1",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Mondays 06:00 UTC: trend, drift and level shifts of every combination, one run.",
)
def weekly_histories(settings: dg.ResourceParam[Configuration]) -> dg.RunRequest:
    """Run request over all combinations; a run for each would pay Dagster's start-up each time."""
    combinations = settings.matrix.combinations
    return dg.RunRequest(
        tags={
            "dagster/asset_partition_range_start": combinations[0].id,
            "dagster/asset_partition_range_end": combinations[-1].id,
        }
    )


class RetentionConfig(dg.Config):
    """Whether retention only says what it would remove."""

    dry_run: bool = False


@dg.op(description="Removes everything that is past its days, or says what would go.")
def remove_expired(
    context: dg.OpExecutionContext,
    config: RetentionConfig,
    bucket: dg.ResourceParam[CampaignBucket],
    warehouse: dg.ResourceParam[Warehouse],
    retention: dg.ResourceParam[RetentionPolicy],
    clock: dg.ResourceParam[Clock],
) -> None:
    """Outcome of retention, as metadata."""
    targets = retention_targets(bucket, warehouse, context.instance)
    act = retention_status if config.dry_run else apply_retention
    outcome = act(targets, retention, now=clock.now())
    if outcome.refusal:
        context.log.warning(f"the bucket has no lifecycle rules: {outcome.refusal}")
    context.add_output_metadata(metadata.of_retention(outcome))


@dg.job(
    executor_def=dg.in_process_executor,
    description="Objects, rows, runs and partitions that are past their days, removed.",
)
def nightly_retention_job() -> None:
    """Removal of what has expired."""
    remove_expired()


nightly_retention = dg.ScheduleDefinition(
    name="nightly_retention",
    job=nightly_retention_job,
    cron_schedule="30 3 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every night 03:30 UTC: what is past its days is removed (retention.yaml).",
)

ALL = [weekly_backfill, weekly_histories, nightly_retention]
JOBS = [weekly_backfill_job, nightly_retention_job]
