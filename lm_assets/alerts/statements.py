"""What people say of an alert: which alert they mean, and whether it can be said of it."""

from collections.abc import Iterable, Mapping, Set
from types import MappingProxyType

from lm_assets.alerts.course import event_of
from lm_assets.model.alert import (
    Alert,
    AlertEvent,
    AlertEventKind,
    AlertState,
    Resolution,
    Statement,
)

Kind = AlertEventKind

TO_STATE: Mapping[AlertEventKind, AlertState] = MappingProxyType(
    {
        Kind.ACKNOWLEDGED: AlertState.ACKNOWLEDGED,
        Kind.ACCEPTED: AlertState.ACCEPTED,
        Kind.DISMISSED: AlertState.DISMISSED,
        Kind.RESOLVED: AlertState.RESOLVED,
        Kind.REOPENED: AlertState.OPEN,
    }
)
_LIVE = frozenset({AlertState.OPEN, AlertState.ACKNOWLEDGED})
FROM_STATES: Mapping[AlertEventKind, Set[AlertState]] = MappingProxyType(
    {
        Kind.ACKNOWLEDGED: _LIVE,
        Kind.ACCEPTED: _LIVE,
        Kind.DISMISSED: _LIVE,
        Kind.RESOLVED: _LIVE,
        Kind.REOPENED: frozenset(AlertState) - {AlertState.OPEN},
    }
)


def statement_event(alerts: Iterable[Alert], statement: Statement) -> AlertEvent | None:
    """Return the event that a statement is; None where it can no longer be said of any alert."""
    known = list(alerts)
    alert = _meant(known, statement)
    if alert is None or alert.state not in FROM_STATES[statement.says]:
        return None
    is_coming_back = statement.says is Kind.REOPENED and not alert.is_live
    if is_coming_back and any(a.is_live and a.fingerprint == alert.fingerprint for a in known):
        return None
    return event_of(
        alert,
        statement.says,
        trigger=statement.statement_id,
        at=statement.at,
        to_state=TO_STATE[statement.says],
        by=statement.by,
        reason=statement.reason,
        until=statement.until,
        owner=statement.owner,
        reference=statement.reference,
        resolution=statement.resolution or _resolution(statement.says),
        duplicate_of=statement.duplicate_of,
    )


def _meant(alerts: list[Alert], statement: Statement) -> Alert | None:
    """Return the alert of that id, else the latest of its cause: a replay gave it another id."""
    by_id = [alert for alert in alerts if alert.alert_id == statement.alert_id]
    of_cause = [alert for alert in alerts if alert.fingerprint == statement.fingerprint]
    of_cause.sort(key=lambda alert: (alert.is_live, alert.opened_at, alert.alert_id))
    return next(iter([*by_id, *of_cause[::-1]]), None)


def _resolution(says: AlertEventKind) -> Resolution | None:
    return {Kind.ACCEPTED: Resolution.ACCEPTED, Kind.RESOLVED: Resolution.RESOLVED}.get(says)
