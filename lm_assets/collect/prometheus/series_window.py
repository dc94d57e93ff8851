"""What a sampled series did within a window of time."""

from bisect import bisect_right
from dataclasses import dataclass

from lm_assets.gateways.http.prometheus import Series


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """A counter's growth from the sample before to the sample at ``at_s``."""

    at_s: float
    by: float


def integral(series: Series, *, start_s: float, until_s: float) -> float:
    """Return value × seconds under a gauge's samples, by trapezoids clipped to the window."""
    total = 0.0
    for index in range(1, len(series.times_s)):
        left, right = series.times_s[index - 1], series.times_s[index]
        low, high = max(left, start_s), min(right, until_s)
        if low >= high:
            continue
        slope = (series.values[index] - series.values[index - 1]) / (right - left)
        at_low = series.values[index - 1] + slope * (low - left)
        at_high = series.values[index - 1] + slope * (high - left)
        total += (at_low + at_high) / 2.0 * (high - low)
    return total


def values_within(series: Series, *, start_s: float, until_s: float) -> tuple[float, ...]:
    """Return the values after ``start_s`` up to ``until_s``."""
    first = bisect_right(series.times_s, start_s)
    return series.values[first : bisect_right(series.times_s, until_s)]


def value_at(series: Series, at_s: float) -> float | None:
    """Return the last value at or before an instant, None before the first."""
    index = bisect_right(series.times_s, at_s)
    return series.values[index - 1] if index else None
