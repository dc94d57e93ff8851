"""Options of the commands that change baselines: which runs, and what may be overruled."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from lm_assets.cli.options import config_option, json_option
from lm_assets.gateways.baseline_file.revision import git_identity
from lm_assets.model.campaign import Stage
from lm_assets.model.errors import LmError
from lm_assets.regression.baselines.create import MINIMUM_RUNS
from lm_assets.regression.baselines.guards import Guard

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS_OF_RUNS = (
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
        metavar="PATTERN",
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
)
_OPTIONS_OF_MOVES = (
    click.option(
        "--acknowledge",
        "acknowledgements",
        multiple=True,
        metavar="METRIC=FINDING",
        help="Accept a loss of this metric because of this finding (a ticket, a campaign) in the "
        "combinations that --combination names; the entries record it. May be repeated.",
    ),
    click.option(
        "--acknowledged-by",
        metavar="WHO",
        help="Who accepts the loss  [default: git's user.name and user.email].",
    ),
    click.option("--anchor", is_flag=True, help="Pin the new samples as the anchor as well."),
)

dry_run_option = click.option(
    "--dry-run", is_flag=True, help="Show what would change; write nothing."
)


def options_of_runs(stage: Stage) -> Callable[[F], F]:
    """Return what adds the options that say which runs a change is made from."""
    of_stage = click.option(
        "--stage",
        type=click.Choice([stage.value for stage in Stage]),
        default=stage.value,
        show_default=True,
        help="Whose policy says how sure to be; from where on a deviation or a loss matters, the "
        "strictest stage says.",
    )

    def add(command: F) -> F:
        for option in reversed((*_OPTIONS_OF_RUNS, of_stage, config_option, json_option)):
            command = option(command)
        return command

    return add


def options_of_moves(command: F) -> F:
    """Add the options of commands that move an existing baseline."""
    for option in reversed(_OPTIONS_OF_MOVES):
        command = option(command)
    return command


def acknowledgements_of(
    pairs: tuple[str, ...], patterns: tuple[str, ...], *, known: tuple[str, ...]
) -> dict[str, str]:
    """Return the finding by metric of ``METRIC=FINDING`` pairs.

    Raises
    ------
    LmError
        When a pair is not of that form, names no known metric, or no combination is selected.
    """
    if pairs and not patterns:
        raise LmError(
            "--acknowledge: name the combinations that the finding is about with --combination "
            "('*' for all), so that no loss elsewhere is accepted unseen"
        )
    found: dict[str, str] = {}
    for pair in pairs:
        metric, _, finding = pair.partition("=")
        if metric not in known or not finding.strip():
            raise LmError(
                f"--acknowledge {pair!r}: it must be METRIC=FINDING; metrics: {', '.join(known)}"
            )
        found[metric] = finding.strip()
    return found


def acknowledging_person(given: str | None, catalogue: Path) -> str:
    """Return who accepts a loss: who was named, else whom git knows.

    Raises
    ------
    LmError
        When nobody was named and git knows nobody.
    """
    found = (given or "").strip() or git_identity(catalogue)
    if not found:
        raise LmError("--acknowledge: say who accepts the loss with --acknowledged-by")
    return found


def require_storable(**texts: str) -> None:
    """Check that texts can be written into the file, by the name of what gave them.

    Raises
    ------
    ValueError
        Naming the first one that is not UTF-8.
    """
    for name, text in texts.items():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise ValueError(f"{name} must be UTF-8, got {text!r}") from error
