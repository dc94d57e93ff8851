"""Two versions compared across the cells of a matrix: every cell is its own control."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from lm_assets.stats.state import State
from lm_assets.stats.student import critical_t, two_sided_p
from lm_assets.stats.validation import (
    BoolArray,
    FloatArray,
    IntArray,
    broadcast_to_cells,
    finite_vector,
    same_length,
)

_EXACT_UP_TO = 50
# Differences of sums are rounded: sizes this close, relative to themselves, are the same.
_TIED_WITHIN = 1e-9


@dataclass(frozen=True, kw_only=True, slots=True)
class PairedTest:
    """A paired t-test on one scale: mean difference candidate − baseline, with its interval.

    ``t`` and ``p`` are NaN where ``state`` is not ``OK``; the interval too. ``is_floored`` tells
    where the noise floor stood in for a smaller observed spread.
    """

    mean_difference: float
    low: float
    high: float
    t: float
    df: float
    p: float
    is_floored: bool
    state: State


@dataclass(frozen=True, kw_only=True, slots=True)
class PairedComparison:
    """Candidate against baseline across cells; changes are candidate / baseline − 1.

    ``change_geomean`` weighs every cell alike, ``change_total`` every second alike.
    ``raw`` is in the unit of the metric, ``log`` in log ratios (``OUTSIDE_SCALE`` where a value is
    zero or below). ``wilcoxon_p`` tests the raw differences by signed ranks; NaN where all are 0.
    """

    n: int
    change_geomean: float
    change_geomean_low: float
    change_geomean_high: float
    change_total: float
    log: PairedTest
    raw: PairedTest
    wilcoxon_p: float


def compare_paired(
    baseline: npt.ArrayLike,
    candidate: npt.ArrayLike,
    *,
    min_log_sd: float = 0.0,
    confidence: float = 0.95,
) -> PairedComparison:
    """Return the paired comparison of two versions across cells.

    Parameters
    ----------
    baseline, candidate : array, shape (cells,)
        One value per cell, repeats averaged first, the same cells in the same order.
    min_log_sd : float
        Noise floor of the standard deviation of the log ratios, so that cells that changed by one
        and the same factor do not give p = 0.
    confidence : float
        Of the intervals.

    Returns
    -------
    PairedComparison

    Raises
    ------
    ValueError
        When the lengths differ, or a value is not finite.

    Notes
    -----
    Cells of a matrix differ a hundredfold, and versions act on them by factors: log ratios are far
    nearer to normal than differences, which the largest cell decides. The raw scale is shown
    beside. An unpaired test of the same data would drown in the spread between cells.

    Degenerate: fewer than 2 cells → ``INSUFFICIENT_DATA``; equal differences in all cells (and no
    floor on the log scale) → ``ZERO_VARIANCE``; a baseline total of 0 → ``change_total`` NaN.

    References
    ----------
    Fleming, Wallace (1986), "How not to lie with statistics: the correct way to summarize benchmark
    results", CACM 29; Wilcoxon (1945), "Individual comparisons by ranking methods".

    Examples
    --------
    >>> result = compare_paired([10.0, 20.0, 40.0], [11.0, 24.0, 44.0])
    >>> round(result.change_geomean, 3), round(result.change_total, 3), round(result.log.p, 2)
    (0.132, 0.129, 0.05)
    """
    before, now = finite_vector("baseline", baseline), finite_vector("candidate", candidate)
    same_length("candidate", now, n=before.size)
    floor = float(broadcast_to_cells("min_log_sd", min_log_sd, n_cells=1)[0])
    log = _log_test(before, now, floor=floor, confidence=confidence)
    total = float(before.sum())
    return PairedComparison(
        n=before.size,
        change_geomean=math.expm1(log.mean_difference),
        change_geomean_low=_expm1(log.low),
        change_geomean_high=_expm1(log.high),
        change_total=float(now.sum()) / total - 1.0 if total != 0.0 else math.nan,
        log=log,
        raw=paired_test(now - before, confidence=confidence),
        wilcoxon_p=signed_rank_p(now - before),
    )


def paired_test(
    differences: npt.ArrayLike, *, min_sd: float = 0.0, confidence: float = 0.95
) -> PairedTest:
    """Return the one-sample t-test of differences per cell against 0.

    Parameters
    ----------
    differences : array, shape (cells,)
    min_sd : float
        Noise floor of their standard deviation.
    confidence : float
        Of the interval of the mean difference.
    """
    array = finite_vector("differences", differences)
    n = array.size
    if n < 2:
        mean = float(array[0]) if n else math.nan
        return _undefined(mean, State.INSUFFICIENT_DATA)
    mean = float(array.mean())
    # Differences that agree to rounding agree: their spread is how numbers are stored.
    rounding = 8.0 * float(np.spacing(np.abs(array).max()))
    observed = 0.0 if np.ptp(array) <= rounding else float(array.std(ddof=1))
    error = max(observed, min_sd) / math.sqrt(n)
    if error == 0.0:
        return _undefined(mean, State.ZERO_VARIANCE)
    df = np.array([n - 1.0])
    half = float(critical_t(df, confidence=confidence)[0]) * error
    return PairedTest(
        mean_difference=mean,
        low=mean - half,
        high=mean + half,
        t=mean / error,
        df=n - 1.0,
        p=float(two_sided_p(np.array([mean / error]), df)[0]),
        is_floored=observed < min_sd,
        state=State.OK,
    )


def signed_rank_p(differences: npt.ArrayLike) -> float:
    """Return Wilcoxon's two-sided signed-rank p of differences per cell.

    Zeros are left out, and sizes that differ by their rounding alone are tied. Exact up to 50
    differences, ties or not, over all signs that they could have had; the normal approximation with
    correction for ties beyond. NaN where no difference is left.

    Examples
    --------
    Five cells that moved by one and the same amount, of whose signs there are 32 choices:

    >>> signed_rank_p([0.1, 0.1, 0.1, 0.1, 0.1])
    0.0625
    """
    array = finite_vector("differences", differences)
    array = array[array != 0.0]
    if not array.size:
        return math.nan
    doubled = _doubled_midranks(np.abs(array))
    if array.size <= _EXACT_UP_TO:
        return _exact_sign_p(doubled, array > 0.0)
    # Half of the import time of the whole core, for this one function: only who calls it pays.
    from scipy import stats  # noqa: PLC0415

    return float(stats.wilcoxon(np.sign(array) * doubled, method="asymptotic").pvalue)


def _doubled_midranks(sizes: FloatArray) -> IntArray:
    """Return twice the midrank of each size: whole numbers, ties or not."""
    order = np.argsort(sizes, kind="stable")
    ascending = sizes[order]
    is_new = np.diff(ascending) > _TIED_WITHIN * ascending[1:]
    group = np.concatenate(([0], np.cumsum(is_new)))
    last = np.cumsum(np.bincount(group))
    first = np.concatenate(([1], last[:-1] + 1))
    doubled = np.empty(sizes.size, dtype=np.int64)
    doubled[order] = (first + last)[group]
    return doubled


def _exact_sign_p(doubled: IntArray, is_positive: BoolArray) -> float:
    """Return the share of all choices of signs whose rank sum is as far from the middle."""
    total = int(doubled.sum())
    ways = np.zeros(total + 1)
    ways[0] = 1.0
    for rank in doubled.tolist():
        ways[rank:] += ways[:-rank].copy()
    distance = abs(2 * int(doubled[is_positive].sum()) - total)
    is_as_far = np.abs(2 * np.arange(total + 1) - total) >= distance
    return min(1.0, float(ways[is_as_far].sum() / 2.0**doubled.size))


def _log_test(
    before: FloatArray, now: FloatArray, *, floor: float, confidence: float
) -> PairedTest:
    if (before <= 0.0).any() or (now <= 0.0).any():
        return _undefined(math.nan, State.OUTSIDE_SCALE)
    return paired_test(np.log(now) - np.log(before), min_sd=floor, confidence=confidence)


def _undefined(mean: float, state: State) -> PairedTest:
    nan = math.nan
    return PairedTest(
        mean_difference=mean,
        low=nan,
        high=nan,
        t=nan,
        df=nan,
        p=nan,
        is_floored=False,
        state=state,
    )


def _expm1(value: float) -> float:
    return float(special.expm1(value))
