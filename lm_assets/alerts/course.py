"""The alerts of a stage while something happens to them: events, and what they fold to."""

from collections.abc import Iterable
from typing import Any

from lm_assets.alerts.fold import folded
from lm_assets.alerts.identity import event_id_of
from lm_assets.model.alert import Alert, AlertEvent, AlertEventKind


class Course:
    """Collects events; each is folded into its alert at once."""

    def __init__(self, alerts: Iterable[Alert]) -> None:
        self.alerts = {alert.alert_id: alert for alert in alerts}
        self.events: list[AlertEvent] = []

    def happen(self, event: AlertEvent) -> None:
        """Let an event happen to its alert, which it may make."""
        self.alerts[event.alert_id] = folded(self.alerts.get(event.alert_id), event)
        self.events.append(event)

    def oldest_first(self) -> list[Alert]:
        """Return the alerts in an order that does not depend on how they got here."""
        return sorted(self.alerts.values(), key=lambda alert: (alert.opened_at, alert.alert_id))


def event_of(alert: Alert, kind: AlertEventKind, *, trigger: str, **fields: Any) -> AlertEvent:
    """Return an event of an alert; it stays in its state unless ``to_state`` says otherwise."""
    return AlertEvent(
        **{
            "event_id": event_id_of(alert.alert_id, kind, trigger),
            "alert_id": alert.alert_id,
            "fingerprint": alert.fingerprint,
            "stage": alert.stage,
            "event": kind,
            "from_state": alert.state,
            "to_state": alert.state,
            **fields,
        }
    )
