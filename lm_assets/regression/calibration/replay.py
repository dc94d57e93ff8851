"""Sources of campaigns with known truth: simulated ones, and stored runs dealt out anew."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from lm_assets.model.combination import Combination
from lm_assets.model.metric import Direction, MetricCatalogue, Scale
from lm_assets.regression.calibration.noise import Noise
from lm_assets.regression.calibration.simulation import (
    POINTS_PER_LOG,
    InjectedEffect,
    SimulatedMatrix,
    simulate_values,
    with_effects,
)
from lm_assets.regression.cells.sample_table import SampleTable
from lm_assets.stats.validation import FloatArray


class Deal(Protocol):
    """One baseline, and current campaigns that differ from it by nothing but what is injected."""

    @property
    def baseline(self) -> SampleTable:
        """Samples of the baseline."""
        ...

    def current(
        self, rng: np.random.Generator, effects: Sequence[InjectedEffect], *, progress: float
    ) -> SampleTable:
        """Return the samples of a current campaign, with effects put in."""
        ...


class CampaignSource(Protocol):
    """Where campaigns of known truth come from."""

    @property
    def matrix(self) -> SimulatedMatrix:
        """Combinations and metrics of the campaigns."""
        ...

    def deal(self, rng: np.random.Generator) -> Deal:
        """Return a new baseline, from which current campaigns can be drawn."""
        ...


@dataclass(frozen=True, kw_only=True)
class SimulatedSource:
    """Campaigns out of a noise model."""

    matrix: SimulatedMatrix
    noise: Noise
    runs: int

    def deal(self, rng: np.random.Generator) -> "SimulatedDeal":
        """Return a baseline drawn from the model."""
        values = simulate_values(self.matrix, self.noise, rng, runs=self.runs)
        return SimulatedDeal(source=self, baseline=self.matrix.table(values))


@dataclass(frozen=True, kw_only=True)
class SimulatedDeal:
    """A drawn baseline and the model it came from."""

    source: SimulatedSource
    baseline: SampleTable

    def current(
        self, rng: np.random.Generator, effects: Sequence[InjectedEffect], *, progress: float = 1.0
    ) -> SampleTable:
        """Return a campaign drawn from the same model, with effects put in."""
        source = self.source
        return source.matrix.table(
            simulate_values(
                source.matrix,
                source.noise,
                rng,
                runs=source.runs,
                effects=effects,
                progress=progress,
            )
        )


@dataclass(frozen=True, kw_only=True)
class ReplaySource:
    """Stored runs, dealt out as baseline and current: A/A by construction, with their own noise.

    ``pool`` has shape (combinations, metrics, runs), NaN where a run has no value. Runs are dealt
    whole, so that metrics of one run stay together.
    """

    matrix: SimulatedMatrix
    pool: FloatArray
    runs: int

    @classmethod
    def of_samples(
        cls,
        table: SampleTable,
        catalogue: MetricCatalogue,
        combinations: Sequence[Combination],
        *,
        runs: int,
    ) -> "ReplaySource":
        """Return the source of a table's combinations that have twice as many runs as are dealt.

        Raises
        ------
        ValueError
            When no combination has.
        """
        metrics = tuple(m for m in catalogue if m.is_judged and m.name in table.metrics)
        position = {metric.name: at for at, metric in enumerate(metrics)}
        values: dict[str, dict[str, FloatArray]] = {}
        for combination, metric, run, value in table.rows():
            if metric in position:
                row = values.setdefault(combination, {}).setdefault(
                    run, np.full(len(metrics), np.nan)
                )
                row[position[metric]] = value
        kept = [c for c in combinations if len(values.get(c.id, {})) >= 2 * runs]
        if not kept:
            most = max((len(of_runs) for of_runs in values.values()), default=0)
            raise ValueError(
                f"samples must have 2 × {runs} runs of a combination to be split, "
                f"got at most {most}"
            )
        longest = max(len(values[c.id]) for c in kept)
        pool = np.full((len(kept), len(metrics), longest), np.nan)
        for at, combination_ in enumerate(kept):
            rows = list(values[combination_.id].values())
            pool[at, :, : len(rows)] = np.array(rows).T
        levels = np.ones(pool.shape[:2])
        matrix = SimulatedMatrix(combinations=tuple(kept), metrics=metrics, levels=levels)
        return cls(matrix=matrix, pool=pool, runs=runs)

    def deal(self, rng: np.random.Generator) -> "ReplayDeal":
        """Return some of the runs of each combination as baseline, and keep the others."""
        chosen = np.full((*self.pool.shape[:2], self.runs), np.nan)
        rest = self.pool.copy()
        for at in range(self.pool.shape[0]):
            there = np.flatnonzero(~np.isnan(self.pool[at]).all(axis=0))
            dealt = rng.permutation(there)[: self.runs]
            chosen[at] = self.pool[at][:, dealt]
            rest[at][:, dealt] = np.nan
        return ReplayDeal(source=self, baseline=_table(self.matrix, chosen), rest=rest)


@dataclass(frozen=True, kw_only=True)
class ReplayDeal:
    """A dealt baseline, and the runs that are left to draw current campaigns from."""

    source: ReplaySource
    baseline: SampleTable
    rest: FloatArray

    def current(
        self, rng: np.random.Generator, effects: Sequence[InjectedEffect], *, progress: float = 1.0
    ) -> SampleTable:
        """Return runs that are not in the baseline, with effects put in."""
        matrix, runs = self.source.matrix, self.source.runs
        values = np.full((*self.rest.shape[:2], runs), np.nan)
        for at in range(self.rest.shape[0]):
            there = np.flatnonzero(~np.isnan(self.rest[at]).all(axis=0))
            values[at] = self.rest[at][:, rng.permutation(there)[:runs]]
        return _table(matrix, _moved(matrix, values, effects, progress))


def _moved(
    matrix: SimulatedMatrix,
    values: FloatArray,
    effects: Sequence[InjectedEffect],
    progress: float,
) -> FloatArray:
    """Return real values with effects put in: on logs about their centre, or in points."""
    result = values.copy()
    for at, metric in enumerate(matrix.metrics):
        if metric.scale is Scale.COUNT:
            continue
        sign = -1.0 if metric.direction is Direction.HIGHER else 1.0
        is_ratio = metric.scale is Scale.RATIO
        with np.errstate(divide="ignore", invalid="ignore"):
            on_scale = np.log(values[:, at]) if is_ratio else values[:, at] / POINTS_PER_LOG
        centre = _centres(on_scale)
        one = SimulatedMatrix(
            combinations=matrix.combinations,
            metrics=(metric,),
            levels=matrix.levels[:, at : at + 1],
        )
        slow = with_effects(sign * (on_scale - centre)[:, None, :], one, effects, progress=progress)
        moved = centre + sign * slow[:, 0]
        result[:, at] = np.exp(moved) if is_ratio else np.maximum(moved * POINTS_PER_LOG, 0.0)
    return result


def _centres(on_scale: FloatArray) -> FloatArray:
    there = ~np.isnan(on_scale)
    total = np.where(there, on_scale, 0.0).sum(axis=1, keepdims=True)
    centres: FloatArray = total / np.maximum(there.sum(axis=1, keepdims=True), 1)
    return centres


def _table(matrix: SimulatedMatrix, values: FloatArray) -> SampleTable:
    return SampleTable.from_rows(
        (matrix.combinations[c].id, matrix.metrics[m].name, f"run-{r + 1}", value)
        for (c, m, r), value in np.ndenumerate(values)
        if not math.isnan(value)
    )
