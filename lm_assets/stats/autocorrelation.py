"""Points that follow the one before them say less than independent ones: how much less."""

import math

import numpy as np

from lm_assets.stats.validation import FloatArray

_LARGEST = 0.95
# The error of the estimate for independent points is about this over √n (measured, n 20 to 200).
_ERROR = 1.6
# One-sided 10 %: below it a correlation is what independent points show by chance.
_SIGNIFICANT = 1.28
_FEWEST = 10


def first_autocorrelation(values: FloatArray) -> float:
    """Return the correlation of each point with the next, from the ranks of their differences.

    Differences of an AR(1) series correlate by (ρ − 1)/2, and a slope or a lasting step, which
    would look like correlation of the points themselves, leaves them as they are but for one.
    0 where it is not shown to be positive: a test must not be sharpened by chance.
    """
    n = values.size
    if n < _FEWEST or np.ptp(values) == 0.0:
        return 0.0
    differences = np.diff(values)
    ranks = np.empty(n - 1)
    ranks[np.argsort(differences, kind="stable")] = np.arange(n - 1.0)
    centred = ranks - ranks.mean()
    found = float(np.sum(centred[1:] * centred[:-1]) / np.sum(centred**2))
    correlation = 1.0 + 2.0 * found
    return min(correlation, _LARGEST) if correlation > _SIGNIFICANT * _ERROR / math.sqrt(n) else 0.0


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
