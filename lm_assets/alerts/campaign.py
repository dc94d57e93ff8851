"""What a campaign means for the alerts of its stage: found again, worse, new, gone, back again."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from lm_assets.alerts.course import Course, event_of
from lm_assets.alerts.evidence import is_clean, is_still_there, is_worse
from lm_assets.alerts.identity import alert_id_of, event_id_of, fingerprint_of
from lm_assets.alerts.observation import WHOLE_CAMPAIGN, joined
from lm_assets.alerts.relation import Relation, is_covering, relation
from lm_assets.model.alert import (
    Alert,
    AlertEvent,
    AlertEventKind,
    AlertState,
    Observation,
    Resolution,
    Sighting,
)
from lm_assets.model.policy import AlertPolicy, StagePolicy

Kind = AlertEventKind


def campaign_course(course: Course, observation: Observation, policy: StagePolicy) -> None:
    """Let a campaign happen to the alerts of its stage."""
    found: dict[str, list[Sighting]] = {}
    new: list[Sighting] = []
    for sighting in _widest_first(observation.sightings):
        host = _host(course, sighting, observation, policy)
        if host is None:
            new.append(sighting)
        else:
            found.setdefault(host.alert_id, []).append(sighting)
    loose = _find_again(course, found, observation, policy)
    for sighting in [*new, *loose]:
        _come_up(course, sighting, observation, policy)


def _find_again(
    course: Course, found: dict[str, list[Sighting]], observation: Observation, policy: StagePolicy
) -> list[Sighting]:
    """Tell every known alert what the campaign shows of it; return what is left without a host."""
    loose: list[Sighting] = []
    for alert in course.oldest_first():
        if not is_covering(course.alerts[alert.alert_id], policy.alerts):
            continue
        sightings = [s for s in found.get(alert.alert_id, ()) if _counts(s, alert)]
        if sightings and is_still_there(alert, sightings, observation, policy):
            course.happen(_found_event(alert, sightings, observation, policy))
            if any(relation(s, alert, observation, policy) is Relation.WIDER for s in sightings):
                _merge_narrower(course, alert.alert_id, found, observation, policy)
        elif is_clean(alert, observation, but={c for s in sightings for c in s.combinations}):
            event = _clean_event(alert, observation, policy.alerts)
            course.happen(event)
            if event.event is Kind.RECOVERED:
                loose += sightings
    return loose


def _host(
    course: Course, sighting: Sighting, observation: Observation, policy: StagePolicy
) -> Alert | None:
    """Return the closest known alert that a sighting belongs to."""
    related = [
        (how, len(alert.sighting.combinations), alert.opened_at, alert.alert_id, alert)
        for alert in course.oldest_first()
        if is_covering(alert, policy.alerts)
        and (how := relation(sighting, alert, observation, policy)) is not None
    ]
    return min(related, key=lambda item: item[:-1])[-1] if related else None


def _come_up(
    course: Course, sighting: Sighting, observation: Observation, policy: StagePolicy
) -> None:
    """Open an alert for what none covers, or open again the one that has just ended.

    What a campaign tells apart are causes of their own: one within the other, each has an alert.
    """
    fingerprint = fingerprint_of(observation.stage, sighting)
    if any(a.is_live and a.fingerprint == fingerprint for a in course.alerts.values()):
        return
    if ended := _just_ended(course, sighting, observation, policy):
        event = _event(ended, Kind.REOPENED, observation, [sighting], to=AlertState.OPEN)
        course.happen(event)
        return
    alert_id = alert_id_of(fingerprint, observation.campaign)
    course.happen(
        AlertEvent(
            event_id=event_id_of(alert_id, Kind.OPENED, observation.campaign),
            alert_id=alert_id,
            fingerprint=fingerprint,
            stage=observation.stage,
            at=observation.at,
            event=Kind.OPENED,
            to_state=AlertState.OPEN,
            campaign=observation.campaign,
            sighting=sighting,
        )
    )


def _just_ended(
    course: Course, sighting: Sighting, observation: Observation, policy: StagePolicy
) -> Alert | None:
    """Return the alert of a place that ended last, recently enough to come back."""
    since = observation.at - timedelta(days=policy.alerts.reopen_days)
    ended = [
        (alert.resolved_at, alert.alert_id)
        for alert in course.alerts.values()
        if alert.state is AlertState.RESOLVED
        and alert.duplicate_of is None
        and alert.resolved_at is not None
        and alert.resolved_at >= since
        and relation(sighting, alert, observation, policy) is Relation.SAME
        and not any(a.is_live and a.fingerprint == alert.fingerprint for a in course.oldest_first())
    ]
    return course.alerts[max(ended)[1]] if ended else None


def _found_event(
    alert: Alert, sightings: list[Sighting], observation: Observation, policy: StagePolicy
) -> AlertEvent:
    """Return what it means that an alert's cause is there again."""
    if is_worse(alert, sightings, policy):
        if alert.is_live:
            return _event(alert, Kind.WORSENED, observation, sightings, to=alert.state)
        return _event(alert, Kind.REOPENED, observation, sightings, to=AlertState.OPEN)
    closest = min(relation(s, alert, observation, policy) or Relation.SAME for s in sightings)
    kind = Kind.COVERED if closest is Relation.WITHIN else Kind.SEEN
    return _event(alert, kind, observation, sightings, to=alert.state)


def _event(
    alert: Alert,
    kind: AlertEventKind,
    observation: Observation,
    sightings: list[Sighting],
    *,
    to: AlertState,
) -> AlertEvent:
    return event_of(
        alert,
        kind,
        trigger=observation.campaign,
        at=observation.at,
        campaign=observation.campaign,
        to_state=to,
        sighting=_grown(alert.sighting, sightings),
    )


def _grown(known: Sighting, sightings: list[Sighting]) -> Sighting:
    """Return what is seen now, with every combination and metric that the alert ever had."""
    widest = max(sightings, key=lambda s: (len(s.combinations), s.metric == known.metric))
    now = joined(widest, *(s for s in sightings if s is not widest))
    if now.kind == WHOLE_CAMPAIGN:
        return now
    here, there = set(now.combinations), set(known.combinations)
    place = now if there <= here and (here or not there) else known
    return replace(
        now,
        kind=place.kind,
        where=place.where,
        combinations=tuple(sorted(here | there)) if here and there else place.combinations,
        metric=now.metric or known.metric,
        metrics=tuple(sorted({*known.metrics, *now.metrics})),
        units={**known.units, **now.units},
    )


def _merge_narrower(
    course: Course,
    wide_id: str,
    found: dict[str, list[Sighting]],
    observation: Observation,
    policy: StagePolicy,
) -> None:
    """End the alerts whose cause turned out to be part of a wider one."""
    wide = course.alerts[wide_id]
    for alert in course.oldest_first():
        if alert.alert_id == wide_id or not alert.is_live or alert.alert_id in found:
            continue
        if relation(alert.sighting, wide, observation, policy) is not Relation.WITHIN:
            continue
        if not set(alert.sighting.metrics) & set(wide.sighting.metrics):
            continue
        course.happen(
            event_of(
                alert,
                Kind.COVERED,
                trigger=observation.campaign,
                at=observation.at,
                campaign=observation.campaign,
                to_state=AlertState.RESOLVED,
                resolution=Resolution.DUPLICATE,
                duplicate_of=wide_id,
            )
        )


def _clean_event(alert: Alert, observation: Observation, policy: AlertPolicy) -> AlertEvent:
    is_over = alert.is_live and alert.clean_campaigns + 1 >= policy.clean_campaigns
    return event_of(
        alert,
        Kind.RECOVERED if is_over else Kind.CLEAN,
        trigger=observation.campaign,
        at=observation.at,
        campaign=observation.campaign,
        to_state=AlertState.RESOLVED if is_over else alert.state,
        resolution=Resolution.RECOVERED if is_over else None,
    )


def _counts(sighting: Sighting, alert: Alert) -> bool:
    """Tell whether a sighting says that an alert's cause is there; a suspicion does not."""
    return sighting.kind != WHOLE_CAMPAIGN or alert.sighting.kind == WHOLE_CAMPAIGN


def _widest_first(sightings: Iterable[Sighting]) -> list[Sighting]:
    return sorted(
        sightings,
        key=lambda s: (s.kind != "common_shift", -len(s.combinations), s.kind, s.metric, s.message),
    )
