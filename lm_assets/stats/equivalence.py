"""Shown equivalent, not merely not shown different: two one-sided tests (TOST)."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from lm_assets.stats.state import StateArray
from lm_assets.stats.validation import BoolArray, FloatArray, open_fraction
from lm_assets.stats.welch import MeanComparison


@dataclass(frozen=True, kw_only=True, slots=True)
class Equivalence:
    """Whether each cell is shown to lie within the margins; arrays of shape (cells,).

    ``p`` is the larger of ``p_lower`` (against a difference at or below the lower margin) and
    ``p_upper``; NaN where the comparison has no standard error (``state`` is not ``OK``).
    """

    p: FloatArray
    p_lower: FloatArray
    p_upper: FloatArray
    state: StateArray

    def is_equivalent(self, *, alpha: float = 0.05) -> BoolArray:
        """Tell where equivalence is shown at ``alpha``; false where it is not defined."""
        open_fraction("alpha", alpha)
        return np.nan_to_num(self.p, nan=1.0) < alpha


def ratio_margins(relative: float) -> tuple[float, float]:
    """Return the log margins of a change within ±``relative``: log(1 − r) and log(1 + r).

    Examples
    --------
    >>> low, high = ratio_margins(0.20)
    >>> round(low, 4), round(high, 4)
    (-0.2231, 0.1823)
    """
    open_fraction("relative", relative)
    return math.log1p(-relative), math.log1p(relative)


def equivalence_of(
    comparison: MeanComparison, *, lower: npt.ArrayLike, upper: npt.ArrayLike
) -> Equivalence:
    """Return the two one-sided tests of every cell's difference against the margins.

    Parameters
    ----------
    comparison : MeanComparison, shape (cells,)
        By Welch, moderated or against a prediction; the standard error and the degrees of freedom
        are its own.
    lower, upper : float or array, shape (cells,)
        Margins in the unit of the moments: points, or log ratios from `ratio_margins`.

    Returns
    -------
    Equivalence

    Raises
    ------
    ValueError
        When ``lower`` is not below ``upper``.

    Notes
    -----
    Equivalent at 5 % exactly where the 90 % interval of the difference lies within the margins.
    A wide interval is never equivalent: absence of evidence is not evidence of absence.

    References
    ----------
    Schuirmann (1987), "A comparison of the two one-sided tests procedure and the power approach
    for assessing the equivalence of average bioavailability".
    """
    low, high = np.asarray(lower, dtype=np.float64), np.asarray(upper, dtype=np.float64)
    if not (low < high).all():
        raise ValueError(f"lower must be below upper, got {lower!r} and {upper!r}")
    p_lower = _upper_tail((comparison.difference - low) / comparison.standard_error, comparison.df)
    p_upper = _upper_tail((high - comparison.difference) / comparison.standard_error, comparison.df)
    return Equivalence(
        p=np.maximum(p_lower, p_upper), p_lower=p_lower, p_upper=p_upper, state=comparison.state
    )


def _upper_tail(t: FloatArray, df: FloatArray) -> FloatArray:
    normal = np.isinf(df)
    tail = special.stdtr(np.where(normal, 1.0, df), -t)
    p: FloatArray = np.where(normal, special.ndtr(-t), tail)
    return p
