"""``lm retention``: what is past its days, listed or removed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from lm_assets.cli.exit_codes import ExitCode
from lm_assets.cli.options import config_option, json_option
from lm_assets.gateways.clock import SystemClock
from lm_assets.gateways.configuration import load_configuration
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.gateways.warehouse import Warehouse

if TYPE_CHECKING:
    from lm_assets.orchestration.retention import RetentionOutcome, RetentionTargets

_dagster_home = click.option(
    "--dagster-home",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    envvar="DAGSTER_HOME",
    required=True,
    show_envvar=True,
    help="Folder with dagster.yaml; `lm serve` keeps it in .lm/dagster.",
)


@click.group()
def retention() -> None:
    """Look after what is past its days (retention.yaml): objects, rows, Dagster's records.

    The schedule nightly_retention applies it every night; these commands show and repeat it.
    """


@retention.command()
@_dagster_home
@config_option
@json_option
def status(dagster_home: Path, config_directory: Path, as_json: bool) -> int:
    """Say whether the bucket has its rules, and what is past its days and still there.

    \b
    Exit codes: 0 in force, 4 rules are missing or the server leaves expired objects.

    \b
    Example:
      lm retention status
    """
    return _run(dagster_home, config_directory, as_json=as_json, dry_run=True)


@retention.command()
@click.option("--dry-run", is_flag=True, help="List what would go; change nothing.")
@_dagster_home
@config_option
@json_option
def apply(dry_run: bool, dagster_home: Path, config_directory: Path, as_json: bool) -> int:
    """Set the bucket's lifecycle rules and remove everything that is past its days.

    Objects that the server has left two days past their time are removed one by one. Baselines are
    never touched. May be interrupted and repeated.

    \b
    Exit codes: 0 in force, 4 the server refuses the rules (expired objects went all the same).

    \b
    Examples:
      lm retention apply --dry-run
      lm retention apply
    """
    return _run(dagster_home, config_directory, as_json=as_json, dry_run=dry_run)


def _run(dagster_home: Path, config_directory: Path, *, as_json: bool, dry_run: bool) -> int:
    # Dagster takes a second to import, which `lm --help` should not pay.
    from lm_assets.orchestration.retention import (  # noqa: PLC0415
        apply_retention,
        retention_status,
    )

    policy = load_configuration(config_directory).retention
    act = retention_status if dry_run else apply_retention
    with _targets(dagster_home) as targets:
        outcome = act(targets, policy, now=SystemClock().now())
    exit_code = ExitCode.OK if outcome.is_in_force else ExitCode.DATA_FAULT
    if as_json:
        document = {**_document(outcome), "exit_code": int(exit_code)}
        click.echo(msgspec.json.encode(document, order="sorted").decode())
    else:
        for line in _lines(outcome):
            click.echo(line)
    if not outcome.is_in_force and dry_run and not as_json:
        click.echo("lm retention apply sets the rules and removes what is past its days", err=True)
    if outcome.refusal:
        click.echo(f"the server did not take the rules: {outcome.refusal}", err=True)
    return exit_code


@contextmanager
def _targets(dagster_home: Path) -> "Iterator[RetentionTargets]":
    from lm_assets.orchestration.instance import open_instance  # noqa: PLC0415
    from lm_assets.orchestration.retention import RetentionTargets  # noqa: PLC0415

    store = S3ObjectStore.from_environment(os.environ)
    with Warehouse.from_environment(os.environ) as warehouse, open_instance(dagster_home) as opened:
        yield RetentionTargets(store=store, warehouse=warehouse, instance=opened)


def _document(outcome: "RetentionOutcome") -> dict[str, Any]:
    return {
        "removed": outcome.is_applied,
        "refusal": outcome.refusal,
        "rules": [
            {
                "prefix": rule.prefix,
                "wanted_days": rule.wanted_days,
                "found_days": rule.found_days,
                "is_applied": rule.is_applied,
            }
            for rule in outcome.rules
        ],
        "overdue": [
            {
                "prefix": found.prefix,
                "objects": [item.key for item in found.objects],
                "bytes": found.bytes,
                "oldest": found.oldest,
            }
            for found in outcome.overdue
        ],
        "rows": outcome.rows,
        "dagster": outcome.dagster,
    }


def _lines(outcome: "RetentionOutcome") -> Iterator[str]:
    verb = "removed" if outcome.is_applied else "past its days"
    overdue = {found.prefix: found for found in outcome.overdue}
    for rule in outcome.rules:
        found = overdue[rule.prefix]
        said = "no rule" if rule.found_days is None else f"rule of {rule.found_days} days"
        objects = f"{len(found.objects)} objects {verb}, {found.bytes} bytes"
        yield f"{rule.prefix:<15} kept {rule.wanted_days} days, {said}; {objects}"
    rows, dagster = outcome.rows, outcome.dagster
    for what, names in (
        (f"load runs in Postgres {verb}", rows.raw_campaigns),
        (f"campaigns in Postgres {verb}", rows.aggregated_campaigns),
        (f"months in Postgres {verb}", rows.partitions),
        (f"campaigns in Dagster {verb}", [expired.campaign for expired in dagster.campaigns]),
        ("campaigns left because a run has not ended", dagster.busy),
    ):
        yield f"{what}: {', '.join(names) or 'none'}"
