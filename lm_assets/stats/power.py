"""What a comparison could have seen, and how many runs would decide it."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import special
from scipy.interpolate import CubicSpline

from lm_assets.stats.student import critical_t
from lm_assets.stats.validation import (
    BoolArray,
    FloatArray,
    IntArray,
    at_least,
    finite_vector,
    open_fraction,
)
from lm_assets.stats.welch import MeanComparison

_BISECTIONS = 40
# Welch gives nearly every cell degrees of freedom of its own; a noncentral t costs 1 µs a call, and
# 40 × 2 × 19,200 calls a second and a half. Between this many nodes a spline errs below 1e-6.
_NODES = 100
_LARGEST_INVERSE = 0.5
_ROUNDED_DF = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class RunsNeeded:
    """Runs per side that give the wanted power, per cell; arrays of shape (cells,).

    Where even ``max_runs`` per side would not do, ``is_reached`` is false and ``runs`` is
    ``max_runs``; where the spread is unknown (NaN) or the difference is 0, the same.
    """

    runs: IntArray
    is_reached: BoolArray
    max_runs: int


def detectable_difference(
    comparison: MeanComparison, *, alpha: float = 0.05, power: float = 0.8
) -> FloatArray:
    """Return the smallest true difference that the comparison would have called with ``power``.

    Parameters
    ----------
    comparison : MeanComparison, shape (cells,)
        By Welch, moderated or against a prediction.
    alpha : float
        Of the two-sided test.
    power : float
        Wanted chance to call a difference of that size.

    Returns
    -------
    array, shape (cells,)
        In the unit of the moments; on logs a rise is expm1 of it. NaN where the comparison has no
        standard error.

    Notes
    -----
    The noncentral t with the comparison's own standard error and degrees of freedom. It answers
    "could we have seen it?" before the fact; it is no reading of the observed difference.

    References
    ----------
    Cohen (1988), "Statistical Power Analysis for the Behavioral Sciences", chapter 2.
    """
    _check_levels(alpha, power)
    distinct, where = np.unique(comparison.df, return_inverse=True)
    known = ~np.isnan(distinct)
    noncentrality = np.full(distinct.shape, np.nan)
    noncentrality[known] = _interpolated(distinct[known], alpha=alpha, power=power)
    return noncentrality[where] * comparison.standard_error


def runs_to_detect(
    stddev: npt.ArrayLike,
    difference: npt.ArrayLike,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    max_runs: int = 200,
) -> RunsNeeded:
    """Return how many runs per side would call ``difference`` with ``power``.

    Parameters
    ----------
    stddev : array, shape (cells,)
        Run-to-run standard deviation, of logs for a relative change; NaN where it is not known.
    difference : float or array, shape (cells,)
        True difference to be called, in the same unit; its sign does not matter.
    alpha, power : float
        Of the two-sided test, equal runs on both sides.
    max_runs : int
        Most runs per side that anyone would pay for.

    Returns
    -------
    RunsNeeded
        At least 2 runs.

    Examples
    --------
    At 10 % noise a change of 20 % takes 6 runs a side:

    >>> int(runs_to_detect([0.10], np.log(1.2)).runs[0])
    6
    """
    _check_levels(alpha, power)
    table = _detectable_in_sd(alpha, power, at_least("max_runs", max_runs, minimum=2))
    return _look_up(table, stddev, difference, max_runs=max_runs)


def runs_to_show_equivalence(
    stddev: npt.ArrayLike,
    margin: npt.ArrayLike,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    max_runs: int = 200,
) -> RunsNeeded:
    """Return how many runs per side would show a cell without change equivalent within ±margin.

    Parameters are those of `runs_to_detect`; ``margin`` is the smaller distance of the two margins
    from 0. The power of the two one-sided tests at a true difference of 0 is taken as
    1 − 2 P(T′ ≤ t₁₋α), with T′ noncentral t, the usual approximation of Owen's exact integral.

    References
    ----------
    Phillips (1990), "Power of the two one-sided tests procedure in bioequivalence".
    """
    _check_levels(alpha, power)
    table = _equivalent_in_sd(alpha, power, at_least("max_runs", max_runs, minimum=2))
    return _look_up(table, stddev, margin, max_runs=max_runs)


def _check_levels(alpha: float, power: float) -> None:
    open_fraction("alpha", alpha)
    open_fraction("power", power)
    if power <= alpha:
        raise ValueError(f"power must be above alpha = {alpha}, got {power}")


def _look_up(
    table: FloatArray, stddev: npt.ArrayLike, difference: npt.ArrayLike, *, max_runs: int
) -> RunsNeeded:
    sd = np.asarray(stddev, dtype=np.float64)
    if sd.ndim != 1 or (sd < 0.0).any():
        raise ValueError(f"stddev must have one dimension and be zero or above, got {stddev!r}")
    sizes = np.broadcast_to(finite_vector("difference", np.atleast_1d(difference)), sd.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        in_sd = np.abs(sizes) / sd
    in_sd = np.where(np.isnan(in_sd) | (sizes == 0.0), 0.0, in_sd)
    # The table falls with the number of runs; negated it rises, as a binary search wants.
    index = np.searchsorted(-table, -in_sd)
    return RunsNeeded(
        runs=np.minimum(index + 2, max_runs),
        is_reached=index < table.size,
        max_runs=max_runs,
    )


@lru_cache(maxsize=32)
def _detectable_in_sd(alpha: float, power: float, max_runs: int) -> FloatArray:
    runs = np.arange(2.0, max_runs + 1.0)
    return _noncentrality(2.0 * runs - 2.0, alpha=alpha, power=power) * np.sqrt(2.0 / runs)


@lru_cache(maxsize=32)
def _equivalent_in_sd(alpha: float, power: float, max_runs: int) -> FloatArray:
    runs = np.arange(2.0, max_runs + 1.0)
    df = 2.0 * runs - 2.0
    critical = critical_t(df, confidence=1.0 - 2.0 * alpha)
    low, high = np.zeros_like(df), _upper_bound(critical, df, power=(1.0 + power) / 2.0)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2.0
        is_enough = 1.0 - 2.0 * _cdf(critical, df, middle) >= power
        low, high = np.where(is_enough, low, middle), np.where(is_enough, middle, high)
    return high * np.sqrt(2.0 / runs)


def _noncentrality(df: FloatArray, *, alpha: float, power: float) -> FloatArray:
    """Return the noncentrality at which the two-sided t-test at ``alpha`` has ``power``."""
    critical = critical_t(df, confidence=1.0 - alpha)
    low, high = np.zeros_like(df), _upper_bound(critical, df, power=power)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2.0
        reached = 1.0 - _cdf(critical, df, middle) + _cdf(-critical, df, middle)
        is_enough = reached >= power
        low, high = np.where(is_enough, low, middle), np.where(is_enough, middle, high)
    return high


def _interpolated(df: FloatArray, *, alpha: float, power: float) -> FloatArray:
    if df.size <= _NODES:
        return _noncentrality(df, alpha=alpha, power=power)
    found: FloatArray = np.exp(_logs_over_inverse_df(alpha, power)(1.0 / df))
    # With fewer degrees of freedom the curve is too steep for the nodes; few cells have so few.
    few = df < 1.0 / _LARGEST_INVERSE
    distinct, which = np.unique(df[few].round(_ROUNDED_DF), return_inverse=True)
    found[few] = _noncentrality(distinct, alpha=alpha, power=power)[which]
    return found


@lru_cache(maxsize=8)
def _logs_over_inverse_df(alpha: float, power: float) -> CubicSpline:
    nodes = np.linspace(0.0, _LARGEST_INVERSE, _NODES)
    with np.errstate(divide="ignore"):
        return CubicSpline(nodes, np.log(_noncentrality(1.0 / nodes, alpha=alpha, power=power)))


def _upper_bound(critical: FloatArray, df: FloatArray, *, power: float) -> FloatArray:
    """Return a noncentrality that is surely enough.

    With δ = c χ + z, both the scale below χ and the normal part above −z have chance √power.
    """
    each = np.sqrt(power)
    finite_df = np.where(np.isinf(df), 1.0, df)
    chi = np.sqrt(2.0 * special.gammaincinv(finite_df / 2.0, each) / finite_df)
    bound: FloatArray = critical * np.where(np.isinf(df), 1.0, chi) + special.ndtri(each)
    return np.maximum(bound, critical)


def _cdf(t: FloatArray, df: FloatArray, noncentrality: FloatArray) -> FloatArray:
    normal = np.isinf(df)
    cdf = special.nctdtr(np.where(normal, 1.0, df), noncentrality, t)
    result: FloatArray = np.where(normal, special.ndtr(t - noncentrality), cdf)
    return result
