"""Differences of run-level values between two sides: size, interval, p; many at a time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lm_assets.stats.moments import SampleMoments, log_moments, sample_moments
from lm_assets.stats.prediction import compare_new_runs
from lm_assets.stats.ragged import RaggedSamples
from lm_assets.stats.validation import FloatArray
from lm_assets.stats.welch import MeanComparison, compare_means

# The clock of Spark's events ticks in milliseconds, and no machine repeats itself within 2 %.
_COARSEST_S = 0.002
_LEAST_RELATIVE_SD = 0.02


@dataclass(frozen=True, kw_only=True, slots=True)
class Differences:
    """Per cell: means of both sides, difference with its 95 % interval, p; NaN where undefined."""

    baseline: FloatArray
    current: FloatArray
    low: FloatArray
    high: FloatArray
    p: FloatArray

    @property
    def difference(self) -> FloatArray:
        """Mean of current minus mean of baseline."""
        return self.current - self.baseline


def differences(
    baseline: Sequence[Sequence[float]], current: Sequence[Sequence[float]], *, floor: float
) -> Differences:
    """Return the difference of every cell, by Welch; of one new run, by prediction.

    ``floor`` is the smallest standard deviation believed, beside 2 % of the larger mean.
    """
    before = sample_moments(RaggedSamples.from_lists(list(baseline)))
    now = sample_moments(RaggedSamples.from_lists(list(current)))
    size = np.maximum(np.abs(before.mean), np.abs(now.mean))
    min_sd = np.maximum(_LEAST_RELATIVE_SD * np.nan_to_num(size), floor)
    compared = compare(before, now, min_sd)
    low, high = compared.interval()
    return Differences(baseline=before.mean, current=now.mean, low=low, high=high, p=compared.p)


def seconds(baseline: Sequence[Sequence[float]], current: Sequence[Sequence[float]]) -> Differences:
    """Return the differences of values in seconds."""
    return differences(baseline, current, floor=_COARSEST_S)


@dataclass(frozen=True, kw_only=True, slots=True)
class RatioChange:
    """Relative change of a total between two sides, on the log scale."""

    change: float
    interval: tuple[float, float] | None
    p: float | None


def ratio_change(baseline: Sequence[float], current: Sequence[float]) -> RatioChange | None:
    """Return how much a positive quantity changed; None where a side has no positive mean."""
    if not baseline or not current or min(*baseline, *current) <= 0.0:
        return None
    before = log_moments(RaggedSamples.from_lists([list(baseline)]))
    now = log_moments(RaggedSamples.from_lists([list(current)]))
    compared = compare(before, now, np.array([_LEAST_RELATIVE_SD]))
    low, high = compared.change_interval()
    is_known = bool(np.isfinite(compared.p[0]))
    return RatioChange(
        change=float(compared.change[0]),
        interval=(float(low[0]), float(high[0])) if is_known else None,
        p=float(compared.p[0]) if is_known else None,
    )


def compare(before: SampleMoments, now: SampleMoments, min_sd: FloatArray) -> MeanComparison:
    """Return Welch's comparison; where the new side has one run, whether it was to be expected."""
    if now.n.size and int(now.n.max()) == 1 and int(before.n.max()) > 1:
        return compare_new_runs(before, now, min_sd=min_sd)
    return compare_means(before, now, min_sd=min_sd)
