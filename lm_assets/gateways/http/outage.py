"""A server that is out of reach is not asked again by everyone who would wait for it in vain."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(kw_only=True, slots=True)
class OutageMemory:
    """Remembers that a server did not answer; safe to be shared by threads.

    After ``tolerated`` calls in a row without an answer, or as many as took ``tolerated_s``
    together, no call is made for ``pause_s``; then one is let through to see. A server that hangs
    for minutes a call would hold a campaign of a thousand runs for days without this.
    """

    tolerated: int = 10
    tolerated_s: float = 600.0
    pause_s: float = 30.0
    monotonic_s: Callable[[], float] = time.monotonic
    _in_a_row: int = 0
    _spent_s: float = 0.0
    _last: str = ""
    _asked_again_s: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def reason_not_to_ask(self) -> str | None:
        """Return why the server is not asked now, or None where it may be."""
        with self._lock:
            if self._in_a_row < self.tolerated and self._spent_s < self.tolerated_s:
                return None
            now_s = self.monotonic_s()
            if now_s >= self._asked_again_s:
                self._asked_again_s = now_s + self.pause_s
                return None
            calls = f"{self._in_a_row} calls in a row had no answer"
            return f"not asked: {calls}, the last {self._last}"

    def no_answer(self, fault: str, spent_s: float = 0.0) -> None:
        """Remember a call that had no answer, and how long it was waited for."""
        with self._lock:
            self._in_a_row += 1
            self._spent_s += spent_s
            self._last = fault
            self._asked_again_s = self.monotonic_s() + self.pause_s

    def answered(self) -> None:
        """Forget the outage: the server answers."""
        with self._lock:
            self._in_a_row, self._spent_s = 0, 0.0
