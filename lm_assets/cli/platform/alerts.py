"""``lm alerts``: what is wrong, who has it, and what people say of it."""

import json
import os
import shlex
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.table import Table

from lm_assets.alerts.telling import alert_json, event_json
from lm_assets.alerts.wording import change_phrase, signed_change, subject
from lm_assets.cli.options import config_option, json_option
from lm_assets.cli.terminal_text import literal, print_whole, printable
from lm_assets.gateways.configuration import read_yaml_as
from lm_assets.gateways.http.notifier import notifiers_from_environment
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.gateways.warehouse import Warehouse
from lm_assets.gateways.warehouse.alerts import alerts as stored_alerts
from lm_assets.gateways.warehouse.alerts import events_of
from lm_assets.model.alert import Alert, AlertEventKind, Resolution, StoredEvent
from lm_assets.model.campaign import Stage
from lm_assets.model.policy import RegressionPolicy
from lm_assets.triage.keeping import Stores
from lm_assets.triage.saying import Word, named_alert, say

F = TypeVar("F", bound=Callable[..., Any])
Kind = AlertEventKind

_REASONS_TO_DISMISS = (Resolution.NOISE, Resolution.ENVIRONMENT, Resolution.DUPLICATE)


@click.group()
def alerts() -> None:
    """See alerts, and say who has them and what becomes of them.

    An alert is one cause, however many cells and campaigns show it. ALERT is its id, or the
    beginning of it, as messages and lists show it. Every word of people is kept with who and why.
    """


@alerts.command("list")
@click.option(
    "--stage",
    "stages",
    multiple=True,
    type=click.Choice([s.value for s in Stage]),
    help="Only this stage; may be repeated.",
)
@click.option("--all", "with_ended", is_flag=True, help="Also those that have ended.")
@json_option
def list_(stages: tuple[str, ...], with_ended: bool, as_json: bool) -> None:
    """List the alerts that are open or acknowledged, the newest first.

    \b
    Example:
      lm alerts list --stage nightly
    """
    with Warehouse.from_environment(os.environ) as opened:
        found = stored_alerts(opened, stages=stages or None, is_live=None if with_ended else True)
    if as_json:
        click.echo(json.dumps({"alerts": [alert_json(alert) for alert in found]}))
        return
    if not found:
        click.echo("no alert is live" if not with_ended else "there has been no alert yet")
        return
    print_whole(Console(), _table(found))


@alerts.command()
@click.argument("alert")
@json_option
def show(alert: str, as_json: bool) -> None:
    """Show one alert and everything that happened to it.

    \b
    Example:
      lm alerts show 3f9a1c
    """
    with Warehouse.from_environment(os.environ) as opened:
        found = named_alert(opened, alert)
        events = events_of(opened, found.alert_id)
    if as_json:
        document = {"alert": alert_json(found), "events": [event_json(e) for e in events]}
        click.echo(json.dumps(document))
        return
    causes = [cause for e in events if (cause := event_json(e)["likely_cause"])]
    for name, value in {**alert_json(found), "likely_cause": (causes or [""])[-1]}.items():
        if value not in (None, [], {}, ""):
            click.echo(f"{name:20} {printable(_short(value))}")
    table = Table("when (UTC)", "what", "change", "state", "who", "why", "campaign")
    for event in events:
        cells = (_change(event), event.to_state, event.by, event.reason, event.campaign)
        table.add_row(
            f"{event.at:%Y-%m-%d %H:%M}", event.event, *(literal(text or "") for text in cells)
        )
    print_whole(Console(), table)


def _change(event: StoredEvent) -> str:
    change = event.details.get("change")
    return "" if change is None else signed_change(change, event.details["change_unit"])


def _said(command: F) -> F:
    """Add what every word of people has: the alert, who, why, and what goes with it."""
    for option in reversed(
        (
            click.argument("alert"),
            click.option("--by", required=True, metavar="WHO", help="Who says so."),
            click.option("--reason", required=True, metavar="WHY", help="Why."),
            click.option("--owner", metavar="WHO", help="Who looks after it from now on."),
            click.option("--reference", metavar="TICKET", help="A ticket or pull request."),
            config_option,
            json_option,
        )
    ):
        command = option(command)
    return command


@alerts.command()
@_said
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]),
    help="When it is open again and told again (UTC).  [default: acknowledge_days from now]",
)
def ack(alert: str, until: datetime | None, **said: Any) -> None:
    """Take an alert: nothing is sent of it until the time is up or it recovers.

    What gets worse meanwhile is recorded, shown by lm alerts show, and told when the time is up;
    lm gate does not pass it as known.

    \b
    Example:
      lm alerts ack 3f9a1c --by ada@example.org --reason "bisecting" --until 2026-12-04
    """
    _say(alert, Kind.ACKNOWLEDGED, until=until and until.replace(tzinfo=UTC), **said)


@alerts.command()
@_said
def accept(alert: str, **said: Any) -> None:
    """Accept a loss as the new normal, and print the command that moves the baselines.

    The alert rests while the loss stays as it is. The baselines are moved by a reviewed change:
    the command that is printed records the loss in them as acknowledged.

    \b
    Example:
      lm alerts accept 3f9a1c --by ada@example.org --reason "price of encryption" --reference OPS-7
    """
    _say(alert, Kind.ACCEPTED, **said)


@alerts.command()
@_said
@click.option(
    "--as",
    "resolution",
    required=True,
    type=click.Choice([reason.value for reason in _REASONS_TO_DISMISS]),
    help="What it was instead.",
)
@click.option("--duplicate-of", metavar="ALERT", help="With --as duplicate: the other alert.")
def dismiss(alert: str, resolution: str, duplicate_of: str | None, **said: Any) -> None:
    """Dismiss an alert that is no regression; it rests while nothing gets worse.

    \b
    Example:
      lm alerts dismiss 3f9a1c --as environment --by ada@example.org --reason "old kernel on node 4"
    """
    if (resolution == Resolution.DUPLICATE) != bool(duplicate_of):
        raise click.UsageError("--duplicate-of goes with --as duplicate, and belongs to it")
    _say(
        alert,
        Kind.DISMISSED,
        resolution=Resolution(resolution),
        duplicate_of=duplicate_of,
        **said,
    )


@alerts.command()
@_said
def resolve(alert: str, **said: Any) -> None:
    """Say that a cause is gone; a campaign that still finds it opens the alert again.

    \b
    Example:
      lm alerts resolve 3f9a1c --by ada@example.org --reason "reverted in 1a2b3c4"
    """
    _say(alert, Kind.RESOLVED, **said)


@alerts.command()
@_said
def reopen(alert: str, **said: Any) -> None:
    """Take back what was said of an alert: it is open again.

    \b
    Example:
      lm alerts reopen 3f9a1c --by ada@example.org --reason "the fix was reverted"
    """
    _say(alert, Kind.REOPENED, **said)


def _say(
    name: str,
    says: AlertEventKind,
    *,
    by: str,
    reason: str,
    owner: str | None,
    reference: str | None,
    config_directory: Path,
    as_json: bool,
    **more: Any,
) -> None:
    policy = read_yaml_as(config_directory / "regression.yaml", RegressionPolicy)
    channels = [notifier.channel for notifier in notifiers_from_environment(os.environ)]
    word = Word(says=says, by=by, reason=reason, owner=owner, reference=reference, **more)
    with Warehouse.from_environment(os.environ) as opened:
        stage = Stage(named_alert(opened, name).stage)
        stores = Stores(objects=S3ObjectStore.from_environment(os.environ), warehouse=opened)
        alert = say(
            stores,
            name,
            word,
            policy=policy.stages[stage],
            channels=channels,
            now=datetime.now(UTC),
        )
    proposed = baseline_command(alert) if says is Kind.ACCEPTED else None
    if as_json:
        command = {} if proposed is None else {"baseline_command": proposed}
        click.echo(json.dumps({"alert": alert_json(alert), **command}))
        return
    until = f" until {alert.acknowledged_until:%Y-%m-%d %H:%M} UTC" if more.get("until") else ""
    click.echo(f"alert {alert.alert_id} is {alert.state}{until}")
    if proposed:
        click.echo("the baselines do not know of it yet; review and run:", err=True)
        click.echo(proposed)


def baseline_command(alert: Alert) -> str | None:
    """Return the command that records an accepted loss in the baselines; None without a metric."""
    seen = alert.sighting
    if not seen.metrics or not seen.combinations:
        return None
    finding = alert.reference or f"alert {alert.alert_id}"
    parts = ["lm", "baseline", "update", "--campaign", alert.last_campaign]
    for combination in seen.combinations:
        parts += ["--combination", combination]
    for metric in seen.metrics:
        parts += ["--acknowledge", f"{metric}={finding}"]
    said = ["--acknowledged-by", alert.resolved_by or "", "--reason", alert.reason or finding]
    return shlex.join([*parts, *said])


def _table(found: Sequence[Alert]) -> Table:
    table = Table("alert", "stage", "state", "what", "where", "change", "since", "who")
    for alert in found:
        row = alert_json(alert)
        seen = alert.sighting
        where = ", ".join(f"{name}={value}" for name, value in seen.where.items())
        count = len(seen.combinations)
        some = (
            seen.combinations[0] + (f" and {count - 1} more" if count > 1 else "") if count else ""
        )
        table.add_row(
            alert.alert_id,
            alert.stage,
            str(row["state"]),
            literal(subject(seen)),
            literal(where or some),
            change_phrase(seen) if seen.change is not None else "",
            f"{alert.opened_at:%Y-%m-%d %H:%M}",
            literal(alert.acknowledged_by or alert.owner or ""),
        )
    return table


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 500 else f"{text[:500]}…"
