"""What a person says of an alert: checked, kept for ever in the bucket, and in force at once."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from lm_assets.alerts.statements import FROM_STATES
from lm_assets.gateways.bucket.alert_objects import write_statement
from lm_assets.gateways.warehouse import Warehouse
from lm_assets.gateways.warehouse.alerts import AlertRows, alerts_named, in_stage
from lm_assets.model.alert import Alert, AlertEventKind, Resolution, Statement
from lm_assets.model.errors import LmError
from lm_assets.model.policy import AlertPolicy, StagePolicy
from lm_assets.triage.keeping import Stores, write_rows
from lm_assets.triage.replay import current_alerts

_LONGEST_NAME = 200
_LONGEST_REASON = 2000


class AlertError(LmError):
    """What was said of an alert cannot be said of it, or there is no such alert."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    """What somebody wants to say: the step, who, why, and what goes with it."""

    says: AlertEventKind
    by: str
    reason: str
    until: datetime | None = None
    owner: str | None = None
    reference: str | None = None
    resolution: Resolution | None = None
    duplicate_of: str | None = None


def named_alert(warehouse: Warehouse, name: str) -> Alert:
    """Return the alert that an id, or the beginning of one, names.

    The id of an alert that a replay has given another one leads to that.

    Raises
    ------
    AlertError
        When there is none, or more than one.
    """
    found = alerts_named(warehouse, name) if name else []
    exact = [alert for alert in found if alert.alert_id == name]
    chosen = exact or found
    if len(chosen) > 1:
        some = ", ".join(alert.alert_id for alert in chosen[:5])
        raise AlertError(f"{name!r} is the beginning of {len(chosen)} alerts: {some}; say more")
    if not chosen:
        raise AlertError(f"there is no alert {name!r}; lm alerts list --all shows those there are")
    alert = chosen[0]
    if alert.resolution is Resolution.WITHDRAWN and alert.duplicate_of:
        return named_alert(warehouse, alert.duplicate_of)
    return alert


def say(
    stores: Stores,
    name: str,
    word: Word,
    *,
    policy: StagePolicy,
    channels: Collection[str],
    now: datetime,
) -> Alert:
    """Take down what somebody says of an alert and return the alert as it then is.

    Raises
    ------
    AlertError
        When it cannot be said: of no alert, without a name or reason, in this state, or for so
        long.
    """
    meant = named_alert(stores.warehouse, name)
    _check(word, policy.alerts, now=now)

    def unit(rows: AlertRows) -> Alert:
        moved = current_alerts(stores.objects, meant.stage, now=now, policy=policy)
        alert = next((a for a in moved.alerts if a.alert_id == meant.alert_id), None)
        statement = _statement(word, _possible(alert, meant, word), policy.alerts, now=now)
        write_statement(stores.objects, statement)
        moved = current_alerts(stores.objects, meant.stage, now=now, policy=policy)
        write_rows(rows, moved, "", policy=policy, channels=channels)
        (said,) = (a for a in moved.alerts if a.alert_id == meant.alert_id)
        if not any(event.at == statement.at and event.by == word.by for event in moved.events):
            raise AlertError(
                f"alert {said.alert_id} cannot come back: its cause has another live alert; "
                "lm alerts list shows it"
            )
        return said

    return in_stage(stores.warehouse, meant.stage, unit)


def _check(word: Word, policy: AlertPolicy, *, now: datetime) -> None:
    for what, text, longest in (
        ("--by", word.by, _LONGEST_NAME),
        ("--reason", word.reason, _LONGEST_REASON),
    ):
        if not text.strip() or len(text) > longest:
            raise AlertError(f"{what} must say something in at most {longest} characters")
    if word.until is None:
        return
    longest_days = policy.longest_acknowledgement_days
    if not now < word.until <= now + timedelta(days=longest_days):
        raise AlertError(
            f"--until must lie ahead, and by at most {longest_days} days "
            f"(longest_acknowledgement_days), got {word.until:%Y-%m-%d %H:%M} UTC"
        )


def _possible(alert: Alert | None, meant: Alert, word: Word) -> Alert:
    if alert is None:
        raise AlertError(
            f"alert {meant.alert_id} has ended ({meant.resolution or meant.state}) too long ago; "
            "if its cause is back, the next campaign opens another"
        )
    if alert.state not in FROM_STATES[word.says]:
        possible = ", ".join(sorted(FROM_STATES[word.says]))
        raise AlertError(
            f"alert {alert.alert_id} is {alert.state} and cannot be {word.says}: "
            f"only what is {possible} can"
        )
    return alert


def _statement(word: Word, alert: Alert, policy: AlertPolicy, *, now: datetime) -> Statement:
    is_acknowledgement = word.says is AlertEventKind.ACKNOWLEDGED
    until = word.until or now + timedelta(days=policy.acknowledge_days)
    return Statement(
        statement_id=uuid.uuid4().hex[:16],
        stage=alert.stage,
        alert_id=alert.alert_id,
        fingerprint=alert.fingerprint,
        at=now,
        says=word.says,
        by=word.by.strip(),
        reason=word.reason.strip(),
        until=until if is_acknowledgement else None,
        owner=word.owner,
        reference=word.reference,
        resolution=word.resolution,
        duplicate_of=word.duplicate_of,
    )
