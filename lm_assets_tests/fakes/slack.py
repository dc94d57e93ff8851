"""Slack's incoming webhook as it really refuses: each block's limits, the total, the rate."""

import json
import time
from collections.abc import Callable
from typing import Any

from lm_assets_tests.fakes.webhook import Answer, Received, WebhookServer

# The documented limits of blocks, and the total that is enforced and documented nowhere.
MOST_BLOCKS = 50
MOST_HEADER = 150
MOST_SECTION = 3000
MOST_CONTEXT_ELEMENTS = 10
MOST_TOTAL = 13_200


def refusal(message: dict[str, Any]) -> str:
    """Return the word with which Slack refuses a message; empty where it takes it."""
    blocks = message.get("blocks", [])
    if not message.get("text") and not blocks:
        return "no_text"
    if len(blocks) > MOST_BLOCKS or not all(map(_is_valid, blocks)):
        return "invalid_blocks"
    total = len(json.dumps(blocks, ensure_ascii=False))
    return "msg_blocks_too_long" if total > MOST_TOTAL else ""


def _is_valid(block: dict[str, Any]) -> bool:
    match block:
        case {"type": "header", "text": {"type": "plain_text", "text": str(text)}}:
            return 1 <= len(text) <= MOST_HEADER
        case {"type": "section", "text": {"type": "mrkdwn", "text": str(text)}}:
            return 1 <= len(text) <= MOST_SECTION
        case {"type": "context", "elements": list(elements)}:
            is_counted = 1 <= len(elements) <= MOST_CONTEXT_ELEMENTS
            return is_counted and all(1 <= len(e["text"]) <= MOST_SECTION for e in elements)
    return False


class SlackServer(WebhookServer):
    """Takes what Slack takes, one message a second, and keeps what it took in ``shown``."""

    def __init__(
        self, *answers: Answer, clock: Callable[[], float] = time.monotonic, rate_s: float = 0.0
    ) -> None:
        super().__init__(*answers)
        self.shown: list[dict[str, Any]] = []
        self.refused: list[str] = []
        self._clock, self._rate_s, self._last_s = clock, rate_s, float("-inf")

    def _next(self, received: Received) -> Answer:
        if self._answers:
            return super()._next(received)
        self.received.append(received)
        now_s = self._clock()
        if now_s - self._last_s < self._rate_s:
            return Answer(status=429, body=b"rate_limited", headers={"Retry-After": "1"})
        message = json.loads(received.body)
        if problem := refusal(message):
            self.refused.append(problem)
            return Answer(status=400, body=problem.encode())
        self._last_s = now_s
        self.shown.append(message)
        return Answer()
