"""Alerts of a campaign's stage, and the messages that people get of what happened to them."""

import dagster as dg
import pandas as pd

from lm_assets.alerts.observation import observe
from lm_assets.alerts.telling import Teller
from lm_assets.collect.collector import campaign_manifest
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.causes import causes_if_any
from lm_assets.gateways.bucket.verdict_json import campaign_verdict
from lm_assets.gateways.clock import Clock
from lm_assets.gateways.configuration import Configuration
from lm_assets.gateways.http.notifier import Notifier
from lm_assets.gateways.warehouse import Warehouse
from lm_assets.model.addresses import Addresses
from lm_assets.orchestration.alert_metadata import of_alerts, of_deliveries
from lm_assets.orchestration.partitions import campaign_partitions
from lm_assets.orchestration.tables_of_campaigns import VERDICTS
from lm_assets.triage.campaign_time import campaign_time
from lm_assets.triage.judged import judged_in
from lm_assets.triage.keeping import Stores, record_campaign
from lm_assets.triage.telling import tell_pending


@dg.asset(
    partitions_def=campaign_partitions,
    deps=["regression_causes"],
    group_name="alerts",
    kinds={"s3", "postgres"},
)
def alert_states(
    context: dg.AssetExecutionContext,
    regression_verdicts: pd.DataFrame,
    bucket: dg.ResourceParam[CampaignBucket],
    settings: dg.ResourceParam[Configuration],
    notifiers: dg.ResourceParam[tuple[Notifier, ...]],
    warehouse: dg.ResourceParam[Warehouse],
    clock: dg.ResourceParam[Clock],
) -> dg.MaterializeResult:
    """Alerts of the stage after the campaign: what opened, got worse, recovered, came back."""
    manifest, _ = campaign_manifest(bucket, context.partition_key)
    policy, now = settings.regression.stages[manifest.stage], clock.now()
    verdict = campaign_verdict(VERDICTS.rows(regression_verdicts))
    seen = observe(
        verdict,
        at=campaign_time(bucket, manifest, now=now),
        told=policy.alerts.verdicts,
        causes=causes_if_any(bucket.store, context.partition_key),
        owners=policy.alerts.owners,
        dimensions={c.id: c.dimensions for c in settings.matrix.combinations},
    )
    applied, moved = record_campaign(
        Stores(objects=bucket.store, warehouse=warehouse),
        seen,
        policy=policy,
        channels=[notifier.channel for notifier in notifiers],
        now=now,
    )
    return dg.MaterializeResult(metadata=of_alerts(applied, moved))


@dg.asset(
    partitions_def=campaign_partitions,
    deps=[alert_states],
    group_name="alerts",
    kinds={"slack"},
)
def regression_alerts(
    context: dg.AssetExecutionContext,
    bucket: dg.ResourceParam[CampaignBucket],
    settings: dg.ResourceParam[Configuration],
    notifiers: dg.ResourceParam[tuple[Notifier, ...]],
    warehouse: dg.ResourceParam[Warehouse],
    addresses: dg.ResourceParam[Addresses],
) -> dg.MaterializeResult:
    """Messages about alerts whose state changed, each told once to each of its channels."""
    teller = Teller(metrics=settings.metrics, addresses=addresses)
    deliveries = tell_pending(warehouse, notifiers, teller=teller, judged=judged_in(bucket))
    for delivery in deliveries:
        if delivery.pending:
            context.log.warning(f"{delivery.channel}: {delivery}")
    return dg.MaterializeResult(metadata=of_deliveries(deliveries))
