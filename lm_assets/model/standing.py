"""What stands now: the latest judged campaign of each stage, and the alerts that people have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

LIVE_STATES = ("open", "acknowledged")
ALERT_STATES = (*LIVE_STATES, "accepted", "dismissed", "resolved")


class Figure(NamedTuple):
    """One metric of one combination at one stage; a named tuple, for there are ten thousands."""

    stage: str
    combination: str
    metric: str
    value: float


class Degradation(NamedTuple):
    """How much worse (above zero) a judged cell is than its baseline, in ``unit``."""

    stage: str
    combination: str
    metric: str
    unit: str
    value: float


@dataclass(frozen=True, kw_only=True, slots=True)
class StandingCampaign:
    """The latest judged campaign of a stage. Counts and moments are None where nobody knows them.

    ``stored_at`` is when its first row came: no later judgement moves it. ``findings`` counts by
    kind and verdict.
    """

    campaign: str
    stage: str
    git_sha: str
    baseline_version: str
    verdict: str
    stored_at: datetime
    judged_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    runs: int | None = None
    failed_runs: int | None = None
    combinations: int | None = None
    verdict_counts: Mapping[str, int] = field(default_factory=dict)
    findings: Mapping[tuple[str, str], int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class StandingAlert:
    """An alert that is live, or was until a short while ago.

    ``open_since`` is when it last became open, as recorded; ``located_in`` is words.
    """

    alert_id: str
    stage: str
    kind: str
    metric: str
    verdict: str
    state: str
    open_since: datetime
    located_in: str = ""
    owner: str = ""
    change: float | None = None
    change_unit: str = "relative"


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """Everything that Prometheus is told of the warehouse, read at one moment.

    ``first_stored_at`` is when the warehouse got its first campaign, None while it has none.
    ``results`` are means of load runs, ``baselines`` the means that they were judged against.
    """

    campaigns: Sequence[StandingCampaign] = ()
    first_stored_at: datetime | None = None
    alerts: Sequence[StandingAlert] = ()
    alert_counts: Mapping[tuple[str, str], int] = field(default_factory=dict)
    dimensions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    results: Sequence[Figure] = ()
    baselines: Sequence[Figure] = ()
    degradations: Sequence[Degradation] = ()
