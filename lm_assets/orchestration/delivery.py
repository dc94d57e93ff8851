"""Delivery of messages: each to each channel once, the record made only after success."""

import hashlib
import json
from collections.abc import Iterable, Mapping

from lm_assets.gateways.http.notifier import Notifier
from lm_assets.gateways.warehouse import Warehouse


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
    with the message for it to see.

    Raises
    ------
    DeliveryError
        When a channel does not take the message; those before it stay recorded.
    """
    outcome: dict[str, str] = {}
    for notifier in notifiers:
        message = notice[notifier.channel]
        digest = hashlib.sha256(json.dumps(message, sort_keys=True).encode()).hexdigest()
        if warehouse.was_delivered(campaign, notifier.channel, digest):
            outcome[notifier.channel] = "delivered before"
            continue
        notifier.send(message)
        warehouse.record_delivery(campaign, notifier.channel, digest)
        outcome[notifier.channel] = "delivered"
    return outcome
