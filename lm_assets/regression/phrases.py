"""Changes in words, for the messages of findings."""

import math


def change_phrase(change: float | None, unit: str) -> str:
    """Return a change with its unit, such as ``+31.2 %`` or ``-4.1 points``."""
    if change is None or not math.isfinite(change):
        return "by an unknown amount"
    return f"{100.0 * change:+.1f} %" if unit == "relative" else f"{change:+.2f} {unit}"


def metric_phrase(
    metric: str, change: float | None, interval: tuple[float, float] | None, unit: str
) -> str:
    """Return a metric with its change, such as ``duration_s +31.2 % [25.0, 38.1]``."""
    words = f"{metric} {change_phrase(change, unit)}"
    if interval is None:
        return words
    factor = 100.0 if unit == "relative" else 1.0
    return f"{words} [{factor * interval[0]:.1f}, {factor * interval[1]:.1f}]"
