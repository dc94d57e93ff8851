"""``lm baseline propose``: a change as documents for a pull request; nothing is changed."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from lm_assets.cli.baseline.change import exit_code, planned
from lm_assets.cli.baseline.display import plan_document, print_plan
from lm_assets.cli.baseline.options import options_of_moves, options_of_runs
from lm_assets.cli.terminal_text import wide_console
from lm_assets.gateways.baseline_file.behaviour import behaviour_text
from lm_assets.gateways.baseline_file.file import catalogue_text, replace_file
from lm_assets.gateways.bucket.object_keys import (
    PROPOSAL_TEXT,
    PROPOSED_BEHAVIOUR,
    PROPOSED_CATALOGUE,
)
from lm_assets.gateways.configuration import BASELINES_FILE
from lm_assets.model.campaign import Stage
from lm_assets.model.errors import LmError
from lm_assets.model.record import RunRecord
from lm_assets.regression.baselines import ChangePlan, ChangeRequest
from lm_assets.regression.baselines.moves import detectable_changes
from lm_assets.regression.baselines.proposal_text import proposal_markdown
from lm_assets.regression.baselines.request import proposal_request


@click.command()
@options_of_runs(Stage.WEEKLY)
@click.option("--reason", help="Why these samples are accepted  [default: proposed from CAMPAIGN].")
@options_of_moves
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Propose every combination, not only the baselines that are due.",
)
@click.option(
    "--output",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("baseline-proposal"),
    show_default=True,
    help=f"Folder for {PROPOSED_CATALOGUE}, {PROPOSED_BEHAVIOUR} and {PROPOSAL_TEXT}.",
)
def propose(
    *, reason: str | None, everything: bool, folder: Path, as_json: bool, **selection: Any
) -> int:
    """Write a change as a proposal: the new YAML, and a Markdown text for its pull request.

    The catalogue itself is not touched. Proposed are the baselines that are due: those that a
    metric has left for the better, older than 90 days, of another environment, or not there yet.
    The text holds the evidence that no unacknowledged slow-down is accepted, what the new
    baselines can detect, and every metric before and after. The asset `baseline_proposal` writes
    the same documents for each weekly campaign.

    \b
    Exit codes: 0 ok, 2 an unacknowledged loss was refused, 4 something else was refused.

    \b
    Examples:
      lm baseline propose --campaign weekly-2026-11-22-1a2b3c4
      cp baseline-proposal/*.yaml config/baselines/
      git commit --file baseline-proposal/pull-request.md config/baselines/
    """

    def request(records: Sequence[RunRecord]) -> ChangeRequest:
        proposed = proposal_request(records)
        return dataclasses.replace(
            proposed,
            reason=proposed.reason if reason is None else reason,
            only_due=not everything,
        )

    _refuse_live_catalogue(folder, selection["config_directory"])
    workspace, plan = planned(request, **selection)
    metrics, policy = workspace.settings.metrics, workspace.policy(selection["stage"])
    markdown = proposal_markdown(plan, before=workspace.catalogue, metrics=metrics, policy=policy)
    _write(folder, plan, markdown)
    detectable = detectable_changes(
        [change.new for change in plan.changes], metrics=metrics, policy=policy
    )
    if as_json:
        click.echo(plan_document(plan, is_written=False, detectable=detectable))
    else:
        print_plan(wide_console(), plan, detectable)
    what = f"{PROPOSED_CATALOGUE} and {PROPOSAL_TEXT}" if plan.changes else PROPOSAL_TEXT
    click.echo(f"proposal: {what} in {folder}", err=True)
    return exit_code(plan)


def _refuse_live_catalogue(folder: Path, config_directory: Path) -> None:
    live = (config_directory / BASELINES_FILE).resolve()
    if (folder / PROPOSED_CATALOGUE).resolve() == live:
        raise LmError(
            f"--output {folder}: the baselines in force lie there, and a proposal changes nothing; "
            "name another folder, or change them with `lm baseline update`"
        )


def _write(folder: Path, plan: ChangePlan, markdown: str) -> None:
    """Write the documents; one with nothing in it is not left of an earlier proposal."""
    catalogue = catalogue_text(plan.catalogue) if plan.changes else ""
    behaviour = behaviour_text(plan.catalogue.entries.values()) if plan.changes else ""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in ((PROPOSED_BEHAVIOUR, behaviour), (PROPOSED_CATALOGUE, catalogue)):
            if text:
                replace_file(folder / name, text.encode())
            else:
                (folder / name).unlink(missing_ok=True)
        replace_file(folder / PROPOSAL_TEXT, markdown.encode())
    except OSError as error:
        raise LmError(f"--output {folder}: cannot be written: {error.strerror}") from error
