"""What is said where nobody foresaw the error: one line with what to do, never a traceback."""

import os
import tempfile

import click

from lm_assets.cli.exit_codes import ExitCode
from lm_assets.model.errors import frames_of


def say_of_file(error: OSError) -> ExitCode:
    """Say that the system refused something, and return the exit code."""
    where = f": {error.filename}" if error.filename else ""
    reason = error.strerror or type(error).__name__
    click.echo(f"lm: the system said {reason!r}{where}; mend that and try again", err=True)
    return ExitCode.ERROR


def say_unexpected(error: BaseException) -> ExitCode:
    """Say that this is a defect, put its trace where it can be reported, and return the exit code.

    The trace has no text of the error: it may quote an address, and an address a password.
    """
    descriptor, path = tempfile.mkstemp(prefix="lm-trace-", suffix=".txt")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(f"{frames_of(error)}\n")
    click.echo(
        f"lm: an error that nobody foresaw ({type(error).__name__}): please report it with {path}",
        err=True,
    )
    return ExitCode.ERROR
