"""A campaign applied to its stage's alerts in its place in time, whenever it becomes known."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from lm_assets.alerts.transition import Moved, after_campaign, moved_on
from lm_assets.gateways.bucket import alert_objects
from lm_assets.gateways.bucket.alert_objects import StateKey
from lm_assets.gateways.object_store.protocol import ObjectStore
from lm_assets.model.alert import Alert, AlertEvent, Observation, StageAlerts
from lm_assets.model.policy import StagePolicy

# What lands again may have ended later than what landed first; its old state lies no further back.
_LOOKED_BACK = timedelta(days=31)


@dataclass(frozen=True, kw_only=True, slots=True)
class Replayed:
    """What applying a campaign came to.

    ``of_campaign`` is the state right after it, ``events`` all that it and the campaigns replayed
    after it made happen, ``alerts`` all that these had to do with, as the last one left them;
    ``newest`` is the stage's newest campaign.
    """

    of_campaign: StageAlerts
    alerts: tuple[Alert, ...]
    events: tuple[AlertEvent, ...]
    newest: str
    later_campaigns: int


def apply_campaign(
    store: ObjectStore, observation: Observation, *, policy: StagePolicy
) -> Replayed:
    """Apply a campaign, in place of what an earlier judgement of it showed, and replay later ones.

    The caller sees to it that nobody else applies to this stage at the same time.
    """
    stage, campaign = observation.stage, observation.campaign
    place = alert_objects.state_key(stage, observation.at, campaign)
    known = alert_objects.state_keys(store, stage, since=observation.at - _LOOKED_BACK)
    stale = [key for key in known if key.campaign == campaign and key != place]
    first = min([place, *stale])
    before = [key for key in known if key < first]
    later = [key for key in known if key > first and key.campaign != campaign]
    state = alert_objects.read_state(store, before[-1].key) if before else None
    since = None if state is None else state.observation.at
    said = alert_objects.statements(store, stage, since=since)
    events: list[AlertEvent] = []
    alerts: dict[str, Alert] = {}
    of_campaign: StageAlerts | None = None
    for key in sorted([place, *later]):
        stored = None if key == place else alert_objects.read_state(store, key.key)
        seen = observation if stored is None else stored.observation
        state = after_campaign(state, said, seen, policy=policy)
        of_campaign = state if stored is None else of_campaign
        events += state.events
        alerts |= {alert.alert_id: alert for alert in state.alerts}
        if state == stored and key > place:
            break
        alert_objects.write_state(store, state)
    for key in stale:
        store.delete(key.key)
    assert of_campaign is not None
    return Replayed(
        of_campaign=of_campaign,
        alerts=tuple(alerts.values()),
        events=tuple(events),
        newest=max([place, *later]).campaign,
        later_campaigns=len(_after(later, place)),
    )


def current_alerts(store: ObjectStore, stage: str, *, now: datetime, policy: StagePolicy) -> Moved:
    """Return a stage's alerts now: after its newest campaign, what was said since, and the time."""
    newest = alert_objects.newest_state(store, stage)
    since = None if newest is None else newest.observation.at
    return moved_on(
        () if newest is None else newest.alerts,
        alert_objects.statements(store, stage, since=since),
        now,
        policy=policy,
    )


def _after(keys: list[StateKey], place: StateKey) -> list[StateKey]:
    return [key for key in keys if key > place]
