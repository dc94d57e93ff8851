"""``lm gate``: a judged campaign's verdict as an exit code."""

import os
import re
from collections.abc import Callable

import click
import msgspec
from rich.console import Console

from lm_assets.cli.exit_codes import ExitCode
from lm_assets.cli.options import json_option
from lm_assets.cli.platform.standing import Standing, State, wait_for_standing
from lm_assets.cli.terminal_text import printable
from lm_assets.cli.verdict_table import print_verdict
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.model.errors import DataFaultError
from lm_assets.regression.verdict.phrases import confirmation_phrase

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
@json_option
def gate(campaign: str, wait_s: float, as_json: bool) -> int:
    """End with the exit code of a campaign's verdict, for a CI step that must block.

    Reads the verdict that the platform stored (LM_S3_ENDPOINT, LM_S3_BUCKET, AWS_*). It must be of
    exactly what lies under incoming/ now, with its four reports; else the campaign is not judged
    yet, and the exit code is 5.

    \b
    Exit codes: 0 ok, 2 regression, 3 inconclusive, suspected or not run, 4 data fault,
    5 not judged yet.

    \b
    Example:
      lm gate --campaign ci-2026-11-22-1a2b3c4 --wait 15m || exit $?
    """
    bucket = CampaignBucket(S3ObjectStore.from_environment(os.environ))
    return tell_standing(bucket, campaign, wait_s=wait_s, as_json=as_json)


def tell_standing(bucket: CampaignBucket, campaign: str, *, wait_s: float, as_json: bool) -> int:
    """Wait for a campaign's verdict, print it, and return the exit code that it means."""
    console = Console(stderr=True)
    with console.status(f"waiting for the verdict of {campaign}") as status:
        show = status.update if console.is_terminal else _say_once()
        found = wait_for_standing(bucket, campaign, wait_s=wait_s, report=show)
    if as_json:
        click.echo(msgspec.json.encode(standing_document(found), order="sorted").decode())
    elif found.verdict is not None:
        _print(found)
    if found.verdict is not None:
        return found.verdict.exit_code
    if found.state is State.ABSENT:
        if as_json:
            return ExitCode.DATA_FAULT
        raise DataFaultError(f"campaign {campaign!r} has no verdict: {found.reason}")
    click.echo(
        f"lm: campaign {campaign!r} is not judged yet: {found.reason}; --wait 15m waits for it",
        err=True,
    )
    return ExitCode.NOT_JUDGED


def standing_document(found: Standing) -> dict[str, object]:
    """Return the one JSON document that a standing is: the verdict, where there is one."""
    about = {"campaign": found.campaign, "state": found.state.value}
    if found.verdict is None:
        code = ExitCode.DATA_FAULT if found.state is State.ABSENT else ExitCode.NOT_JUDGED
        return {**about, "reason": found.reason, "exit_code": int(code)}
    document: dict[str, object] = msgspec.to_builtins(found.verdict)
    return {**document, **about, "quarantined": dict(found.delivery.quarantined)}


def _print(found: Standing) -> None:
    assert found.verdict is not None
    print_verdict(Console(), found.verdict)
    if refused := found.delivery.quarantined:
        rules = ", ".join(f"{n} × {printable(rule)}" for rule, n in refused.items())
        click.echo(f"  quarantined: {rules}; lm quarantine {found.campaign} says why")
    if confirmation := confirmation_phrase(found.verdict):
        click.echo(f"  {confirmation}")


def _say_once() -> Callable[[str], None]:
    """Return what prints a line of progress where the reason is another one than before."""
    last = [""]

    def say(text: str) -> None:
        reason = text.partition(": ")[2]
        if reason != last[0]:
            click.echo(text.strip(), err=True)
            last[0] = reason

    return say
