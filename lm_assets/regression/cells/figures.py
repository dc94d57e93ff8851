"""Figures as they are stored: what is not defined is None, never NaN."""

import math


def defined(value: float) -> float | None:
    """Return a finite value, else None."""
    return value if math.isfinite(value) else None


def interval(low: float, high: float) -> tuple[float, float] | None:
    """Return an interval with finite ends, else None."""
    return (low, high) if math.isfinite(low) and math.isfinite(high) else None
