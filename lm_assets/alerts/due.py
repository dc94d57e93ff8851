"""What people are told of: a change of state, once, never what is long over or in hand."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field

from lm_assets.model.alert import Alert, AlertEvent, AlertEventKind, AlertState
from lm_assets.model.policy import AlertPolicy

Kind = AlertEventKind

_TOLD = {
    Kind.OPENED,
    Kind.REOPENED,
    Kind.WORSENED,
    Kind.RECOVERED,
    Kind.EXPIRED,
    Kind.REMINDED,
    Kind.WITHDRAWN,
}
_ENDS = {Kind.RECOVERED, Kind.WITHDRAWN}


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What is known when events come: alerts by id, those that were live, and those once told."""

    alerts: Mapping[str, Alert]
    was_live: tuple[Alert, ...] = ()
    was_told: Set[str] = field(default_factory=frozenset)
    newest_campaign: str = ""


def due_events(fresh: Iterable[AlertEvent], known: Known, policy: AlertPolicy) -> set[str]:
    """Return the ids of the events that channels are to be told of.

    A campaign that is judged anew, or comes late, makes a past that nobody was waiting for: of an
    older campaign people are told only what is still so, once, and of an end only who was told of
    the beginning. What would have been reminded of by now is still so unless a later campaign has
    found it in order.
    """
    events = sorted(fresh, key=lambda event: event.at)
    due: set[str] = set()
    told_now: set[str] = set()
    latest = {e.alert_id: e.event_id for e in events if _is_told(e) and not _is_overdue(e, known)}
    for event in events:
        if event.event is Kind.DIGEST:
            due.add(event.event_id)
        elif _is_due(event, known, policy, told_now=told_now, latest=latest):
            due.add(event.event_id)
            told_now.add(event.alert_id)
    return due


def _is_due(
    event: AlertEvent,
    known: Known,
    policy: AlertPolicy,
    *,
    told_now: Set[str],
    latest: Mapping[str, str],
) -> bool:
    alert = known.alerts.get(event.alert_id)
    if not _is_told(event) or event.by is not None or alert is None:
        return False
    if alert.sighting.verdict not in policy.verdicts or _is_in_hand(event, alert):
        return False
    was_told = event.alert_id in known.was_told
    match event.event:
        case Kind.WITHDRAWN:
            is_due = was_told and event.duplicate_of is None
        case Kind.REMINDED:
            is_due = was_told and alert.is_live
        case Kind.RECOVERED:
            # Of one that has ended already a late campaign only says that it ended earlier.
            is_live = any(alert.alert_id == event.alert_id for alert in known.was_live)
            is_due = (was_told and is_live) or event.alert_id in told_now
        case _:
            is_new = event.campaign is None or event.campaign == known.newest_campaign
            is_latest = latest[event.alert_id] == event.event_id
            is_still_so = alert.is_live and is_latest
            is_known = not was_told and _was_live_under_another_id(event, known)
            is_due = (is_new or is_still_so) and not is_known
    return is_due


def _is_overdue(event: AlertEvent, known: Known) -> bool:
    """Tell whether an event only reminds of what nothing has spoken against since."""
    alert = known.alerts.get(event.alert_id)
    return event.event is Kind.REMINDED and alert is not None and not alert.clean_campaigns


def _is_told(event: AlertEvent) -> bool:
    """Tell whether an event is of the kind that people hear of.

    Whoever has an alert is left to it: that it got worse is told when the acknowledgement ends.
    """
    is_in_hand = event.to_state is AlertState.ACKNOWLEDGED
    return event.event in _TOLD and not (event.event is Kind.WORSENED and is_in_hand)


def _is_in_hand(event: AlertEvent, alert: Alert) -> bool:
    """Tell whether an event is of an alert that somebody has by now, though it was before they did.

    They are left to it all the same: how bad it is will be told when the acknowledgement ends.
    """
    return alert.state is AlertState.ACKNOWLEDGED and event.event not in _ENDS


def _was_live_under_another_id(event: AlertEvent, known: Known) -> bool:
    return any(
        alert.fingerprint == event.fingerprint and alert.alert_id != event.alert_id
        for alert in known.was_live
    )
