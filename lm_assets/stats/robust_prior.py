"""A prior of noise that a few loud or quiet cells do not stretch, and which cells are loud."""

from dataclasses import dataclass

import numpy as np
from scipy import special
from scipy.optimize import brentq

from lm_assets.stats.validation import BoolArray, FloatArray
from lm_assets.stats.variance_prior import VariancePrior, fit_variance_prior

_QUARTERS = (0.25, 0.5, 0.75)
_AS_COLUMN = np.array(_QUARTERS)[:, None]
# A variance above what the prior exceeds in one cell of two hundred keeps its own counsel: of clean
# cells that costs one in two hundred a side some power (one in fifty cost 2 % of the recall of a
# change of 50 %), and a loud cell among quiet ones seldom stays below it.
_EXTREME = 0.005
# Standard deviations by which the number of extreme cells must pass what chance makes.
_SURELY = 2.0
_SMALLEST_DF, _LARGEST_DF = 0.2, 1e4
_TOLERANCE = 1e-6
# No spread at all says that a clock was coarse; quartiles stay finite at this share of the median.
_SMALLEST_SHARE = 1e-6


@dataclass(frozen=True, kw_only=True, slots=True)
class RobustPrior:
    """The prior of the cells that are alike, and the cells (a mask) that are louder than it.

    ``loud_share`` is how many cells are loud beyond those that chance alone makes extreme, 0 where
    their number may be chance; ``loud_variance`` is what they have.
    """

    prior: VariancePrior
    is_extreme: BoolArray
    loud_share: float = 0.0
    loud_variance: float = 0.0

    def loud_weights(self, variances: FloatArray, df: FloatArray) -> FloatArray:
        """Return the chance of each cell to be one of the loud ones, quiet by luck; 0 to 1.

        By Bayes' rule from the share of loud cells, and the density of each variance under the
        prior's F law and under the loud cells' chi-squared.
        """
        if not self.loud_share:
            return np.zeros(variances.shape)
        quiet = np.log1p(-self.loud_share) + _log_density(variances, df, self.prior)
        loud_prior = VariancePrior(df=np.inf, variance=self.loud_variance, n_cells=0)
        loud = np.log(self.loud_share) + _log_density(variances, df, loud_prior)
        weights: FloatArray = special.expit(loud - quiet)
        return weights


def fit_robust_prior(variances: FloatArray, df: FloatArray) -> RobustPrior:
    """Return the prior of the bulk of the cells, and the cells that it does not describe.

    Parameters are those of `fit_variance_prior`.

    Notes
    -----
    The quartiles of the log variances, which a quarter of loud cells does not move, give a first
    prior; a cell whose variance the prior's F law exceeds with a chance below 0.5 % is extreme.
    The prior is then fitted by moments to the others. Without that step the loud cells stretch the
    prior, borrow the quiet ones' noise, and are called: of 1 % of cells at six times the noise of
    the rest every fifth is significant at 5 %.

    Where more cells lie below what the law falls short of with 0.5 % than chance puts there, they
    are left out of the fit as well, and borrow from it all the same. Runs in two modes do that, and
    a coarse clock: a cell of which all runs fell into one mode looks quiet and is not, and
    stretched the prior for all others of its kind.

    References
    ----------
    Phipson, Lee, Majewski, Alexander, Smyth (2016), "Robust hyperparameter estimation protects
    against hypervariable genes and improves power to detect differential expression", Ann. Appl.
    Stat. 10; here with quartiles and a cut instead of winsorised moments and weights.
    """
    nobody = np.zeros(variances.shape, dtype=np.bool_)
    whole = fit_variance_prior(variances, df)
    if whole.df == 0.0:
        return RobustPrior(prior=whole, is_extreme=nobody)
    df0, scale = _quartile_prior(variances, df)
    is_extreme: BoolArray = special.fdtrc(df, df0, variances / scale) < _EXTREME
    is_quiet: BoolArray = special.fdtr(df, df0, variances / scale) < _EXTREME
    by_chance = _EXTREME * variances.size
    surely = by_chance + _SURELY * np.sqrt(by_chance * (1.0 - _EXTREME))
    has_loud, has_quiet = is_extreme.sum() > surely, is_quiet.sum() > surely
    is_alike = ~(is_extreme | is_quiet) if has_quiet else ~is_extreme
    if is_alike.all() or is_alike.sum() < 2:
        return RobustPrior(prior=whole, is_extreme=nobody)
    return RobustPrior(
        prior=fit_variance_prior(variances[is_alike], df[is_alike]),
        is_extreme=is_extreme,
        loud_share=float(is_extreme.sum() - by_chance) / variances.size if has_loud else 0.0,
        loud_variance=float(np.mean(variances[is_extreme])) if has_loud else 0.0,
    )


def _log_density(variances: FloatArray, df: FloatArray, prior: VariancePrior) -> FloatArray:
    """Return the log density of variances, but for a power of them that all laws share."""
    half = df / 2.0
    density: FloatArray
    if np.isinf(prior.df):
        rate = half / prior.variance
        density = half * np.log(rate) - rate * variances - special.gammaln(half)
    else:
        scaled = df / (prior.df * prior.variance)
        density = half * np.log(scaled) - special.betaln(half, prior.df / 2.0)
        density -= (half + prior.df / 2.0) * np.log1p(scaled * variances)
    return density


def _quartile_prior(variances: FloatArray, df: FloatArray) -> tuple[float, float]:
    """Return prior df and scale by which the log variances have the quartiles of their F law."""
    positive = variances[variances > 0.0]
    least = _SMALLEST_SHARE * float(np.median(positive))
    logs = np.log(np.maximum(variances, least))
    distinct, which = np.unique(df, return_inverse=True)
    # Quartiles move along with what is taken off or divided by: where all cells have as many runs,
    # they are sought once.
    of_all = np.quantile(logs, _QUARTERS) if distinct.size == 1 else None

    def centre_and_width(log_df0: float) -> tuple[float, float]:
        lower, median, upper = np.log(special.fdtri(distinct, np.exp(log_df0), _AS_COLUMN))
        if of_all is not None:
            width = (of_all[2] - of_all[0]) / (upper[0] - lower[0])
            return float(of_all[1] - median[0]), float(width)
        centred = logs - median[which]
        centre = float(np.median(centred))
        first, third = np.quantile(
            (centred - centre) / (upper - lower)[which], (_QUARTERS[0], _QUARTERS[2])
        )
        return centre, float(third - first)

    def too_wide(log_df0: float) -> float:
        return centre_and_width(log_df0)[1] - 1.0

    # Wider than the law of a prior: the cells differ more, and the prior knows less.
    low, high = np.log(_SMALLEST_DF), np.log(_LARGEST_DF)
    if too_wide(low) >= 0.0:
        log_df0 = low
    elif too_wide(high) <= 0.0:
        log_df0 = high
    else:
        log_df0 = float(brentq(too_wide, low, high, xtol=_TOLERANCE))
    return float(np.exp(log_df0)), float(np.exp(centre_and_width(log_df0)[0]))
