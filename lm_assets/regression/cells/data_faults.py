"""Values that a metric cannot have, by its scale or its bounds: a data fault, never a number."""

from collections.abc import Mapping

import numpy as np

from lm_assets.model.metric import Metric
from lm_assets.regression.cells.alignment import Cells, CellSamples
from lm_assets.stats.validation import BoolArray

# As in `Metric.rule_broken`, for all samples at once.
_LARGEST_COUNT = 2.0**53


def find_faults(cells: Cells) -> Mapping[int, Mapping[str, object]]:
    """Return what is wrong with each faulty cell: the rule, the side, the run and the value."""
    faults: dict[int, Mapping[str, object]] = {}
    for name, side in (("current", cells.current), ("baseline", cells.baseline)):
        of_cell = side.ragged.cells
        for at in np.flatnonzero(_impossible(cells, side)).tolist():
            cell, value = int(of_cell[at]), float(side.ragged.values[at])
            faults.setdefault(
                cell,
                {
                    "rule": _rule(
                        cells.metrics[cells.metric_code[cell]], float(side.ragged.values[at])
                    ),
                    "side": name,
                    "run": side.runs[side.run_code[at]],
                    "value": value,
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
    not_whole = cells.is_count[of_cell] & (
        (values < 0.0) | (values != np.floor(values)) | (values > _LARGEST_COUNT)
    )
    low, high = (np.array(bounds) for bounds in _bounds(cells))
    metric = cells.metric_code[of_cell]
    beyond = (values < low[metric]) | (values > high[metric])
    result: BoolArray = not_positive | negative | not_whole | beyond
    return result


def _bounds(cells: Cells) -> tuple[list[float], list[float]]:
    bounds = [metric.bounds for metric in cells.metrics]
    return [low for low, _ in bounds], [high for _, high in bounds]


def _rule(metric: Metric, value: float) -> str:
    return metric.rule_broken(value) or f"{value:g} is no value of {metric.name}"
