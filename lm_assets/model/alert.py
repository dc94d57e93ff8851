"""Alerts: one cause that people are told of, and what has become of it since."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from lm_assets.model.verdict import Verdict


class AlertState(StrEnum):
    """Where an alert stands; the first two are live, the others have ended it."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    ACCEPTED = "accepted"
    DISMISSED = "dismissed"
    RESOLVED = "resolved"

    @property
    def is_live(self) -> bool:
        """Whether somebody still has to do something."""
        return self in {AlertState.OPEN, AlertState.ACKNOWLEDGED}


class AlertEventKind(StrEnum):
    """What can happen to an alert: shown by campaigns, said by people, come with time."""

    OPENED = "opened"
    SEEN = "seen"
    COVERED = "covered"
    WORSENED = "worsened"
    CLEAN = "clean"
    RECOVERED = "recovered"
    REOPENED = "reopened"
    WITHDRAWN = "withdrawn"
    ACKNOWLEDGED = "acknowledged"
    ACCEPTED = "accepted"
    DISMISSED = "dismissed"
    RESOLVED = "resolved"
    EXPIRED = "expired"
    REMINDED = "reminded"
    # About no alert in particular: what is live, told once a campaign where the policy wants it.
    DIGEST = "digest"


class Resolution(StrEnum):
    """How an alert ended."""

    RECOVERED = "recovered"
    ACCEPTED = "accepted"
    NOISE = "noise"
    ENVIRONMENT = "environment"
    DUPLICATE = "duplicate"
    RESOLVED = "resolved"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sighting:
    """What a campaign shows of one cause: its place, and how bad it is there.

    ``metric`` names it and ``change`` is that metric's, in ``change_unit``; ``sizes`` has the size
    of the loss by metric, whatever its direction, each in the unit that ``units`` says.
    ``combinations`` are empty where it is of the whole matrix. ``owner`` is who looks after the
    place by the policy.
    """

    kind: str
    metric: str
    verdict: Verdict
    where: Mapping[str, str] = field(default_factory=dict)
    combinations: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    change: float | None = None
    change_ci95: tuple[float, float] | None = None
    change_unit: str = "relative"
    sizes: Mapping[str, float] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    cells: int = 0
    message: str = ""
    likely_cause: str = ""
    owner: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """One cause and its life so far: the fold of its events.

    ``sighting`` is the latest, with every combination and metric that it ever had. ``told_…`` is
    what people knew when they were told last: what "worse" is measured by. What gets worse while
    somebody has it is told when the acknowledgement ends: ``worsened_at`` is when it did last.
    """

    alert_id: str
    fingerprint: str
    stage: str
    state: AlertState
    sighting: Sighting
    first_campaign: str
    last_campaign: str
    opened_at: datetime
    last_seen_at: datetime
    clean_campaigns: int = 0
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    acknowledged_until: datetime | None = None
    resolution: Resolution | None = None
    reason: str | None = None
    resolved_by: str | None = None
    resolved_at: datetime | None = None
    owner: str | None = None
    reference: str | None = None
    duplicate_of: str | None = None
    reopened_count: int = 0
    told_at: datetime | None = None
    told_change: float | None = None
    told_sizes: Mapping[str, float] = field(default_factory=dict)
    told_combinations: int = 0
    is_reminded: bool = False
    worsened_at: datetime | None = None

    @property
    def is_live(self) -> bool:
        """Whether it is open or acknowledged."""
        return self.state.is_live


@dataclass(frozen=True, kw_only=True, slots=True)
class AlertEvent:
    """One thing that happened to an alert.

    ``event_id`` follows from the alert, the event and what caused it, so that a replay makes the
    same one. What people said is in the fields from ``by`` on. ``worsened_at`` goes with the end of
    an acknowledgement in which the cause got worse.
    """

    event_id: str
    alert_id: str
    fingerprint: str
    stage: str
    at: datetime
    event: AlertEventKind
    from_state: AlertState | None = None
    to_state: AlertState | None = None
    campaign: str | None = None
    sighting: Sighting | None = None
    by: str | None = None
    reason: str | None = None
    until: datetime | None = None
    owner: str | None = None
    reference: str | None = None
    resolution: Resolution | None = None
    duplicate_of: str | None = None
    worsened_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredEvent:
    """An event as it is stored: ``number`` orders them, ``details`` are the figures by name.

    ``due_on`` are the channels that are to be told of it.
    """

    event_id: str
    number: int
    alert_id: str
    fingerprint: str
    stage: str
    at: datetime
    event: str
    from_state: str | None
    to_state: str | None
    by: str | None
    reason: str | None
    campaign: str | None
    details: Mapping[str, Any]
    due_on: Sequence[str]
    recorded_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """What a person said of an alert: who, what, why.

    It names the fingerprint as well as the alert, so that it finds its alert again when a replay
    has given the same cause another id.
    """

    statement_id: str
    stage: str
    alert_id: str
    fingerprint: str
    at: datetime
    says: AlertEventKind
    by: str
    reason: str
    until: datetime | None = None
    owner: str | None = None
    reference: str | None = None
    resolution: Resolution | None = None
    duplicate_of: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CellOutcomes:
    """How a campaign's cells came out, one letter each: a row a combination, a column a metric.

    ``c`` is clean (shown to be in order), ``r`` regressed, ``s`` suspected, ``-`` anything that
    tells neither way, a space a cell that there is not.
    """

    combinations: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Observation:
    """What one campaign shows of its stage: the causes that are there, and how every cell is."""

    campaign: str
    stage: str
    at: datetime
    verdict: Verdict
    sightings: tuple[Sighting, ...] = ()
    outcomes: CellOutcomes = field(default_factory=CellOutcomes)


@dataclass(frozen=True, kw_only=True, slots=True)
class StageAlerts:
    """The alerts of a stage right after a campaign, and what that campaign made happen.

    Alerts that have ended too long ago to come back are left out.
    """

    observation: Observation
    alerts: tuple[Alert, ...] = ()
    events: tuple[AlertEvent, ...] = ()
