"""Events of every count cell as rates, and whether they hold without the worst run."""

import numpy as np

from lm_assets.regression.cells.alignment import Cells, CellSamples
from lm_assets.stats.counts import RateComparison, compare_rates
from lm_assets.stats.event_dispersion import pooled_dispersion
from lm_assets.stats.ragged import RaggedSamples
from lm_assets.stats.validation import BoolArray, FloatArray, IntArray


def dispersion_of_cells(cells: Cells, judged: BoolArray) -> FloatArray:
    """Return how many events of a count metric come at a time, shape (cells,); 1 elsewhere."""
    sizes = np.ones(len(cells))
    for position in range(len(cells.metrics)):
        chosen = cells.of_metric(position)
        if chosen.size and cells.is_count[chosen[0]]:
            of_metric = np.zeros(len(cells), dtype=np.bool_)
            of_metric[chosen] = judged[chosen]
            sides = [_only(side, of_metric) for side in (cells.baseline, cells.current)]
            sizes[chosen] = pooled_dispersion(sides)
    return sizes


def rates_of_cells(
    cells: Cells, chosen: IntArray, dispersion: FloatArray | float
) -> RateComparison:
    """Return the rates of the chosen cells, compared in clumps of the dispersion's size."""
    return compare_rates(
        _events(cells.baseline)[chosen],
        cells.baseline.n[chosen],
        _events(cells.current)[chosen],
        cells.current.n[chosen],
        dispersion=dispersion,
    )


def rates_without_worst_run(
    cells: Cells, chosen: IntArray
) -> tuple[RateComparison, RateComparison]:
    """Return the rates without the current run, and without the baseline run, of most events.

    One lost executor fails forty tasks in one run: what one run alone says of a rate, the other
    runs do not. The first speaks against a rate that rose, the second against one that fell.
    """
    before, now = _events(cells.baseline)[chosen], _events(cells.current)[chosen]
    n_before, n_now = cells.baseline.n[chosen], cells.current.n[chosen]
    fewer_now, fewer_before = np.maximum(n_now - 1, 0), np.maximum(n_before - 1, 0)
    return (
        compare_rates(before, n_before, now - _most(cells.current)[chosen], fewer_now),
        compare_rates(before - _most(cells.baseline)[chosen], fewer_before, now, n_now),
    )


def _events(side: CellSamples) -> FloatArray:
    ragged = side.ragged
    return np.rint(np.bincount(ragged.cells, weights=ragged.values, minlength=ragged.n_cells))


def _most(side: CellSamples) -> FloatArray:
    most = np.zeros(side.ragged.n_cells)
    np.maximum.at(most, side.ragged.cells, side.ragged.values)
    return most


def _only(side: CellSamples, cells: BoolArray) -> RaggedSamples:
    return side.where(cells[side.ragged.cells]).ragged
