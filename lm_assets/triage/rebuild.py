"""The alerts' rows made again from the bucket: every state, and every word of people."""

from dataclasses import dataclass
from datetime import datetime

from lm_assets.alerts.identity import event_id_of
from lm_assets.gateways.bucket import alert_objects
from lm_assets.gateways.object_store.protocol import ObjectStore
from lm_assets.gateways.warehouse.alerts import AlertRows, in_stage
from lm_assets.model.alert import Alert, AlertEvent, Statement
from lm_assets.model.policy import StagePolicy
from lm_assets.triage.keeping import Stores, write_rows
from lm_assets.triage.replay import current_alerts


@dataclass(frozen=True, kw_only=True, slots=True)
class RebuiltAlerts:
    """What a rebuild found of a stage's alerts and made rows of."""

    stage: str
    campaigns: int
    alerts: int
    events: int
    statements: int


def rebuild_alerts(
    stores: Stores, stage: str, *, policy: StagePolicy, now: datetime, dry_run: bool = False
) -> RebuiltAlerts:
    """Make a stage's alerts and their events again from its states; nobody is told of anything.

    Events that are stored stay as they are, with what is still to be told of them. A word that
    finds no alert any more is a row all the same.
    """
    keys = list(alert_objects.all_state_keys(stores.objects, stage))
    alerts: dict[str, Alert] = {}
    events: dict[str, AlertEvent] = {}
    for key in keys:
        state = alert_objects.read_state(stores.objects, key.key)
        alerts |= {alert.alert_id: alert for alert in state.alerts}
        events |= {event.event_id: event for event in state.events}
    moved = current_alerts(stores.objects, stage, now=now, policy=policy)
    alerts |= {alert.alert_id: alert for alert in moved.alerts}
    events |= {event.event_id: event for event in moved.events}
    said = _said(stores.objects, stage, events)

    def unit(rows: AlertRows) -> None:
        rows.write([alert for alert in alerts.values() if not alert.is_live])
        rows.add((event, ()) for event in (*events.values(), *said))
        # What is live now, and what was live and is not: as after any campaign.
        write_rows(rows, moved, "rebuilt", policy=policy, channels=())

    if not dry_run:
        in_stage(stores.warehouse, stage, unit)
    return RebuiltAlerts(
        stage=stage,
        campaigns=len(keys),
        alerts=len(alerts),
        events=len(events),
        statements=len(alert_objects.statements(stores.objects, stage)),
    )


def _said(store: ObjectStore, stage: str, events: dict[str, AlertEvent]) -> list[AlertEvent]:
    """Return the words that no event stands for: their alert has gone, and they have not."""
    heard = {(event.by, event.at, event.event) for event in events.values()}
    return [
        _unheard(statement)
        for statement in alert_objects.statements(store, stage)
        if (statement.by, statement.at, statement.says) not in heard
    ]


def _unheard(statement: Statement) -> AlertEvent:
    return AlertEvent(
        event_id=event_id_of(statement.alert_id, statement.says, statement.statement_id),
        alert_id=statement.alert_id,
        fingerprint=statement.fingerprint,
        stage=statement.stage,
        at=statement.at,
        event=statement.says,
        by=statement.by,
        reason=statement.reason,
        until=statement.until,
        owner=statement.owner,
        reference=statement.reference,
        resolution=statement.resolution,
        duplicate_of=statement.duplicate_of,
    )
