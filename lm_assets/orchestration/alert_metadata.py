"""What the UI shows of a stage's alerts and of the messages about them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import dagster as dg

from lm_assets.alerts.transition import Moved
from lm_assets.alerts.wording import change_phrase, subject
from lm_assets.model.alert import Alert, AlertEventKind, AlertState
from lm_assets.triage.replay import Replayed
from lm_assets.triage.telling import Delivery

_SHOWN = (
    AlertEventKind.OPENED,
    AlertEventKind.WORSENED,
    AlertEventKind.REOPENED,
    AlertEventKind.RECOVERED,
)
_MOST_ROWS = 50


def of_alerts(applied: Replayed, moved: Moved) -> Mapping[str, Any]:
    """Return what a campaign did to its stage's alerts, and which are live now."""
    counts = Counter(event.event for event in applied.of_campaign.events)
    live = [alert for alert in moved.alerts if alert.is_live]
    states = Counter(alert.state for alert in live)
    return {
        **{str(kind): counts[kind] for kind in _SHOWN},
        "open": states[AlertState.OPEN],
        "acknowledged": states[AlertState.ACKNOWLEDGED],
        "later_campaigns": applied.later_campaigns,
        "live_alerts": _table(live[:_MOST_ROWS]),
        "not_shown": max(0, len(live) - _MOST_ROWS),
    }


def of_deliveries(deliveries: Iterable[Delivery]) -> Mapping[str, Any]:
    """Return what became of the messages, by channel."""
    by_channel = {delivery.channel: str(delivery) for delivery in deliveries}
    return by_channel or {"delivery": "no channel is configured (LM_SLACK_WEBHOOK_URL, …)"}


def _table(alerts: Iterable[Alert]) -> dg.TableMetadataValue:
    columns = ("alert", "state", "what", "where", "change", "since", "who")
    return dg.TableMetadataValue(
        records=[dg.TableRecord(dict(zip(columns, _row(a), strict=True))) for a in alerts],
        schema=dg.TableSchema.from_name_type_dict(dict.fromkeys(columns, "string")),
    )


def _row(alert: Alert) -> tuple[str, ...]:
    seen = alert.sighting
    where = ", ".join(f"{name}={value}" for name, value in seen.where.items())
    places = ", ".join(seen.combinations[:3])
    return (
        alert.alert_id,
        alert.state.value,
        subject(seen),
        where or places or "the whole matrix",
        change_phrase(seen) if seen.change is not None else "",
        f"{alert.opened_at:%Y-%m-%d %H:%M}",
        alert.acknowledged_by or alert.owner or "",
    )
