"""``lm baseline list``, ``show`` and ``verify``: the commands that look at baselines."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from lm_assets.cli.baseline.display import json_text
from lm_assets.cli.baseline.sources import Workspace, open_bucket, recent_campaigns, records_of
from lm_assets.cli.exit_codes import ExitCode
from lm_assets.cli.options import config_option, json_option
from lm_assets.cli.terminal_text import literal, print_whole
from lm_assets.gateways.baseline_file.file import catalogue_text
from lm_assets.gateways.baseline_file.format import entry_text
from lm_assets.gateways.clock import SystemClock
from lm_assets.gateways.configuration import BASELINES_FILE
from lm_assets.model.baseline import Baseline, BaselineCatalogue
from lm_assets.model.campaign import Stage
from lm_assets.model.errors import ConfigurationError, LmError
from lm_assets.model.metric import MetricCatalogue
from lm_assets.model.provenance import source_of
from lm_assets.model.record import RunRecord
from lm_assets.regression.baselines.checks import (
    MAXIMUM_AGE_DAYS,
    Remark,
    Severity,
    check_catalogue,
)
from lm_assets.regression.baselines.moves import CHANGE_UNITS, change_text, detectable_changes
from lm_assets.regression.baselines.request import is_selected

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "dim"}


@click.command(name="list")
@click.option(
    "--combination",
    "patterns",
    multiple=True,
    help="Only combinations that match this shell pattern; may be repeated.",
)
@config_option
@json_option
def list_baselines(*, patterns: tuple[str, ...], config_directory: Path, as_json: bool) -> int:
    """List the baselines: status, age, runs, and the noisiest metric of each.

    \b
    Example:
      lm baseline list --combination '*_iceberg_*'
    """
    workspace = Workspace.opened(config_directory)
    now = SystemClock().now()
    rows = [
        _list_row(entry, now, workspace.settings.metrics)
        for name, entry in sorted(workspace.catalogue.entries.items())
        if is_selected(name, patterns)
    ]
    if as_json:
        catalogue = workspace.catalogue
        document = {"digest": catalogue.digest, "revision": catalogue.revision, "baselines": rows}
        click.echo(json_text(document))
        return ExitCode.OK
    if not rows:
        where = workspace.settings.baselines_path
        click.echo(f"{where} has none of these: lm baseline init --campaign … makes the first")
        return ExitCode.OK
    table = Table(box=None, header_style="bold")
    table.add_column("combination", no_wrap=True)
    for name in ("status", "age", "runs", "metrics", "highest CV", "of", "anchor"):
        side: JustifyMethod = "right" if name in {"age", "runs", "metrics"} else "left"
        table.add_column(name, justify=side, no_wrap=True)
    for row in rows:
        cv = "–" if row["highest_cv"] is None else f"{row['highest_cv']:.1%}"
        table.add_row(
            literal(row["combination"]),
            row["status"],
            f"{row['age_days']} d",
            str(row["n"]),
            str(row["metrics"]),
            cv,
            literal(row["highest_cv_metric"] or "–"),
            row["anchor_set_at"] or "–",
        )
    print_whole(Console(), table)
    return ExitCode.OK


def _list_row(entry: Baseline, now: datetime, metrics: MetricCatalogue) -> dict[str, Any]:
    cvs = {
        name: metric.stddev / abs(metric.mean)
        for name, metric in entry.metrics.items()
        if metric.stddev is not None and metric.mean and name in metrics and metrics[name].is_judged
    }
    noisiest = max(cvs, key=lambda name: cvs[name], default=None)
    return {
        "combination": entry.combination,
        "status": entry.status,
        "age_days": (now - datetime.fromisoformat(entry.updated_at)).days,
        "n": entry.sample_size,
        "metrics": len(entry.metrics),
        "highest_cv": None if noisiest is None else cvs[noisiest],
        "highest_cv_metric": noisiest,
        "anchor_set_at": None if entry.anchor is None else entry.anchor.set_at,
        "reason": entry.reason,
    }


@click.command()
@click.argument("combination")
@config_option
@json_option
def show(*, combination: str, config_directory: Path, as_json: bool) -> int:
    """Show one combination's baseline as it stands in the file, and what it can detect.

    \b
    Example:
      lm baseline show 3.5.0_connect_kubernetes_none_read_1gb
    """
    workspace = Workspace.opened(config_directory)
    entry = workspace.catalogue.entries.get(combination)
    if entry is None:
        raise LmError(
            f"{combination!r} has no baseline; `lm baseline list` names those that there are"
        )
    metrics = workspace.settings.metrics
    policy = workspace.policy(Stage.NIGHTLY)
    detectable = {
        metric: value
        for (_, metric), value in detectable_changes(
            [entry], metrics=metrics, policy=policy
        ).items()
    }
    if as_json:
        click.echo(json_text({"baseline": entry, "detectable": detectable}))
        return ExitCode.OK
    click.echo(entry_text(entry), nl=False)
    click.echo("\nSmallest change that as many new runs would show:")
    for name, value in detectable.items():
        click.echo(f"  {name}: {change_text(value, CHANGE_UNITS[metrics[name].scale])}")
    return ExitCode.OK


@click.command()
@click.option(
    "--campaign",
    "campaigns",
    multiple=True,
    help="Compare environments and sources with this campaign's; may be repeated, the last one "
    "counts most.",
)
@click.option(
    "--recent",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Compare environments and sources with this many of the bucket's latest campaigns.",
)
@click.option(
    "--max-age-days",
    type=click.IntRange(min=1),
    default=MAXIMUM_AGE_DAYS,
    show_default=True,
    help="Days after which a baseline is stale.",
)
@config_option
@json_option
def verify(
    *,
    campaigns: tuple[str, ...],
    recent: int,
    max_age_days: int,
    config_directory: Path,
    as_json: bool,
) -> int:
    """Check the catalogue: schema, derived values, age, outliers, two modes, environment.

    \b
    Exit codes: 0 sound, 3 a person should look (warnings), 4 the file is not fit to be used.

    \b
    Example:
      lm baseline verify --recent 3
    """
    try:
        workspace = Workspace.opened(config_directory)
    except ConfigurationError as error:
        if not error.file.startswith(str(config_directory / BASELINES_FILE)):
            raise
        return _finish([_broken(error)], None, as_json=as_json)
    if recent:
        campaigns = (*recent_campaigns(open_bucket(), recent), *campaigns)
    settings = workspace.settings
    records = _records(campaigns)
    remarks = check_catalogue(
        workspace.catalogue,
        now=SystemClock().now(),
        combinations=settings.matrix.by_id.keys(),
        metrics=settings.metrics,
        policy=workspace.policy(Stage.NIGHTLY),
        recent_environments={r.combination: r.environment for r in records},
        recent_sources=_sources(records),
        maximum_age_days=max_age_days,
    )
    remarks += _file_remarks(workspace, campaigns)
    return _finish(remarks, workspace.catalogue, as_json=as_json)


def _records(campaigns: Sequence[str]) -> list[RunRecord]:
    return list(records_of(open_bucket(), campaigns)) if campaigns else []


def _sources(records: Iterable[RunRecord]) -> dict[str, dict[str, set[str]]]:
    found: dict[str, dict[str, set[str]]] = {}
    for record in records:
        of_combination = found.setdefault(record.combination, {})
        for metric, provenance in record.provenance.items():
            of_combination.setdefault(metric, set()).add(source_of(provenance))
    return found


def _broken(error: ConfigurationError) -> Remark:
    return Remark(severity=Severity.ERROR, rule="unreadable", detail=str(error))


def _file_remarks(workspace: Workspace, campaigns: Sequence[str]) -> list[Remark]:
    remarks = []
    path = workspace.settings.baselines_path
    if not campaigns:
        detail = "environments were not compared; name campaigns with --campaign or --recent"
        remarks.append(Remark(severity=Severity.NOTE, rule="not_checked", detail=detail))
    if not path.exists():
        detail = f"{path} is not there: nothing is verified; make it with `lm baseline init`"
        remarks.append(Remark(severity=Severity.ERROR, rule="no_catalogue", detail=detail))
    elif path.read_text(encoding="utf-8") != catalogue_text(workspace.catalogue):
        detail = f"{path} is not spelt as `lm baseline` writes it; the next change will reformat it"
        remarks.append(Remark(severity=Severity.WARNING, rule="formatting", detail=detail))
    return remarks


def _finish(
    remarks: Sequence[Remark], catalogue: BaselineCatalogue | None, *, as_json: bool
) -> int:
    order = list(Severity)
    remarks = sorted(remarks, key=lambda r: (order.index(r.severity), r.combination, r.rule))
    counts = {severity.value: sum(r.severity is severity for r in remarks) for severity in Severity}
    entries = 0 if catalogue is None else len(catalogue.entries)
    if as_json:
        click.echo(json_text({"entries": entries, "counts": counts, "remarks": remarks}))
    else:
        console = Console()
        for remark in remarks:
            line = Text(f"{remark.severity.value:8}", style=_STYLES[remark.severity])
            where = f" {remark.combination}" if remark.combination else ""
            line.append(f"{remark.rule}{where}: {remark.detail}", style="default")
            console.print(line, soft_wrap=True)
        shown = ", ".join(f"{count} {name}s" for name, count in counts.items())
        console.print(f"{entries} baselines: {shown}", highlight=False)
    if counts[Severity.ERROR]:
        return ExitCode.DATA_FAULT
    return ExitCode.INCONCLUSIVE if counts[Severity.WARNING] else ExitCode.OK
