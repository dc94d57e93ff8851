"""``lm warehouse``: the tables of the queryable copy in Postgres."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.progress import Progress

from lm_assets.cli.exit_codes import ExitCode
from lm_assets.cli.options import config_option, json_option
from lm_assets.gateways.bucket import object_keys
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.kept_campaigns import kept_campaigns
from lm_assets.gateways.configuration import read_yaml_as
from lm_assets.gateways.object_store.protocol import ObjectCorruptedError
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.gateways.warehouse import (
    Warehouse,
    WarehouseError,
    WarehouseSchemaError,
    WarehouseUnavailableError,
)
from lm_assets.gateways.warehouse.rebuild import (
    RebuiltCampaign,
    campaigns_without_objects,
    rebuild_campaign,
)
from lm_assets.gateways.warehouse.schema import HEAD, offline_sql
from lm_assets.model.campaign import Stage
from lm_assets.model.errors import DataFaultError
from lm_assets.model.policy import RegressionPolicy
from lm_assets.triage.keeping import Stores
from lm_assets.triage.rebuild import RebuiltAlerts, rebuild_alerts

# A value that this version cannot handle is one campaign's fault, and no reason to leave the rest.
_OF_ONE_CAMPAIGN = (DataFaultError, ObjectCorruptedError, WarehouseError, ValueError, OverflowError)
_OF_THE_SERVER = (WarehouseUnavailableError, WarehouseSchemaError)


@click.group()
def warehouse() -> None:
    """Look after the tables in Postgres (LM_POSTGRES_URL)."""


@warehouse.command()
@click.option(
    "--sql",
    "as_sql",
    is_flag=True,
    help="Print the SQL instead, for an administrator to run: of an empty database, or see --from.",
)
@click.option(
    "--from",
    "start",
    metavar="REVISION",
    help="With --sql: the revision that the database is at (SELECT version_num FROM "
    "lm_schema_version).",
)
@json_option
def migrate(as_sql: bool, start: str | None, as_json: bool) -> None:
    """Bring the database to the tables of this version; nothing happens when it has them.

    \b
    Example:
      LM_POSTGRES_URL=postgresql://lm@db.example/load_metrics lm warehouse migrate
      lm warehouse migrate --sql --from 0002 > upgrade.sql
    """
    if start and not as_sql:
        raise click.UsageError("--from goes with --sql")
    if as_sql:
        text = offline_sql(start=start)
        click.echo(json.dumps({"revision": HEAD, "sql": text}) if as_json else text)
        return
    with Warehouse.from_environment(os.environ) as opened:
        opened.migrate()
    if as_json:
        click.echo(json.dumps({"revision": HEAD}))
    click.echo(f"the database has the tables of this version (revision {HEAD})", err=True)


@warehouse.command()
@click.option("--campaign", "campaigns", multiple=True, help="Only this campaign; may be repeated.")
@click.option("--dry-run", is_flag=True, help="Read and check every object; write no row.")
@config_option
@json_option
def rebuild(
    campaigns: tuple[str, ...], dry_run: bool, config_directory: Path, as_json: bool
) -> int:
    """Make every row again from the bucket's raw/ and aggregated/, campaign by campaign.

    Without --campaign the alerts of every stage are made again too, from alerts/: their states,
    and every word that people said.

    For a database that was lost, or restored from yesterday. It may be interrupted and repeated,
    and campaigns may be run meanwhile. Rows that no object stands behind are left and named:
    deliveries, and campaigns that the bucket does not hold (retention takes those in their time).

    \b
    Exit codes: 0 all was made again, 4 something could not be (the rest was), 1 an outage.

    \b
    Examples:
      lm warehouse rebuild --dry-run
      lm warehouse rebuild --campaign nightly-2026-11-22-1a2b3c4
    """
    for campaign in campaigns:
        object_keys.raw_prefix(campaign)  # refuses what can be no campaign, before any work
    bucket = CampaignBucket(S3ObjectStore.from_environment(os.environ))
    rebuilt: list[RebuiltCampaign] = []
    failed: dict[str, str] = {}
    console = Console(stderr=True)
    with (
        Warehouse.from_environment(os.environ) as opened,
        Progress(console=console, disable=not console.is_terminal, transient=True) as progress,
    ):
        kept = kept_campaigns(bucket)
        for campaign in progress.track(campaigns or kept, description="rebuilding"):
            try:
                rebuilt.append(
                    rebuild_campaign(campaign, bucket=bucket, warehouse=opened, dry_run=dry_run)
                )
            except _OF_THE_SERVER:
                raise
            except _OF_ONE_CAMPAIGN as error:
                failed[campaign] = str(error)
        without = [] if campaigns else campaigns_without_objects(opened, set(kept))
        stores = Stores(objects=bucket.store, warehouse=opened)
        alerts = [] if campaigns else _rebuild_alerts(stores, config_directory, failed, dry_run)
    is_whole = not failed and not any(c.is_partial for c in rebuilt)
    exit_code = ExitCode.OK if is_whole else ExitCode.DATA_FAULT
    if as_json:
        document = {
            "dry_run": dry_run,
            "exit_code": int(exit_code),
            "campaigns": rebuilt,
            "alerts": alerts,
            "failed": failed,
            "without_objects": without,
        }
        click.echo(msgspec.json.encode(document, order="sorted").decode())
    _say(rebuilt, failed, without, dry_run=dry_run)
    for stage in alerts:
        click.echo(
            f"{stage.stage}: {stage.alerts} alerts, {stage.events} events, "
            f"{stage.statements} words of people",
            err=True,
        )
    return exit_code


def _rebuild_alerts(
    stores: Stores, config_directory: Path, failed: dict[str, str], dry_run: bool
) -> list[RebuiltAlerts]:
    """Make the alerts of every stage again; a stage with broken objects is among the failed."""
    policy = read_yaml_as(config_directory / "regression.yaml", RegressionPolicy)
    rebuilt = []
    for stage in Stage:
        try:
            rebuilt.append(
                rebuild_alerts(
                    stores,
                    stage,
                    policy=policy.stages[stage],
                    now=datetime.now(UTC),
                    dry_run=dry_run,
                )
            )
        except (DataFaultError, ObjectCorruptedError) as error:
            failed[f"alerts of {stage}"] = str(error)
    return rebuilt


def _say(
    rebuilt: list[RebuiltCampaign], failed: dict[str, str], without: list[str], *, dry_run: bool
) -> None:
    for campaign in rebuilt:
        for remark in _remarks(campaign):
            click.echo(f"{campaign.campaign}: {remark}", err=True)
    for name, reason in failed.items():
        click.echo(f"{name}: FAILED: {reason}", err=True)
    for name in without:
        click.echo(f"{name}: the bucket holds nothing of it; its rows were left", err=True)
    verb = "would be made again" if dry_run else "made again"
    runs, cells = (sum(getattr(c, name) or 0 for c in rebuilt) for name in ("runs", "cells"))
    click.echo(
        f"{len(rebuilt)} campaigns {verb}: {runs} load runs, {cells} verdict cells; "
        f"{len(failed)} failed. Records of deliveries have no objects and were left as they are.",
        err=True,
    )


def _remarks(campaign: RebuiltCampaign) -> list[str]:
    remarks = []
    if campaign.is_partial:
        remarks.append(f"raw/ holds {campaign.runs} of its {campaign.expected_runs} load runs")
    if not campaign.has_facts:
        remarks.append("its subject, times and counts are not in the bucket; they were left")
    if campaign.kept_rows:
        tables = ", ".join(campaign.kept_rows)
        remarks.append(f"rows that no object stands behind were left: {tables}")
    return remarks
