"""Sensors: what makes runs start by themselves. Their arithmetic is in the core, tested alone."""

from datetime import timedelta
from functools import partial

import dagster as dg

from lm_assets.alerts.operations import (
    broken_baselines_notice,
    overdue_notice,
    run_failure_notice,
)
from lm_assets.collect.landing.closing import ClosingRule
from lm_assets.collect.landing.due import (
    Landing,
    Tick,
    decode_cursor,
    encode_cursor,
    landings,
    not_looked_at,
    overdue,
    plan_tick,
)
from lm_assets.gateways.baseline_file.file import catalogue_fault, content_digest
from lm_assets.gateways.baseline_file.revision import file_revision
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.kept_campaigns import open_campaigns, results_since
from lm_assets.gateways.clock import Clock
from lm_assets.gateways.configuration import Configuration
from lm_assets.gateways.http.notifier import DeliveryError, Notifier
from lm_assets.gateways.object_store.protocol import (
    BucketMissingError,
    ObjectInfo,
    ObjectStoreError,
)
from lm_assets.gateways.warehouse import Warehouse
from lm_assets.model.retention import RetentionPolicy
from lm_assets.orchestration.alert_clock import alert_clock
from lm_assets.orchestration.baseline_metadata import of_catalogue
from lm_assets.orchestration.delivery import deliver_once, undelivered
from lm_assets.orchestration.executors import ShardLimit
from lm_assets.orchestration.instance import WILL_RETRY_TAG
from lm_assets.orchestration.jobs import (
    campaign_job,
    confirmation_job,
    judgement_job,
    sharded_campaign_job,
)
from lm_assets.orchestration.lost_runs import lost_runs
from lm_assets.orchestration.partitions import CAMPAIGN_DIMENSION, campaign_partitions

# Dagster's daemon looks every 5 s. At an interval of just that, every third turn comes a few
# milliseconds too early and is passed over.
POLL_SECONDS = 4
QUIET_PERIOD = timedelta(minutes=30)
OVERDUE_AFTER = timedelta(hours=6)
# A month of campaigns judged anew must not stand in the way of the one that has just landed.
AFTER_NEW_RESULTS = {"dagster/priority": "-10"}


@dg.sensor(
    jobs=[campaign_job, sharded_campaign_job, confirmation_job],
    minimum_interval_seconds=POLL_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Starts a run for each campaign whose results have landed or have changed.",
)
def new_results(
    context: dg.SensorEvaluationContext,
    bucket: dg.ResourceParam[CampaignBucket],
    retention: dg.ResourceParam[RetentionPolicy],
    shard_limit: dg.ResourceParam[ShardLimit],
    clock: dg.ResourceParam[Clock],
) -> dg.SensorResult:
    """Run requests for landed campaigns, and for campaigns whose fresh runs have landed."""
    now, cursor = clock.now(), decode_cursor(context.cursor)
    try:
        incoming = bucket.incoming(passing_over=not_looked_at(cursor, now=now))
    except BucketMissingError as error:
        return dg.SensorResult(skip_reason=str(error), cursor=context.cursor)
    tick = plan_tick(
        landings(incoming.of_campaigns),
        cursor,
        now=now,
        quiet_period=QUIET_PERIOD,
        passed_over=incoming.passed_over,
        closing_rule=ClosingRule(
            closing_after=retention.closing_after, results_since=partial(results_since, bucket)
        ),
    )
    _leave_reasons(context, bucket, incoming.unusable)
    names = sorted({landing.judged_campaign for landing in tick.due})
    return dg.SensorResult(
        run_requests=[_run_request(tick, landing, shard_limit) for landing in tick.due],
        dynamic_partitions_requests=[campaign_partitions.build_add_request(names)] if names else [],
        asset_events=[*map(_landed_event, tick.due), *map(_late_event, tick.late)],
        cursor=encode_cursor(tick.cursor),
        skip_reason=None if tick.due else _nothing_due(tick),
    )


@dg.sensor(
    job=judgement_job,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Judges the open campaigns anew when the baseline catalogue has changed.",
)
def baseline_changes(
    context: dg.SensorEvaluationContext,
    bucket: dg.ResourceParam[CampaignBucket],
    settings: dg.ResourceParam[Configuration],
    clock: dg.ResourceParam[Clock],
    notifiers: dg.ResourceParam[tuple[Notifier, ...]],
    warehouse: dg.ResourceParam[Warehouse],
) -> dg.SensorResult:
    """Run requests for campaigns whose baselines changed under them."""
    digest = content_digest(settings.baselines_path)
    before, _, changes = (context.cursor or "").partition(":")
    if before == digest:
        return dg.SensorResult(skip_reason=f"the catalogue is still {digest[:12]}")
    if fault := catalogue_fault(settings.baselines_path):
        notice = broken_baselines_notice(digest, fault)
        deliver_once(notice, campaign="", notifiers=notifiers, warehouse=warehouse)
        return dg.SensorResult(skip_reason=f"nothing is judged anew: {fault}")
    since = clock.now() - settings.retention.closing_after
    campaigns = open_campaigns(bucket, landed_since=since) if before else []
    # The oldest first: alerts live through the campaigns in their order, and what the web page says
    # of a check is what was said last, which has to be of the newest campaign.
    campaigns.reverse()
    # The count makes the key a new one when a change is taken back, and when it is made again.
    cursor = f"{digest}:{int(changes or 0) + 1}"
    known = set(context.instance.get_dynamic_partitions(CAMPAIGN_DIMENSION))
    return dg.SensorResult(
        run_requests=[_judged_anew(c, cursor) for c in campaigns if c in known],
        asset_events=[_observed_catalogue(digest, file_revision(settings.baselines_path))],
        cursor=cursor,
    )


@dg.sensor(
    minimum_interval_seconds=300,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Says once when a campaign has begun to land and does not end.",
)
def overdue_campaigns(
    context: dg.SensorEvaluationContext,
    bucket: dg.ResourceParam[CampaignBucket],
    clock: dg.ResourceParam[Clock],
    notifiers: dg.ResourceParam[tuple[Notifier, ...]],
    warehouse: dg.ResourceParam[Warehouse],
    retention: dg.ResourceParam[RetentionPolicy],
) -> dg.SkipReason:
    """Messages about campaigns that never completed."""
    try:
        landed = bucket.incoming().of_campaigns
    except BucketMissingError as error:
        return dg.SkipReason(str(error))
    late = overdue(
        landed,
        now=clock.now(),
        after=OVERDUE_AFTER,
        until=retention.closing_after,
    )
    for landing in late:
        deliver_once(
            overdue_notice(landing.campaign, landing.objects),
            campaign=landing.campaign,
            notifiers=notifiers,
            warehouse=warehouse,
        )
    return dg.SkipReason(f"{len(late)} campaigns are overdue: {[c.campaign for c in late]}")


@dg.run_failure_sensor(
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tells people when a run failed and is not started again by itself.",
)
def run_failures(
    context: dg.RunFailureSensorContext,
    notifiers: dg.ResourceParam[tuple[Notifier, ...]],
    warehouse: dg.ResourceParam[Warehouse],
) -> dg.SkipReason | None:
    """Messages about failed runs."""
    run = context.dagster_run
    if run.tags.get(WILL_RETRY_TAG) == "true":
        return dg.SkipReason(f"run {run.run_id} is started again by itself")
    campaign = run.tags.get("dagster/partition", "")
    detail = context.failure_event.message or "no reason was given"
    outcome = deliver_once(
        run_failure_notice(campaign, job=run.job_name, run_id=run.run_id, detail=detail),
        campaign=campaign,
        notifiers=notifiers,
        warehouse=warehouse,
    )
    if lacking := undelivered(outcome):
        # Dagster shows each run to this sensor once: the failed tick is what is left to see.
        raise DeliveryError("; ".join(lacking))
    return None


@dg.sensor(
    minimum_interval_seconds=15,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Fails runs whose process was killed together with its server: they are retried.",
)
def unwatched_runs(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Failures of runs that can never end by themselves."""
    lost = list(lost_runs(context.instance))
    for run, pid in lost:
        context.instance.report_run_failed(
            run, f"Process {pid} of this run is gone, and so is the server that started it."
        )
    return dg.SkipReason(f"{len(lost)} runs were lost: {[run.run_id for run, _ in lost]}")


def _judged_anew(campaign: str, cursor: str) -> dg.RunRequest:
    return dg.RunRequest(
        run_key=f"{campaign}:{cursor}", partition_key=campaign, tags=AFTER_NEW_RESULTS
    )


def _leave_reasons(
    context: dg.SensorEvaluationContext, bucket: CampaignBucket, unusable: list[ObjectInfo]
) -> None:
    """Say why objects are of no use; what cannot be written now stops no campaign."""
    try:
        bucket.write_unusable(unusable)
    except ObjectStoreError as error:
        context.log.error(f"quarantine/ does not have every reason yet, next turn again: {error}")


def _run_request(tick: Tick, landing: Landing, limit: ShardLimit) -> dg.RunRequest:
    is_large = limit.is_exceeded_by(landing.event_log_bytes)
    of_campaign = sharded_campaign_job if is_large else campaign_job
    job = confirmation_job if landing.is_confirmation else of_campaign
    return dg.RunRequest(
        run_key=tick.run_key(landing),
        partition_key=landing.judged_campaign,
        job_name=job.name,
    )


def _landed_event(landing: Landing) -> dg.AssetMaterialization:
    return dg.AssetMaterialization(
        asset_key=_landed_asset(landing),
        partition=landing.judged_campaign,
        description="Fresh runs landed" if landing.is_confirmation else "Results landed",
        metadata={
            "objects": landing.objects,
            "digest": landing.digest,
            "is_complete": landing.is_complete,
        },
        tags={"dagster/data_version": landing.digest},
    )


def _late_event(landing: Landing) -> dg.AssetObservation:
    return dg.AssetObservation(
        asset_key=_landed_asset(landing),
        partition=landing.judged_campaign,
        description="Objects came after the campaign was closed: no run was started for them",
        metadata={
            "objects": landing.objects,
            "digest": landing.digest,
            "newest": dg.MetadataValue.timestamp(landing.newest),
        },
    )


def _landed_asset(landing: Landing) -> str:
    return "incoming_confirmations" if landing.is_confirmation else "incoming_results"


def _nothing_due(tick: Tick) -> str:
    parts = [f"nothing is due; {len(tick.waiting)} campaigns awaited"]
    if tick.late:
        parts.append(f"closed, late objects not run: {[c.campaign for c in tick.late]}")
    if tick.expiring:
        parts.append(f"expiring: {[c.campaign for c in tick.expiring]}")
    return "; ".join(parts)


def _observed_catalogue(digest: str, revision: str | None) -> dg.AssetObservation:
    return dg.AssetObservation(
        asset_key="baseline_catalogue",
        metadata=of_catalogue(digest, revision),
        tags={"dagster/data_version": digest},
    )


ALL = [
    new_results,
    baseline_changes,
    overdue_campaigns,
    run_failures,
    unwatched_runs,
    alert_clock,
]
