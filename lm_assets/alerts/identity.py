"""What makes two sightings the same cause, and how alerts and events are named."""

import hashlib
import json

from lm_assets.model.alert import Sighting

_FINGERPRINT_CHARACTERS = 16
_ALERT_CHARACTERS = 10
_EVENT_CHARACTERS = 32


def fingerprint_of(stage: str, sighting: Sighting) -> str:
    """Return the fingerprint of a cause: of its stage and place, never of its campaign or size.

    The metric is no part of it. Whichever metric is the worst tonight names a finding, and people
    were told of one cause each night under another name. A hard limit's metric is its place.
    """
    where = sorted(sighting.where.items())
    place: list[object] = [stage, sighting.kind, where]
    if sighting.kind in {"limit", "campaign"}:
        place += [sighting.metric, str(sighting.verdict)]
    if not where and sighting.kind != "campaign":
        place.append(sorted(sighting.combinations))
    return _digest(place)[:_FINGERPRINT_CHARACTERS]


def alert_id_of(fingerprint: str, campaign: str) -> str:
    """Return the id of the alert that a campaign opens for a cause."""
    return _digest([fingerprint, campaign])[:_ALERT_CHARACTERS]


def event_id_of(alert_id: str, event: str, trigger: str) -> str:
    """Return the id of an event: of the alert, and of what caused it (campaign, word, moment)."""
    return _digest([alert_id, event, trigger])[:_EVENT_CHARACTERS]


def _digest(parts: list[object]) -> str:
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()
