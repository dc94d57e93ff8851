"""Values that a metric's scale has no place for: such a cell is a data fault, never a number."""

from collections.abc import Mapping

import numpy as np

from lm_assets.regression.cells.alignment import Cells, CellSamples
from lm_assets.stats.validation import BoolArray

_RULES = {
    "ratio": "a ratio metric must be above zero",
    "points": "a percentage must not be below zero",
    "count": "events must be a whole number, zero or above",
}


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
                    "rule": _RULES[cells.metrics[cells.metric_code[cell]].scale.value],
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
    result: BoolArray = not_positive | negative | not_whole
    return result
