"""Events per run, current against baseline: an exact test of two Poisson rates."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from lm_assets.stats.state import State, StateArray
from lm_assets.stats.validation import (
    FloatArray,
    IntArray,
    broadcast_to_cells,
    count_vector,
    finite_vector,
    open_fraction,
    same_length,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class RateComparison:
    """Two Poisson rates per cell; all arrays have shape (cells,).

    ``rate_difference`` is events per unit of exposure, current − baseline. ``rate_ratio`` is
    current / baseline: infinite without a baseline event, NaN without any event. ``p_greater``
    tests against a rate that rose, ``p_less`` against one that fell. ``dispersion`` is how many
    events come at a time; p and intervals count clumps, and all else counts events.
    """

    baseline_events: IntArray
    current_events: IntArray
    baseline_exposure: FloatArray
    current_exposure: FloatArray
    rate_difference: FloatArray
    rate_ratio: FloatArray
    p: FloatArray
    p_greater: FloatArray
    p_less: FloatArray
    dispersion: FloatArray
    state: StateArray

    @property
    def baseline_clumps(self) -> FloatArray:
        """Baseline events in clumps of the dispersion's size."""
        return self.baseline_events / self.dispersion

    @property
    def current_clumps(self) -> FloatArray:
        """Current events in clumps of the dispersion's size."""
        return self.current_events / self.dispersion

    def ratio_interval(self, *, confidence: float = 0.95) -> tuple[FloatArray, FloatArray]:
        """Return the exact interval of ``rate_ratio``: (0, ∞) without any event."""
        tail = (1.0 - open_fraction("confidence", confidence)) / 2.0
        current, baseline = self.current_clumps, self.baseline_clumps
        with np.errstate(divide="ignore", invalid="ignore"):
            odds = self.baseline_exposure / self.current_exposure
            low = special.betaincinv(_some(current), baseline + 1.0, tail)
            high = special.betaincinv(current + 1.0, _some(baseline), 1.0 - tail)
            lower = np.where(current == 0, 0.0, odds * low / (1.0 - low))
            upper = np.where(baseline == 0, np.inf, odds * high / (1.0 - high))
        undefined = self.state != State.OK
        lower[undefined], upper[undefined] = np.nan, np.nan
        return lower, upper

    @property
    def difference_error(self) -> FloatArray:
        """Approximate standard error of ``rate_difference``, for fits over many cells.

        Half an event is added to each side: none in few runs does not mean a rate without error.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            before = (self.baseline_clumps + 0.5) / self.baseline_exposure**2
            now = (self.current_clumps + 0.5) / self.current_exposure**2
            error = self.dispersion * np.sqrt(before + now)
        return np.where(self.state == State.OK, error, np.nan)

    def difference_interval(self, *, confidence: float = 0.95) -> tuple[FloatArray, FloatArray]:
        """Return the interval of ``rate_difference``, in events per unit of exposure.

        Recovered from the exact interval of each rate: it has the coverage of neither test, but
        stays finite, and narrows with exposure, where no event was seen at all.

        References
        ----------
        Zou, Donner (2008), "Construction of confidence limits about effect measures: a general
        approach", Statistics in Medicine 27; Garwood (1936) for the interval of one rate.
        """
        tail = (1.0 - open_fraction("confidence", confidence)) / 2.0
        with np.errstate(divide="ignore", invalid="ignore"):
            rate_b, low_b, high_b = _rate_interval(
                self.baseline_clumps, self.baseline_exposure, tail
            )
            rate_c, low_c, high_c = _rate_interval(self.current_clumps, self.current_exposure, tail)
            below = self.dispersion * np.hypot(rate_c - low_c, high_b - rate_b)
            above = self.dispersion * np.hypot(high_c - rate_c, rate_b - low_b)
            lower, upper = self.rate_difference - below, self.rate_difference + above
        undefined = self.state != State.OK
        lower[undefined], upper[undefined] = np.nan, np.nan
        return lower, upper


def compare_rates(
    baseline_events: npt.ArrayLike,
    baseline_exposure: npt.ArrayLike,
    current_events: npt.ArrayLike,
    current_exposure: npt.ArrayLike,
    *,
    dispersion: npt.ArrayLike = 1.0,
) -> RateComparison:
    """Return the conditional exact test of equal event rates of every cell.

    Parameters
    ----------
    baseline_events, current_events : array of whole numbers, shape (cells,)
        Events summed over the runs of a side.
    baseline_exposure, current_exposure : array, shape (cells,)
        What the events were counted over: runs, or hours; the same unit on both sides.
    dispersion : float or array, shape (cells,)
        Variance of a run's events over their mean, 1 or above: how many events come at a time.

    Returns
    -------
    RateComparison
        ``p`` is twice the smaller tail, at most 1, and so agrees with `ratio_interval`. Without
        any event p is 1: nothing happened, and nothing was shown.

    Raises
    ------
    ValueError
        When events are negative or fractional, exposures negative, or lengths differ.

    Notes
    -----
    Given the total, the current events are binomial with probability e₁/(e₀ + e₁) when the rates
    are equal. Assumes that clumps of ``dispersion`` events are independent: one lost node that
    restarts forty pods is one cause and not forty, and with a dispersion of 1 the test overstates.
    With another than 1 the binomial tail is continued to fractions of events (the quasi-Poisson
    model). A side without exposure → ``INSUFFICIENT_DATA``.

    References
    ----------
    Przyborowski, Wilenski (1940), "Homogeneity of results in testing samples from Poisson
    series", Biometrika 31. Clopper, Pearson (1934) for the interval.

    Examples
    --------
    No failed task in five runs before, six in five runs now:

    >>> result = compare_rates([0], [5], [6], [5])
    >>> float(result.p[0])
    0.03125
    """
    before = count_vector("baseline_events", baseline_events)
    now = count_vector("current_events", current_events)
    same_length("current_events", now, n=before.shape[0])
    exposure_before = _exposure("baseline_exposure", baseline_exposure, n=before.shape[0])
    exposure_now = _exposure("current_exposure", current_exposure, n=before.shape[0])
    undefined = (exposure_before == 0.0) | (exposure_now == 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate_before, rate_now = before / exposure_before, now / exposure_now
        share = exposure_now / (exposure_before + exposure_now)
        ratio, difference = rate_now / rate_before, rate_now - rate_before
    clump = _clump_sizes(dispersion, n=before.shape[0])
    greater = _at_least(now / clump, before / clump, share)
    less = _at_least(before / clump, now / clump, 1.0 - share)
    p = np.minimum(2.0 * np.minimum(greater, less), 1.0)
    for figure in (ratio, difference, greater, less, p):
        figure[undefined] = np.nan
    return RateComparison(
        baseline_events=before,
        current_events=now,
        baseline_exposure=exposure_before,
        current_exposure=exposure_now,
        rate_difference=difference,
        rate_ratio=ratio,
        p=p,
        p_greater=greater,
        p_less=less,
        dispersion=clump,
        state=np.where(undefined, State.INSUFFICIENT_DATA, State.OK).astype(np.int8),
    )


def _rate_interval(
    events: FloatArray, exposure: FloatArray, tail: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return a Poisson rate with the exact limits of Garwood."""
    low = np.where(events == 0.0, 0.0, special.gammaincinv(_some(events), tail))
    high = special.gammaincinv(events + 1.0, 1.0 - tail)
    return events / exposure, low / exposure, high / exposure


def _at_least(events: FloatArray, others: FloatArray, share: FloatArray) -> FloatArray:
    """Return P(X ≥ events) for X ~ Binomial(events + others, share)."""
    tail = special.betainc(_some(events), others + 1.0, share)
    return np.where(events == 0.0, 1.0, tail)


def _some(events: FloatArray) -> FloatArray:
    """Return events with 1 where there are none: the functions of none are decided elsewhere."""
    return np.where(events > 0.0, events, 1.0)


def _clump_sizes(dispersion: npt.ArrayLike, *, n: int) -> FloatArray:
    sizes = broadcast_to_cells("dispersion", dispersion, n_cells=n)
    if (sizes < 1.0).any():
        raise ValueError(f"dispersion must be 1 or above, got {sizes.min()}")
    return sizes


def _exposure(name: str, values: npt.ArrayLike, *, n: int) -> FloatArray:
    array = finite_vector(name, values)
    same_length(name, array, n=n)
    if (array < 0.0).any():
        raise ValueError(f"{name} must be zero or above, got {array.min()}")
    return array
