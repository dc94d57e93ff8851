"""Is a series drifting, and how fast: Theil–Sen slope and Mann–Kendall test."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from lm_assets.stats.autocorrelation import first_autocorrelation, kendall_inflation
from lm_assets.stats.state import State, StateArray
from lm_assets.stats.validation import (
    FloatArray,
    IntArray,
    finite_vector,
    open_fraction,
    same_length,
)

MIN_POINTS = 4
"""Three points in a row rise or fall by chance every third time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trend:
    """Slope and monotone trend of one series.

    ``slope`` and its interval are in the unit of the series per step (or per unit of the positions
    given); ``intercept`` is the fitted value at position 0. ``kendall_s`` is the number of rising
    minus falling pairs, ``z`` its standardised form, ``p`` two-sided for independent points, and
    ``p_following`` with the variance of points that follow the one before them as far as these are
    shown to (``autocorrelation``). All NaN where ``state`` is ``INSUFFICIENT_DATA``.
    """

    n: int
    slope: float
    slope_low: float
    slope_high: float
    intercept: float
    kendall_s: float
    z: float
    p: float
    autocorrelation: float
    p_following: float
    state: State


@dataclass(frozen=True, kw_only=True, slots=True)
class Trends:
    """Slope and monotone trend of many series of one length; arrays of shape (series,)."""

    n: int
    slope: FloatArray
    slope_low: FloatArray
    slope_high: FloatArray
    kendall_s: FloatArray
    z: FloatArray
    p: FloatArray
    state: StateArray


def fit_trend(
    values: npt.ArrayLike, *, at: npt.ArrayLike | None = None, confidence: float = 0.95
) -> Trend:
    """Return the Theil–Sen slope with Sen's interval, and the Mann–Kendall test, of one series.

    Parameters
    ----------
    values : array, shape (points,)
        In time order, missing points left out.
    at : array, shape (points,), optional
        Positions, strictly ascending; 0, 1, 2, … without. Give them where points are missing.
    confidence : float
        Of the interval of the slope.

    Returns
    -------
    Trend
        ``INSUFFICIENT_DATA`` below `MIN_POINTS` points.

    Raises
    ------
    ValueError
        When a value is not finite, or positions do not ascend.

    Notes
    -----
    The slope is the median of the slopes of all pairs and stands up to 29 % of strange points. The
    variance of Kendall's S is corrected for ties and |S| for continuity; Sen's interval uses the
    same variance. No ``p`` is below what the order of so many points can show: 2 of all orders of
    values with these ties. A constant series has slope 0, S = 0 and p = 1. ``p`` takes points for
    independent, and serial correlation makes it too small: below 5 % in 13 to 32 of 100 series
    without a trend. ``p_following`` allows for it.

    References
    ----------
    Theil (1950); Sen (1968), "Estimates of the regression coefficient based on Kendall's tau";
    Mann (1945); Kendall (1975), "Rank Correlation Methods".

    Examples
    --------
    Half a second more every night, whatever the fourth night did:

    >>> trend = fit_trend([10.0, 10.5, 11.0, 19.0, 12.0, 12.5, 13.0])
    >>> trend.slope
    0.5
    """
    array = finite_vector("values", values)
    positions = np.arange(float(array.size)) if at is None else finite_vector("at", at)
    same_length("at", positions, n=array.size)
    if (np.diff(positions) <= 0.0).any():
        raise ValueError("at must be strictly ascending, got a position not above the one before")
    many = _fit(array[None, :], positions, confidence)
    slope = float(many.slope[0])
    intercept = (
        float(np.median(array) - slope * np.median(positions)) if many.n >= MIN_POINTS else math.nan
    )
    following, z = 0.0, float(many.z[0])
    if many.n >= MIN_POINTS:
        following = first_autocorrelation(array)
    inflation = kendall_inflation(following, array.size)
    return Trend(
        n=array.size,
        slope=slope,
        slope_low=float(many.slope_low[0]),
        slope_high=float(many.slope_high[0]),
        intercept=intercept,
        kendall_s=float(many.kendall_s[0]),
        z=z,
        p=float(many.p[0]),
        autocorrelation=following,
        p_following=max(
            float(2.0 * special.ndtr(-abs(z) / math.sqrt(inflation))),
            float(_smallest_p(array[None, :])[0]),
        ),
        state=State(int(many.state[0])),
    )


def fit_trends(series: npt.ArrayLike, *, confidence: float = 0.95) -> Trends:
    """Return the trend of many series of one length, as `fit_trend` does, per step.

    Parameters
    ----------
    series : array, shape (series, points)
    confidence : float
        Of the intervals of the slopes.

    Raises
    ------
    ValueError
        When there are not two dimensions, or a value is not finite.
    """
    rows = np.asarray(series, dtype=np.float64)
    if rows.ndim != 2:
        raise ValueError(f"series must have two dimensions, got shape {rows.shape}")
    finite_vector("series", rows.ravel())
    return _fit(rows, np.arange(float(rows.shape[1])), confidence)


def _fit(rows: FloatArray, positions: FloatArray, confidence: float) -> Trends:
    open_fraction("confidence", confidence)
    n_series, n = rows.shape
    slopes = np.full((3, n_series), np.nan)
    kendall_s, z = np.full(n_series, np.nan), np.full(n_series, np.nan)
    if n >= MIN_POINTS:
        deviation = np.sqrt(_kendall_variance(rows))
        earlier, later = np.triu_indices(n, k=1)
        steps = positions[later] - positions[earlier]
        reach = special.ndtri(0.5 + confidence / 2.0) * deviation
        for i, row in enumerate(rows):
            pair_slopes = row.take(later)
            pair_slopes -= row.take(earlier)
            pair_slopes /= steps
            rising, falling = (
                np.count_nonzero(side) for side in (pair_slopes > 0, pair_slopes < 0)
            )
            kendall_s[i] = rising - falling
            slopes[:, i] = _slope_and_interval(pair_slopes, float(reach[i]))
        corrected = kendall_s - np.sign(kendall_s)
        z = np.divide(corrected, deviation, out=np.zeros(n_series), where=deviation > 0.0)
    state = State.OK if n >= MIN_POINTS else State.INSUFFICIENT_DATA
    return Trends(
        n=n,
        slope=slopes[0],
        slope_low=slopes[1],
        slope_high=slopes[2],
        kendall_s=kendall_s,
        z=z,
        p=np.maximum(2.0 * special.ndtr(-np.abs(z)), _smallest_p(rows)),
        state=np.full(n_series, state, dtype=np.int8),
    )


def _slope_and_interval(slopes: FloatArray, reach: float) -> tuple[float, float, float]:
    """Return the median of the pair slopes, and the order statistics ``reach`` ranks around it."""
    n = slopes.size
    low = max(round((n - reach) / 2.0) - 1, 0)
    high = min(round((n + reach) / 2.0), n - 1)
    middle = (n - 1) // 2
    ranked = np.partition(slopes, (low, middle, n // 2, high))
    return (ranked[middle] + ranked[n // 2]) / 2.0, ranked[low], ranked[high]


def _kendall_variance(rows: FloatArray) -> FloatArray:
    """Return the variance of Kendall's S of each row, corrected for ties."""
    n = rows.shape[1]
    ascending = np.sort(rows, axis=1)
    variance = np.full(rows.shape[0], n * (n - 1.0) * (2.0 * n + 5.0))
    for i in np.flatnonzero((ascending[:, 1:] == ascending[:, :-1]).any(axis=1)):
        ties: IntArray = np.unique(ascending[i], return_counts=True)[1]
        variance[i] -= float(np.sum(ties * (ties - 1.0) * (2.0 * ties + 5.0)))
    return variance / 18.0


def _smallest_p(rows: FloatArray) -> FloatArray:
    """Return the two-sided p of the most ordered of all orders of each row's values.

    The normal approximation falls below it where few points have many ties.
    """
    n = rows.shape[1]
    smallest = np.full(rows.shape[0], math.log(2.0) - math.lgamma(n + 1.0))
    ascending = np.sort(rows, axis=1)
    for i in np.flatnonzero((ascending[:, 1:] == ascending[:, :-1]).any(axis=1)):
        ties = np.unique(ascending[i], return_counts=True)[1]
        smallest[i] += float(np.sum(special.gammaln(ties + 1.0)))
    floor: FloatArray = np.minimum(np.exp(smallest), 1.0)
    return floor
