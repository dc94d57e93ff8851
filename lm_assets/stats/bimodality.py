"""Does a sample come from two modes, such as two node types? A clustering test on one dimension."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lm_assets.stats.state import State
from lm_assets.stats.validation import FloatArray, finite_vector

MIN_VALUES = 10
"""Below ten values, two modes and one wide one look alike."""

MIN_SEPARATION = 2.0
"""Ashman's D: below 2 the sum of two normal modes hardly shows a dip between them."""

_SMALLEST_SHARE = 0.2

# n and the 99 % quantile, on normal noise, of the statistic of `detect_two_modes`; printed by
# benchmarks/stats_thresholds.py.
_THRESHOLDS = (
    (10, 10.357),
    (11, 8.488),
    (12, 7.624),
    (13, 7.176),
    (15, 6.108),
    (17, 5.538),
    (20, 4.847),
    (25, 4.213),
    (30, 3.861),
    (40, 3.391),
    (50, 3.099),
    (70, 2.803),
    (100, 2.589),
    (200, 2.275),
    (500, 2.059),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class TwoModes:
    """The best division of a sample into a lower and an upper group.

    ``statistic`` is the sum of squares between the groups over that within, ``threshold`` what one
    normal mode exceeds in 1 % of samples. ``separation`` is Ashman's D, √2 (difference of means) /
    √(sum of variances). ``is_bimodal`` holds when both are reached. Means are in the unit of the
    values. Figures are NaN where ``state`` is ``INSUFFICIENT_DATA``.
    """

    n: int
    is_bimodal: bool
    lower_mean: float
    upper_mean: float
    n_lower: int
    n_upper: int
    split_value: float
    statistic: float
    threshold: float
    separation: float
    state: State


def detect_two_modes(values: npt.ArrayLike) -> TwoModes:
    """Return whether a sample shows two modes, and where it divides.

    Parameters
    ----------
    values : array, shape (runs,)
        Order does not matter. Give logarithms of ``ratio`` metrics: skew is read as two modes.

    Returns
    -------
    TwoModes
        ``INSUFFICIENT_DATA`` below `MIN_VALUES` values.

    Raises
    ------
    ValueError
        When a value is not finite.

    Notes
    -----
    Both groups hold a fifth of the values at least, so that one or two outliers are no mode. The
    statistic is compared with its law on one normal mode. Its power is small: at n = 10 the modes
    must lie about 8 standard deviations apart, at n = 30 about 4.5. "Not bimodal" means not shown.
    A constant sample has one mode.

    References
    ----------
    Engelman, Hartigan (1969), "Percentage Points of a Test for Clusters", JASA 64; Ashman, Bird,
    Zepf (1994), "Detecting bimodality in astronomical datasets", AJ 108.

    Examples
    --------
    Runs on two kinds of nodes:

    >>> runs = [10.1, 10.3, 9.9, 10.0, 10.2, 14.9, 15.1, 15.0, 15.2, 14.8]
    >>> modes = detect_two_modes(runs)
    >>> modes.is_bimodal, round(modes.lower_mean, 2), round(modes.upper_mean, 2)
    (True, 10.1, 15.0)
    """
    ascending = np.sort(finite_vector("values", values))
    n = ascending.size
    if n < MIN_VALUES:
        return _undefined(n, State.INSUFFICIENT_DATA)
    if ascending[0] == ascending[-1]:
        return _undefined(n, State.ZERO_VARIANCE)
    statistics, first = division_statistics(ascending)
    best = int(statistics.argmax())
    lower, upper = ascending[: first + best], ascending[first + best :]
    within = math.sqrt(float(lower.var(ddof=1) + upper.var(ddof=1)))
    gap = float(upper.mean() - lower.mean())
    separation = math.sqrt(2.0) * gap / within if within > 0.0 else math.inf
    threshold = mode_threshold(n)
    return TwoModes(
        n=n,
        is_bimodal=bool(statistics[best] >= threshold and separation >= MIN_SEPARATION),
        lower_mean=float(lower.mean()),
        upper_mean=float(upper.mean()),
        n_lower=lower.size,
        n_upper=upper.size,
        split_value=float((lower[-1] + upper[0]) / 2.0),
        statistic=float(statistics[best]),
        threshold=threshold,
        separation=separation,
        state=State.OK,
    )


def division_statistics(ascending: FloatArray) -> tuple[FloatArray, int]:
    """Return between over within sum of squares of every division, and the first group's size.

    Only divisions that leave a fifth of the sorted values, and two at least, on both sides.
    """
    n = ascending.size
    smallest = max(2, math.ceil(_SMALLEST_SHARE * n))
    sizes = np.arange(smallest, n - smallest + 1)
    centered = ascending - ascending.mean()
    lower_sums = np.cumsum(centered)[sizes - 1]
    between = lower_sums**2 * n / (sizes * (n - sizes))
    within = np.maximum(float(np.sum(centered**2)) - between, 0.0)
    ratio = np.divide(between, within, out=np.full(between.shape, np.inf), where=within > 0.0)
    return ratio, smallest


def mode_threshold(n: int) -> float:
    """Return what the statistic must reach at ``n`` values: interpolated over log n."""
    lengths, thresholds = zip(*_THRESHOLDS, strict=True)
    return float(np.interp(math.log(n), np.log(lengths), thresholds))


def _undefined(n: int, state: State) -> TwoModes:
    nan = math.nan
    return TwoModes(
        n=n,
        is_bimodal=False,
        lower_mean=nan,
        upper_mean=nan,
        n_lower=0,
        n_upper=0,
        split_value=nan,
        statistic=nan,
        threshold=nan,
        separation=nan,
        state=state,
    )
