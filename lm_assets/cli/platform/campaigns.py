"""``lm campaigns`` and ``lm quarantine``: what has landed, how it stands, and what was refused."""

import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import click
import msgspec
from rich.table import Table

from lm_assets.cli.exit_codes import ExitCode
from lm_assets.cli.options import json_option
from lm_assets.cli.platform.standing import State, standing
from lm_assets.cli.terminal_text import literal, print_whole, printable, wide_console
from lm_assets.cli.verdict_table import STYLES
from lm_assets.gateways.bucket import object_keys
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.clock import SystemClock
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.model.campaign import confirmed_campaign
from lm_assets.model.errors import LmError
from lm_assets.model.verdict import Verdict
from lm_assets.regression.verdict.own_baseline import is_own_baseline
from lm_assets.reports.phrases import SELF_COMPARED

_AT_ONCE = 16
_HEADINGS = ("campaign", "verdict", "stage", "age", "runs", "quarantined")


@click.command()
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="At most.")
@json_option
def campaigns(limit: int, as_json: bool) -> None:
    """List the campaigns, the latest first: verdict, stage, age, load runs, what was refused.

    The latest is the one whose load runs ended last, whenever it was judged; of one without runs
    what counts is when it landed. A campaign that is not judged as it was delivered is `waiting`,
    one whose baselines are made from it is `compared with itself`.

    \b
    Example:
      lm campaigns --limit 5
    """
    bucket = CampaignBucket(S3ObjectStore.from_environment(os.environ))
    now = SystemClock().now()
    latest = sorted(_ended(bucket).items(), key=lambda item: (item[1], item[0]), reverse=True)
    rows = [_row(bucket, name, ended, now) for name, ended in latest[:limit]]
    if as_json:
        document = {"campaigns": rows, "more": max(len(latest) - limit, 0)}
        click.echo(msgspec.json.encode(document).decode())
        return
    if not rows:
        click.echo("no campaign has landed: lm submit FOLDER --campaign ID delivers one")
        return
    table = Table(box=None, header_style="bold")
    for heading in _HEADINGS:
        is_number = heading in ("age", "runs", "quarantined")
        table.add_column(heading, justify="right" if is_number else "left", no_wrap=True)
    for row in rows:
        verdict = str(row["verdict"])
        style = STYLES[Verdict(verdict)] if verdict in set(Verdict) else "dim"
        if row["is_own_baseline"]:
            style, verdict = "dim", SELF_COMPARED
        table.add_row(
            literal(str(row["campaign"])),
            f"[{style}]{verdict}[/]",
            str(row["stage"] or ""),
            f"{row['age_days']} d",
            "" if row["runs"] is None else str(row["runs"]),
            str(row["quarantined"]),
        )
    print_whole(wide_console(), table)
    if len(latest) > limit:
        click.echo(f"… and {len(latest) - limit} more: --limit")


@click.command()
@click.argument("campaign")
@json_option
def quarantine(campaign: str, as_json: bool) -> int:
    """List what was refused of a campaign, each line and object with the rule it breaks.

    docs/input.md says what to do about each rule. The refused lines themselves lie in the bucket
    under quarantine/CAMPAIGN/.

    \b
    Exit codes: 0 nothing was refused, 4 something was.

    \b
    Example:
      lm quarantine nightly-2026-11-22-1a2b3c4
    """
    if object_keys.campaign_of(f"incoming/{campaign}/") is None:
        raise LmError(f"{campaign!r} can be no campaign id: lm campaigns lists those there are")
    bucket = CampaignBucket(S3ObjectStore.from_environment(os.environ))
    refused = bucket.quarantine(campaign)
    if not refused and not bucket.landed(campaign) and bucket.facts(campaign) is None:
        raise LmError(f"nothing of {campaign} has landed: lm campaigns lists what has")
    if as_json:
        lines = [
            {"key": r.key, "line": r.line, "rule": r.rule, "detail": r.detail} for r in refused
        ]
        document = {"campaign": campaign, "quarantined": lines}
        click.echo(msgspec.json.encode(document).decode())
    else:
        for r in refused:
            where = r.key if r.line is None else f"{r.key} line {r.line}"
            click.echo(printable(f"{where}: {r.rule}: {r.detail}"))
        rules = Counter(r.rule for r in refused)
        counts = ", ".join(f"{n} × {rule}" for rule, n in rules.most_common())
        click.echo(f"{campaign}: {len(refused)} refused{f': {counts}' if counts else ''}", err=True)
    return ExitCode.DATA_FAULT if refused else ExitCode.OK


def _ended(bucket: CampaignBucket) -> dict[str, datetime]:
    """Return every campaign that landed or was judged, and when it ran, or else landed."""
    landed: dict[str, datetime] = {}
    for prefix in (object_keys.AGGREGATED, object_keys.INCOMING):
        for item in bucket.store.list(prefix):
            name = object_keys.campaign_of(item.key)
            if name is not None and confirmed_campaign(name) is None:
                landed[name] = max(item.last_modified, landed.get(name, item.last_modified))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        facts = dict(zip(landed, pool.map(bucket.facts, landed), strict=True))
    return {
        name: (None if (known := facts[name]) is None else known.ended_at or known.started_at) or at
        for name, at in landed.items()
    }


def _row(
    bucket: CampaignBucket, campaign: str, ended: datetime, now: datetime
) -> dict[str, object]:
    found, facts = standing(bucket, campaign), bucket.facts(campaign)
    verdict = found.verdict
    return {
        "campaign": campaign,
        "verdict": found.state.value if verdict is None else verdict.verdict.value,
        "is_own_baseline": verdict is not None and is_own_baseline(verdict),
        "is_judged": found.state is State.JUDGED,
        "stage": None if verdict is None else verdict.stage,
        "age_days": (now - ended).days,
        "runs": None if facts is None else facts.runs,
        "quarantined": sum(found.delivery.quarantined.values()),
    }
