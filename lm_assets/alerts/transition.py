"""What happens to the alerts of a stage: the one pure function from which all of it follows.

A stage's alerts are moved on by happenings in one total order: campaigns by their time and then
their id, what people said in between by its time, and what comes with time when it comes. So the
order in which they become known does not matter.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from lm_assets.alerts.campaign import campaign_course
from lm_assets.alerts.course import Course, event_of
from lm_assets.alerts.relation import is_covering
from lm_assets.alerts.statements import statement_event
from lm_assets.alerts.working_days import after_working_days
from lm_assets.model.alert import (
    Alert,
    AlertEvent,
    AlertEventKind,
    AlertState,
    Observation,
    StageAlerts,
    Statement,
)
from lm_assets.model.policy import AlertPolicy, StagePolicy

Kind = AlertEventKind


@dataclass(frozen=True, kw_only=True, slots=True)
class Moved:
    """The alerts after something has happened to them, and what it was."""

    alerts: tuple[Alert, ...]
    events: tuple[AlertEvent, ...]


def transition(
    alerts: Iterable[Alert],
    happening: Observation | Statement | datetime,
    *,
    policy: StagePolicy,
) -> list[AlertEvent]:
    """Return the events that one happening means for the alerts of a stage.

    Parameters
    ----------
    alerts : iterable of Alert
        As they are just before.
    happening : Observation, Statement or datetime
        A campaign that was judged, what somebody said, or that it has become this late.
    policy : StagePolicy
        Of the stage.
    """
    course = Course(alerts)
    match happening:
        case Observation():
            campaign_course(course, happening, policy)
        case Statement():
            if event := statement_event(course.oldest_first(), happening):
                course.happen(event)
        case datetime():
            while event := _next_clock_event(course.oldest_first(), happening, policy.alerts):
                course.happen(event)
    return course.events


def moved_on(
    alerts: Iterable[Alert],
    statements: Iterable[Statement],
    to: Observation | datetime,
    *,
    policy: StagePolicy,
) -> Moved:
    """Return a stage's alerts at the end of a stretch of time, or after the campaign that ends it.

    Parameters
    ----------
    alerts : iterable of Alert
        As they were at the beginning: after the campaign before.
    statements : iterable of Statement
        What was said since; what was said later than the end is left for the next stretch.
    to : Observation or datetime
        The campaign, or how late it is.
    """
    end = to if isinstance(to, datetime) else to.at
    said = sorted((s for s in statements if s.at <= end), key=lambda s: (s.at, s.statement_id))
    course = Course(alerts)
    for happening in _in_order(said, to):
        for event in transition(course.oldest_first(), happening, policy=policy):
            course.happen(event)
    return Moved(alerts=tuple(course.oldest_first()), events=tuple(course.events))


def after_campaign(
    before: StageAlerts | None,
    statements: Iterable[Statement],
    observation: Observation,
    *,
    policy: StagePolicy,
) -> StageAlerts:
    """Return a stage's alerts right after a campaign, from those after the campaign before it."""
    alerts = () if before is None else before.alerts
    since = None if before is None else before.observation.at
    said = [s for s in statements if since is None or s.at > since]
    moved = moved_on(alerts, said, observation, policy=policy)
    # An alert stands in at least one state as it ended, and is left out only of later ones.
    oldest = observation.at - timedelta(days=policy.alerts.reopen_days)
    kept = [
        alert
        for alert in moved.alerts
        if alert not in alerts or _may_come_back(alert, oldest, policy.alerts)
    ]
    return StageAlerts(observation=observation, alerts=tuple(kept), events=moved.events)


def _in_order(
    said: Iterable[Statement], to: Observation | datetime
) -> Iterator[Observation | Statement | datetime]:
    for statement in said:
        yield statement.at
        yield statement
    if isinstance(to, Observation):
        yield to.at
    yield to


def _next_clock_event(
    alerts: Iterable[Alert], now: datetime, policy: AlertPolicy
) -> AlertEvent | None:
    due = [event for alert in alerts for event in _clock_events(alert, policy) if event.at <= now]
    return min(due, key=lambda event: (event.at, event.event_id), default=None)


def _clock_events(alert: Alert, policy: AlertPolicy) -> Iterator[AlertEvent]:
    """Give what comes to an alert with time alone: never an end, only somebody's attention."""
    if alert.state is AlertState.ACKNOWLEDGED and alert.acknowledged_until is not None:
        until = alert.acknowledged_until
        yield event_of(
            alert,
            Kind.EXPIRED,
            trigger=until.isoformat(),
            at=until,
            to_state=AlertState.OPEN,
            sighting=alert.sighting,
            worsened_at=alert.worsened_at,
        )
    if alert.state is AlertState.OPEN and alert.told_at is not None and not alert.is_reminded:
        at = after_working_days(alert.told_at, policy.remind_after_working_days)
        yield event_of(alert, Kind.REMINDED, trigger=at.isoformat(), at=at, sighting=alert.sighting)


def _may_come_back(alert: Alert, oldest: datetime, policy: AlertPolicy) -> bool:
    """Tell whether a later campaign can still have to do with an alert."""
    if alert.is_live:
        return True
    if alert.state is AlertState.RESOLVED:
        return alert.resolved_at is None or alert.resolved_at >= oldest
    return is_covering(alert, policy) or alert.last_seen_at >= oldest
