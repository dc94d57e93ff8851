"""Moderated t: every cell borrows noise estimates from the other cells of its campaign."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lm_assets.stats.moments import SampleMoments
from lm_assets.stats.state import State
from lm_assets.stats.student import two_sided_p
from lm_assets.stats.validation import FloatArray, at_least, broadcast_to_cells, same_length
from lm_assets.stats.variance_prior import NO_PRIOR, VariancePrior, fit_variance_prior
from lm_assets.stats.welch import MeanComparison, comparison_state


@dataclass(frozen=True, kw_only=True, slots=True)
class ModeratedComparison:
    """The comparison of every cell with its moderated variance, and the prior that was used.

    ``variance`` is the posterior variance of a run, shape (cells,). ``is_moderated`` is false
    where there were too few cells: the comparison is then the ordinary pooled-variance t.
    """

    comparison: MeanComparison
    variance: FloatArray
    prior: VariancePrior
    is_moderated: bool


def compare_moderated(
    baseline: SampleMoments,
    current: SampleMoments,
    *,
    min_sd: npt.ArrayLike = 0.0,
    min_cells: int = 20,
) -> ModeratedComparison:
    """Return the moderated two-sample t-test of every cell of one metric.

    Parameters
    ----------
    baseline, current : SampleMoments, shape (cells,)
        Moments of one metric over the cells of one campaign; log moments for ``ratio`` metrics.
    min_sd : float or array, shape (cells,)
        Noise floor of the posterior standard deviation: applied after the prior is fitted, which
        must see the cells as they are.
    min_cells : int
        Fewest cells with a variance from which a prior is estimated.

    Returns
    -------
    ModeratedComparison
        Total degrees of freedom are those of the cell plus the prior's, at most those of all
        cells together.

    Notes
    -----
    Assumes that baseline and current of a cell share one variance (with equal numbers of runs the
    test holds well without), and that cells are exchangeable in their noise. One run on one side
    is enough where the other has two: the test is then the moderated prediction of a new run.

    Degenerate cells: an empty side, or one run on each → ``INSUFFICIENT_DATA``; a value without a
    logarithm → ``OUTSIDE_SCALE``; posterior variance 0 → ``ZERO_VARIANCE``.

    References
    ----------
    Smyth (2004), "Linear models and empirical Bayes methods for assessing differential expression
    in microarray experiments", Stat. Appl. Genet. Mol. Biol. 3.
    """
    n_cells = baseline.n.shape[0]
    same_length("current", current.n, n=n_cells)
    at_least("min_cells", min_cells, minimum=2)
    floor = broadcast_to_cells("min_sd", min_sd, n_cells=n_cells) ** 2
    state = comparison_state(baseline, current, min_baseline=1, min_current=1)
    df = (baseline.n + current.n - 2).astype(np.float64)
    state[(state == State.OK) & (df < 1.0)] = State.INSUFFICIENT_DATA
    pooled = _pooled_variance(baseline, current)
    usable = state == State.OK
    is_moderated = int(usable.sum()) >= min_cells
    prior = fit_variance_prior(pooled[usable], df[usable]) if is_moderated else NO_PRIOR
    posterior, total_df = _posterior(pooled, df, prior=prior, largest_df=float(df[usable].sum()))
    variance = np.maximum(posterior, floor)
    state[usable & (variance == 0.0)] = State.ZERO_VARIANCE
    undefined = state != State.OK
    variance[undefined], total_df[undefined] = np.nan, np.nan
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.sqrt(variance * (1.0 / baseline.n + 1.0 / current.n))
        difference = current.mean - baseline.mean
        t = difference / error
    comparison = MeanComparison(
        difference=difference,
        standard_error=error,
        t=t,
        df=total_df,
        p=two_sided_p(t, total_df),
        is_floored=(posterior < floor) & ~undefined,
        state=state,
    )
    return ModeratedComparison(
        comparison=comparison,
        variance=variance,
        prior=prior,
        is_moderated=is_moderated and prior.df > 0.0,
    )


def _pooled_variance(baseline: SampleMoments, current: SampleMoments) -> FloatArray:
    df = baseline.n + current.n - 2
    squares = np.zeros(df.shape)
    for side in (baseline, current):
        squares += np.where(side.n > 1, side.variance * (side.n - 1), 0.0)
    pooled: FloatArray = np.divide(squares, df, out=np.full(df.shape, np.nan), where=df > 0)
    return pooled


def _posterior(
    variance: FloatArray, df: FloatArray, *, prior: VariancePrior, largest_df: float
) -> tuple[FloatArray, FloatArray]:
    if prior.df == 0.0:
        return variance.copy(), df.copy()
    total_df = np.minimum(df + prior.df, largest_df)
    if np.isinf(prior.df):
        return np.full(variance.shape, prior.variance), total_df
    return (prior.df * prior.variance + df * variance) / (prior.df + df), total_df
