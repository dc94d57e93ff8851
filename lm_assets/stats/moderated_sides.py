"""Moderated comparison where sides and cells may differ in noise: a prior a side, none for loud."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lm_assets.stats.moments import SampleMoments
from lm_assets.stats.robust_prior import fit_robust_prior
from lm_assets.stats.state import State
from lm_assets.stats.student import t_of_p, two_sided_p
from lm_assets.stats.validation import (
    BoolArray,
    FloatArray,
    IntArray,
    at_least,
    broadcast_to_cells,
    same_length,
)
from lm_assets.stats.variance_prior import NO_PRIOR, VariancePrior
from lm_assets.stats.welch import MeanComparison, comparison_state


@dataclass(frozen=True, kw_only=True, slots=True)
class SidesComparison:
    """The comparison of every cell, and the prior of noise of each side.

    ``is_moderated`` is false where there were too few cells or no side had any spread: the
    comparison is then Welch's. ``is_loud`` are the cells that kept the variance of their own runs.
    """

    comparison: MeanComparison
    baseline_prior: VariancePrior
    current_prior: VariancePrior
    is_loud: BoolArray
    is_moderated: bool


# Of a smaller p nobody asks for the quantile.
_SMALLEST_P = 1e-30
Counts = tuple[IntArray, IntArray]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Side:
    variance: FloatArray
    df: FloatArray
    is_floored: BoolArray
    is_loud: BoolArray
    prior: VariancePrior
    loud_weight: FloatArray
    loud_variance: float


def compare_sides(
    baseline: SampleMoments,
    current: SampleMoments,
    *,
    min_sd: npt.ArrayLike = 0.0,
    min_cells: int = 20,
) -> SidesComparison:
    """Return the moderated comparison of every cell of one metric, each side with its own noise.

    Parameters
    ----------
    baseline, current : SampleMoments, shape (cells,)
        Moments of one metric over the cells of one campaign; log moments for ``ratio`` metrics.
    min_sd : float or array, shape (cells,)
        Noise floor of a side's standard deviation; applied after the prior is fitted, which must
        see the cells as they are.
    min_cells : int
        Fewest cells with a variance on both sides from which priors are estimated.

    Returns
    -------
    SidesComparison

    Notes
    -----
    As in Welch's test each side has its own variance, here the posterior one under its side's
    robust prior, and the degrees of freedom are Satterthwaite's of the posterior ones. Cells that
    are louder than the prior allows keep variance and degrees of freedom of their own runs. Where
    there are more of those than chance makes, others are loud too and were quiet by luck, the more
    so the fewer runs there are: their errors are widened by the chance of that. Fewer
    than two runs on a side → ``INSUFFICIENT_DATA``, a value without a logarithm →
    ``OUTSIDE_SCALE``, no variance on either side and no floor → ``ZERO_VARIANCE``.

    References
    ----------
    Smyth (2004), "Linear models and empirical Bayes methods for assessing differential expression
    in microarray experiments", Stat. Appl. Genet. Mol. Biol. 3; Satterthwaite (1946), "An
    approximate distribution of estimates of variance components", Biometrics Bulletin 2.
    """
    n_cells = baseline.n.shape[0]
    same_length("current", current.n, n=n_cells)
    at_least("min_cells", min_cells, minimum=2)
    floor = broadcast_to_cells("min_sd", min_sd, n_cells=n_cells) ** 2
    state = comparison_state(baseline, current, min_baseline=2, min_current=2)
    usable = state == State.OK
    shares_noise = int(usable.sum()) >= min_cells
    before, now = (
        _side(moments, floor, usable, shares_noise=shares_noise) for moments in (baseline, current)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        share_b, share_c = before.variance / baseline.n, now.variance / current.n
        squared = share_b + share_c
        state[usable & (squared == 0.0)] = State.ZERO_VARIANCE
        part = share_b / squared
        df = 1.0 / (part**2 / before.df + (1.0 - part) ** 2 / now.df)
        difference = current.mean - baseline.mean
        error = np.sqrt(squared)
        error = _allowing_for_loud(difference, error, df, (before, now), (baseline.n, current.n))
        t = difference / error
    undefined = state != State.OK
    for figure in (error, t, df):
        figure[undefined] = np.nan
    return SidesComparison(
        comparison=MeanComparison(
            difference=difference,
            standard_error=error,
            t=t,
            df=df,
            p=two_sided_p(t, df),
            is_floored=(before.is_floored | now.is_floored) & ~undefined,
            state=state,
        ),
        baseline_prior=before.prior,
        current_prior=now.prior,
        is_loud=before.is_loud | now.is_loud,
        is_moderated=before.prior.df > 0.0 or now.prior.df > 0.0,
    )


def _side(
    moments: SampleMoments, floor: FloatArray, usable: BoolArray, *, shares_noise: bool
) -> _Side:
    variance = np.where(usable, moments.variance, np.nan)
    df = np.where(usable, moments.n - 1.0, np.nan)
    is_loud = np.zeros(usable.shape, dtype=np.bool_)
    loud_weight = np.zeros(usable.shape)
    prior, loud_variance = NO_PRIOR, 0.0
    if shares_noise:
        robust = fit_robust_prior(variance[usable], df[usable])
        prior, loud_variance = robust.prior, robust.loud_variance
        is_loud[usable] = robust.is_extreme
        weights = robust.loud_weights(variance[usable], df[usable])
        loud_weight[usable] = np.where(robust.is_extreme, 0.0, weights)
    if prior.df > 0.0:
        quiet = usable & ~is_loud
        largest = float(df[quiet].sum())
        if np.isinf(prior.df):
            variance[quiet], df[quiet] = prior.variance, largest
        else:
            weight = df[quiet] / (prior.df + df[quiet])
            variance[quiet] = weight * variance[quiet] + (1.0 - weight) * prior.variance
            df[quiet] = np.minimum(df[quiet] + prior.df, largest)
    with np.errstate(invalid="ignore"):
        is_floored = usable & (variance < floor)
    return _Side(
        variance=np.where(is_floored, floor, variance),
        df=df,
        is_floored=is_floored,
        is_loud=is_loud,
        prior=prior,
        loud_weight=loud_weight,
        loud_variance=loud_variance,
    )


def _allowing_for_loud(
    difference: FloatArray, error: FloatArray, df: FloatArray, sides: tuple[_Side, _Side], n: Counts
) -> FloatArray:
    """Return the errors by which p is what it is when a quiet cell may be a loud one by luck.

    With weight w the variance is that of the loud cells and not the posterior one, so that p is the
    mixture (1 − w) p + w p of the loud; the error is widened until it gives that p.
    """
    widened = error.copy()
    for side, runs in zip(sides, n, strict=True):
        chosen = np.flatnonzero((side.loud_weight > 0.0) & (difference != 0.0) & (error > 0.0))
        if not chosen.size:
            continue
        moved, weight = np.abs(difference[chosen]), side.loud_weight[chosen]
        extra = np.maximum(side.loud_variance - side.variance[chosen], 0.0) / runs[chosen]
        loud = np.sqrt(widened[chosen] ** 2 + extra)
        p = (1.0 - weight) * two_sided_p(moved / widened[chosen], df[chosen])
        p += weight * two_sided_p(moved / loud, np.full(chosen.size, np.inf))
        t = t_of_p(np.maximum(p, _SMALLEST_P), df[chosen])
        widened[chosen] = np.maximum(widened[chosen], moved / t)
    return widened
