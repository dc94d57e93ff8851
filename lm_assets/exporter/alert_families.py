"""Families about the alerts that people have."""

from collections.abc import Iterator, Sequence

from prometheus_client.core import GaugeMetricFamily

from lm_assets.model.standing import ALERT_STATES, LIVE_STATES, Standing, StandingAlert

# What more alerts than this say together, a person reads in `lm alerts list`.
MAXIMUM_ALERTS = 100
_UNITS = {"relative": ("ratio", 1.0), "points": ("points_ratio", 0.01)}
_EVENTS = ("events_per_run", 1.0)


def alert_families(standing: Standing) -> Iterator[GaugeMetricFamily]:
    """Give the state of each alert, when it became open, what it is about, and counts."""
    told = told_alerts(standing.alerts)
    yield _states(told)
    yield _opened(told)
    yield _counts(standing)
    yield _information(told)
    yield from _changes(told)


def told_alerts(alerts: Sequence[StandingAlert]) -> tuple[StandingAlert, ...]:
    """Return the alerts that are told one by one: the live ones first, the longest open first."""
    ordered = sorted(alerts, key=lambda a: (a.state not in LIVE_STATES, a.open_since, a.alert_id))
    return tuple(ordered[:MAXIMUM_ALERTS])


def _states(alerts: Sequence[StandingAlert]) -> GaugeMetricFamily:
    # All five states of each: a state that ends is a real 0, not a series that went away.
    family = GaugeMetricFamily(
        "lm_alert_state",
        "1 for the state that an alert is in, 0 for the others.",
        labels=["stage", "alert_id", "kind", "metric", "verdict", "state"],
    )
    for a in alerts:
        for state in ALERT_STATES:
            labels = [a.stage, a.alert_id, a.kind, a.metric, a.verdict, state]
            family.add_metric(labels, float(a.state == state))
    return family


def _opened(alerts: Sequence[StandingAlert]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "lm_alert_opened_timestamp_seconds",
        "When the alert last became open.",
        labels=["stage", "alert_id"],
    )
    for a in alerts:
        family.add_metric([a.stage, a.alert_id], a.open_since.timestamp())
    return family


def _counts(standing: Standing) -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "lm_alerts", "Alerts by state, all that there ever were.", labels=["stage", "state"]
    )
    for stage in sorted({stage for stage, _ in standing.alert_counts}):
        for state in ALERT_STATES:
            count = standing.alert_counts.get((stage, state), 0)
            family.add_metric([stage, state], float(count))
    return family


def _information(alerts: Sequence[StandingAlert]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "lm_alert_info",
        "Where an alert lives and who has it; always 1.",
        labels=["alert_id", "located_in", "owner"],
    )
    for a in alerts:
        family.add_metric([a.alert_id, a.located_in, a.owner], 1.0)
    return family


def _changes(alerts: Sequence[StandingAlert]) -> Iterator[GaugeMetricFamily]:
    for unit, factor in (*_UNITS.values(), _EVENTS):
        family = GaugeMetricFamily(
            f"lm_alert_change_{unit}",
            "Change against the baseline that an alert last had.",
            labels=["stage", "alert_id"],
        )
        for a in alerts:
            if a.change is not None and _UNITS.get(a.change_unit, _EVENTS)[0] == unit:
                family.add_metric([a.stage, a.alert_id], a.change * factor)
        yield family
