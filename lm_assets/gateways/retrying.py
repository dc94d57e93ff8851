"""Bounded retries with back-off: the arithmetic, and the loop around one call."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryPolicy:
    """How often a call is tried and how long is waited in between.

    The wait doubles from ``first_delay_s`` up to ``longest_delay_s``. The default gives an
    outage about 24 seconds to end: a server that is restarted is back by then.
    """

    attempts: int = 8
    first_delay_s: float = 0.25
    longest_delay_s: float = 8.0
    sleep: Callable[[float], None] = time.sleep

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise ValueError(f"attempts must be 1 or more, got {self.attempts!r}")

    def delays_s(self) -> Iterator[float]:
        """Give the wait before each attempt after the first, in seconds."""
        for retry in range(self.attempts - 1):
            yield min(self.first_delay_s * 2**retry, self.longest_delay_s)

    def run(self, call: Callable[[], T], *, is_transient: Callable[[Exception], bool]) -> T:
        """Return what the call returns, trying again while its errors are transient.

        The last error is raised as it is, and so is the first one that is not transient.
        """
        for delay_s in self.delays_s():
            try:
                return call()
            except Exception as error:
                if not is_transient(error):
                    raise
            self.sleep(delay_s)
        return call()


NO_RETRY = RetryPolicy(attempts=1)
