"""The distribution from which the cells of a campaign draw their noise (empirical Bayes)."""

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from lm_assets.stats.validation import FloatArray, same_length

# A variance below this fraction of the median says that a clock was coarse, and its logarithm
# would say so at the expense of every other cell.
_SMALLEST_SHARE_OF_MEDIAN = 1e-5


@dataclass(frozen=True, kw_only=True, slots=True)
class VariancePrior:
    """Scaled inverse chi-square law of the true variances of cells.

    ``df`` is the prior degrees of freedom: how many runs the other cells are worth to each. It is
    infinite when the cells differ no more than chance makes them, and 0 when nothing was learnt
    (``variance`` is NaN then). ``n_cells`` says how many cells it was estimated from.
    """

    df: float
    variance: float
    n_cells: int


NO_PRIOR = VariancePrior(df=0.0, variance=math.nan, n_cells=0)


def fit_variance_prior(variances: FloatArray, df: FloatArray) -> VariancePrior:
    """Return prior degrees of freedom and scale by the moments of the log variances.

    Parameters
    ----------
    variances : array, shape (cells,)
        Residual variance of each cell.
    df : array, shape (cells,)
        Residual degrees of freedom of each, above 0.

    Returns
    -------
    VariancePrior
        `NO_PRIOR` for fewer than two cells, or when no cell has any spread.

    Raises
    ------
    ValueError
        When a variance is negative or not finite, or a df is not above 0.

    Notes
    -----
    With s² ~ s₀² F(d, d₀), e = log s² − ψ(d/2) + log(d/2) has mean log s₀² − ψ(d₀/2) + log(d₀/2)
    and variance ψ′(d/2) + ψ′(d₀/2), which are solved for d₀ and s₀. Where the spread of e is not
    above the mean of ψ′(d/2), d₀ is infinite and s₀² is the mean of the variances.

    References
    ----------
    Smyth (2004), "Linear models and empirical Bayes methods for assessing differential expression
    in microarray experiments", Stat. Appl. Genet. Mol. Biol. 3, section 6.2.
    """
    same_length("df", df, n=variances.shape[0])
    if not (np.isfinite(variances) & (variances >= 0.0)).all():
        raise ValueError(f"variances must be finite and zero or above, got {variances.min()}")
    if not (df > 0.0).all():
        raise ValueError(f"df must be above zero, got {df.min()}")
    n_cells = variances.shape[0]
    if n_cells < 2 or not variances.any():
        return NO_PRIOR
    median = float(np.median(variances))
    scale = median if median > 0.0 else float(variances[variances > 0.0].min())
    kept = np.maximum(variances, _SMALLEST_SHARE_OF_MEDIAN * scale)
    e = np.log(kept) - special.digamma(df / 2.0) + np.log(df / 2.0)
    excess = float(np.var(e, ddof=1) - np.mean(special.polygamma(1, df / 2.0)))
    if excess <= 0.0:
        return VariancePrior(df=math.inf, variance=float(np.mean(kept)), n_cells=n_cells)
    half = inverse_trigamma(excess)
    variance = math.exp(float(np.mean(e)) + float(special.digamma(half)) - math.log(half))
    return VariancePrior(df=2.0 * half, variance=variance, n_cells=n_cells)


def inverse_trigamma(value: float) -> float:
    """Return y with ψ′(y) = ``value``, for ``value`` above 0.

    Newton's method on 1/ψ′, which is convex and nearly linear: it converges from below whatever
    the value (Smyth 2004, appendix).

    Examples
    --------
    >>> round(inverse_trigamma(np.pi**2 / 6), 9)  # trigamma(1) is pi²/6
    1.0
    """
    if not value > 0.0:
        raise ValueError(f"value must be above zero, got {value}")
    if value > 1e7:
        return 1.0 / math.sqrt(value)
    if value < 1e-6:
        return 1.0 / value
    y = 0.5 + 1.0 / value
    for _ in range(50):
        trigamma = float(special.polygamma(1, y))
        step = trigamma * (1.0 - trigamma / value) / float(special.polygamma(2, y))
        y += step
        if -step / y < 1e-10:
            break
    return y
