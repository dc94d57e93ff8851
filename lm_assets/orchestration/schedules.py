"""Schedules: the weekly backfill of the recent campaigns, and the baselines beside it."""

from pathlib import Path

import dagster as dg

from lm_assets.gateways.campaign_bucket import CampaignBucket
from lm_assets.gateways.clock import Clock
from lm_assets.gateways.kept_campaigns import open_campaigns
from lm_assets.model.retention import RetentionPolicy
from lm_assets.orchestration.backfill import WeeklyBackfillConfig, launch_backfill


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

ALL = [weekly_backfill]
