"""Quantiles of every cell at once."""

from collections.abc import Sequence

import numpy as np

from lm_assets.stats.ragged import RaggedSamples
from lm_assets.stats.validation import FloatArray


def sample_quantiles(samples: RaggedSamples, probabilities: Sequence[float]) -> FloatArray:
    """Return the quantiles of every cell, shape (cells, probabilities), in the samples' unit.

    Parameters
    ----------
    samples : RaggedSamples
        Values of every cell.
    probabilities : sequence of float
        Each from 0 to 1.

    Returns
    -------
    array, shape (cells, probabilities)
        NaN for empty cells; the value itself for cells of one.

    Notes
    -----
    Type 7 of Hyndman and Fan: linear between order statistics, position (n − 1) p from 0; the
    convention of NumPy, R and most spreadsheets. At n = 5 the 95 % quantile lies between the two
    largest values: it describes the sample and hardly estimates the population's.

    References
    ----------
    Hyndman, Fan (1996), "Sample Quantiles in Statistical Packages", American Statistician 50.

    Examples
    --------
    >>> sample_quantiles(RaggedSamples.from_lists([[4.0, 1.0, 2.0, 3.0]]), [0.25, 0.5])
    array([[1.75, 2.5 ]])
    """
    wanted = np.asarray(probabilities, dtype=np.float64)
    if not ((wanted >= 0.0) & (wanted <= 1.0)).all():
        raise ValueError(f"probabilities must be from 0 to 1, got {list(probabilities)}")
    result = np.full((samples.n_cells, wanted.size), np.nan)
    filled = np.flatnonzero(samples.n)
    if not filled.size:
        return result
    ascending = samples.sorted_within_cells()
    last = samples.n[filled][:, None] - 1
    position = last * wanted
    below = np.floor(position).astype(np.int64)
    share = position - below
    start = samples.offsets[filled][:, None]
    low, high = ascending[start + below], ascending[start + np.minimum(below + 1, last)]
    result[filled] = low * (1.0 - share) + high * share
    return result
