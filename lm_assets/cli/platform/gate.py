"""``lm gate``: a judged campaign's verdict as an exit code, and as documents for CI."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import click
import msgspec
from rich.console import Console

from lm_assets.cli.exit_codes import ExitCode
from lm_assets.cli.options import json_option
from lm_assets.cli.platform.gate_documents import (
    NO_DOCUMENTS,
    WantedDocuments,
    document_options,
    gate_material,
    known_document,
    unjudged,
    wanted_documents,
    write_documents,
)
from lm_assets.cli.platform.known_verdict import print_known_verdict
from lm_assets.cli.platform.standing import Standing, State, wait_for_standing
from lm_assets.cli.terminal_text import printable
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.model.errors import DataFaultError
from lm_assets.reports.gate.material import GateMaterial

_DURATION = re.compile(r"(\d{1,6}(?:\.\d+)?)(s|m|h|)", re.ASCII)
_SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}


class Duration(click.ParamType[float]):
    """A length of time such as ``90s``, ``15m`` or ``1h``; a bare number is seconds."""

    name = "duration"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the seconds."""
        if isinstance(value, int | float):
            return float(value)
        match = _DURATION.fullmatch(str(value))
        if match is None:
            self.fail(f"{value!r} is no length of time such as 90s, 15m or 1h", param, ctx)
        return float(match[1]) * _SECONDS[match[2]]


@click.command()
@click.option("--campaign", required=True, help="Campaign id, such as nightly-2026-11-22-1a2b3c4.")
@click.option(
    "--wait",
    "wait_s",
    type=Duration(),
    default=0.0,
    help="Wait so long for the verdict and its reports, such as 15m.  [default: look once]",
)
@document_options
@json_option
def gate(
    campaign: str,
    wait_s: float,
    formats: tuple[str, ...],
    targets: tuple[str, ...],
    matrix: str,
    config_directory: Path,
    as_json: bool,
) -> int:
    """End with the exit code of a campaign's verdict, for a CI step that must block.

    Reads the verdict that the platform stored (LM_S3_ENDPOINT, LM_S3_BUCKET, AWS_*). It must be of
    exactly what lies under incoming/ now, with its four reports; else the campaign is not judged
    yet, and the exit code is 5. Losses that somebody has acknowledged or accepted (LM_POSTGRES_URL)
    are listed apart and do not block.

    Formats: text, markdown (a pull request's comment, at most 65,000 characters), junit, sarif,
    github (annotations), gitlab (code quality) and gitlab-metrics. docs/ci.md has whole workflows.

    \b
    Exit codes: 0 ok, 2 regression, 3 undecided, 4 data fault,
    5 not judged yet.

    \b
    Examples:
      lm gate --campaign ci-2026-11-22-1a2b3c4 --wait 15m || exit $?
      lm gate --campaign ci-2026-11-22-1a2b3c4 --format markdown --out comment.md \\
              --format junit --out junit.xml --format sarif --out lm.sarif
    """
    wanted = wanted_documents(formats, targets, configuration=config_directory, matrix=matrix)
    if as_json and wanted.takes_stdout:
        raise click.UsageError("--json and a document on standard output: give it an --out FILE")
    bucket = CampaignBucket(S3ObjectStore.from_environment(os.environ))
    return tell_standing(bucket, campaign, wait_s=wait_s, as_json=as_json, wanted=wanted)


def tell_standing(
    bucket: CampaignBucket,
    campaign: str,
    *,
    wait_s: float,
    as_json: bool,
    wanted: WantedDocuments = NO_DOCUMENTS,
) -> int:
    """Wait for a campaign's verdict, tell it, and return the exit code that it means."""
    console = Console(stderr=True)
    with console.status(f"waiting for the verdict of {campaign}") as status:
        show = status.update if console.is_terminal else _say_once()
        found = wait_for_standing(bucket, campaign, wait_s=wait_s, report=show)
    if found.verdict is None:
        return _tell_unjudged(bucket, found, wanted, as_json=as_json)
    quarantined = found.delivery.quarantined
    subject = gate_material(bucket, found.verdict, wanted, quarantined=quarantined)
    if as_json:
        document = {**standing_document(found), "gate": known_document(subject)}
        click.echo(msgspec.json.encode(document, order="sorted").decode())
    elif not wanted.takes_stdout:
        _print(subject)
    write_documents(subject, wanted)
    return subject.remaining.exit_code


def standing_document(found: Standing) -> dict[str, object]:
    """Return the one JSON document that a standing is: the verdict, where there is one."""
    about = {"campaign": found.campaign, "state": found.state.value}
    if found.verdict is None:
        return {**about, "reason": found.reason, "exit_code": int(_code_of(found))}
    document: dict[str, object] = msgspec.to_builtins(found.verdict)
    return {**document, **about, "quarantined": dict(found.delivery.quarantined)}


def _tell_unjudged(
    bucket: CampaignBucket, found: Standing, wanted: WantedDocuments, *, as_json: bool
) -> int:
    code = _code_of(found)
    if as_json:
        click.echo(msgspec.json.encode(standing_document(found), order="sorted").decode())
    subject = unjudged(
        bucket,
        found.campaign,
        wanted,
        state="not judged yet" if code is ExitCode.NOT_JUDGED else "nothing landed",
        reason=found.reason,
        exit_code=code,
    )
    write_documents(subject, wanted)
    if code is ExitCode.DATA_FAULT and not as_json:
        raise DataFaultError(f"campaign {found.campaign!r} has no verdict: {found.reason}")
    if code is ExitCode.NOT_JUDGED:
        text = f"campaign {found.campaign!r} is not judged yet: {found.reason}"
        click.echo(f"lm: {text}; --wait 15m waits for it", err=True)
    return code


def _code_of(found: Standing) -> ExitCode:
    return ExitCode.DATA_FAULT if found.state is State.ABSENT else ExitCode.NOT_JUDGED


def _print(subject: GateMaterial) -> None:
    print_known_verdict(Console(), subject)
    if refused := subject.quarantine_phrase:
        click.echo(f"  {printable(refused)}")


def _say_once() -> Callable[[str], None]:
    """Return what prints a line of progress where the reason is another one than before."""
    last = [""]

    def say(text: str) -> None:
        reason = text.partition(": ")[2]
        if reason != last[0]:
            click.echo(text.strip(), err=True)
            last[0] = reason

    return say
