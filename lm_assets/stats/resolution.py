"""The step of a clock or a counter that values were rounded to."""

import numpy as np

from lm_assets.stats.validation import FloatArray

# Fewer distinct values lie on some lattice by chance.
_FEWEST_DISTINCT = 4
# In steps. Values as they are stored err by less, unless steps are as fine as that.
_OFF_LATTICE = 1e-3
# Standard deviation of what rounding takes away, in steps: that of a uniform law of width 1.
SD_OF_ROUNDING = 1.0 / np.sqrt(12.0)


def resolution(values: FloatArray) -> float:
    """Return the step of which all values are whole multiples; 0 where there is none.

    Parameters
    ----------
    values : array, shape (observations,)
        Finite, in the metric's unit; of many cells, that a step may show.

    Notes
    -----
    The smallest distance of two different values is taken for the step when every value is a
    multiple of it. Values that were not rounded have a distance that divides none of the others;
    values rounded finely have a small step, which says as little as it should.

    Examples
    --------
    >>> resolution(np.array([2.0, 3.0, 5.0, 7.0, 11.0, 13.0, 17.0, 19.0, 23.0, 29.0]))
    1.0
    """
    distinct = np.unique(values)
    if distinct.size < _FEWEST_DISTINCT:
        return 0.0
    step = float(np.diff(distinct).min())
    multiples = distinct / step
    off = np.abs(multiples - np.round(multiples))
    return step if bool((off <= _OFF_LATTICE).all()) else 0.0
