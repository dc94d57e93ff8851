"""Simulated campaigns: known truth for calibration and demonstration."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from lm_assets.model.combination import Combination
from lm_assets.model.metric import Direction, Metric, Scale
from lm_assets.regression.calibration.noise import EventLaw, Noise, events, noise_on_logs
from lm_assets.regression.cells.sample_table import SampleTable
from lm_assets.stats.validation import BoolArray, FloatArray

# Percentages move by points: this many for a slow-down by the factor e, 5 for one of 20 %.
POINTS_PER_LOG = 25.0


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
    """Combinations and metrics with the true level of each cell, shape (combinations, metrics).

    ``loudness`` multiplies the noise of each cell, of that shape; without it all are alike.
    """

    combinations: tuple[Combination, ...]
    metrics: tuple[Metric, ...]
    levels: FloatArray
    loudness: FloatArray | None = None

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
    loudness = np.ones(matrix.levels.shape) if matrix.loudness is None else matrix.loudness
    runs_of_noise = noise_on_logs(noise, rng, (*matrix.levels.shape, runs), loudness)
    slow_down = with_effects(runs_of_noise, matrix, effects, progress=progress)
    return on_scales(matrix, slow_down, rng, event_law=noise.event_law)


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
    matrix: SimulatedMatrix,
    slow_down: FloatArray,
    rng: np.random.Generator,
    *,
    event_law: EventLaw = EventLaw.POISSON,
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
    values[:, is_count] = events(values[:, is_count], event_law, rng)
    return values
