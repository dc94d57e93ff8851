"""Options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def config_option(command: F) -> F:
    """Add ``--config``, the folder of configuration files."""
    return click.option(
        "--config",
        "config_directory",
        type=click.Path(path_type=Path, file_okay=False),
        envvar="LM_CONFIG_DIR",
        default=Path("config"),
        show_default=True,
        show_envvar=True,
        help="Folder of matrix.yaml, metrics.yaml, regression.yaml and the baselines.",
    )(command)


def json_option(command: F) -> F:
    """Add ``--json``: one JSON document on stdout, messages on stderr."""
    return click.option(
        "--json", "as_json", is_flag=True, help="One JSON document on stdout; messages on stderr."
    )(command)
