"""Figures as they are stored: what is not defined is None, never NaN."""

import math

import numpy as np

from lm_assets.stats.validation import BoolArray, FloatArray


def defined(value: float) -> float | None:
    """Return a finite value, else None."""
    return value if math.isfinite(value) else None


def interval(low: float, high: float) -> tuple[float, float] | None:
    """Return an interval with finite ends, else None."""
    return (low, high) if math.isfinite(low) and math.isfinite(high) else None


def optional(values: FloatArray, *, where: BoolArray | None = None) -> list[float | None]:
    """Return figures as they are stored: what is not defined is None."""
    is_defined = np.isfinite(values) if where is None else np.isfinite(values) & where
    kept = values.astype(object)
    kept[~is_defined] = None
    figures: list[float | None] = kept.tolist()
    return figures
