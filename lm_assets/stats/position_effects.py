"""What the place of a run among the runs of its cell does to it, such as a first, cold one."""

import math

import numpy as np

from lm_assets.stats.ragged import RaggedSamples
from lm_assets.stats.validation import FloatArray, IntArray, same_length

# √(π/2): the error of a median over that of a mean, for normal values.
_ERROR_OF_MEDIAN = 1.2533
_MAD_TO_SD = 1.4826
# Cells of three runs hide half of a first run's effect in their own mean: fewer say nothing.
_FEWEST_RUNS = 3
# |z| of the median that one position of a thousand without effect reaches, for some tens of them.
_SIGNIFICANT = 4.5


def position_effects(
    samples: RaggedSamples, positions: IntArray, *, minimum: float, min_cells: int
) -> FloatArray:
    """Return the effect of its position on each sample, shape (observations,); 0 where none.

    Parameters
    ----------
    samples : RaggedSamples
        Values of many cells of one metric and side: logarithms, or points.
    positions : array, shape (observations,)
        Which run of its cell each value is from, 0 where that is not known.
    minimum : float
        Smallest effect worth taking off, in the unit of the values.
    min_cells : int
        Fewest cells with a run in a position.

    Notes
    -----
    The effect is the median over cells of the distance of the run in that position from the median
    of its cell, against the median position, so that the level of a cell is that of its usual runs:
    a first slow run is brought down and the others stay. An effect below ``minimum``, or less than
    4.5 standard errors of the median away from zero, is none, so that clean samples stay untouched.
    """
    same_length("positions", positions, n=samples.values.size)
    effects = np.zeros(samples.values.shape)
    of_cell = samples.cells
    usable = (positions > 0) & (samples.n >= _FEWEST_RUNS)[of_cell]
    if not usable.any():
        return effects
    distance = samples.values - _cell_medians(samples)[of_cell]
    found: dict[int, float] = {}
    for position in np.unique(positions[usable]).tolist():
        there = distance[usable & (positions == position)]
        if there.size >= min_cells:
            found[position] = _shared(there, minimum)
    usual = float(np.median(list(found.values()))) if found else 0.0
    for position, effect in found.items():
        if effect - usual != 0.0:
            effects[positions == position] = effect - usual
    return effects


def _shared(distance: FloatArray, minimum: float) -> float:
    middle = float(np.median(distance))
    spread = _MAD_TO_SD * float(np.median(np.abs(distance - middle)))
    error = _ERROR_OF_MEDIAN * spread / math.sqrt(distance.size)
    return middle if abs(middle) >= minimum and abs(middle) > _SIGNIFICANT * error else 0.0


def _cell_medians(samples: RaggedSamples) -> FloatArray:
    ascending, n = samples.sorted_within_cells(), samples.n
    medians = np.full(samples.n_cells, np.nan)
    filled = np.flatnonzero(n)
    first = samples.offsets[filled]
    lower, upper = first + (n[filled] - 1) // 2, first + n[filled] // 2
    medians[filled] = (ascending[lower] + ascending[upper]) / 2.0
    return medians
