"""Step 9: which runs lie outside the fences, and which verdicts would flip without them."""

from dataclasses import dataclass, replace

import numpy as np

from lm_assets.regression.cells.alignment import Cells
from lm_assets.stats.outliers import flag_outliers
from lm_assets.stats.validation import BoolArray


@dataclass(frozen=True, kw_only=True, slots=True)
class FlaggedRuns:
    """Flags over the samples of both sides, and the cells that have any, shape (cells,)."""

    baseline: BoolArray
    current: BoolArray
    cells: BoolArray


def flag_runs(cells: Cells, judged: BoolArray) -> FlaggedRuns:
    """Return the runs outside the 1.5 × IQR fences of their side of a judged cell."""
    masks = {}
    has_any = np.zeros(len(cells), dtype=np.bool_)
    for name, side in (("baseline", cells.baseline), ("current", cells.current)):
        of_cell = side.ragged.cells
        masks[name] = flag_outliers(side.ragged).is_outlier & judged[of_cell]
        has_any[of_cell[masks[name]]] = True
    return FlaggedRuns(baseline=masks["baseline"], current=masks["current"], cells=has_any)


def without_flagged_runs(cells: Cells, flagged: FlaggedRuns) -> Cells:
    """Return the cells as they would be without the flagged runs."""
    return replace(
        cells,
        baseline=cells.baseline.where(~flagged.baseline),
        current=cells.current.where(~flagged.current),
    )
