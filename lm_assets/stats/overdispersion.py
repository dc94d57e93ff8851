"""What cells differ by beyond their run-to-run noise: a node, a day, a drift between runs."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from lm_assets.stats.state import State
from lm_assets.stats.student import critical_t, two_sided_p
from lm_assets.stats.validation import FloatArray, at_least, finite_vector, same_length
from lm_assets.stats.welch import MeanComparison

# The spread is taken from cells within this many spreads: cells that really changed have no say.
# A normal law cut there has 0.911 of its variance.
_CUT = 2.5
_VARIANCE_WITHIN_CUT = 0.911
# What fewer cells than this share agree on is a chance among them and not their spread.
_BULK = 0.5
_ITERATIONS = 100
_TOLERANCE = 1e-6


@dataclass(frozen=True, kw_only=True, slots=True)
class Overdispersion:
    """The variance τ² that cells share beyond the error of each, in the squared unit of the moves.

    ``df`` is how many degrees of freedom it was estimated with. ``ratio`` is the spread of the
    median cell with it over that without. With too few cells ``state`` is ``INSUFFICIENT_DATA``
    and the variance 0.
    """

    variance: float
    df: float
    ratio: float
    n_cells: int
    state: State


def estimate_overdispersion(
    residual: npt.ArrayLike, standard_error: npt.ArrayLike, df: npt.ArrayLike, *, min_cells: int
) -> Overdispersion:
    """Return τ² of what is left of the cells' moves when shared effects are taken off.

    Parameters
    ----------
    residual, standard_error, df : array, shape (cells,)
        What is left of each cell's difference, its standard error, and the error's degrees of
        freedom (infinite where it is known).
    min_cells : int
        Fewest cells that say anything.

    Notes
    -----
    The model is residual ~ N(0, SE² + τ²) for all cells but those that really changed. τ² grows
    from where half of the cells lie within 2.5 spreads, until those within have the variance of a
    normal law cut there: begun at a robust spread of all cells it would settle around two heaps at
    once, and a matrix of which a part regressed would hide itself. Errors of few degrees of freedom
    are small by luck now and then, and are ranked as the normal law ranks. Where most cells really
    changed, each by another amount, τ² holds those changes: no test of these runs can tell them
    from a node's doing.

    References
    ----------
    DerSimonian, Laird (1986), "Meta-analysis in clinical trials", for the model; Huber, Ronchetti
    (2009), "Robust Statistics", chapter 6, for the cut.

    Examples
    --------
    Cells whose runs agree to 0.02 and that differ by 0.1 all the same:

    >>> moves = np.linspace(-0.2, 0.2, 41)
    >>> found = estimate_overdispersion(moves, [0.02] * 41, [8.0] * 41, min_cells=20)
    >>> round(found.variance**0.5, 2)
    0.12
    """
    at_least("min_cells", min_cells, minimum=3)
    moved = finite_vector("residual", residual)
    error, degrees = np.asarray(standard_error, np.float64), np.asarray(df, np.float64)
    for name, array in (("standard_error", error), ("df", degrees)):
        same_length(name, array, n=moved.size)
    if moved.size < min_cells:
        return Overdispersion(
            variance=0.0, df=np.inf, ratio=1.0, n_cells=moved.size, state=State.INSUFFICIENT_DATA
        )
    if not (error > 0.0).all():
        raise ValueError(f"standard_error must be above zero, got {error.min()}")
    normal = critical_t(np.array([np.inf]), confidence=0.95)
    squared = (error * critical_t(degrees, confidence=0.95) / normal) ** 2
    variance, followers = _grown(moved**2, squared)
    typical = float(np.median(squared))
    return Overdispersion(
        variance=variance,
        df=max(followers - 1.0, 1.0),
        ratio=float(np.sqrt(1.0 + variance / typical)),
        n_cells=moved.size,
        state=State.OK,
    )


def widened(comparison: MeanComparison, variance: FloatArray, df: FloatArray) -> MeanComparison:
    """Return a comparison whose errors hold a further variance, known with ``df`` of its own.

    Degrees of freedom by Satterthwaite. ``variance`` and ``df`` have shape (cells,).
    """
    own = comparison.standard_error**2
    whole = own + variance
    with np.errstate(divide="ignore", invalid="ignore"):
        part = own / whole
        degrees = 1.0 / (part**2 / comparison.df + (1.0 - part) ** 2 / df)
        error = np.sqrt(whole)
        t = comparison.difference / error
    return replace(comparison, standard_error=error, t=t, df=degrees, p=two_sided_p(t, degrees))


def _grown(moved_squared: FloatArray, squared_error: FloatArray) -> tuple[float, int]:
    """Return τ² and the number of cells that it was taken from."""
    typical = float(np.median(squared_error))
    least = max(float(np.quantile(moved_squared, _BULK)) / _CUT**2 - typical, 0.0)
    variance = least
    within = moved_squared <= _CUT**2 * (squared_error + variance)
    for _ in range(_ITERATIONS):
        z_squared = moved_squared / (squared_error + variance)
        within = z_squared < _CUT**2
        if not within.any():
            break
        excess = float(np.mean(z_squared[within])) / _VARIANCE_WITHIN_CUT
        grown = max((typical + variance) * excess - typical, least)
        if abs(grown - variance) <= _TOLERANCE * (typical + variance):
            break
        variance = grown
    return variance, int(within.sum())
