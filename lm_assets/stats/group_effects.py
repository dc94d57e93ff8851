"""Effects of groups of cells: how much of what cells did their groups explain."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from lm_assets.stats.validation import BoolArray, FloatArray, finite_vector, same_length

_MAD_TO_SD = 1.4826


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupEffects:
    """A weighted least-squares fit of group effects, in the unit of the differences.

    ``effect`` and ``standard_error`` have shape (groups,), ``residual`` (cells,).
    ``overdispersion`` ≥ 1 is the spread of the residuals relative to their standard errors, by
    which ``standard_error`` is widened already.
    """

    effect: FloatArray
    standard_error: FloatArray
    residual: FloatArray
    overdispersion: float

    def interval(self, *, confidence: float = 0.95) -> tuple[FloatArray, FloatArray]:
        """Return the normal interval of every effect."""
        half = special.ndtri(0.5 + confidence / 2.0) * self.standard_error
        return self.effect - half, self.effect + half


def fit_group_effects(
    difference: npt.ArrayLike, standard_error: npt.ArrayLike, membership: npt.ArrayLike
) -> GroupEffects:
    """Return the joint effects of groups of cells; a cell in none is expected not to have moved.

    Parameters
    ----------
    difference, standard_error : array, shape (cells,)
        Of each cell's comparison, all finite; log ratios for ``ratio`` metrics.
    membership : array of bool, shape (groups, cells)
        Groups may overlap: a cell in several is expected to have moved by the sum. No group is
        fine; a group without cells of its own, or equal groups, share one effect equally.

    Returns
    -------
    GroupEffects

    Notes
    -----
    Cells count by their precision, none for more than four times the median cell's. The spread of
    the residuals is their median absolute deviation, which a few regressed cells do not move.

    Examples
    --------
    Two cells of one group moved by 0.3, two others hardly:

    >>> fit = fit_group_effects([0.3, 0.3, 0.01, -0.01], [0.05] * 4, [[True, True, False, False]])
    >>> float(fit.effect[0].round(6)), fit.residual.round(6).tolist()
    (0.3, [0.0, 0.0, 0.01, -0.01])
    """
    moved, error, groups = _checked(difference, standard_error, membership)
    design = groups.astype(np.float64).T / error[:, None]
    normal = design.T @ design
    inverse = np.linalg.pinv(normal, hermitian=True)
    effect = inverse @ (design.T @ (moved / error))
    residual = moved - groups.astype(np.float64).T @ effect
    overdispersion = _overdispersion(residual, error)
    return GroupEffects(
        effect=effect,
        standard_error=np.sqrt(np.maximum(np.diag(inverse), 0.0)) * overdispersion,
        residual=residual,
        overdispersion=overdispersion,
    )


def score_groups(
    difference: npt.ArrayLike, standard_error: npt.ArrayLike, membership: npt.ArrayLike
) -> FloatArray:
    """Return z of the weighted mean of each group of cells, shape (groups,).

    Parameters are those of `fit_group_effects`; each group is looked at alone. z² is what the fit
    of that group alone explains, in units of the noise: the widest group that moved as a whole has
    the largest. Groups without cells have 0. Not widened for overdispersion.

    Examples
    --------
    >>> score_groups([0.3, 0.3, 0.0, 0.0], [0.1] * 4, [[True, True, False, False], [True] * 4])
    array([4.24264069, 3.        ])
    """
    moved, error, groups = _checked(difference, standard_error, membership)
    weight = 1.0 / error**2
    precision = groups @ weight
    z: FloatArray = np.zeros(groups.shape[0])
    np.divide(groups @ (weight * moved), np.sqrt(precision), out=z, where=precision > 0.0)
    return z


def _overdispersion(residual: FloatArray, error: FloatArray) -> float:
    if not residual.size:
        return 1.0
    return max(1.0, _MAD_TO_SD * float(np.median(np.abs(residual / error))))


def _checked(
    difference: npt.ArrayLike, standard_error: npt.ArrayLike, membership: npt.ArrayLike
) -> tuple[FloatArray, FloatArray, BoolArray]:
    moved = finite_vector("difference", difference)
    error = finite_vector("standard_error", standard_error)
    same_length("standard_error", error, n=moved.size)
    if (error <= 0.0).any():
        raise ValueError(f"standard_error must be above zero, got {error.min()}")
    groups = np.asarray(membership, dtype=np.bool_)
    if groups.size == 0:
        groups = np.zeros((groups.shape[0], moved.size), dtype=np.bool_)
    if groups.shape[1:] != moved.shape:
        raise ValueError(f"membership must have shape (groups, {moved.size}), got {groups.shape}")
    if error.size:
        error = np.maximum(error, np.median(error) / 2.0)
    return moved, error, groups
