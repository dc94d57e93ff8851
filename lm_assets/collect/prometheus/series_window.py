"""What a sampled series did within a window of time."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from lm_assets.gateways.http.prometheus import Series


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """A counter's growth from the sample before to the sample at ``at_s``."""

    at_s: float
    by: float


def counter_steps(series: Series, *, start_s: float, until_s: float) -> Iterator[Step]:
    """Yield how a counter grew, sample by sample, after ``start_s`` up to ``until_s``.

    A counter that has no sample at or before the start began within the window, at zero. A value
    below the one before is a reset: the counter grew by what it shows since. Nothing is
    extrapolated to the edges, unlike PromQL's ``increase``: three restarts are three.
    """
    first = bisect_right(series.times_s, start_s)
    last = bisect_right(series.times_s, until_s)
    before = series.values[first - 1] if first else 0.0
    for index in range(first, last):
        value = series.values[index]
        yield Step(at_s=series.times_s[index], by=value - before if value >= before else value)
        before = value


def increase(series: Series, *, start_s: float, until_s: float) -> float:
    """Return a counter's growth within the window; see :func:`counter_steps`."""
    return sum(step.by for step in counter_steps(series, start_s=start_s, until_s=until_s))


def observed(series: Series, *, start_s: float, until_s: float) -> tuple[float, float]:
    """Return a counter's growth between its samples in the window, and the seconds between them.

    Unlike :func:`increase` this leaves out what a counter grew before its first sample, so that
    growth and time belong together. The last sample at or before the start is the first.
    """
    first = max(bisect_right(series.times_s, start_s) - 1, 0)
    last = bisect_right(series.times_s, until_s)
    if last - first < 2:
        return 0.0, 0.0
    first_s = series.times_s[first]
    seconds = series.times_s[last - 1] - first_s
    return increase(series, start_s=first_s, until_s=until_s), seconds


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
