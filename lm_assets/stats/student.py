"""Student's t distribution over arrays, where degrees of freedom may be fractional or infinite."""

import numpy as np
from scipy import special

from lm_assets.stats.validation import FloatArray, open_fraction


def two_sided_p(t: FloatArray, df: FloatArray) -> FloatArray:
    """Return P(|T| ≥ |t|); NaN where either argument is NaN; the normal law where df is infinite.

    Examples
    --------
    >>> float(two_sided_p(np.array([0.0]), np.array([3.0]))[0])
    1.0
    """
    normal = np.isinf(df)
    tail = special.stdtr(np.where(normal, 1.0, df), -np.abs(t))
    p: FloatArray = 2.0 * np.where(normal, special.ndtr(-np.abs(t)), tail)
    return p


def t_of_p(p: FloatArray, df: FloatArray) -> FloatArray:
    """Return the |t| that has these two-sided p: the inverse of `two_sided_p`, for p above 0.

    Examples
    --------
    >>> round(float(t_of_p(np.array([0.05]), np.array([8.0]))[0]), 3)
    2.306
    """
    normal = np.isinf(df)
    quantile = special.stdtrit(np.where(normal, 1.0, df), p / 2.0)
    t: FloatArray = -np.where(normal, special.ndtri(p / 2.0), quantile)
    return t


def critical_t(df: FloatArray, *, confidence: float) -> FloatArray:
    """Return the half-width, in standard errors, of the two-sided interval of ``confidence``."""
    upper = 0.5 + open_fraction("confidence", confidence) / 2.0
    # Campaigns repeat few degrees of freedom, and the inverse is the costly part of an interval.
    distinct, where = np.unique(df, return_inverse=True)
    normal = np.isinf(distinct)
    quantile = special.stdtrit(np.where(normal, 1.0, distinct), upper)
    half_width: FloatArray = np.where(normal, special.ndtri(upper), quantile)[where]
    return half_width
