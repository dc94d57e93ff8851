"""How many events come at a time: the variance of runs over their mean, pooled over many cells."""

import math
from collections.abc import Sequence

import numpy as np

from lm_assets.stats.ragged import RaggedSamples

# Below this many spreads of its own law above 1, a dispersion is what Poisson's law gives.
_BEYOND_CHANCE = 3.0


def pooled_dispersion(sides: Sequence[RaggedSamples]) -> float:
    """Return the dispersion of event counts: 1 where they agree with Poisson's law.

    Parameters
    ----------
    sides : sequence of RaggedSamples
        Counts of each run, by cell; each side's cells have a rate of their own.

    Notes
    -----
    Pearson's statistic Σ (x − x̄)²/x̄ of every cell-side with an event, over its degrees of freedom.
    Given the total its expectation is n − 1 however rare events are. Estimates that Poisson's law
    reaches by chance (up to 1 + 3 √(2/df)) count as 1, so that counts without clumps keep their
    exact test.

    References
    ----------
    McCullagh, Nelder (1989), "Generalized Linear Models", section 4.5 and 6.2.

    Examples
    --------
    Forty failed tasks in one run of ten, none in the others:

    >>> from lm_assets.stats.ragged import RaggedSamples
    >>> pooled_dispersion([RaggedSamples.from_lists([[0.0] * 9 + [40.0]])])
    40.0
    """
    statistic, df = 0.0, 0
    for side in sides:
        n = side.n
        total = np.bincount(side.cells, weights=side.values, minlength=side.n_cells)
        has_events = (total > 0.0) & (n > 1)
        mean = np.divide(total, n, out=np.zeros(total.shape), where=n > 0)
        deviation = (side.values - mean[side.cells]) ** 2
        squares = np.bincount(side.cells, weights=deviation, minlength=side.n_cells)
        statistic += float(np.sum(squares[has_events] / mean[has_events]))
        df += int(np.sum(n[has_events] - 1))
    if df == 0:
        return 1.0
    dispersion = statistic / df
    return dispersion if dispersion > 1.0 + _BEYOND_CHANCE * math.sqrt(2.0 / df) else 1.0
