"""Families about the platform: the exporter, the warehouse, deliveries, Dagster's daemons."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnState:
    """What the exporter knows of itself at one scrape.

    ``read_at`` is when the warehouse last answered, None when it never did. ``heartbeats`` is None
    where Dagster's database was not asked or did not answer.
    """

    version: str
    is_warehouse_up: bool
    read_at: datetime | None
    dropped: Mapping[str, int]
    series: int
    limit: int
    undelivered: Mapping[str, datetime]
    heartbeats: Mapping[str, datetime] | None
    asks_dagster: bool
    duration_s: float


def own_families(state: OwnState) -> Iterator[GaugeMetricFamily]:
    """Give the families that every scrape has, whatever the warehouse does."""
    build = GaugeMetricFamily(
        "lm_build_info", "Version of lm-assets that exports; always 1.", labels=["version"]
    )
    build.add_metric([state.version], 1.0)
    yield build
    for name, text, value in _single_values(state):
        yield GaugeMetricFamily(name, text, value=value)
    dropped = GaugeMetricFamily(
        "lm_exporter_series_dropped",
        "Series of a family that were left out because of the limit.",
        labels=["family"],
    )
    for family, count in state.dropped.items():
        dropped.add_metric([family], float(count))
    yield dropped
    yield from _moments(state)


def _single_values(state: OwnState) -> Iterator[tuple[str, str, float]]:
    yield (
        "lm_warehouse_up",
        "1 when the warehouse could be read for this scrape; 0: nothing of it is told.",
        float(state.is_warehouse_up),
    )
    yield (
        "lm_exporter_scrape_duration_seconds",
        "Time that it took to make this answer, reading the warehouse included.",
        state.duration_s,
    )
    yield "lm_exporter_series", "Series of the warehouse's families.", float(state.series)
    yield "lm_exporter_series_limit", "Most series that may be told.", float(state.limit)
    if state.read_at is not None:
        yield (
            "lm_exporter_snapshot_timestamp_seconds",
            "When the warehouse last answered; what it said is told until it says that it changed.",
            state.read_at.timestamp(),
        )
    if state.asks_dagster:
        yield (
            "lm_dagster_database_up",
            "1 when the heartbeats of Dagster's daemons could be read for this scrape.",
            float(state.heartbeats is not None),
        )


def _moments(state: OwnState) -> Iterator[GaugeMetricFamily]:
    waiting = GaugeMetricFamily(
        "lm_deliveries_pending_oldest_timestamp_seconds",
        "Since when the oldest message waits that a channel has not taken; absent where none does.",
        labels=["channel"],
    )
    for channel, since in sorted(state.undelivered.items()):
        waiting.add_metric([channel], since.timestamp())
    yield waiting
    beats = GaugeMetricFamily(
        "lm_dagster_daemon_heartbeat_timestamp_seconds",
        "Last heartbeat of each of Dagster's daemons.",
        labels=["daemon"],
    )
    for daemon, moment in sorted((state.heartbeats or {}).items()):
        beats.add_metric([daemon], moment.timestamp())
    yield beats
