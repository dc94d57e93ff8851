"""``lm exporter``: the platform's metrics for Prometheus, their rules, and their history."""

import os
import signal
import threading
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

import click

from lm_assets.cli.options import config_option
from lm_assets.cli.platform.exporter_backfill import backfill
from lm_assets.cli.platform.exporter_rules import rules
from lm_assets.exporter.exposition import Exposition
from lm_assets.exporter.server import ExporterServer
from lm_assets.exporter.settings import DEFAULT_SERIES_LIMIT, ExporterSettings
from lm_assets.gateways.clock import SystemClock
from lm_assets.gateways.configuration import Configuration, load_configuration
from lm_assets.gateways.dagster_heartbeats import DagsterHeartbeats
from lm_assets.gateways.warehouse.standing import StandingReader

DEFAULT_ADDRESS = "127.0.0.1:9464"


class Address(click.ParamType[tuple[str, int]]):
    """HOST:PORT, as a pair."""

    name = "host:port"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        """Return the host and the port."""
        host, _, port = str(value).rpartition(":")
        if not host or not port.isdigit() or int(port) > 65_535:
            self.fail(f"{value!r} is not HOST:PORT, such as {DEFAULT_ADDRESS}", param, ctx)
        return host.strip("[]"), int(port)


@click.group(invoke_without_command=True)
@config_option
@click.option(
    "--listen",
    type=Address(),
    default=DEFAULT_ADDRESS,
    show_default=True,
    help="Where to serve; port 0 takes a free one. Nothing here asks who reads.",
)
@click.option(
    "--series-limit",
    type=click.IntRange(min=1),
    default=DEFAULT_SERIES_LIMIT,
    show_default=True,
    help="Most series; families beyond it are left out whole, and counted.",
)
@click.pass_context
def exporter(
    context: click.Context, config_directory: Path, listen: tuple[str, int], series_limit: int
) -> None:
    """Serve what was judged last and which alerts are open, for Prometheus.

    Reads Postgres (LM_POSTGRES_URL) as the role lm_reader, and the heartbeats of Dagster's daemons
    where LM_DAGSTER_POSTGRES_URL is set. While Postgres cannot be read it says lm_warehouse_up 0
    and tells no result. Stop with Ctrl-C.

    \b
    Examples:
      lm exporter --listen 127.0.0.1:9464
      curl http://127.0.0.1:9464/metrics
    """
    if context.invoked_subcommand is not None:
        return
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    settings = exporter_settings(load_configuration(config_directory))
    with closing(standing_reader(settings)) as source:
        made = Exposition(
            source,
            settings,
            clock=SystemClock(),
            limit=series_limit,
            version=version("lm-assets"),
            heartbeats=DagsterHeartbeats.from_environment(os.environ),
        )
        _serve(ExporterServer(made, host=listen[0], port=listen[1]), stopped)


def exporter_settings(configuration: Configuration) -> ExporterSettings:
    """Return what the exporter takes from the configuration."""
    return ExporterSettings.of(
        matrix=configuration.matrix,
        metrics=configuration.metrics,
        regression=configuration.regression,
        retention=configuration.retention,
    )


def standing_reader(settings: ExporterSettings) -> StandingReader:
    """Return the reader of the warehouse that the environment names."""
    metrics = [exported.metric.name for exported in settings.metrics]
    return StandingReader.from_environment(os.environ, metrics=metrics)


def _serve(server: ExporterServer, stopped: threading.Event) -> None:
    with server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.2})
        thread.start()
        click.echo(f"metrics at {server.address}/metrics", err=True)
        stopped.wait()
        server.shutdown()
        thread.join()


exporter.add_command(backfill)
exporter.add_command(rules)
