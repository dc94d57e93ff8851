"""What `lm demo` and `lm serve` start beside the platform, so that it can be watched."""

import os
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from lm_assets.cli.platform.exporter_rules import rules_text
from lm_assets.exporter.recording_rules import recording_groups
from lm_assets.gateways.configuration import SHIPPED, load_configuration
from lm_assets.gateways.engines.processes import are_free
from lm_assets.gateways.observability_services import ObservabilityServices

RULES = SHIPPED / "prometheus"
# The port that `lm exporter` listens on unless told otherwise.
_EXPORTER_PORT = 9464
_EVERY_SECOND = 1


@dataclass(frozen=True, kw_only=True)
class Observed:
    """Addresses of the metrics, and of Prometheus where it is installed."""

    metrics: str
    prometheus: str | None


def observing(state: Path) -> ObservabilityServices:
    """Return what watches the platform of a state folder; it ends with its ``with`` block."""
    return ObservabilityServices(state, rules=RULES, environment=os.environ)


def start_observing(
    watching: ObservabilityServices, configuration: Path, *, interval_s: int = 10
) -> Observed:
    """Start the exporter, and Prometheus with the rules of this configuration."""
    port = _EXPORTER_PORT if are_free([_EXPORTER_PORT]) else 0
    metrics = watching.start_exporter(port=port)
    settings = load_configuration(configuration)
    text = rules_text(recording_groups(settings.matrix, settings.metrics))
    return Observed(
        metrics=metrics,
        prometheus=watching.start_prometheus(text, interval_s=interval_s),
    )


def alerts_once(state: Path, configuration: Path) -> str:
    """Return in a line which alerts hold now, by the real Prometheus where it is installed."""
    with observing(state) as watching:
        observed = start_observing(watching, configuration, interval_s=_EVERY_SECOND)
        if observed.prometheus is None:
            return "Alerts: not evaluated, for Prometheus is not installed"
        holding = watching.holding_alerts()
    holding.pop("LmWatchdog", None)
    named = ", ".join(
        name if count == 1 else f"{name} ({count})" for name, count in sorted(holding.items())
    )
    return f"Alerts that Prometheus would raise: {named or 'none'}   (docs/prometheus.md)"


def say_how_to_look(console: Console, observed: Observed) -> None:
    """Say how an existing Grafana or Prometheus is pointed at this platform."""
    target = observed.metrics.removeprefix("http://").removesuffix("/metrics")
    lines = (
        "Your own Prometheus: the job of prometheus/prometheus.yml with",
        f"  targets: [{target}]",
        "Your own Grafana: grafana/provisioning/ and grafana/dashboards/, with",
        f"  LM_PROMETHEUS_URL={observed.prometheus or 'the address of your Prometheus'}",
        "  and a database user that is of lm_reader (docs/dashboards.md)",
    )
    console.print()
    for line in lines:
        console.print(line, highlight=False, soft_wrap=True)
