"""The sensor that tells what time brings: acknowledgements that end, answers that do not come."""

import dagster as dg

from lm_assets.alerts.telling import Teller
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.clock import Clock
from lm_assets.gateways.configuration import Configuration
from lm_assets.gateways.http.notifier import Notifier
from lm_assets.gateways.object_store.protocol import BucketMissingError
from lm_assets.gateways.warehouse import Warehouse
from lm_assets.model.addresses import Addresses
from lm_assets.triage.judged import judged_in
from lm_assets.triage.keeping import Stores, keep_up
from lm_assets.triage.telling import tell_pending


@dg.sensor(
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Reopens what was acknowledged for long enough, reminds, and tells what is due.",
)
def alert_clock(
    context: dg.SensorEvaluationContext,
    bucket: dg.ResourceParam[CampaignBucket],
    settings: dg.ResourceParam[Configuration],
    clock: dg.ResourceParam[Clock],
    notifiers: dg.ResourceParam[tuple[Notifier, ...]],
    warehouse: dg.ResourceParam[Warehouse],
    addresses: dg.ResourceParam[Addresses],
) -> dg.SkipReason:
    """Alerts brought up to the time, and messages that a channel has not taken yet."""
    channels = [notifier.channel for notifier in notifiers]
    stores = Stores(objects=bucket.store, warehouse=warehouse)
    try:
        for stage, policy in settings.regression.stages.items():
            keep_up(stores, stage, policy=policy, channels=channels, now=clock.now())
    except BucketMissingError as error:
        return dg.SkipReason(str(error))
    teller = Teller(metrics=settings.metrics, addresses=addresses)
    deliveries = tell_pending(warehouse, notifiers, teller=teller, judged=judged_in(bucket))
    said = "; ".join(f"{delivery.channel}: {delivery}" for delivery in deliveries)
    return dg.SkipReason(said or "no channel is configured")
