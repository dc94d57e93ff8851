"""Every channel told of every event that is due, once and in order, each channel on its own.

An event is recorded as told only after its channel has taken the message. A channel that does not
take it is left alone until the next time; it holds up no other channel and no campaign.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from lm_assets.alerts.slack import slack_message
from lm_assets.alerts.telling import Teller, Told
from lm_assets.alerts.webhook import webhook_message
from lm_assets.gateways.http.notifier import SLACK, DeliveryError, Notifier
from lm_assets.gateways.warehouse import Warehouse
from lm_assets.gateways.warehouse.alerts import ChannelRows, in_turn, pending
from lm_assets.model.alert import StoredEvent
from lm_assets.triage.judged import JudgedBy, nothing_judged


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
    told, problem = 0, ""
    try:
        while count := in_turn(
            warehouse, notifier.channel, lambda rows: _tell_next(rows, notifier, teller, judged)
        ):
            told += count
        if count is None:
            problem = "another run is telling this channel"
    except DeliveryError as error:
        problem = str(error)
    left = len(pending(warehouse, notifier.channel)) if problem else 0
    return Delivery(channel=notifier.channel, told=told, pending=left, problem=problem)


def _tell_next(rows: ChannelRows, notifier: Notifier, teller: Teller, judged: JudgedBy) -> int:
    """Send the channel's next message and return of how many events it tells."""
    group = _next_group(rows.pending(), notifier.channel)
    if not group:
        return 0
    alerts = rows.alerts({event.alert_id for event in group})
    told = [Told(event=event, alert=alerts.get(event.alert_id)) for event in group]
    live = rows.live() if any(item.alert is None for item in told) else ()
    if notifier.channel == SLACK:
        message = slack_message(told, teller, live=live)
    else:
        campaign = group[0].campaign
        of_campaign = judged(campaign) if campaign else None
        message = webhook_message(told[0], teller, live=live, judged=of_campaign)
    notifier.send(message, message_id=group[0].event_id, is_patient=False)
    content = json.dumps(message, sort_keys=True).encode()
    rows.record(group, digest=hashlib.sha256(content).hexdigest())
    return len(group)


def _next_group(events: Sequence[StoredEvent], channel: str) -> list[StoredEvent]:
    """Return what goes into one message: a campaign's events for people, each alone otherwise."""
    if channel != SLACK:
        return list(events[:1])
    groups = groupby(events, key=lambda event: (event.stage, event.campaign or event.event))
    return next((list(group) for _, group in groups), [])
