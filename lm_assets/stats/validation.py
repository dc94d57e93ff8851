"""Checks of arguments: each error names the argument, the rule and the value."""

import math

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


def finite_vector(name: str, values: npt.ArrayLike) -> FloatArray:
    """Return ``values`` as a one-dimensional float array; refuse NaN and infinity.

    Raises
    ------
    ValueError
        When there is another number of dimensions, or a value is not finite: a missing value is
        for the caller to leave out and to report, never for a statistic to average.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise ValueError(f"{name} must have one dimension, got shape {array.shape}")
    if not np.isfinite(array).all():
        at = int(np.flatnonzero(~np.isfinite(array))[0])
        raise ValueError(f"{name} must be finite, got {array[at]} at index {at}")
    return array


def count_vector(name: str, values: npt.ArrayLike) -> IntArray:
    """Return ``values`` as a one-dimensional array of whole numbers, zero or above."""
    array = finite_vector(name, values)
    wrong = (array < 0) | (array != np.floor(array))
    if wrong.any():
        raise ValueError(f"{name} must be whole and zero or above, got {array[wrong][0]}")
    return array.astype(np.int64)


def broadcast_to_cells(name: str, values: npt.ArrayLike, *, n_cells: int) -> FloatArray:
    """Return one finite value of zero or above per cell from a scalar or an array."""
    array = np.asarray(values, dtype=np.float64)
    if array.shape not in ((), (n_cells,)):
        raise ValueError(f"{name} must be a number or have shape ({n_cells},), got {array.shape}")
    if not (np.isfinite(array) & (array >= 0.0)).all():
        raise ValueError(f"{name} must be finite and zero or above, got {values!r}")
    return np.broadcast_to(array, (n_cells,))


def positive_vector(name: str, values: npt.ArrayLike) -> FloatArray:
    """Return ``values`` as a one-dimensional array of finite numbers above zero."""
    array = finite_vector(name, values)
    if (array <= 0.0).any():
        raise ValueError(f"{name} must be above zero, got {array[array <= 0.0][0]}")
    return array


def same_length(name: str, array: npt.NDArray[np.generic], *, n: int) -> None:
    """Refuse an array whose first dimension is not ``n``."""
    if array.shape[0] != n:
        raise ValueError(f"{name} must have length {n}, got {array.shape[0]}")


def open_fraction(name: str, value: float) -> float:
    """Return ``value`` when it lies strictly between 0 and 1."""
    if not 0.0 < value < 1.0:
        raise ValueError(f"{name} must be between 0 and 1, got {value}")
    return value


def above_zero(name: str, value: float) -> float:
    """Return ``value`` when it is finite and above zero."""
    if not (math.isfinite(value) and value > 0.0):
        raise ValueError(f"{name} must be finite and above zero, got {value}")
    return value


def at_least(name: str, value: int, *, minimum: int) -> int:
    """Return ``value`` when it is ``minimum`` or above."""
    if value < minimum:
        raise ValueError(f"{name} must be {minimum} or above, got {value}")
    return value
