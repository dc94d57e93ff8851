"""An alert's state: the fold of its events, and nothing else."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lm_assets.model.alert import (
    Alert,
    AlertEvent,
    AlertEventKind,
    AlertState,
    Resolution,
    Sighting,
)

Kind = AlertEventKind

_PRESENT = {Kind.OPENED, Kind.SEEN, Kind.COVERED, Kind.WORSENED, Kind.REOPENED}
# After these people know how bad it is; a reminder says nothing new.
_TOLD = {Kind.OPENED, Kind.WORSENED, Kind.REOPENED, Kind.EXPIRED}
_SETTLED = {AlertState.ACCEPTED, AlertState.DISMISSED, AlertState.RESOLVED}
_UNTOUCHED: Mapping[str, Any] = {
    "acknowledged_by": None,
    "acknowledged_at": None,
    "acknowledged_until": None,
    "resolution": None,
    "resolved_by": None,
    "resolved_at": None,
    "duplicate_of": None,
    "worsened_at": None,
}


def folded(alert: Alert | None, event: AlertEvent) -> Alert:
    """Return the alert after an event; the first event of an alert makes it.

    Raises
    ------
    ValueError
        When there is no alert yet and the event opens none.
    """
    alert = _opened(event) if alert is None else alert
    changes: dict[str, Any] = {}
    if event.sighting is not None and event.event in _PRESENT:
        changes |= _seen(alert, event, event.sighting)
    if event.event is Kind.CLEAN or event.event is Kind.RECOVERED:
        changes["clean_campaigns"] = alert.clean_campaigns + 1
    if event.to_state is not None and event.to_state is not alert.state:
        changes |= {"state": event.to_state, **_moved(event, event.to_state)}
    elif event.event is Kind.ACKNOWLEDGED:
        changes |= _moved(event, AlertState.ACKNOWLEDGED)
    if event.by is not None:
        changes |= _said(alert, event)
    alert = replace(alert, **changes)
    if event.event is Kind.WORSENED and alert.state is AlertState.ACKNOWLEDGED:
        return replace(alert, **_measure_of_worse(alert), worsened_at=event.at)
    if event.event in _TOLD:
        return _told(alert, event)
    if event.event is Kind.REMINDED:
        return replace(alert, is_reminded=True)
    if event.event in _PRESENT:
        return replace(alert, told_sizes={**alert.sighting.sizes, **alert.told_sizes})
    return alert


def _opened(event: AlertEvent) -> Alert:
    if event.event is not Kind.OPENED or event.sighting is None or event.campaign is None:
        raise ValueError(f"event must open the alert that nothing is known of, got {event.event!r}")
    return Alert(
        alert_id=event.alert_id,
        fingerprint=event.fingerprint,
        stage=event.stage,
        state=AlertState.OPEN,
        sighting=event.sighting,
        first_campaign=event.campaign,
        last_campaign=event.campaign,
        opened_at=event.at,
        last_seen_at=event.at,
        owner=event.sighting.owner or None,
    )


def _seen(alert: Alert, event: AlertEvent, sighting: Sighting) -> Mapping[str, Any]:
    return {
        "sighting": sighting,
        "last_campaign": event.campaign or alert.last_campaign,
        "last_seen_at": event.at,
        "clean_campaigns": 0,
    }


def _moved(event: AlertEvent, state: AlertState) -> Mapping[str, Any]:
    """Return what a change of state brings with it."""
    if state is AlertState.OPEN:
        return _UNTOUCHED
    if state is AlertState.ACKNOWLEDGED:
        return {
            **_UNTOUCHED,
            "acknowledged_by": event.by,
            "acknowledged_at": event.at,
            "acknowledged_until": event.until,
        }
    return {
        **_UNTOUCHED,
        "resolution": event.resolution or Resolution.RESOLVED,
        "resolved_by": event.by,
        "resolved_at": event.at,
        "duplicate_of": event.duplicate_of,
    }


def _said(alert: Alert, event: AlertEvent) -> Mapping[str, Any]:
    return {
        "reason": event.reason,
        "owner": event.owner or alert.owner,
        "reference": event.reference or alert.reference,
    }


def _told(alert: Alert, event: AlertEvent) -> Alert:
    came_back = event.event is Kind.REOPENED and event.from_state in _SETTLED
    return replace(
        alert,
        **_measure_of_worse(alert),
        told_at=event.at,
        told_change=alert.sighting.change,
        reopened_count=alert.reopened_count + came_back,
        clean_campaigns=0,
        is_reminded=False,
    )


def _measure_of_worse(alert: Alert) -> Mapping[str, Any]:
    """Return from how bad on it is worse: as it is now, so that one step is one event."""
    return {
        "told_sizes": dict(alert.sighting.sizes),
        "told_combinations": len(alert.sighting.combinations),
    }
