"""``lm baseline init`` and ``update``: the commands that write baselines."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from lm_assets.cli.baseline.display import counted, plan_document, print_plan
from lm_assets.cli.baseline.options import (
    acknowledgements_of,
    acknowledging_person,
    dry_run_option,
    options_of_moves,
    options_of_runs,
    require_storable,
)
from lm_assets.cli.baseline.sources import Workspace, open_bucket, records_of
from lm_assets.cli.exit_codes import ExitCode
from lm_assets.cli.terminal_text import wide_console
from lm_assets.gateways.baseline_file.file import write_catalogue
from lm_assets.gateways.clock import SystemClock
from lm_assets.model.campaign import Stage
from lm_assets.model.errors import DataFaultError, LmError
from lm_assets.model.record import RunRecord
from lm_assets.regression.baselines import ChangePlan, ChangeRequest, Guard, plan_change
from lm_assets.regression.baselines.change import ALREADY_PRESENT
from lm_assets.regression.baselines.moves import detectable_changes

_INITIAL_REASON = "initial baseline"


@click.command()
@options_of_runs(Stage.NIGHTLY)
@click.option("--reason", default=_INITIAL_REASON, show_default=True, help="Kept in every entry.")
@dry_run_option
def init(*, reason: str, dry_run: bool, as_json: bool, **selection: Any) -> int:
    """Make the first baselines from a campaign: five sound runs or more per combination.

    Combinations that are refused get no baseline, the others do; exit code 4 says that some were
    refused. Combinations that have a baseline are left alone (see `lm baseline update`), which is
    a refusal only where there was nothing else to do.

    \b
    Examples:
      lm baseline init --campaign nightly-2026-11-22-1a2b3c4 --dry-run
      lm baseline init --campaign nightly-2026-11-22-1a2b3c4
      lm baseline init --campaign nightly-2026-11-22-1a2b3c4 \\
          --combination '*_join_10gb' --allow outliers --reason 'known slow first run'
    """

    def request(_records: Sequence[RunRecord]) -> ChangeRequest:
        return ChangeRequest(now=SystemClock().now(), reason=reason, only_new=True)

    workspace, plan = planned(request, **selection)
    return _finish(workspace, plan, stage=selection["stage"], dry_run=dry_run, as_json=as_json)


@click.command()
@options_of_runs(Stage.NIGHTLY)
@click.option("--reason", required=True, help="Why these samples are accepted.")
@options_of_moves
@dry_run_option
def update(*, reason: str, dry_run: bool, as_json: bool, **selection: Any) -> int:
    """Replace baselines by the runs of campaigns, after showing old, new and change.

    Refused are contaminated samples (unless --allow names the guard) and a move in the worse
    direction by more than the threshold, against the baseline or against the anchor (unless
    --acknowledge names the finding). What is refused keeps what it has.

    \b
    Exit codes: 0 ok, 2 an unacknowledged loss was refused, 4 something else was refused.

    \b
    Examples:
      lm baseline update --campaign nightly-2026-11-22-1a2b3c4 \\
          --combination '*_iceberg_*' --reason 'iceberg 1.7 is the new default' --dry-run
      lm baseline update --campaign nightly-2026-11-22-1a2b3c4 --combination '*_join_*' \\
          --reason 'the safe join is slower' --acknowledge duration_s=PERF-12
      lm baseline update --campaign weekly-2026-11-22-1a2b3c4 --anchor --reason 'release 2.0'
    """

    def request(_records: Sequence[RunRecord]) -> ChangeRequest:
        return ChangeRequest(now=SystemClock().now(), reason=reason)

    workspace, plan = planned(request, **selection)
    return _finish(workspace, plan, stage=selection["stage"], dry_run=dry_run, as_json=as_json)


def planned(
    request_for: Callable[[Sequence[RunRecord]], ChangeRequest],
    *,
    campaigns: tuple[str, ...],
    patterns: tuple[str, ...],
    allowed: tuple[str, ...],
    minimum_runs: int,
    stage: str,
    config_directory: Path,
    acknowledgements: tuple[str, ...] = (),
    acknowledged_by: str | None = None,
    anchor: bool = False,
) -> tuple[Workspace, ChangePlan]:
    """Return what a command works on, and the change that its options make.

    Parameters
    ----------
    request_for : callable
        Makes the request from the runs; the options below are put into it.

    Raises
    ------
    LmError
        When the options do not go together.
    DataFaultError
        When a campaign has no records, or nothing of it matches the patterns.
    """
    workspace = Workspace.opened(config_directory)
    settings = workspace.settings
    acknowledged = acknowledgements_of(acknowledgements, patterns, known=settings.metrics.names)
    by = acknowledging_person(acknowledged_by, settings.baselines_path) if acknowledged else ""
    records = records_of(open_bucket(), campaigns)
    try:
        require_storable(**{"--acknowledged-by": by}, **acknowledged)
        request = dataclasses.replace(
            request_for(records),
            patterns=patterns,
            allowed=frozenset(map(Guard, allowed)),
            acknowledged=acknowledged,
            acknowledged_by=by,
            moves_anchor=anchor,
            minimum_runs=minimum_runs,
        )
        require_storable(**{"--reason": request.reason})
    except ValueError as error:
        raise LmError(f"lm baseline: {error}") from error
    plan = plan_change(
        records,
        request,
        catalogue=workspace.catalogue,
        metrics=settings.metrics,
        policy=workspace.policy(stage),
    )
    if plan.is_empty:
        raise DataFaultError(
            f"no combination of {', '.join(campaigns)} matches {', '.join(patterns)}"
        )
    accepted = {metric for change in plan.changes for metric in change.new.acknowledged_findings}
    for metric in sorted(acknowledged.keys() - accepted):
        click.echo(f"--acknowledge {metric}: nothing was accepted by it", err=True)
    return workspace, plan


def _finish(
    workspace: Workspace, plan: ChangePlan, *, stage: str, dry_run: bool, as_json: bool
) -> int:
    """Show the plan, then write it; a change is always seen before it is made."""
    settings = workspace.settings
    detectable = detectable_changes(
        [change.new for change in plan.changes],
        metrics=settings.metrics,
        policy=workspace.policy(stage),
    )
    if not as_json:
        print_plan(wide_console(), plan, detectable)
    is_written = bool(plan.changes) and not dry_run
    if is_written:
        path = settings.baselines_path
        write_catalogue(path, plan.catalogue, workspace.catalogue.digest)
        click.echo(f"{counted(len(plan.changes))} written to {path}", err=True)
    elif dry_run:
        click.echo(f"dry run: {counted(len(plan.changes))} would be written", err=True)
    else:
        click.echo("nothing was written", err=True)
    if as_json:
        click.echo(plan_document(plan, is_written=is_written, detectable=detectable))
    return exit_code(plan)


def exit_code(plan: ChangePlan) -> int:
    """Return what a plan means to a caller."""
    if plan.has_unacknowledged_loss:
        return ExitCode.REGRESSION
    refused = {refusal.rule for refusal in plan.refusals}
    if plan.changes and refused == {ALREADY_PRESENT}:
        return ExitCode.OK  # what is new was made, and what there was is left alone as asked
    return ExitCode.DATA_FAULT if refused else ExitCode.OK
