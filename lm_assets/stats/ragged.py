"""Samples of many cells in one flat array: what the vectorised statistics read."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lm_assets.stats.validation import FloatArray, IntArray, finite_vector, same_length


@dataclass(frozen=True, kw_only=True, slots=True)
class RaggedSamples:
    """The samples of every cell, one after the other.

    Parameters
    ----------
    values : array of float, shape (observations,)
        In the metric's unit, all of cell 0, then all of cell 1, ….
    offsets : array of int, shape (cells + 1,)
        Cell ``i`` owns ``values[offsets[i]:offsets[i + 1]]``; cells may be empty.
    """

    values: FloatArray
    offsets: IntArray

    @classmethod
    def from_codes(
        cls, values: npt.ArrayLike, cells: npt.ArrayLike, *, n_cells: int
    ) -> "RaggedSamples":
        """Return samples from values and the cell number (0 … n_cells − 1) of each, sorted by it.

        Raises
        ------
        ValueError
            When a value is not finite, or the codes are unsorted or outside the cells.
        """
        array = finite_vector("values", values)
        codes = np.asarray(cells, dtype=np.int64)
        same_length("cells", codes, n=array.shape[0])
        if codes.size and (np.diff(codes) < 0).any():
            raise ValueError("cells must be sorted, got a code that is below the one before it")
        if codes.size and (codes[0] < 0 or codes[-1] >= n_cells):
            raise ValueError(
                f"cells must be from 0 to {n_cells - 1}, got {codes[0]} to {codes[-1]}"
            )
        counts = np.bincount(codes, minlength=n_cells)
        return cls(values=array, offsets=np.concatenate(([0], np.cumsum(counts))))

    @classmethod
    def from_lists(cls, samples: Sequence[npt.ArrayLike]) -> "RaggedSamples":
        """Return samples from one sequence of values per cell."""
        arrays = [finite_vector(f"samples[{i}]", sample) for i, sample in enumerate(samples)]
        lengths = np.array([0, *(array.size for array in arrays)], dtype=np.int64)
        values = np.concatenate(arrays) if arrays else np.empty(0)
        return cls(values=values, offsets=np.cumsum(lengths))

    @property
    def n_cells(self) -> int:
        """How many cells there are, empty ones included."""
        return self.offsets.size - 1

    @property
    def n(self) -> IntArray:
        """How many values each cell has, shape (cells,)."""
        return np.diff(self.offsets)

    @property
    def cells(self) -> IntArray:
        """The cell number of every value, shape (observations,)."""
        return np.repeat(np.arange(self.n_cells), self.n)

    def sorted_within_cells(self) -> FloatArray:
        """Return the values in ascending order within each cell."""
        n, ascending = self.n, np.empty_like(self.values)
        # Cells of one size are rows of one table; campaigns have few sizes.
        for size in np.unique(n[n > 0]).tolist():
            of_size = self.offsets[:-1][n == size][:, None] + np.arange(size)
            ascending[of_size] = np.sort(self.values[of_size], axis=1)
        return ascending
