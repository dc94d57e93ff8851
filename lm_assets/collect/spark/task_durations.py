"""Durations of an application's tasks, held compactly, and their quantiles."""

import math
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field

DEFAULT_EXACT_UP_TO = 5_000_000
# A bin's middle is within 0.5 % of everything in the bin.
_BIN_GROWTH = 1.01
_LONGEST_MS = 2**31 - 1
_LOG_BIN_GROWTH = math.log(_BIN_GROWTH)


@dataclass(slots=True)
class TaskDurations:
    """Whole-millisecond task durations of one application.

    Quantiles are exact (linear interpolation between order statistics, Hyndman and Fan's type 7)
    up to ``exact_up_to`` tasks, at 4 bytes a task. Beyond, durations are counted in bins 1 % wide
    and a quantile is within 0.5 % of an order statistic, in constant memory; ``is_exact`` says so.
    """

    exact_up_to: int = DEFAULT_EXACT_UP_TO
    _exact: "array[int]" = field(default_factory=lambda: array("i"))
    _bins: dict[int, int] = field(default_factory=dict)
    _sorted: bool = False

    def add(self, duration_ms: int) -> None:
        """Count one task; a duration below zero (a clock set back) counts as zero."""
        if not 0 <= duration_ms <= _LONGEST_MS:
            duration_ms = 0 if duration_ms < 0 else _LONGEST_MS
        if self._bins:
            self._count_in_bin(duration_ms)
            return
        self._exact.append(duration_ms)
        self._sorted = False
        if len(self._exact) > self.exact_up_to:
            self._move_to_bins()

    def extend(self, durations_ms: Iterable[int]) -> None:
        """Count several tasks."""
        for duration_ms in durations_ms:
            self.add(duration_ms)

    def __len__(self) -> int:
        return len(self._exact) + sum(self._bins.values())

    @property
    def is_exact(self) -> bool:
        """Whether every duration is still held by itself."""
        return not self._bins

    def quantile_ms(self, q: float) -> float | None:
        """Return the q-th quantile in ms, or None where no task was counted."""
        if not 0.0 <= q <= 1.0:
            raise ValueError(f"q must lie in [0, 1], got {q!r}")
        if self._bins:
            return self._binned_quantile(q)
        return self._exact_quantile(q) if self._exact else None

    def _exact_quantile(self, q: float) -> float:
        if not self._sorted:
            self._exact = array("i", sorted(self._exact))
            self._sorted = True
        last = len(self._exact) - 1
        position = q * last
        below = int(position)
        low, high = self._exact[below], self._exact[min(below + 1, last)]
        return low + (high - low) * (position - below)

    def _binned_quantile(self, q: float) -> float:
        rank = q * (len(self) - 1)
        seen = 0
        for index in sorted(self._bins):
            seen += self._bins[index]
            if seen > rank:
                break
        return 0.0 if index < 0 else math.exp((index + 0.5) * _LOG_BIN_GROWTH)

    def _move_to_bins(self) -> None:
        for duration_ms in self._exact:
            self._count_in_bin(duration_ms)
        self._exact = array("i")

    def _count_in_bin(self, duration_ms: int) -> None:
        index = int(math.log(duration_ms) / _LOG_BIN_GROWTH) if duration_ms else -1
        self._bins[index] = self._bins.get(index, 0) + 1
