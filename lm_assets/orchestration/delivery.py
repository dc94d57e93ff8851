"""Delivery of messages: each to each channel once, the record made only after success."""

import hashlib
import json
from collections.abc import Iterable, Mapping

from lm_assets.gateways.http.notifier import DeliveryError, Notifier
from lm_assets.gateways.warehouse import Warehouse

NOT_DELIVERED = "not delivered"


def undelivered(outcome: Mapping[str, str]) -> list[str]:
    """Return the channels that have not taken a message, with why."""
    return [f"{channel} {said}" for channel, said in outcome.items() if NOT_DELIVERED in said]


def deliver_once(
    notice: Mapping[str, Mapping[str, object]],
    *,
    campaign: str,
    notifiers: Iterable[Notifier],
    warehouse: Warehouse,
) -> dict[str, str]:
    """Send a message to every configured channel that has not had it; return what became of each.

    A repeat sends nothing again. A run killed between a delivery and its record sends that one
    message twice; nothing short of the receiver's help can rule that out, and so the digest goes
    with the message for it to see. A channel that does not take it keeps no other from it, and is
    tried again when this is called again.
    """
    outcome: dict[str, str] = {}
    for notifier in notifiers:
        message = notice[notifier.channel]
        digest = hashlib.sha256(json.dumps(message, sort_keys=True).encode()).hexdigest()
        if warehouse.was_delivered(campaign, notifier.channel, digest):
            outcome[notifier.channel] = "delivered before"
            continue
        try:
            notifier.send(message)
        except DeliveryError as error:
            outcome[notifier.channel] = f"{NOT_DELIVERED}: {error}"
            continue
        warehouse.record_delivery(campaign, notifier.channel, digest)
        outcome[notifier.channel] = "delivered"
    return outcome
