"""Asset checks of what was found out: a regressed campaign, or an open alert, is red in the UI.

A message that could not be told yet is a warning: it is tried again every minute. None of them
blocks: whoever is told of a regression needs the reports of it.
"""

import dagster as dg
import pandas as pd

from lm_assets.collect.collector import campaign_manifest
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.verdict_json import campaign_verdict
from lm_assets.gateways.configuration import Configuration
from lm_assets.gateways.http.notifier import Notifier
from lm_assets.gateways.warehouse import Warehouse
from lm_assets.gateways.warehouse.alerts import pending
from lm_assets.gateways.warehouse.known_alerts import known_alerts
from lm_assets.model.alert import AlertState
from lm_assets.model.verdict import CampaignVerdict
from lm_assets.orchestration.metadata import table
from lm_assets.orchestration.partitions import campaign_partitions
from lm_assets.orchestration.tables_of_campaigns import VERDICTS
from lm_assets.regression.verdict.own_baseline import is_own_baseline
from lm_assets.reports.phrases import headline, verdict_words
from lm_assets.reports.ui import summary_markdown

_OK, _REGRESSION, _DATA_FAULT = 0, 2, 4
_MOST_ALERTS = 50


@dg.asset_check(
    asset="regression_verdicts",
    partitions_def=campaign_partitions,
    description="The campaign's verdict lets it pass: an error when it blocks, a warning when it "
    "is undecided or compared with itself.",
)
def campaign_not_regressed(
    context: dg.AssetCheckExecutionContext,
    regression_verdicts: pd.DataFrame,
    settings: dg.ResourceParam[Configuration],
) -> dg.AssetCheckResult:
    """Verdict of the campaign is one that the gate lets pass."""
    verdict = campaign_verdict(VERDICTS.rows(regression_verdicts))
    return dg.AssetCheckResult(
        passed=verdict.exit_code == _OK and not is_own_baseline(verdict),
        severity=_severity(verdict),
        description=f"{verdict_words(verdict)}: {headline(verdict)}",
        metadata={
            "verdict": verdict_words(verdict),
            "exit_code": str(verdict.exit_code),
            "summary": dg.MetadataValue.md(summary_markdown(verdict, settings.metrics)),
        },
    )


@dg.asset_check(
    asset="regression_alerts",
    partitions_def=campaign_partitions,
    description="No alert of the campaign's stage waits for somebody: each is acknowledged, "
    "accepted or ended.",
)
def no_open_alerts(
    context: dg.AssetCheckExecutionContext,
    bucket: dg.ResourceParam[CampaignBucket],
    warehouse: dg.ResourceParam[Warehouse],
) -> dg.AssetCheckResult:
    """Open alerts of the stage are none."""
    manifest, _ = campaign_manifest(bucket, context.partition_key)
    alerts = known_alerts(warehouse, manifest.stage.value)
    waiting = [alert for alert in alerts if alert.state is AlertState.OPEN]
    rows = (
        {
            "alert": alert.alert_id,
            "kind": alert.kind,
            "metric": alert.metric,
            "combinations": len(alert.combinations),
            "owner": alert.owner,
        }
        for alert in waiting[:_MOST_ALERTS]
    )
    return dg.AssetCheckResult(
        passed=not waiting,
        severity=dg.AssetCheckSeverity.ERROR,
        description=f"{len(waiting)} of {len(alerts)} alerts wait for somebody: lm alerts list"
        if waiting
        else None,
        metadata={
            "open": len(waiting),
            "in_hand": len(alerts) - len(waiting),
            "alerts": table(rows),
        },
    )


@dg.asset_check(
    asset="regression_alerts",
    partitions_def=campaign_partitions,
    description="Every channel has been told what it is to be told; what is pending is tried again "
    "every minute by alert_clock.",
)
def every_message_told(
    context: dg.AssetCheckExecutionContext,
    warehouse: dg.ResourceParam[Warehouse],
    notifiers: dg.ResourceParam[tuple[Notifier, ...]],
) -> dg.AssetCheckResult:
    """Messages that a channel has not taken are none."""
    waiting = {n.channel: pending(warehouse, n.channel) for n in notifiers}
    left = {channel: events for channel, events in waiting.items() if events}
    rows = (
        {
            "channel": channel,
            "event": event.event,
            "alert": event.alert_id,
            "campaign": event.campaign or "",
            "since": f"{event.recorded_at:%Y-%m-%d %H:%M} UTC",
        }
        for channel, events in left.items()
        for event in events[:_MOST_ALERTS]
    )
    counts = {f"pending_{channel}": len(events) for channel, events in waiting.items()}
    return dg.AssetCheckResult(
        passed=not left,
        severity=dg.AssetCheckSeverity.WARN,
        description="; ".join(f"{len(events)} pending for {name}" for name, events in left.items()),
        metadata={**counts, **({"pending": table(rows)} if left else {})},
    )


def _severity(verdict: CampaignVerdict) -> dg.AssetCheckSeverity:
    blocks = verdict.exit_code in (_REGRESSION, _DATA_FAULT) and not is_own_baseline(verdict)
    return dg.AssetCheckSeverity.ERROR if blocks else dg.AssetCheckSeverity.WARN


ALL = [campaign_not_regressed, no_open_alerts, every_message_told]
