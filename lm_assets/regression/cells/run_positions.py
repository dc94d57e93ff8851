"""What a run's position does to every cell is one cause, taken off before cells are compared."""

import re
from dataclasses import dataclass, replace

import numpy as np

from lm_assets.model.metric import Metric, Scale
from lm_assets.model.policy import StagePolicy
from lm_assets.regression.cells.alignment import Cells, CellSamples
from lm_assets.stats.position_effects import position_effects
from lm_assets.stats.ragged import RaggedSamples
from lm_assets.stats.validation import BoolArray, FloatArray, IntArray

# The last number of a run's name, as in `run-3`, `baseline-5` or `7`, is its position.
_NUMBERED = re.compile(r"(?:^|[^0-9a-zA-Z])(\d{1,4})$")


@dataclass(frozen=True, kw_only=True, slots=True)
class RemovedPosition:
    """The effect of one position on one metric of one side, as a change of the level."""

    metric: Metric
    side: str
    position: int
    change: float


@dataclass(frozen=True, kw_only=True, slots=True)
class SteadyCells:
    """The cells with effects of positions taken off, where there were any.

    ``is_touched`` tells which cells had a run that was moved, shape (cells,).
    """

    cells: Cells
    removed: tuple[RemovedPosition, ...]
    is_touched: BoolArray


def take_off_positions(cells: Cells, judged: BoolArray, policy: StagePolicy) -> SteadyCells:
    """Return the cells as they would be had every run stood in the usual position.

    A first run on a cold cluster is slow in every cell of both sides; it is no noise, and leaving
    it in buries every change. Events are left as they are.
    """
    is_touched = np.zeros(len(cells), dtype=np.bool_)
    removed: list[RemovedPosition] = []
    sides: list[CellSamples] = []
    for name, side in (("baseline", cells.baseline), ("current", cells.current)):
        effects, found = _effects(cells, name, side, judged, policy)
        removed += found
        is_touched[side.ragged.cells[effects != 0.0]] = True
        sides.append(_moved(cells, side, effects) if found else side)
    if not removed:
        return SteadyCells(cells=cells, removed=(), is_touched=is_touched)
    steady = replace(cells, baseline=sides[0], current=sides[1])
    return SteadyCells(cells=steady, removed=tuple(removed), is_touched=is_touched)


def positions_of(side: CellSamples) -> IntArray:
    """Return the position of every sample's run among the runs of its cell, 0 where unknown."""
    found = [_NUMBERED.search(name) for name in side.runs]
    table = np.array([int(match.group(1)) if match else 0 for match in found], dtype=np.int64)
    return table[side.run_code] if table.size else np.zeros(side.run_code.shape, dtype=np.int64)


def _effects(
    cells: Cells, name: str, side: CellSamples, judged: BoolArray, policy: StagePolicy
) -> tuple[FloatArray, list[RemovedPosition]]:
    of_sample, positions = side.ragged.cells, positions_of(side)
    effects = np.zeros(of_sample.shape)
    removed: list[RemovedPosition] = []
    if not positions.any():
        return effects, removed
    for at, metric in enumerate(cells.metrics):
        if metric.scale is Scale.COUNT:
            continue
        chosen = np.flatnonzero((cells.metric_code[of_sample] == at) & judged[of_sample])
        is_ratio = metric.scale is Scale.RATIO
        values = side.ragged.values[chosen]
        rules = policy.run_positions
        effects[chosen] = position_effects(
            RaggedSamples.from_codes(
                np.log(values) if is_ratio else values, of_sample[chosen], n_cells=len(cells)
            ),
            positions[chosen],
            minimum=np.log1p(rules.minimum_relative) if is_ratio else rules.minimum_points,
            min_cells=rules.minimum_cells,
        )
        moved = chosen[effects[chosen] != 0.0]
        for position, first in zip(*np.unique(positions[moved], return_index=True), strict=True):
            effect = float(effects[moved[first]])
            change = float(np.expm1(effect)) if is_ratio else effect
            removed.append(
                RemovedPosition(metric=metric, side=name, position=int(position), change=change)
            )
    return effects, removed


def _moved(cells: Cells, side: CellSamples, effects: FloatArray) -> CellSamples:
    values, is_ratio = side.ragged.values, cells.is_ratio[side.ragged.cells]
    steady = np.where(is_ratio, values * np.exp(-effects), values - effects)
    return replace(side, ragged=RaggedSamples(values=steady, offsets=side.ragged.offsets))
