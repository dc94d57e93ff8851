"""Welch's comparison of two means per cell, on the raw scale or on logs (ratio of geomeans)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lm_assets.stats.moments import SampleMoments
from lm_assets.stats.state import State, StateArray
from lm_assets.stats.student import critical_t, two_sided_p
from lm_assets.stats.validation import BoolArray, FloatArray, broadcast_to_cells, same_length


@dataclass(frozen=True, kw_only=True, slots=True)
class MeanComparison:
    """Current against baseline, per cell; all arrays have shape (cells,).

    ``difference`` is mean(current) − mean(baseline) in the unit of the moments: on log moments it
    is the log ratio of geometric means, and ``change`` and ``change_interval`` read it as a ratio.
    ``is_floored`` tells where the noise floor stood in for a smaller observed spread. ``t``,
    ``df``, ``p`` and ``standard_error`` are NaN where ``state`` is not ``OK``.
    """

    difference: FloatArray
    standard_error: FloatArray
    t: FloatArray
    df: FloatArray
    p: FloatArray
    is_floored: BoolArray
    state: StateArray

    def interval(self, *, confidence: float = 0.95) -> tuple[FloatArray, FloatArray]:
        """Return the lower and upper end of the difference, in the unit of the moments."""
        half = critical_t(self.df, confidence=confidence) * self.standard_error
        return self.difference - half, self.difference + half

    @property
    def change(self) -> FloatArray:
        """Ratio of geometric means − 1, of a comparison made on log moments."""
        with np.errstate(over="ignore"):
            return np.expm1(self.difference)

    def change_interval(self, *, confidence: float = 0.95) -> tuple[FloatArray, FloatArray]:
        """Return the interval of ``change``, of a comparison made on log moments."""
        low, high = self.interval(confidence=confidence)
        # An interval too wide for a float is an infinite one, not an accident.
        with np.errstate(over="ignore"):
            return np.expm1(low), np.expm1(high)


def compare_means(
    baseline: SampleMoments, current: SampleMoments, *, min_sd: npt.ArrayLike = 0.0
) -> MeanComparison:
    """Return Welch's unequal-variance t-test of every cell, two-sided.

    Parameters
    ----------
    baseline, current : SampleMoments, shape (cells,)
        Raw moments for a difference, log moments for a ratio of geometric means.
    min_sd : float or array, shape (cells,)
        Noise floor: the smallest standard deviation believed, in the unit of the moments (on logs
        a relative spread). Five identical durations are a coarse clock, not a noiseless system.

    Returns
    -------
    MeanComparison

    Raises
    ------
    ValueError
        When the two sides have different numbers of cells, or ``min_sd`` is negative.

    Notes
    -----
    Assumes independent, roughly normal run-level values; equal variances are not assumed. Degrees
    of freedom by Welch–Satterthwaite on the floored variances.

    Degenerate cells: n < 2 on a side → ``INSUFFICIENT_DATA`` (``difference`` stays when both have
    a value); a value without a logarithm → ``OUTSIDE_SCALE``; no spread on either side and no
    floor → ``ZERO_VARIANCE``: neither p = 0 nor p = 1 would be honest.

    References
    ----------
    Welch (1947), "The generalization of 'Student's' problem when several different population
    variances are involved", Biometrika 34.

    Examples
    --------
    Runs of 10, 11, 12 s against 13, 14, 15 s are 3 s slower, which chance seldom gives:

    >>> from lm_assets.stats.moments import sample_moments
    >>> from lm_assets.stats.ragged import RaggedSamples
    >>> before = sample_moments(RaggedSamples.from_lists([[10.0, 11.0, 12.0]]))
    >>> after = sample_moments(RaggedSamples.from_lists([[13.0, 14.0, 15.0]]))
    >>> result = compare_means(before, after)
    >>> float(result.difference[0]), round(float(result.p[0]), 4)
    (3.0, 0.0213)
    """
    n_cells = baseline.n.shape[0]
    same_length("current", current.n, n=n_cells)
    floor = broadcast_to_cells("min_sd", min_sd, n_cells=n_cells) ** 2
    state = comparison_state(baseline, current, min_baseline=2, min_current=2)
    with np.errstate(divide="ignore", invalid="ignore"):
        share_b = np.maximum(baseline.variance, floor) / baseline.n
        share_c = np.maximum(current.variance, floor) / current.n
        squared_error = share_b + share_c
        state[(state == State.OK) & (squared_error == 0.0)] = State.ZERO_VARIANCE
        # As fractions of their sum the shares neither overflow nor vanish when squared.
        part = share_b / squared_error
        df = 1.0 / (part**2 / (baseline.n - 1.0) + (1.0 - part) ** 2 / (current.n - 1.0))
        error = np.sqrt(squared_error)
        difference = current.mean - baseline.mean
        t = difference / error
    undefined = state != State.OK
    for figure in (error, t, df):
        figure[undefined] = np.nan
    return MeanComparison(
        difference=difference,
        standard_error=error,
        t=t,
        df=df,
        p=two_sided_p(t, df),
        is_floored=((baseline.variance < floor) | (current.variance < floor)) & ~undefined,
        state=state,
    )


def comparison_state(
    baseline: SampleMoments, current: SampleMoments, *, min_baseline: int, min_current: int
) -> StateArray:
    """Return, per cell, whether both sides are on the scale and have enough values."""
    few = (baseline.n < min_baseline) | (current.n < min_current)
    state = np.where(few, State.INSUFFICIENT_DATA, State.OK).astype(np.int8)
    outside = (baseline.state == State.OUTSIDE_SCALE) | (current.state == State.OUTSIDE_SCALE)
    state[outside] = State.OUTSIDE_SCALE
    return state
