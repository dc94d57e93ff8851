"""Points that follow the one before them say less than independent ones: how much less."""

import math

import numpy as np

from lm_assets.stats.validation import FloatArray

# One-sided 5 %: below it a correlation is what independent points show by chance.
_SIGNIFICANT = 1.645
_LARGEST = 0.95


def first_autocorrelation(residual: FloatArray) -> float:
    """Return the correlation of each point with the next, of ranks, with its bias taken off.

    0 where it is not shown to be positive: a test must not be sharpened by chance. The estimate is
    too small by about (1 + 4ρ)/n when a level and a slope were taken off (Marriott, Pope 1954).
    """
    n = residual.size
    if n < 6:
        return 0.0
    ranks = np.empty(n)
    ranks[np.argsort(residual, kind="stable")] = np.arange(n)
    centred = ranks - ranks.mean()
    found = float(np.sum(centred[1:] * centred[:-1]) / np.sum(centred**2))
    corrected = (n * found + 1.0) / (n - 4.0)
    return min(corrected, _LARGEST) if corrected > _SIGNIFICANT / math.sqrt(n) else 0.0


def kendall_inflation(correlation: float, n: int) -> float:
    """Return by how much the variance of Kendall's S grows where points follow each other so.

    References
    ----------
    Hamed, Rao (1998), "A modified Mann-Kendall trend test for autocorrelated data", Journal of
    Hydrology 204, with the correlations of an AR(1) process in place of each lag's own.

    Examples
    --------
    >>> kendall_inflation(0.0, 30)
    1.0
    >>> round(kendall_inflation(0.5, 30), 2)
    2.61
    """
    if correlation <= 0.0 or n < 4:
        return 1.0
    lag = np.arange(1.0, n - 2.0)
    weights = (n - lag) * (n - lag - 1.0) * (n - lag - 2.0)
    return float(1.0 + 2.0 * np.sum(weights * correlation**lag) / (n * (n - 1.0) * (n - 2.0)))
