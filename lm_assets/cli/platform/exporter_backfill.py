"""``lm exporter backfill``: the stored campaigns as history for a new Prometheus."""

import os
import sys
from datetime import timedelta
from pathlib import Path

import click

from lm_assets.cli.options import config_option
from lm_assets.exporter.backfill import open_metrics
from lm_assets.exporter.units import headline_metrics
from lm_assets.gateways.clock import SystemClock
from lm_assets.gateways.configuration import load_configuration
from lm_assets.gateways.warehouse.past import open_past
from lm_assets.gateways.warehouse.standing import warehouse_url


@click.command()
@config_option
@click.option(
    "--days",
    type=click.IntRange(1, 3660),
    default=365,
    show_default=True,
    help="How far back; Prometheus must be started with a retention that covers it.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write into this file instead of printing.",
)
def backfill(config_directory: Path, days: int, out: Path | None) -> None:
    """Print every judged campaign as OpenMetrics with timestamps, for a new Prometheus.

    One sample for each series and campaign, at the campaign's time; see docs/prometheus.md.

    \b
    Example:
      lm exporter backfill --days 30 --out history.om
      promtool tsdb create-blocks-from openmetrics history.om DIR
    """
    metrics = headline_metrics(load_configuration(config_directory).metrics)
    since = SystemClock().now() - timedelta(days=days)
    with open_past(warehouse_url(os.environ), since=since) as past:
        lines = open_metrics(past, metrics)
        if out is None:
            sys.stdout.writelines(lines)
            return
        with out.open("w", encoding="utf-8") as file:
            file.writelines(lines)
    click.echo(f"written: {out}", err=True)
