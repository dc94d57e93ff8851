"""What the runs of a cell look like: centre, spread, interval of the mean, quantiles."""

from dataclasses import dataclass

import numpy as np

from lm_assets.stats.moments import sample_moments
from lm_assets.stats.quantiles import sample_quantiles
from lm_assets.stats.ragged import RaggedSamples
from lm_assets.stats.state import State, StateArray
from lm_assets.stats.student import critical_t
from lm_assets.stats.validation import FloatArray, IntArray


@dataclass(frozen=True, kw_only=True, slots=True)
class Description:
    """Descriptive statistics of every cell; arrays of shape (cells,), in the samples' unit.

    ``cv`` is stddev / |mean|, a fraction; NaN where the mean is 0. ``ci_low`` and ``ci_high``
    bound the mean. ``state`` is ``INSUFFICIENT_DATA`` for empty cells; with n = 1 ``stddev``,
    ``cv`` and the interval are NaN and the rest is that value.
    """

    n: IntArray
    mean: FloatArray
    median: FloatArray
    stddev: FloatArray
    cv: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    p05: FloatArray
    p25: FloatArray
    p75: FloatArray
    p95: FloatArray
    minimum: FloatArray
    maximum: FloatArray
    state: StateArray


def describe(samples: RaggedSamples, *, confidence: float = 0.95) -> Description:
    """Return the descriptive statistics of every cell.

    Parameters
    ----------
    samples : RaggedSamples
        Values of every cell, missing ones left out.
    confidence : float
        Of the t interval of the mean.

    Returns
    -------
    Description

    Notes
    -----
    The standard deviation has n − 1 in its denominator; quantiles are of type 7 (see
    `sample_quantiles`). The interval assumes roughly normal run-level values, and speaks of the
    mean: for where the next run will fall see `prediction_interval`.

    Examples
    --------
    >>> runs = describe(RaggedSamples.from_lists([[10.0, 11.0, 12.0, 13.0, 14.0]]))
    >>> float(runs.mean[0]), float(runs.ci_low[0].round(2)), float(runs.ci_high[0].round(2))
    (12.0, 10.04, 13.96)
    """
    moments = sample_moments(samples)
    quantiles = sample_quantiles(samples, (0.05, 0.25, 0.5, 0.75, 0.95))
    df = np.where(moments.n > 1, moments.n - 1.0, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        half = critical_t(df, confidence=confidence) * moments.stddev / np.sqrt(moments.n)
        cv = moments.stddev / np.abs(moments.mean)
    return Description(
        n=moments.n,
        mean=moments.mean,
        median=quantiles[:, 2],
        stddev=moments.stddev,
        cv=np.where(moments.mean == 0.0, np.nan, cv),
        ci_low=moments.mean - half,
        ci_high=moments.mean + half,
        p05=quantiles[:, 0],
        p25=quantiles[:, 1],
        p75=quantiles[:, 3],
        p95=quantiles[:, 4],
        minimum=moments.minimum,
        maximum=moments.maximum,
        state=np.where(moments.n > 0, State.OK, State.INSUFFICIENT_DATA).astype(np.int8),
    )
