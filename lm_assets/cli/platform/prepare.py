"""``lm prepare``: what a deployment must have before its first campaign, made where missing."""

import json
import os
from pathlib import Path

import click
from rich.console import Console

from lm_assets.cli.options import config_option, json_option
from lm_assets.cli.progress import Steps
from lm_assets.gateways.bucket.retention import apply_lifecycle
from lm_assets.gateways.configuration import load_configuration
from lm_assets.gateways.dagster_heartbeats import let_readers_see
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.gateways.warehouse import Warehouse
from lm_assets.gateways.warehouse.schema import HEAD


@click.command()
@click.option(
    "--dagster-home",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    envvar="DAGSTER_HOME",
    show_envvar=True,
    help="Folder with dagster.yaml; without one Dagster's tables are left to its processes.",
)
@config_option
@json_option
def prepare(dagster_home: Path | None, config_directory: Path, as_json: bool) -> None:
    """Make the bucket, its lifecycle rules and the tables, each unless it is there already.

    Nothing that exists is removed or changed but lifecycle rules of the platform's own names.
    Repeat it after each upgrade: it brings the tables to the new version.

    \b
    Example:
      lm prepare && lm doctor
    """
    steps = Steps(Console(stderr=True))
    settings = load_configuration(config_directory)
    store = S3ObjectStore.from_environment(os.environ)
    with steps.step(f"make the bucket {store.bucket}"):
        store.ensure_bucket()
    with steps.step("set its lifecycle rules"):
        rules = apply_lifecycle(store, settings.retention)
    with (
        steps.step("bring the warehouse to this version's tables"),
        Warehouse.from_environment(os.environ) as warehouse,
    ):
        warehouse.migrate()
    if dagster_home is not None:
        # Dagster takes most of a second to import: only where it has something to make.
        from lm_assets.orchestration.instance import make_instance_tables  # noqa: PLC0415

        with steps.step("make Dagster's tables"):
            make_instance_tables(dagster_home)
        with steps.step("let readers see the heartbeats of Dagster's daemons"):
            let_readers_see(os.environ)
    if as_json:
        days = {rule.prefix: rule.wanted_days for rule in rules}
        click.echo(json.dumps({"bucket": store.bucket, "days": days, "revision": HEAD}))
