"""Is one new run what the baseline's runs would lead one to expect? Prediction intervals."""

import numpy as np
import numpy.typing as npt

from lm_assets.stats.moments import SampleMoments
from lm_assets.stats.state import State
from lm_assets.stats.student import critical_t, two_sided_p
from lm_assets.stats.validation import (
    FloatArray,
    at_least,
    broadcast_to_cells,
    open_fraction,
    same_length,
)
from lm_assets.stats.welch import MeanComparison, comparison_state


def compare_new_runs(
    baseline: SampleMoments, current: SampleMoments, *, min_sd: npt.ArrayLike = 0.0
) -> MeanComparison:
    """Return how far the mean of new runs lies from what the baseline predicts, per cell.

    Parameters
    ----------
    baseline : SampleMoments, shape (cells,)
        At least two runs a cell.
    current : SampleMoments, shape (cells,)
        One new run a cell, or more; their own spread is not used.
    min_sd : float or array, shape (cells,)
        Noise floor of the baseline's standard deviation.

    Returns
    -------
    MeanComparison
        ``p`` < 0.05 exactly where the mean lies outside the 95 % prediction interval.

    Notes
    -----
    The standard error is s √(1/m + 1/n), not s/√n: the interval of the *mean* is too narrow for a
    new run by a factor √(n + 1), 2.4 at n = 5, and would raise an alarm on most nights. Assumes
    that new runs have the noise of the baseline.

    Degenerate cells: fewer than 2 baseline runs or no new run → ``INSUFFICIENT_DATA``; no spread
    and no floor → ``ZERO_VARIANCE``; a value without a logarithm → ``OUTSIDE_SCALE``.

    References
    ----------
    Hahn, Meeker (1991), "Statistical Intervals", section 4.7.
    """
    n_cells = baseline.n.shape[0]
    same_length("current", current.n, n=n_cells)
    state = comparison_state(baseline, current, min_baseline=2, min_current=1)
    sd, is_floored = _floored_sd(baseline, min_sd)
    state[(state == State.OK) & (sd == 0.0)] = State.ZERO_VARIANCE
    undefined = state != State.OK
    with np.errstate(divide="ignore", invalid="ignore"):
        error = sd * np.sqrt(1.0 / current.n + 1.0 / baseline.n)
        difference = current.mean - baseline.mean
        error[undefined] = np.nan
        t = difference / error
    df = np.where(undefined, np.nan, baseline.n - 1.0)
    return MeanComparison(
        difference=difference,
        standard_error=error,
        t=t,
        df=df,
        p=two_sided_p(t, df),
        is_floored=is_floored & ~undefined,
        state=state,
    )


def prediction_interval(
    baseline: SampleMoments,
    *,
    n_new: int = 1,
    min_sd: npt.ArrayLike = 0.0,
    confidence: float = 0.95,
) -> tuple[FloatArray, FloatArray]:
    """Return the interval that the mean of ``n_new`` new runs falls into with ``confidence``.

    NaN for cells with fewer than two runs; a point where there is no spread and no floor.

    Examples
    --------
    After runs of 10, 11, 12, 13 and 14 s, a sixth run of 15 s is no surprise:

    >>> from lm_assets.stats.moments import sample_moments
    >>> from lm_assets.stats.ragged import RaggedSamples
    >>> runs = sample_moments(RaggedSamples.from_lists([[10.0, 11.0, 12.0, 13.0, 14.0]]))
    >>> low, high = prediction_interval(runs)
    >>> float(low[0].round(2)), float(high[0].round(2))
    (7.19, 16.81)
    """
    at_least("n_new", n_new, minimum=1)
    sd, _ = _floored_sd(baseline, min_sd)
    with np.errstate(divide="ignore"):
        error = sd * np.sqrt(1.0 / n_new + 1.0 / baseline.n)
    half = critical_t(_df(baseline), confidence=confidence) * error
    return baseline.mean - half, baseline.mean + half


def simultaneous_prediction_interval(
    baseline: SampleMoments, *, n_new: int, min_sd: npt.ArrayLike = 0.0, confidence: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    """Return the interval that each of ``n_new`` new runs falls into, all of them together.

    Bonferroni's bound: conservative, since the new runs are judged against the same baseline.
    """
    at_least("n_new", n_new, minimum=1)
    open_fraction("confidence", confidence)
    each = 1.0 - (1.0 - confidence) / n_new
    return prediction_interval(baseline, n_new=1, min_sd=min_sd, confidence=each)


def _floored_sd(
    baseline: SampleMoments, min_sd: npt.ArrayLike
) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    floor = broadcast_to_cells("min_sd", min_sd, n_cells=baseline.n.shape[0])
    return np.maximum(baseline.stddev, floor), baseline.stddev < floor


def _df(baseline: SampleMoments) -> FloatArray:
    return np.where(baseline.n > 1, baseline.n - 1.0, np.nan)
