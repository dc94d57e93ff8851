"""A channel that keeps what it is sent."""

import json
from collections.abc import Mapping

from lm_assets.gateways.http.notifier import DeliveryError


class RecordingNotifier:
    """Satisfies `Notifier`. Refuses the next ``failures`` messages."""

    def __init__(self, channel: str = "slack", *, failures: int = 0) -> None:
        self.channel = channel
        self.failures = failures
        self.sent: list[dict[str, object]] = []
        self.ids: list[str] = []

    def send(
        self, message: Mapping[str, object], *, message_id: str = "", is_patient: bool = True
    ) -> None:
        as_received = json.loads(json.dumps(message))
        if self.failures:
            self.failures -= 1
            raise DeliveryError(f"{self.channel}: refused by the test")
        self.sent.append(as_received)
        self.ids.append(message_id)
