"""How far a series has come from its pinned anchor, however small each step was."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lm_assets.stats.moments import sample_moments
from lm_assets.stats.ragged import RaggedSamples
from lm_assets.stats.state import State
from lm_assets.stats.validation import at_least, finite_vector
from lm_assets.stats.welch import compare_means


@dataclass(frozen=True, kw_only=True, slots=True)
class Drift:
    """The recent end of a series against its anchor, in the unit of the values.

    ``difference`` is mean(recent) − mean(anchor); ``largest_step`` the largest move of the running
    median of ``window`` points over one window. A drift beyond a threshold that no step reached is
    what a night-by-night comparison never sees.
    """

    n_anchor: int
    n_recent: int
    difference: float
    difference_low: float
    difference_high: float
    p: float
    largest_step: float
    state: State


def drift_from_anchor(
    values: npt.ArrayLike,
    anchor: npt.ArrayLike,
    *,
    window: int = 5,
    min_sd: float = 0.0,
    confidence: float = 0.95,
) -> Drift:
    """Return the difference between the last ``window`` points of a series and its anchor.

    Parameters
    ----------
    values : array, shape (points,)
        The series in time order, one value a campaign; logarithms for ``ratio`` metrics.
    anchor : array, shape (runs,)
        The accepted samples that the series is pinned to, on the same scale.
    window : int
        How many of the last points speak for the present.
    min_sd : float
        Noise floor, as in `compare_means`.
    confidence : float
        Of the interval of the difference.

    Returns
    -------
    Drift
        ``INSUFFICIENT_DATA`` where the series has fewer than ``window`` points or the anchor fewer
        than two; ``largest_step`` is NaN below 2 × ``window`` points.

    Notes
    -----
    Welch's comparison of the two groups. A baseline that is updated every week follows a creeping
    loss and never shows it; an anchor stays.

    Examples
    --------
    Two per cent a night, ten nights, each unremarkable:

    >>> nights = np.log(1.02) * np.arange(1, 11)
    >>> drift = drift_from_anchor(nights, [0.0, 0.01, -0.01, 0.005, -0.005])
    >>> round(float(np.expm1(drift.difference)), 3)
    0.172
    """
    at_least("window", window, minimum=2)
    series, pinned = finite_vector("values", values), finite_vector("anchor", anchor)
    recent = series[-window:] if series.size >= window else series[:0]
    before, now = (sample_moments(RaggedSamples.from_lists([side])) for side in (pinned, recent))
    comparison = compare_means(before, now, min_sd=min_sd)
    low, high = comparison.interval(confidence=confidence)
    return Drift(
        n_anchor=pinned.size,
        n_recent=recent.size,
        difference=float(comparison.difference[0]),
        difference_low=float(low[0]),
        difference_high=float(high[0]),
        p=float(comparison.p[0]),
        largest_step=_largest_step(series, window),
        state=State(int(comparison.state[0])),
    )


def _largest_step(series: npt.NDArray[np.float64], window: int) -> float:
    if series.size < 2 * window:
        return float("nan")
    levels = np.median(np.lib.stride_tricks.sliding_window_view(series, window), axis=1)
    return float(np.abs(levels[window:] - levels[:-window]).max())
