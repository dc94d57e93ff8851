"""Which alert a sighting belongs to: the one of its place, one that covers it, one it contains."""

from collections.abc import Mapping
from enum import IntEnum

from lm_assets.alerts.identity import fingerprint_of
from lm_assets.model.alert import Alert, AlertState, Observation, Sighting
from lm_assets.model.policy import AlertPolicy, StagePolicy

_SHIFT = "common_shift"
_LIMIT = "limit"
_CAMPAIGN = "campaign"


class Relation(IntEnum):
    """How a sighting lies to an alert, the closest first."""

    SAME = 0
    WITHIN = 1
    WIDER = 2


def relation(
    sighting: Sighting, alert: Alert, observation: Observation, policy: StagePolicy
) -> Relation | None:
    """Return how a sighting lies to an alert of its stage; None where they are two causes."""
    if fingerprint_of(alert.stage, sighting) == alert.fingerprint or _is_same(sighting, alert):
        return Relation.SAME
    kinds = {sighting.kind, alert.sighting.kind}
    if _SHIFT in kinds or _CAMPAIGN in kinds:
        is_left = _is_left_of_shift(sighting, alert, observation, policy)
        return Relation.WITHIN if is_left or _is_in_campaign(sighting, alert) else None
    if _LIMIT in kinds:
        return None
    here, there = set(sighting.combinations), set(alert.sighting.combinations)
    if not here or not there:
        return None
    if here <= there:
        return Relation.WITHIN
    shares_metric = bool(set(sighting.metrics) & set(alert.sighting.metrics))
    return Relation.WIDER if there < here and shares_metric else None


def _is_same(sighting: Sighting, alert: Alert) -> bool:
    """Tell whether the place is the same although the words for it are not."""
    other = alert.sighting
    here, there = set(sighting.combinations), set(other.combinations)
    if sighting.kind == other.kind == _LIMIT:
        return sighting.metric == other.metric and bool(here & there)
    if sighting.kind == other.kind == _SHIFT:
        return True
    if {sighting.kind, other.kind} & {_LIMIT, _SHIFT, _CAMPAIGN}:
        return False
    has_same_where = bool(sighting.where) and sighting.where == other.where
    return has_same_where or (bool(here) and here == there)


def _is_left_of_shift(
    sighting: Sighting, alert: Alert, observation: Observation, policy: StagePolicy
) -> bool:
    """Tell whether a sighting is what is left of a matrix-wide shift that was not recognised.

    Where the shift is seen, it has been taken off the cells, and what is left has its own cause.
    """
    if alert.sighting.kind != _SHIFT or sighting.kind in {_SHIFT, _LIMIT, _CAMPAIGN}:
        return False
    if any(other.kind == _SHIFT for other in observation.sightings):
        return False
    known = alert.sighting.sizes
    return bool(sighting.sizes) and all(
        metric in known and size <= known[metric] + threshold_of(sighting.units, metric, policy)
        for metric, size in sighting.sizes.items()
    )


def _is_in_campaign(sighting: Sighting, alert: Alert) -> bool:
    """Tell whether a campaign's verdict is about cells that an alert covers already."""
    here, there = set(sighting.combinations), set(alert.sighting.combinations)
    is_covering = alert.sighting.kind not in {_CAMPAIGN, _SHIFT}
    return sighting.kind == _CAMPAIGN and is_covering and bool(here) and here <= there


def threshold_of(units: Mapping[str, str], metric: str, policy: StagePolicy) -> float:
    """Return by how much a metric must be worse to be worse, in its unit."""
    unit = units.get(metric, "relative")
    return {
        "relative": policy.threshold_relative,
        "points": policy.threshold_points,
    }.get(unit, policy.equivalence_events_per_run)


def is_covering(alert: Alert, policy: AlertPolicy) -> bool:
    """Tell whether what a campaign finds in an alert's place is known already.

    What was accepted or dismissed stays known until it is gone: nobody is told of it each night.
    """
    is_settled = alert.state in {AlertState.ACCEPTED, AlertState.DISMISSED}
    return alert.is_live or (is_settled and alert.clean_campaigns < policy.clean_campaigns)
