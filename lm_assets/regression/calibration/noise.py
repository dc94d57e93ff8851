"""How simulated runs differ from each other: laws, nodes, days, drift, clumps of events."""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from lm_assets.stats.validation import FloatArray

_HEAVY_TAIL_DF = 3.0
# Of a law with two modes, this share of the runs is in the slow one.
_SLOW_SHARE = 0.3


class NoiseLaw(StrEnum):
    """How runs of one cell differ, on logs; all have the same standard deviation.

    Normally, with the tails of t with 3 df, or in two modes: three runs of ten are slow ones.
    """

    LOG_NORMAL = "log_normal"
    HEAVY_TAILED = "heavy_tailed"
    TWO_MODES = "two_modes"


class EventLaw(StrEnum):
    """How events come: alone (Poisson), forty at a time, or with a rate that differs by run."""

    POISSON = "poisson"
    CLUMPED = "clumped"
    NEGATIVE_BINOMIAL = "negative_binomial"


@dataclass(frozen=True, kw_only=True, slots=True)
class Noise:
    """Run-to-run noise.

    Parameters
    ----------
    relative_sd : float
        Standard deviation of the logarithm of a run's value; of percentages, 2.5 points for 0.1.
    law : NoiseLaw
        Its distribution.
    shared : float
        Correlation between the metrics of one run, 0 to 1: a slow run is slow in every metric.
    node_sd : float
        Standard deviation of the logarithm of a node's speed, drawn anew in every campaign.
    nodes : int
        How many nodes the combinations are spread over. A day is a node, for what it does to runs.
    is_pinned : bool
        Whether all runs of a combination are on one node, which no number of runs averages out;
        otherwise every run is placed anew.
    autocorrelation : float
        Correlation of each run of a cell with the one before it, 0 to below 1.
    warm_up : float
        Logarithm by which the first run of every cell is slower.
    drift_sd : float
        Standard deviation of the slope of a cell, from its first run to its last, on logs.
    event_law : EventLaw
        How events come.
    """

    relative_sd: float = 0.1
    law: NoiseLaw = NoiseLaw.LOG_NORMAL
    shared: float = 0.0
    node_sd: float = 0.0
    nodes: int = 10
    is_pinned: bool = False
    autocorrelation: float = 0.0
    warm_up: float = 0.0
    drift_sd: float = 0.0
    event_law: EventLaw = EventLaw.POISSON

    def __post_init__(self) -> None:
        for name in ("relative_sd", "node_sd", "warm_up", "drift_sd"):
            if not 0.0 <= getattr(self, name) <= 2.0:
                raise ValueError(f"{name} must be from 0 to 2, got {getattr(self, name)!r}")
        if not 0.0 <= self.shared <= 1.0:
            raise ValueError(f"shared must be from 0 to 1, got {self.shared!r}")
        if not 0.0 <= self.autocorrelation < 1.0:
            raise ValueError(
                f"autocorrelation must be from 0 to below 1, got {self.autocorrelation!r}"
            )
        if self.nodes < 1:
            raise ValueError(f"nodes must be 1 or above, got {self.nodes!r}")


def noise_on_logs(
    noise: Noise, rng: np.random.Generator, shape: tuple[int, int, int], loudness: FloatArray
) -> FloatArray:
    """Return logarithmic slow-downs of shape (combinations, metrics, runs).

    ``loudness`` multiplies the run-to-run noise of each cell, shape (combinations, metrics).
    """
    combinations, _, runs = shape
    of_run = _standard(noise, rng, (combinations, 1, runs))
    own = _standard(noise, rng, shape)
    mixed = math.sqrt(noise.shared) * of_run + math.sqrt(1.0 - noise.shared) * own
    mixed = _following(mixed, noise.autocorrelation)
    speed = rng.normal(0.0, 1.0, size=noise.nodes) * noise.node_sd
    placed = (combinations, 1, 1) if noise.is_pinned else (combinations, 1, runs)
    on_node = speed[rng.integers(0, noise.nodes, size=placed)]
    result: FloatArray = noise.relative_sd * loudness[:, :, None] * mixed + on_node
    if noise.warm_up:
        result[:, :, 0] += noise.warm_up
    if noise.drift_sd and runs > 1:
        slope = rng.normal(0.0, noise.drift_sd, size=(*shape[:2], 1))
        result += slope * np.linspace(0.0, 1.0, runs)
    return result


def events(rates: FloatArray, law: EventLaw, rng: np.random.Generator) -> FloatArray:
    """Return numbers of events with these rates.

    Clumps of forty come as often as leaves the rate what it is; of the negative binomial law the
    variance is the rate and its square.
    """
    bounded = np.minimum(rates, 1e6)
    if law is EventLaw.CLUMPED:
        clumps: FloatArray = 40.0 * rng.poisson(bounded / 40.0).astype(np.float64)
        return clumps
    if law is EventLaw.NEGATIVE_BINOMIAL:
        bounded = bounded * rng.gamma(1.0, 1.0, size=bounded.shape)
    drawn: FloatArray = rng.poisson(bounded).astype(np.float64)
    return drawn


def _standard(noise: Noise, rng: np.random.Generator, shape: tuple[int, ...]) -> FloatArray:
    if noise.law is NoiseLaw.LOG_NORMAL:
        return rng.normal(size=shape)
    if noise.law is NoiseLaw.TWO_MODES:
        # Nine tenths of the variance lie between the modes.
        gap = math.sqrt(0.9 / (_SLOW_SHARE * (1.0 - _SLOW_SHARE)))
        is_slow = rng.random(size=shape) < _SLOW_SHARE
        return gap * (is_slow - _SLOW_SHARE) + math.sqrt(0.1) * rng.normal(size=shape)
    df = _HEAVY_TAIL_DF
    return rng.standard_t(df, size=shape) / math.sqrt(df / (df - 2.0))


def _following(values: FloatArray, correlation: float) -> FloatArray:
    """Return values of the same spread of which each run follows the one before it."""
    if not correlation:
        return values
    result = values.copy()
    fresh = math.sqrt(1.0 - correlation**2)
    for run in range(1, values.shape[2]):
        result[:, :, run] = correlation * result[:, :, run - 1] + fresh * values[:, :, run]
    return result
