"""The shift that a whole campaign shares: where the bulk of the cells went, and how surely."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lm_assets.stats.state import State
from lm_assets.stats.student import critical_t, two_sided_p
from lm_assets.stats.validation import BoolArray, FloatArray, at_least, same_length

# A cell this many spreads away has no say. The usual 4.685 (95 % efficiency against 84 %) keeps
# cells that regressed by 30 % at 10 % noise, which stand 4.2 away, and lets them pull by 4 %.
_BIWEIGHT = 3.5
# The spread is taken from cells within this many spreads; a normal law cut there has 0.911 of its
# variance.
_CUT = 2.5
_VARIANCE_WITHIN_CUT = 0.911
_ITERATIONS = 200
_TOLERANCE = 1e-10


@dataclass(frozen=True, kw_only=True, slots=True)
class CommonShift:
    """The common difference of the cells of one metric, in the unit of the differences.

    ``shift`` is the robust location of the bulk, ``median`` the plain median beside it.
    ``overdispersion`` ≥ 1 is the spread of the cells relative to their standard errors: above 1
    the cells differ by more than run-to-run noise. ``share_following`` is the fraction of cells
    that have a say in the shift. Figures are NaN where ``state`` is ``INSUFFICIENT_DATA``.
    """

    shift: float
    standard_error: float
    low: float
    high: float
    p: float
    df: float
    median: float
    overdispersion: float
    share_following: float
    n_cells: int
    n_clusters: int
    state: State


def estimate_common_shift(
    difference: npt.ArrayLike,
    standard_error: npt.ArrayLike,
    *,
    clusters: npt.ArrayLike | None = None,
    confidence: float = 0.95,
    min_cells: int = 10,
) -> CommonShift:
    """Return the shift shared by the cells of one metric, with a test and an interval.

    Parameters
    ----------
    difference, standard_error : array, shape (cells,)
        Of each cell's comparison; log ratios for ``ratio`` metrics. NaN marks a cell that could
        not be compared; it is left out.
    clusters : array, shape (cells,), optional
        What cells have in common beside the campaign, such as the node they ran on. Cells of one
        cluster may be correlated in any way; without it every cell stands alone.
    confidence : float
        Of the interval.
    min_cells : int
        Fewest comparable cells, and fewest of which anything is called common.

    Returns
    -------
    CommonShift

    Notes
    -----
    A redescending M-estimate (Tukey's biweight) begun in the middle of the shortest half, its
    scale taken from the cells that follow. Mean, median and Hodges–Lehmann all move when a quarter
    of the matrix regresses by 30 %; this one stays with the bulk once the others stand clear of it
    (4 standard errors); where they do not, it moves like the median, and only the structure of the
    matrix can tell part of it from all of it. Cells count by their precision, none for more than
    four times the median cell's, so that a lucky small standard error buys little.

    Standard error by the cluster-robust sandwich, never below what the cells' own errors give,
    tested against t with clusters − 1 degrees of freedom: it holds whatever the precision of the
    cells, and whatever their correlation within clusters. Correlation that is not named by
    ``clusters`` makes p too small. What all cells share *is* the shift, and cannot be told from a
    true one.

    Where every cell moved by an amount of its own and none is within reach of the middle, nothing
    is common: ``INSUFFICIENT_DATA``.

    References
    ----------
    Huber, Ronchetti (2009), "Robust Statistics", chapters 3 and 6; Rousseeuw (1984),
    "Least Median of Squares Regression", for the start; Liang, Zeger (1986),
    "Longitudinal data analysis using generalized linear models", for the clusters.

    Examples
    --------
    Nine cells moved by about 10 %, one by far more; the shift is that of the nine:

    >>> moves = [0.09, 0.11, 0.10, 0.08, 0.12, 0.10, 0.095, 0.105, 0.1, 0.9]
    >>> shift = estimate_common_shift(moves, [0.02] * 10)
    >>> round(shift.shift, 3), shift.share_following
    (0.1, 0.9)
    """
    at_least("min_cells", min_cells, minimum=3)
    moved, error, members = _usable(difference, standard_error, clusters)
    n_clusters = np.unique(members).size
    if moved.size < min_cells or n_clusters < 2:
        return _insufficient(moved, n_clusters)
    error = np.maximum(error, np.median(error) / 2.0)
    median = float(np.median(moved))
    shift, overdispersion = _location_and_scale(moved, error)
    spread = error * overdispersion
    if not _is_following(moved, spread, shift).any():
        return _insufficient(moved, n_clusters)
    # Cells on a coarse clock agree better than their noise floors allow; theirs is the last word.
    least = float(1.0 / np.sqrt(np.sum(1.0 / spread**2)))
    deviation = max(_sandwich_error(moved, spread, members, shift=shift), least)
    df = np.array([n_clusters - 1.0])
    half = float(critical_t(df, confidence=confidence)[0]) * deviation
    return CommonShift(
        shift=shift,
        standard_error=deviation,
        low=shift - half,
        high=shift + half,
        p=float(two_sided_p(np.array([shift / deviation]), df)[0]),
        df=n_clusters - 1.0,
        median=median,
        overdispersion=overdispersion,
        share_following=float(np.mean(_is_following(moved, spread, shift))),
        n_cells=moved.size,
        n_clusters=n_clusters,
        state=State.OK,
    )


def _usable(
    difference: npt.ArrayLike, standard_error: npt.ArrayLike, clusters: npt.ArrayLike | None
) -> tuple[FloatArray, FloatArray, npt.NDArray[np.generic]]:
    moved = np.asarray(difference, dtype=np.float64)
    error = np.asarray(standard_error, dtype=np.float64)
    members = np.arange(moved.shape[0]) if clusters is None else np.asarray(clusters)
    for name, array in (("standard_error", error), ("clusters", members)):
        same_length(name, array, n=moved.shape[0])
    if (error <= 0.0).any():
        raise ValueError(f"standard_error must be above zero, got {error[error <= 0.0][0]}")
    kept = np.isfinite(moved) & np.isfinite(error)
    return moved[kept], error[kept], members[kept]


def _is_following(moved: FloatArray, spread: FloatArray, shift: float) -> BoolArray:
    return np.abs(moved - shift) < _BIWEIGHT * spread


def _location_and_scale(moved: FloatArray, error: FloatArray) -> tuple[float, float]:
    """Return the biweight location and the overdispersion of the cells that follow it."""
    shift = _middle_of_shortest_half(moved)
    # Grown from run-to-run noise: begun at the MAD it would settle around two heaps at once.
    scale = 1.0
    tolerance = _TOLERANCE * float(np.median(error))
    for _ in range(_ITERATIONS):
        r = (moved - shift) / error
        within = r[np.abs(r) < _CUT * scale]
        if not within.size:
            break
        previous = scale
        scale = max(1.0, float(np.sqrt(np.mean(within**2) / _VARIANCE_WITHIN_CUT)))
        u = r / (_BIWEIGHT * scale)
        weight = np.where(np.abs(u) < 1.0, (1.0 - u**2) ** 2, 0.0) / error**2
        step = float(np.sum(weight * (moved - shift)) / np.sum(weight))
        shift += step
        if abs(step) <= tolerance and abs(scale - previous) <= _TOLERANCE * scale:
            break
    return shift, scale


def _middle_of_shortest_half(moved: FloatArray) -> float:
    ascending = np.sort(moved)
    half = moved.size // 2
    widths = ascending[half:] - ascending[: moved.size - half]
    first = int(widths.argmin())
    return float((ascending[first] + ascending[first + half]) / 2.0)


def _sandwich_error(
    moved: FloatArray, spread: FloatArray, members: npt.NDArray[np.generic], *, shift: float
) -> float:
    """Return the standard error of the location; squares are taken of whole clusters."""
    r = (moved - shift) / spread
    u_squared = (r / _BIWEIGHT) ** 2
    inside = u_squared < 1.0
    influence = np.where(inside, r * (1.0 - u_squared) ** 2, 0.0) / spread
    slope = np.where(inside, (1.0 - u_squared) * (1.0 - 5.0 * u_squared), 0.0) / spread**2
    # Between two equal heaps the slopes cancel; a tenth of the weights keeps the error finite.
    weight = np.where(inside, (1.0 - u_squared) ** 2, 0.0) / spread**2
    bread = max(float(slope.sum()), 0.1 * float(weight.sum()))
    codes = np.unique(members, return_inverse=True)[1]
    sums = np.bincount(codes, weights=influence)
    g = sums.size
    return float(np.sqrt(np.sum(sums**2) * g / (g - 1.0)) / bread)


def _insufficient(moved: FloatArray, n_clusters: int) -> CommonShift:
    nan = float("nan")
    return CommonShift(
        shift=nan,
        standard_error=nan,
        low=nan,
        high=nan,
        p=nan,
        df=nan,
        median=float(np.median(moved)) if moved.size else nan,
        overdispersion=nan,
        share_following=nan,
        n_cells=moved.size,
        n_clusters=n_clusters,
        state=State.INSUFFICIENT_DATA,
    )
