"""Simulated campaigns: known truth for calibration and demonstration."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from lm_assets.model.combination import Combination
from lm_assets.model.metric import Direction, Metric, Scale
from lm_assets.regression.cells.sample_table import SampleTable
from lm_assets.stats.validation import BoolArray, FloatArray

_HEAVY_TAIL_DF = 3.0
# Percentages move by points: this many for a slow-down by the factor e, 5 for one of 20 %.
POINTS_PER_LOG = 25.0


class NoiseLaw(StrEnum):
    """How runs of one cell differ: log-normally, or with the tails of t with 3 df on logs."""

    LOG_NORMAL = "log_normal"
    HEAVY_TAILED = "heavy_tailed"


class EffectKind(StrEnum):
    """What an injected effect does to the runs that it reaches.

    A ``STEP`` moves them all, a ``RAMP`` grows from nothing to its factor over the campaigns, a
    ``SPIKE`` moves one run of each cell, ``VARIANCE`` multiplies the noise and moves nothing.
    """

    STEP = "step"
    RAMP = "ramp"
    SPIKE = "spike"
    VARIANCE = "variance"


@dataclass(frozen=True, kw_only=True, slots=True)
class Noise:
    """Run-to-run noise.

    Parameters
    ----------
    relative_sd : float
        Standard deviation of the logarithm of a run's value; of percentages, 2.5 points for 0.1.
    law : NoiseLaw
        Its distribution; both have that standard deviation.
    shared : float
        Correlation between the metrics of one run, 0 to 1: a slow run is slow in every metric.
    node_sd : float
        Standard deviation of the logarithm of a node's speed, drawn anew in every campaign.
    nodes : int
        How many nodes the combinations are spread over.
    is_pinned : bool
        Whether all runs of a combination are on one node, which no number of runs averages out;
        otherwise every run is placed anew.
    """

    relative_sd: float = 0.1
    law: NoiseLaw = NoiseLaw.LOG_NORMAL
    shared: float = 0.0
    node_sd: float = 0.0
    nodes: int = 10
    is_pinned: bool = False

    def __post_init__(self) -> None:
        for name in ("relative_sd", "node_sd"):
            if not 0.0 <= getattr(self, name) <= 2.0:
                raise ValueError(f"{name} must be from 0 to 2, got {getattr(self, name)!r}")
        if not 0.0 <= self.shared <= 1.0:
            raise ValueError(f"shared must be from 0 to 1, got {self.shared!r}")
        if self.nodes < 1:
            raise ValueError(f"nodes must be 1 or above, got {self.nodes!r}")


@dataclass(frozen=True, kw_only=True, slots=True)
class InjectedEffect:
    """A known change: how much slower, in which metrics, and where.

    ``factor`` is that of the slow-down: metrics that should be high are divided by it, percentages
    move by 25 points for every factor e, and event rates are multiplied by it. ``metrics``
    empty means all; ``where`` names dimension values and ``combinations`` ids, both empty means
    the whole matrix.
    """

    kind: EffectKind = EffectKind.STEP
    factor: float
    metrics: tuple[str, ...] = ()
    where: Mapping[str, str] = field(default_factory=dict)
    combinations: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not (math.isfinite(self.factor) and self.factor > 0.0):
            raise ValueError(f"factor must be finite and above 0, got {self.factor!r}")


@dataclass(frozen=True, kw_only=True, slots=True)
class SimulatedMatrix:
    """Combinations and metrics with the true level of each cell, shape (combinations, metrics)."""

    combinations: tuple[Combination, ...]
    metrics: tuple[Metric, ...]
    levels: FloatArray

    @classmethod
    def draw(
        cls,
        combinations: Sequence[Combination],
        metrics: Sequence[Metric],
        rng: np.random.Generator,
    ) -> "SimulatedMatrix":
        """Return a matrix whose cells differ a hundredfold, as those of real ones do.

        Percentages lie from 30 to 60; events happen in one run of fifty, and never where a hard
        limit forbids them.
        """
        shape = (len(combinations), len(metrics))
        levels = np.exp(rng.normal(math.log(60.0), 1.0, size=shape))
        for at, metric in enumerate(metrics):
            if metric.scale is Scale.POINTS:
                levels[:, at] = rng.uniform(30.0, 60.0, size=shape[0])
            elif metric.scale is Scale.COUNT:
                levels[:, at] = 0.02 if metric.limit is None else 0.0
        return cls(combinations=tuple(combinations), metrics=tuple(metrics), levels=levels)

    @property
    def dimensions(self) -> Mapping[str, Mapping[str, str]]:
        """Dimension values by combination."""
        return {c.id: c.dimensions for c in self.combinations}

    def reached_by(self, effect: InjectedEffect) -> BoolArray:
        """Tell which cells an effect reaches, shape (combinations, metrics)."""
        is_metric = np.array(
            [not effect.metrics or metric.name in effect.metrics for metric in self.metrics]
        )
        is_place = np.array(
            [
                (not effect.combinations or c.id in effect.combinations)
                and all(c.dimensions.get(name) == value for name, value in effect.where.items())
                for c in self.combinations
            ]
        )
        reached: BoolArray = np.logical_and.outer(is_place, is_metric)
        return reached

    def table(self, values: FloatArray, *, first_run: int = 1) -> SampleTable:
        """Return values of shape (combinations, metrics, runs) as samples."""
        return SampleTable.from_grid(
            values,
            combinations=[c.id for c in self.combinations],
            metrics=[metric.name for metric in self.metrics],
            runs=[f"run-{first_run + at}" for at in range(values.shape[2])],
        )


def simulate_values(
    matrix: SimulatedMatrix,
    noise: Noise,
    rng: np.random.Generator,
    *,
    runs: int,
    effects: Sequence[InjectedEffect] = (),
    progress: float = 1.0,
) -> FloatArray:
    """Return one campaign's values, shape (combinations, metrics, runs).

    Parameters
    ----------
    rng : numpy.random.Generator
        The only source of chance: equal generators give equal campaigns.
    progress : float
        How far ramps have grown, 0 to 1.
    """
    slow_down = with_effects(
        _noise_on_logs(matrix, noise, rng, runs), matrix, effects, progress=progress
    )
    return on_scales(matrix, slow_down, rng)


def with_effects(
    slow_down: FloatArray,
    matrix: SimulatedMatrix,
    effects: Sequence[InjectedEffect],
    *,
    progress: float = 1.0,
) -> FloatArray:
    """Return logarithmic slow-downs of shape (combinations, metrics, runs) with effects put in."""
    result = slow_down.copy()
    for effect in effects:
        reached = matrix.reached_by(effect)[:, :, None]
        strength = math.log(effect.factor)
        if effect.kind is EffectKind.VARIANCE:
            result = np.where(reached, result * effect.factor, result)
        elif effect.kind is EffectKind.SPIKE:
            result[:, :, :1] += strength * reached
        else:
            grown = progress if effect.kind is EffectKind.RAMP else 1.0
            result += grown * strength * reached
    return result


def moved_cells(
    matrix: SimulatedMatrix, effects: Sequence[InjectedEffect]
) -> frozenset[tuple[str, str]]:
    """Return the (combination, metric) cells whose level effects move: steps and ramps."""
    moves = (EffectKind.STEP, EffectKind.RAMP)
    return frozenset(
        (matrix.combinations[c].id, matrix.metrics[m].name)
        for effect in effects
        if effect.kind in moves
        for c, m in np.argwhere(matrix.reached_by(effect)).tolist()
    )


def on_scales(
    matrix: SimulatedMatrix, slow_down: FloatArray, rng: np.random.Generator
) -> FloatArray:
    """Return values from logarithmic slow-downs: factors, points, or events of that rate."""
    sign = np.array([-1.0 if m.direction is Direction.HIGHER else 1.0 for m in matrix.metrics])
    moved, levels = sign[None, :, None] * slow_down, matrix.levels[:, :, None]
    with np.errstate(over="ignore"):
        values: FloatArray = levels * np.exp(moved)
    is_points, is_count = (
        np.array([metric.scale is scale for metric in matrix.metrics], dtype=np.bool_)
        for scale in (Scale.POINTS, Scale.COUNT)
    )
    points = levels[:, is_points] + POINTS_PER_LOG * moved[:, is_points]
    values[:, is_points] = np.maximum(points, 0.0)
    values[:, is_count] = rng.poisson(np.minimum(values[:, is_count], 1e6))
    return values


def _noise_on_logs(
    matrix: SimulatedMatrix, noise: Noise, rng: np.random.Generator, runs: int
) -> FloatArray:
    cells = (len(matrix.combinations), len(matrix.metrics), runs)
    of_run = _standard(noise, rng, (cells[0], 1, cells[2]))
    own = _standard(noise, rng, cells)
    mixed = math.sqrt(noise.shared) * of_run + math.sqrt(1.0 - noise.shared) * own
    speed = rng.normal(0.0, 1.0, size=noise.nodes) * noise.node_sd
    placed = (cells[0], 1, 1) if noise.is_pinned else (cells[0], 1, runs)
    on_node = speed[rng.integers(0, noise.nodes, size=placed)]
    result: FloatArray = noise.relative_sd * mixed + on_node
    return result


def _standard(noise: Noise, rng: np.random.Generator, shape: tuple[int, ...]) -> FloatArray:
    if noise.law is NoiseLaw.LOG_NORMAL:
        return rng.normal(size=shape)
    df = _HEAVY_TAIL_DF
    return rng.standard_t(df, size=shape) / math.sqrt(df / (df - 2.0))
