"""Whether the platform itself works: exporter, warehouse, daemons, deliveries."""

from grafana_foundation_sdk.builders import stat, timeseries
from grafana_foundation_sdk.builders.dashboard import Row

from grafana.building.panels import graph, number
from grafana.building.sources import PROMETHEUS, promql
from grafana.building.style import BAD, CALM, WARNING, thresholds, up_words

# Whatever time is chosen for campaigns: three months of scrapes show nothing of this morning.
LATELY = "6h"


def platform_row() -> Row:
    """Return the row that is folded until somebody doubts the platform."""
    row = Row("Platform: exporter, warehouse, daemons, deliveries").collapsed(True)
    for panel in (
        up_now().span(12),
        waiting_messages().span(12),
        exporter_cost().span(12).height(8),
        daemons().span(12).height(8),
    ):
        row.with_panel(panel)
    return row


def up_now() -> stat.Panel:
    """Return whether the exporter, the warehouse and Dagster's database answer."""
    return (
        number(
            "Does the platform answer?",
            "Whether the exporter, the warehouse and Dagster's database answer. Empty: Prometheus "
            "knows no exporter.",
            unit="none",
            none="no exporter",
        )
        .mappings([up_words()])
        .with_target(promql('max(up{job="lm-exporter"})', legend="exporter", instant=True))
        .with_target(
            promql("min(lm_warehouse_up)", legend="warehouse", reference="B", instant=True)
        )
        .with_target(
            promql("min(lm_dagster_database_up)", legend="Dagster", reference="C", instant=True)
        )
    )


def exporter_cost() -> timeseries.Panel:
    """Return how long a scrape takes."""
    return (
        graph(
            "How long does a scrape take?",
            "Time of a scrape as Prometheus measured it and of making the answer; at 10 s it is "
            "lost. Empty: Prometheus knows no exporter.",
            unit="s",
            none="no exporter",
            source=PROMETHEUS,
        )
        .time_from(LATELY)
        .with_target(
            promql('max(scrape_duration_seconds{job="lm-exporter"})', legend="whole scrape")
        )
        .with_target(
            promql(
                "max(lm_exporter_scrape_duration_seconds)",
                legend="making the answer",
                reference="B",
            )
        )
    )


def daemons() -> timeseries.Panel:
    """Return how long each of Dagster's daemons has been silent."""
    return (
        graph(
            "When was each daemon last heard of?",
            "Time since the last heartbeat of each of Dagster's daemons; above 5 minutes "
            "LmDagsterDaemonDown fires. Empty: LM_DAGSTER_POSTGRES_URL is not set for the "
            "exporter.",
            unit="s",
            none="heartbeats are not read",
            source=PROMETHEUS,
        )
        .time_from(LATELY)
        .with_target(
            promql(
                "time() - max by (daemon) (lm_dagster_daemon_heartbeat_timestamp_seconds)",
                legend="{{daemon}}",
            )
        )
    )


def waiting_messages() -> stat.Panel:
    """Return how long the oldest message of each channel has waited."""
    return (
        number(
            "Do messages wait?",
            "Time that the oldest message waits which a channel has not taken; after an hour "
            "LmDeliveryFailing fires. Empty: none waits.",
            unit="s",
            none="none waits",
        )
        .thresholds(thresholds((None, CALM), (600, WARNING), (3600, BAD)))
        .with_target(
            promql(
                "time() - min by (channel) (lm_deliveries_pending_oldest_timestamp_seconds)",
                legend="{{channel}}",
                instant=True,
            )
        )
    )
