"""``lm baseline init``, ``update`` and ``propose``: the commands that change baselines."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console

from lm_assets.cli.baseline_display import plan_document, print_plan
from lm_assets.cli.baseline_sources import Workspace, open_bucket, records_of
from lm_assets.cli.exit_codes import ExitCode
from lm_assets.cli.options import config_option, json_option
from lm_assets.gateways.baseline_file import catalogue_text, write_catalogue
from lm_assets.gateways.clock import SystemClock
from lm_assets.model.campaign import Stage
from lm_assets.model.errors import DataFaultError, LmError
from lm_assets.regression.baselines.change import (
    ChangePlan,
    ChangeRequest,
    plan_change,
)
from lm_assets.regression.baselines.create import MINIMUM_RUNS
from lm_assets.regression.baselines.guards import Guard
from lm_assets.regression.baselines.moves import detectable_changes
from lm_assets.regression.baselines.proposal import proposal_markdown

F = TypeVar("F", bound=Callable[..., Any])

_INITIAL_REASON = "initial baseline"


def _selecting(command: F) -> F:
    """Add the options that say which runs a change is made from, and what may be overruled."""
    options = (
        click.option(
            "--campaign",
            "campaigns",
            multiple=True,
            required=True,
            help="Take the runs of this campaign; may be repeated.",
        ),
        click.option(
            "--combination",
            "patterns",
            multiple=True,
            help="Only combinations that match this shell pattern; may be repeated.",
        ),
        click.option(
            "--allow",
            "allowed",
            multiple=True,
            type=click.Choice([guard.value for guard in Guard]),
            help="Overrule this guard; the entry records what it had found. May be repeated.",
        ),
        click.option(
            "--minimum-runs",
            type=click.IntRange(min=MINIMUM_RUNS),
            default=MINIMUM_RUNS,
            show_default=True,
            help="Sound runs that a combination needs.",
        ),
        click.option(
            "--stage",
            type=click.Choice([stage.value for stage in Stage]),
            default=Stage.NIGHTLY.value,
            show_default=True,
            help="Whose policy says from where on a deviation or a loss matters.",
        ),
        config_option,
        json_option,
    )
    for option in reversed(options):
        command = option(command)
    return command


def _moving(command: F) -> F:
    """Add the options of commands that move an existing baseline."""
    options = (
        click.option("--reason", required=True, help="Why these samples are accepted."),
        click.option(
            "--acknowledge",
            "acknowledgements",
            multiple=True,
            metavar="METRIC=REFERENCE",
            help="Accept a loss of this metric because of this finding, and record it.",
        ),
        click.option("--anchor", is_flag=True, help="Pin the new samples as the anchor as well."),
    )
    for option in reversed(options):
        command = option(command)
    return command


_dry_run = click.option("--dry-run", is_flag=True, help="Show what would change; write nothing.")


@click.command()
@_selecting
@click.option("--reason", default=_INITIAL_REASON, show_default=True, help="Kept in every entry.")
@_dry_run
def init(*, reason: str, dry_run: bool, as_json: bool, **selection: Any) -> int:
    """Make the first baselines from a campaign: five sound runs or more per combination.

    Combinations that are refused get no baseline, the others do; exit code 4 says that some were
    refused. Combinations that have a baseline are left alone (see `lm baseline update`).

    \b
    Example:
      lm baseline init --campaign nightly-2026-11-22-1a2b3c4
    """
    workspace, plan = _planned(reason=reason, only_new=True, **selection)
    return _finish(workspace, plan, stage=selection["stage"], dry_run=dry_run, as_json=as_json)


@click.command()
@_selecting
@_moving
@_dry_run
def update(*, dry_run: bool, as_json: bool, **selection: Any) -> int:
    """Replace baselines by the runs of campaigns, after showing old, new and change.

    Refused are contaminated samples (unless --allow names the guard) and a move in the worse
    direction by more than the threshold, against the baseline or against the anchor (unless
    --acknowledge names the finding). What is refused keeps what it has.

    \b
    Exit codes: 0 ok, 2 an unacknowledged loss was refused, 4 something else was refused.

    \b
    Example:
      lm baseline update --campaign nightly-2026-11-22-1a2b3c4 \\
          --combination '*_iceberg_*' --reason 'iceberg 1.7 is the new default'
    """
    workspace, plan = _planned(**selection)
    return _finish(workspace, plan, stage=selection["stage"], dry_run=dry_run, as_json=as_json)


@click.command()
@_selecting
@_moving
@click.option(
    "--output",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("baseline-proposal"),
    show_default=True,
    help="Folder for load-test-baselines.yaml and pull-request.md.",
)
def propose(*, folder: Path, as_json: bool, **selection: Any) -> int:
    """Write a change as a proposal: the new YAML, and a Markdown text for its pull request.

    The catalogue itself is not touched. The text holds the evidence that no unacknowledged
    slow-down is accepted, what the new baselines can detect, and every metric before and after.

    \b
    Exit codes: 0 ok, 2 an unacknowledged loss was refused, 4 something else was refused.

    \b
    Example:
      lm baseline propose --campaign weekly-2026-11-22-1a2b3c4 --reason 'weekly refresh'
    """
    workspace, plan = _planned(**selection)
    policy = workspace.policy(selection["stage"])
    markdown = proposal_markdown(
        plan, before=workspace.catalogue, metrics=workspace.settings.metrics, policy=policy
    )
    folder.mkdir(parents=True, exist_ok=True)
    written = folder / workspace.settings.baselines_path.name
    written.write_text(catalogue_text(plan.catalogue), encoding="utf-8")
    text = folder / "pull-request.md"
    text.write_text(markdown, encoding="utf-8")
    detectable = detectable_changes(
        plan.catalogue.entries.values(), metrics=workspace.settings.metrics, policy=policy
    )
    if as_json:
        click.echo(plan_document(plan, is_written=False, detectable=detectable))
    else:
        print_plan(Console(), plan, detectable)
    click.echo(f"proposal: {written} and {text}", err=True)
    return _exit_code(plan)


def _planned(
    *,
    campaigns: tuple[str, ...],
    patterns: tuple[str, ...],
    allowed: tuple[str, ...],
    minimum_runs: int,
    stage: str,
    config_directory: Path,
    reason: str,
    acknowledgements: tuple[str, ...] = (),
    anchor: bool = False,
    only_new: bool = False,
) -> tuple[Workspace, ChangePlan]:
    workspace = Workspace.opened(config_directory)
    try:
        request = ChangeRequest(
            now=SystemClock().now(),
            reason=reason,
            patterns=patterns,
            allowed=frozenset(map(Guard, allowed)),
            acknowledged=_acknowledged(acknowledgements, workspace.settings.metrics.names),
            moves_anchor=anchor,
            only_new=only_new,
            minimum_runs=minimum_runs,
        )
    except ValueError as error:
        raise LmError(f"lm baseline: {error}") from error
    plan = plan_change(
        records_of(open_bucket(), campaigns),
        request,
        catalogue=workspace.catalogue,
        metrics=workspace.settings.metrics,
        policy=workspace.policy(stage),
    )
    if not plan.changes and not plan.refusals:
        raise DataFaultError(
            f"no combination of {', '.join(campaigns)} matches {', '.join(patterns)}"
        )
    return workspace, plan


def _acknowledged(pairs: tuple[str, ...], known: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in pairs:
        metric, _, reference = pair.partition("=")
        if metric not in known or not reference.strip():
            raise LmError(
                f"--acknowledge {pair!r}: it must be METRIC=REFERENCE; metrics: {', '.join(known)}"
            )
        found[metric] = reference.strip()
    return found


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
        print_plan(Console(), plan, detectable)
    is_written = bool(plan.changes) and not dry_run
    if is_written:
        path = settings.baselines_path
        write_catalogue(path, plan.catalogue, workspace.catalogue.digest)
        click.echo(f"{len(plan.changes)} baselines written to {path}", err=True)
    elif dry_run:
        click.echo(f"dry run: {len(plan.changes)} baselines would be written", err=True)
    if as_json:
        click.echo(plan_document(plan, is_written=is_written, detectable=detectable))
    return _exit_code(plan)


def _exit_code(plan: ChangePlan) -> int:
    if plan.has_unacknowledged_loss:
        return ExitCode.REGRESSION
    return ExitCode.DATA_FAULT if plan.refusals else ExitCode.OK
