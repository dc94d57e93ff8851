"""Tukey's fences: runs far outside the middle half of their cell. Flagged, never removed."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lm_assets.stats.quantiles import sample_quantiles
from lm_assets.stats.ragged import RaggedSamples
from lm_assets.stats.state import State, StateArray
from lm_assets.stats.validation import BoolArray, FloatArray, above_zero, at_least

MIN_VALUES = 4
"""Below four values the quartiles are interpolations of the very values to be judged."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CellOutliers:
    """Fences of every cell and the flagged values.

    ``lower_fence``, ``upper_fence`` and ``state`` have shape (cells,); ``is_outlier`` has shape
    (observations,), in the order of the samples' values. Cells with too few values have NaN
    fences, no flag and the state ``INSUFFICIENT_DATA``.
    """

    lower_fence: FloatArray
    upper_fence: FloatArray
    is_outlier: BoolArray
    state: StateArray


@dataclass(frozen=True, kw_only=True, slots=True)
class SeriesOutliers:
    """Fences of one series; ``indices`` count from 0 in the series as given, gaps included.

    ``n`` counts the values present, ``n_missing`` the gaps.
    """

    n: int
    n_missing: int
    lower_fence: float
    upper_fence: float
    indices: tuple[int, ...]
    state: State


def flag_outliers(
    samples: RaggedSamples, *, fence_iqr: float = 1.5, min_values: int = MIN_VALUES
) -> CellOutliers:
    """Return the fences of every cell and which of its values lie outside.

    Parameters
    ----------
    samples : RaggedSamples
        Values of every cell, missing ones left out.
    fence_iqr : float
        Distance of the fences from the quartiles, in interquartile ranges.
    min_values : int
        Fewest values of a cell that is judged.

    Returns
    -------
    CellOutliers

    Notes
    -----
    Fences are q₁ − 1.5 IQR and q₃ + 1.5 IQR with quartiles of type 7 (see `sample_quantiles`);
    only values strictly outside are flagged. With five normal runs every third cell has a flag and
    nothing wrong: a flag invites a look and decides nothing. A constant cell has no outliers;
    where three of five values are equal and the quartiles with them, any other value is flagged.

    References
    ----------
    Tukey (1977), "Exploratory Data Analysis".
    """
    above_zero("fence_iqr", fence_iqr)
    at_least("min_values", min_values, minimum=1)
    quartiles = sample_quantiles(samples, (0.25, 0.75))
    reach = fence_iqr * (quartiles[:, 1] - quartiles[:, 0])
    few = samples.n < min_values
    lower = np.where(few, np.nan, quartiles[:, 0] - reach)
    upper = np.where(few, np.nan, quartiles[:, 1] + reach)
    cells = samples.cells
    return CellOutliers(
        lower_fence=lower,
        upper_fence=upper,
        is_outlier=(samples.values < lower[cells]) | (samples.values > upper[cells]),
        state=np.where(few, State.INSUFFICIENT_DATA, State.OK).astype(np.int8),
    )


def find_outliers(
    values: npt.ArrayLike, *, fence_iqr: float = 1.5, min_values: int = MIN_VALUES
) -> SeriesOutliers:
    """Return the outliers of one series, in which NaN marks a missing value.

    Raises
    ------
    ValueError
        When a value is infinite.

    Examples
    --------
    The third run stands out; the missing one in front of it does not hide it:

    >>> find_outliers([10.0, float("nan"), 55.0, 11.0, 12.0, 10.5]).indices
    (2,)
    """
    array = np.asarray(values, dtype=np.float64)
    if np.isinf(array).any():
        raise ValueError(f"values must not be infinite, got {array[np.isinf(array)][0]}")
    present = np.flatnonzero(~np.isnan(array))
    samples = RaggedSamples.from_lists([array[present]])
    flagged = flag_outliers(samples, fence_iqr=fence_iqr, min_values=min_values)
    return SeriesOutliers(
        n=present.size,
        n_missing=array.size - present.size,
        lower_fence=float(flagged.lower_fence[0]),
        upper_fence=float(flagged.upper_fence[0]),
        indices=tuple(int(i) for i in present[flagged.is_outlier]),
        state=State(int(flagged.state[0])),
    )
