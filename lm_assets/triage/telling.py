"""Every channel told of every event that is due, once and in order, each channel on its own.

An event is recorded as told only after its channel has taken the message. A channel that does not
take it is left alone until the next time; it holds up no other channel and no campaign. Nor does a
single message that a channel refuses hold up the others: it stays pending and is tried again.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from lm_assets.alerts.slack import slack_message
from lm_assets.alerts.telling import Teller, Told
from lm_assets.alerts.webhook import webhook_message
from lm_assets.gateways.http.notifier import (
    SLACK,
    DeliveryError,
    MessageRefusedError,
    Notifier,
)
from lm_assets.gateways.warehouse import Warehouse
from lm_assets.gateways.warehouse.alerts import ChannelRows, in_turn, pending
from lm_assets.model.alert import StoredEvent
from lm_assets.triage.judged import JudgedBy, nothing_judged

_MOST_REFUSED = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """What became of a channel's messages: events told now, still to be told, and why."""

    channel: str
    told: int
    pending: int
    problem: str = ""

    def __str__(self) -> str:
        """Return it in a few words, for people."""
        if self.pending:
            return f"{self.told} told, {self.pending} pending, told later: {self.problem}"
        return f"{self.told} told"


def tell_pending(
    warehouse: Warehouse,
    notifiers: Iterable[Notifier],
    *,
    teller: Teller,
    judged: JudgedBy = nothing_judged,
) -> list[Delivery]:
    """Tell every channel what it still has to be told and return what became of it.

    Parameters
    ----------
    judged : callable, optional
        Finds a campaign by its id, for what a webhook is told of it.
    """
    return [_tell(warehouse, notifier, teller, judged) for notifier in notifiers]


def _tell(warehouse: Warehouse, notifier: Notifier, teller: Teller, judged: JudgedBy) -> Delivery:
    turn = _Turn(notifier=notifier, teller=teller, judged=judged)
    told, problem = 0, ""
    try:
        while count := in_turn(warehouse, notifier.channel, turn.tell_next):
            told += count
        if count is None:
            problem = "another run is telling this channel"
    except DeliveryError as error:
        problem = str(error)
    problem = problem or turn.problem
    left = len(pending(warehouse, notifier.channel)) if problem else 0
    return Delivery(channel=notifier.channel, told=told, pending=left, problem=problem)


@dataclass(kw_only=True, slots=True)
class _Turn:
    """One turn of telling a channel; a message that it refuses for itself waits for another."""

    notifier: Notifier
    teller: Teller
    judged: JudgedBy
    refused: set[str] = field(default_factory=set)
    refusals: int = 0  # since the last message that was taken
    problem: str = ""

    def tell_next(self, rows: ChannelRows) -> int:
        """Send the channel's next message and return of how many events it tells."""
        while group := self._next_group(rows):
            try:
                digest = self._send(group, rows)
            except MessageRefusedError as error:
                self._pass_over(group, error)
                continue
            rows.record(group, digest=digest)
            self.refusals = 0
            return len(group)
        return 0

    def _next_group(self, rows: ChannelRows) -> list[StoredEvent]:
        events = [event for event in rows.pending() if event.event_id not in self.refused]
        return _next_group(events, self.notifier.channel)

    def _send(self, group: Sequence[StoredEvent], rows: ChannelRows) -> str:
        """Send one message and return the digest of its content."""
        alerts = rows.alerts({event.alert_id for event in group})
        told = [Told(event=event, alert=alerts.get(event.alert_id)) for event in group]
        live = rows.live() if any(item.alert is None for item in told) else ()
        if self.notifier.channel == SLACK:
            message = slack_message(told, self.teller, live=live)
        else:
            campaign = group[0].campaign
            of_campaign = self.judged(campaign) if campaign else None
            message = webhook_message(told[0], self.teller, live=live, judged=of_campaign)
        self.notifier.send(message, message_id=group[0].event_id, is_patient=False)
        return hashlib.sha256(json.dumps(message, sort_keys=True).encode()).hexdigest()

    def _pass_over(self, group: Sequence[StoredEvent], error: MessageRefusedError) -> None:
        # A channel that refuses one after the other refuses all: it is left alone as any other.
        self.refusals += 1
        if self.refusals > _MOST_REFUSED:
            raise error
        self.refused.update(event.event_id for event in group)
        self.problem = str(error)


def _next_group(events: Sequence[StoredEvent], channel: str) -> list[StoredEvent]:
    """Return what goes into one message: a campaign's events for people, each alone otherwise."""
    if channel != SLACK:
        return list(events[:1])
    groups = groupby(events, key=lambda event: (event.stage, event.campaign or event.event))
    return next((list(group) for _, group in groups), [])
