"""Counts, means and variances of every cell at once, on the raw and on the log scale."""

from dataclasses import dataclass

import numpy as np

from lm_assets.stats.ragged import RaggedSamples
from lm_assets.stats.state import State, StateArray
from lm_assets.stats.validation import BoolArray, FloatArray, IntArray

# Spread within a few rounding errors of the values is how numbers are stored, not how runs differ.
_ROUNDING_ULPS = 8.0


@dataclass(frozen=True, kw_only=True, slots=True)
class SampleMoments:
    """The moments of every cell; all arrays have shape (cells,).

    ``mean``, ``minimum`` and ``maximum`` are NaN where ``n`` is 0, ``variance`` (n − 1 in the
    denominator) where ``n`` is below 2. On the log scale all are NaN where a value of the cell has
    no logarithm; ``state`` tells which. ``n`` always counts every value.
    """

    n: IntArray
    mean: FloatArray
    variance: FloatArray
    minimum: FloatArray
    maximum: FloatArray
    state: StateArray

    @property
    def stddev(self) -> FloatArray:
        """Sample standard deviation, NaN where n < 2."""
        return np.sqrt(self.variance)

    def select(self, cells: IntArray | BoolArray) -> "SampleMoments":
        """Return the moments of the chosen cells, by index or mask."""
        return SampleMoments(
            n=self.n[cells],
            mean=self.mean[cells],
            variance=self.variance[cells],
            minimum=self.minimum[cells],
            maximum=self.maximum[cells],
            state=self.state[cells],
        )


def sample_moments(samples: RaggedSamples) -> SampleMoments:
    """Return n, mean, variance and range of every cell.

    Parameters
    ----------
    samples : RaggedSamples
        Values of every cell; all finite.

    Returns
    -------
    SampleMoments
        ``state`` is ``OK`` for n ≥ 1 and ``INSUFFICIENT_DATA`` for empty cells.

    Notes
    -----
    Two passes with the correction of Chan et al.: the sum of deviations, zero in exact arithmetic,
    is taken off again. Equal values have a variance of exactly 0, and so has spread below the
    rounding error of the values.

    References
    ----------
    Chan, Golub, LeVeque (1983), "Algorithms for Computing the Sample Variance".

    Examples
    --------
    Three runs of one cell, one of another:

    >>> moments = sample_moments(RaggedSamples.from_lists([[1.0, 2.0, 6.0], [5.0]]))
    >>> moments.mean, moments.variance
    (array([3., 5.]), array([ 7., nan]))
    """
    return _moments(samples, samples.values)


def log_moments(samples: RaggedSamples) -> SampleMoments:
    """Return the moments of the natural logarithms of every cell.

    Parameters
    ----------
    samples : RaggedSamples
        Values of every cell; all finite.

    Returns
    -------
    SampleMoments
        ``state`` is ``OUTSIDE_SCALE``, and every figure but ``n`` NaN, for a cell with a value of
        zero or below: leaving the value out would hide the run that failed.

    Examples
    --------
    >>> log_moments(RaggedSamples.from_lists([[1.0, 4.0]])).mean.round(6)  # log 2
    array([0.693147])
    """
    is_outside = samples.values <= 0.0
    logs = np.log(np.where(is_outside, 1.0, samples.values))
    moments = _moments(samples, logs)
    outside = np.zeros(samples.n_cells, dtype=np.bool_)
    outside[samples.cells[is_outside]] = True
    if not outside.any():
        return moments
    return SampleMoments(
        n=moments.n,
        mean=np.where(outside, np.nan, moments.mean),
        variance=np.where(outside, np.nan, moments.variance),
        minimum=np.where(outside, np.nan, moments.minimum),
        maximum=np.where(outside, np.nan, moments.maximum),
        state=np.where(outside, np.int8(State.OUTSIDE_SCALE), moments.state),
    )


def _moments(samples: RaggedSamples, values: FloatArray) -> SampleMoments:
    n = samples.n
    filled = np.flatnonzero(n)
    starts = samples.offsets[filled]
    counts = n[filled].astype(np.float64)
    mean, variance, minimum, maximum = (np.full(n.shape, np.nan) for _ in range(4))
    if filled.size:
        low, high = np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
        # Half of each first: the midpoint of huge values must not overflow.
        center = low + (high / 2.0 - low / 2.0)
        shift = np.add.reduceat(values - np.repeat(center, n[filled]), starts) / counts
        mean[filled] = np.clip(center + shift, low, high)
        deviation = values - np.repeat(mean[filled], n[filled])
        squares = np.add.reduceat(deviation**2, starts)
        squares -= np.add.reduceat(deviation, starts) ** 2 / counts
        minimum[filled], maximum[filled] = low, high
        rounding = _ROUNDING_ULPS * np.spacing(np.maximum(np.abs(low), np.abs(high)))
        squares[high - low <= rounding] = 0.0
        variance[filled] = np.maximum(squares, 0.0) / np.maximum(counts - 1.0, 1.0)
    variance[n < 2] = np.nan
    state = np.where(n > 0, State.OK, State.INSUFFICIENT_DATA).astype(np.int8)
    return SampleMoments(
        n=n, mean=mean, variance=variance, minimum=minimum, maximum=maximum, state=state
    )
