"""A channel that keeps what it is sent."""

import json
from collections.abc import Mapping

from lm_assets.gateways.http.notifier import DeliveryError, MessageRefusedError


class RecordingNotifier:
    """Satisfies `Notifier`. Refuses the next ``failures`` messages, and always the ``unwanted``.

    Those are named by their type.
    """

    def __init__(self, channel: str = "slack", *, failures: int = 0) -> None:
        self.channel = channel
        self.failures = failures
        self.unwanted: set[str] = set()
        self.refused: list[str] = []
        self.sent: list[dict[str, object]] = []
        self.ids: list[str] = []

    def send(
        self, message: Mapping[str, object], *, message_id: str = "", is_patient: bool = True
    ) -> None:
        as_received = json.loads(json.dumps(message))
        if self.failures:
            self.failures -= 1
            raise DeliveryError(f"{self.channel}: refused by the test")
        if as_received.get("type") in self.unwanted:
            self.refused.append(message_id)
            raise MessageRefusedError(f"{self.channel}: answered 400 by the test")
        self.sent.append(as_received)
        self.ids.append(message_id)
