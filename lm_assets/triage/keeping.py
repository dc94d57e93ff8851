"""The alerts of a stage moved on: in the bucket first, then as rows, with what is to be told."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from lm_assets.alerts.course import event_of
from lm_assets.alerts.due import Known, due_events
from lm_assets.alerts.transition import Moved
from lm_assets.gateways.object_store.protocol import ObjectStore
from lm_assets.gateways.warehouse import Warehouse
from lm_assets.gateways.warehouse.alerts import AlertRows, in_stage
from lm_assets.model.alert import (
    Alert,
    AlertEvent,
    AlertEventKind,
    AlertState,
    Observation,
    Resolution,
)
from lm_assets.model.policy import StagePolicy
from lm_assets.triage.replay import Replayed, apply_campaign, current_alerts

Kind = AlertEventKind


@dataclass(frozen=True, kw_only=True, slots=True)
class Stores:
    """Where alerts are kept: the bucket is primary, the warehouse can be made again from it."""

    objects: ObjectStore
    warehouse: Warehouse


def record_campaign(
    stores: Stores,
    observation: Observation,
    *,
    policy: StagePolicy,
    channels: Collection[str],
    now: datetime,
) -> tuple[Replayed, Moved]:
    """Apply a judged campaign to its stage's alerts; return what it did, and the alerts now.

    Parameters
    ----------
    channels : collection of str
        Those that are configured; of them the stage's policy says which are told.
    """

    def unit(rows: AlertRows) -> tuple[Replayed, Moved]:
        applied = apply_campaign(stores.objects, observation, policy=policy)
        moved = current_alerts(stores.objects, observation.stage, now=now, policy=policy)
        events = (*applied.events, *moved.events)
        if policy.alerts.digest and applied.newest == observation.campaign:
            events = (*events, _digest(observation))
        now_known = {alert.alert_id: alert for alert in (*applied.alerts, *moved.alerts)}
        whole = Moved(alerts=tuple(now_known.values()), events=events)
        write_rows(rows, whole, applied.newest, policy=policy, channels=channels)
        return applied, moved

    return in_stage(stores.warehouse, observation.stage, unit)


def keep_up(
    stores: Stores, stage: str, *, policy: StagePolicy, channels: Collection[str], now: datetime
) -> Moved:
    """Bring a stage's rows up to the time: what has expired, and who has to be reminded."""

    def unit(rows: AlertRows) -> Moved:
        moved = current_alerts(stores.objects, stage, now=now, policy=policy)
        write_rows(rows, moved, "", policy=policy, channels=channels)
        return moved

    return in_stage(stores.warehouse, stage, unit)


def write_rows(
    rows: AlertRows,
    moved: Moved,
    newest: str,
    *,
    policy: StagePolicy,
    channels: Collection[str],
) -> None:
    """Make a stage's rows what its alerts are, and add what is new with the channels to be told."""
    by_id = {event.event_id: event for event in moved.events}
    was_live = rows.live()
    withdrawn = _withdrawn(was_live.values(), moved)
    by_id |= {event.event_id: event for _, event in withdrawn}
    stored = rows.event_ids(by_id)
    fresh = [event for event_id, event in by_id.items() if event_id not in stored]
    if not (fresh or newest):
        return
    known = Known(
        alerts={**{a.alert_id: a for a, _ in withdrawn}, **{a.alert_id: a for a in moved.alerts}},
        was_live=tuple(was_live.values()),
        was_told=frozenset(rows.told_alerts({event.alert_id for event in fresh})),
        newest_campaign=newest,
    )
    due = due_events(fresh, known, policy.alerts)
    told = [channel for channel in policy.alerts.channels if channel in channels]
    rows.write([*(alert for alert, _ in withdrawn), *moved.alerts])
    rows.add((event, told if event.event_id in due else ()) for event in fresh)


def _withdrawn(was_live: Iterable[Alert], moved: Moved) -> list[tuple[Alert, AlertEvent]]:
    """Return the alerts that the judgements of today no longer show to have been there.

    They rested on a judgement that has been replaced. They stay, ended; where the same cause is
    live under another id, they name it.
    """
    now = {alert.alert_id for alert in moved.alerts}
    successors = {alert.fingerprint: alert.alert_id for alert in moved.alerts if alert.is_live}
    found = []
    for alert in was_live:
        if alert.alert_id in now:
            continue
        event = event_of(
            alert,
            Kind.WITHDRAWN,
            trigger=alert.last_seen_at.isoformat(),
            at=alert.last_seen_at,
            to_state=AlertState.RESOLVED,
            resolution=Resolution.WITHDRAWN,
            duplicate_of=successors.get(alert.fingerprint),
        )
        ended = replace(
            alert,
            state=AlertState.RESOLVED,
            resolution=Resolution.WITHDRAWN,
            resolved_at=event.at,
            duplicate_of=event.duplicate_of,
        )
        found.append((ended, event))
    return found


def _digest(observation: Observation) -> AlertEvent:
    return AlertEvent(
        event_id=f"digest-{observation.stage}-{observation.campaign}",
        alert_id="",
        fingerprint="",
        stage=observation.stage,
        at=observation.at,
        event=Kind.DIGEST,
        campaign=observation.campaign,
    )
