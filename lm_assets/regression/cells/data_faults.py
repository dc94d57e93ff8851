"""Values that a metric cannot have, by its scale or its bounds: a data fault, never a number."""

import math
from collections.abc import Mapping

import numpy as np

from lm_assets.model.metric import Metric, Scale
from lm_assets.regression.cells.alignment import Cells, CellSamples
from lm_assets.stats.validation import BoolArray

_RULES = {
    "ratio": "a ratio metric must be above zero",
    "points": "a percentage must not be below zero",
    "count": "events must be a whole number, zero or above",
}


def rule_broken(metric: Metric, value: float) -> str | None:
    """Return the rule that a value breaks, None where it can be one of the metric."""
    is_whole = value == math.floor(value)
    impossible = {
        Scale.RATIO: value <= 0.0,
        Scale.POINTS: value < 0.0,
        Scale.COUNT: value < 0.0 or not is_whole,
    }
    if impossible[metric.scale]:
        return _RULES[metric.scale.value]
    low, high = metric.bounds
    return None if low <= value <= high else bounds_rule(metric)


def bounds_rule(metric: Metric) -> str:
    """Return in words what a metric's values can be."""
    low, high = metric.bounds
    if math.isinf(high):
        return f"{metric.name} is {low:g} {metric.unit} or more"
    return f"{metric.name} is at most {high:g} {metric.unit}"


def find_faults(cells: Cells) -> Mapping[int, Mapping[str, object]]:
    """Return what is wrong with each faulty cell: the rule, the side, the run and the value."""
    faults: dict[int, Mapping[str, object]] = {}
    for name, side in (("current", cells.current), ("baseline", cells.baseline)):
        of_cell = side.ragged.cells
        for at in np.flatnonzero(_impossible(cells, side)).tolist():
            cell = int(of_cell[at])
            faults.setdefault(
                cell,
                {
                    "rule": _rule(cells.metrics[cells.metric_code[cell]], side, at),
                    "side": name,
                    "run": side.runs[side.run_code[at]],
                    "value": float(side.ragged.values[at]),
                },
            )
    return faults


def fault_mask(cells: Cells, faults: Mapping[int, object]) -> BoolArray:
    """Tell which cells are faulty, shape (cells,)."""
    mask = np.zeros(len(cells), dtype=np.bool_)
    mask[list(faults)] = True
    return mask


def _impossible(cells: Cells, side: CellSamples) -> BoolArray:
    values, of_cell = side.ragged.values, side.ragged.cells
    not_positive = cells.is_ratio[of_cell] & (values <= 0.0)
    negative = cells.is_points[of_cell] & (values < 0.0)
    not_whole = cells.is_count[of_cell] & ((values < 0.0) | (values != np.floor(values)))
    low, high = (np.array(bounds) for bounds in _bounds(cells))
    metric = cells.metric_code[of_cell]
    beyond = (values < low[metric]) | (values > high[metric])
    result: BoolArray = not_positive | negative | not_whole | beyond
    return result


def _bounds(cells: Cells) -> tuple[list[float], list[float]]:
    bounds = [metric.bounds for metric in cells.metrics]
    return [low for low, _ in bounds], [high for _, high in bounds]


def _rule(metric: Metric, side: CellSamples, at: int) -> str:
    return rule_broken(metric, float(side.ragged.values[at])) or bounds_rule(metric)
