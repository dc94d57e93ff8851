"""``lm baseline retire``: baselines that nothing is judged against any more."""

import dataclasses
from pathlib import Path

import click

from lm_assets.cli.baseline.options import dry_run_option, require_storable
from lm_assets.cli.baseline.sources import Workspace
from lm_assets.cli.options import config_option
from lm_assets.gateways.baseline_file.file import write_catalogue
from lm_assets.gateways.clock import SystemClock
from lm_assets.model.baseline import BaselineCatalogue, BaselineStatus
from lm_assets.model.errors import LmError
from lm_assets.regression.baselines.request import is_selected


@click.command()
@click.option(
    "--combination",
    "patterns",
    multiple=True,
    required=True,
    metavar="PATTERN",
    help="Combinations that match this shell pattern; may be repeated.",
)
@click.option("--reason", required=True, help="Why nothing is judged against them any more.")
@config_option
@dry_run_option
def retire(
    *, patterns: tuple[str, ...], reason: str, config_directory: Path, dry_run: bool
) -> None:
    """Retire baselines: they stay in the file, and nothing is expected of or compared with them.

    For combinations that are no longer run. `lm baseline update` makes one active again.

    \b
    Example:
      lm baseline retire --combination '3.4.*' --reason 'Spark 3.4 is no longer supported'
    """
    require_storable(reason=reason)
    workspace = Workspace.opened(config_directory)
    catalogue = workspace.catalogue
    chosen = {n: e for n, e in catalogue.active.items() if is_selected(n, patterns)}
    if not chosen:
        raise LmError(f"no active baseline matches {', '.join(patterns)}: see lm baseline list")
    now = SystemClock().now().strftime("%Y-%m-%dT%H:%M:%SZ")
    retired = {
        name: dataclasses.replace(
            entry, status=BaselineStatus.RETIRED, reason=f"retired: {reason}", updated_at=now
        )
        for name, entry in chosen.items()
    }
    if not dry_run:
        entries = BaselineCatalogue(entries={**catalogue.entries, **retired})
        write_catalogue(workspace.settings.baselines_path, entries, catalogue.digest)
    verb = "would be retired in" if dry_run else "retired in"
    click.echo(f"{len(retired)} baselines {verb} {workspace.settings.baselines_path}:")
    for name in sorted(retired):
        click.echo(f"  {name}")
