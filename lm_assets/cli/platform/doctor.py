"""``lm doctor``: everything a deployment needs, checked, and what to do where it is not well."""

import os
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lm_assets.cli.exit_codes import ExitCode
from lm_assets.cli.options import config_option, json_option
from lm_assets.gateways.clock import SystemClock
from lm_assets.gateways.configuration import load_configuration
from lm_assets.gateways.health.bucket import bucket_diagnoses
from lm_assets.gateways.health.diagnosis import Diagnosis, Health, diagnose
from lm_assets.gateways.health.postgres import postgres_diagnoses
from lm_assets.gateways.health.servers import channel_diagnoses, server_diagnoses
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.model.errors import LmError
from lm_assets.model.retention import RetentionPolicy

_SIGNS = {
    Health.OK: ("✓", "green"),
    Health.WARNING: ("!", "yellow"),
    Health.FAILED: ("✗", "bold red"),
    Health.NOT_CONFIGURED: ("·", "dim"),
}
_PDF_PACKAGES = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core"
_TEST_MESSAGE = "lm doctor: a test message; nothing is wrong and nobody need act."


@click.command()
@click.option(
    "--dagster-home",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="DAGSTER_HOME",
    show_envvar=True,
    help="Folder with dagster.yaml.",
)
@click.option("--send-message", is_flag=True, help="Send a test message to each channel as well.")
@config_option
@json_option
def doctor(
    dagster_home: Path | None, send_message: bool, config_directory: Path, as_json: bool
) -> int:
    """Check everything a deployment needs; for what is not well, say what to do.

    A small object is written, read and removed under each prefix of the bucket but incoming/, and
    Dagster makes its tables where it has none. Nothing else is changed.

    \b
    Exit codes: 0 all is well (warnings are), 4 something has failed.

    \b
    Example:
      lm doctor
      lm doctor --json | jq '.[] | select(.health == "failed")'
    """
    found = list(_diagnoses(dagster_home, config_directory, send_message=send_message))
    if as_json:
        click.echo(msgspec.json.encode(found, order="sorted").decode())
    else:
        _print(Console(), found)
    has_failed = any(diagnosis.health is Health.FAILED for diagnosis in found)
    return ExitCode.DATA_FAULT if has_failed else ExitCode.OK


def _diagnoses(
    dagster_home: Path | None, config_directory: Path, *, send_message: bool
) -> Iterator[Diagnosis]:
    # Imported here: each loads a library that takes most of a second.
    from lm_assets.orchestration.health import dagster_diagnoses  # noqa: PLC0415

    yield diagnose(
        "configuration",
        lambda: _configuration(config_directory),
        advice="mend the file, or name another folder with --config or LM_CONFIG_DIR",
    )
    yield from bucket_diagnoses(
        S3ObjectStore.from_environment(os.environ), _retention(config_directory), SystemClock()
    )
    yield from postgres_diagnoses(os.environ)
    yield from dagster_diagnoses(dagster_home)
    yield from server_diagnoses(os.environ)
    yield from channel_diagnoses(os.environ, message=_TEST_MESSAGE if send_message else None)
    yield diagnose("PDF", _pdf, advice=f"apt-get install {_PDF_PACKAGES}")


def _configuration(directory: Path) -> str:
    combinations = len(load_configuration(directory).matrix.combinations)
    return f"{directory}: a matrix of {combinations} combinations"


def _retention(directory: Path) -> RetentionPolicy:
    try:
        return load_configuration(directory).retention
    except LmError:
        # Its own diagnosis says so; the bucket is asked all the same.
        return RetentionPolicy()


def _pdf() -> str:
    from lm_assets.reports.pdf_engine import engine_check  # noqa: PLC0415

    return engine_check()


def _print(console: Console, found: list[Diagnosis]) -> None:
    table = Table(box=None, show_header=False, padding=(0, 1))
    for diagnosis in found:
        sign, style = _SIGNS[diagnosis.health]
        said = Text(diagnosis.found)
        if diagnosis.advice:
            said.append(f"\n→ {diagnosis.advice}", style="bold")
        table.add_row(Text(sign, style=style), Text(diagnosis.what), said)
    console.print(table)
    failed = sum(d.health is Health.FAILED for d in found)
    warned = sum(d.health is Health.WARNING for d in found)
    console.print(f"{failed} failed, {warned} warnings, {len(found)} checks", highlight=False)
