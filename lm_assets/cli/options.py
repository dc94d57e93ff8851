"""Options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

import lm_assets

F = TypeVar("F", bound=Callable[..., Any])

CONFIGURATION = Path("config")
# Of the checkout that `lm` was installed from; not there where it was installed otherwise.
PROJECT_CONFIGURATION = Path(lm_assets.__file__).parents[1] / "config"


def config_option(command: F) -> F:
    """Add ``--config``, the folder of configuration files."""
    return click.option(
        "--config",
        "config_directory",
        type=click.Path(path_type=Path, file_okay=False),
        envvar="LM_CONFIG_DIR",
        default=CONFIGURATION,
        show_default=True,
        show_envvar=True,
        help="Folder of matrix.yaml, metrics.yaml, regression.yaml and the baselines.",
    )(command)


def policy_option(command: F) -> F:
    """Add ``--config`` to a command that only reads metrics and policy, wherever it is run.

    A command that reads or writes baselines has `config_option` instead: it must never take
    another project's folder for the one meant.
    """
    return click.option(
        "--config",
        "config_directory",
        type=click.Path(path_type=Path, file_okay=False),
        envvar="LM_CONFIG_DIR",
        callback=_own_or_project_configuration,
        show_envvar=True,
        help="Folder of matrix.yaml, metrics.yaml and regression.yaml.  [default: ./config, else "
        "the one of the checkout that lm was installed from]",
    )(command)


def _own_or_project_configuration(
    _context: click.Context, _parameter: click.Parameter, chosen: Path | None
) -> Path:
    if chosen is not None:
        return chosen
    if not CONFIGURATION.is_dir() and PROJECT_CONFIGURATION.is_dir():
        click.echo(f"no ./{CONFIGURATION} here: using {PROJECT_CONFIGURATION}", err=True)
        return PROJECT_CONFIGURATION
    return CONFIGURATION


def json_option(command: F) -> F:
    """Add ``--json``: one JSON document on stdout, messages on stderr."""
    return click.option(
        "--json", "as_json", is_flag=True, help="One JSON document on stdout; messages on stderr."
    )(command)
