"""The one message a campaign that people get."""

import dagster as dg
import pandas as pd

from lm_assets.alerts.due import is_due
from lm_assets.alerts.messages import slack_message, webhook_message
from lm_assets.collect.collector import campaign_manifest
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.verdict_json import campaign_verdict
from lm_assets.gateways.configuration import Configuration
from lm_assets.gateways.http.notifier import Notifier
from lm_assets.gateways.warehouse import Warehouse
from lm_assets.orchestration.delivery import deliver_once
from lm_assets.orchestration.partitions import campaign_partitions
from lm_assets.orchestration.tables_of_campaigns import VERDICTS


@dg.asset(
    partitions_def=campaign_partitions,
    group_name="alerts",
    kinds={"slack"},
)
def regression_alerts(
    context: dg.AssetExecutionContext,
    regression_verdicts: pd.DataFrame,
    bucket: dg.ResourceParam[CampaignBucket],
    settings: dg.ResourceParam[Configuration],
    notifiers: dg.ResourceParam[tuple[Notifier, ...]],
    warehouse: dg.ResourceParam[Warehouse],
) -> dg.MaterializeResult:
    """Message about the campaign's verdict, delivered once to each configured channel."""
    manifest, _ = campaign_manifest(bucket, context.partition_key)
    verdict = campaign_verdict(VERDICTS.rows(regression_verdicts))
    policy = settings.regression.stages[manifest.stage].alerts
    if not is_due(verdict, policy):
        return dg.MaterializeResult(metadata={"delivery": "not due at this stage and verdict"})
    notice = {
        "slack": slack_message(verdict, manifest, metrics=settings.metrics),
        "webhook": webhook_message(verdict, manifest),
    }
    told = [n for n in notifiers if n.channel in policy.channels]
    outcome = deliver_once(
        notice, campaign=context.partition_key, notifiers=told, warehouse=warehouse
    )
    return dg.MaterializeResult(
        metadata=outcome or {"delivery": "no channel is set for this stage"}
    )
