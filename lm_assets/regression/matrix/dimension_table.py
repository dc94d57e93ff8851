"""The dimension values of combinations as codes, and the groups of cells they make."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lm_assets.stats.validation import BoolArray, IntArray


@dataclass(frozen=True, kw_only=True, slots=True)
class DimensionTable:
    """One code per combination and dimension, shape (combinations, dimensions).

    A combination whose value of a dimension is not known has −1. Dimensions with fewer than two
    values distinguish nothing and are left out.
    """

    names: tuple[str, ...]
    values: tuple[tuple[str, ...], ...]
    codes: IntArray

    @classmethod
    def of_combinations(
        cls, combinations: Sequence[str], dimensions: Mapping[str, Mapping[str, str]]
    ) -> "DimensionTable":
        """Return the table of these combinations, in their order."""
        rows = [dimensions.get(name, {}) for name in combinations]
        names = sorted({name for row in rows for name in row})
        kept: list[str] = []
        values: list[tuple[str, ...]] = []
        codes: list[list[int]] = []
        for name in names:
            distinct = tuple(sorted({row[name] for row in rows if name in row}))
            if len(distinct) > 1:
                position = {value: code for code, value in enumerate(distinct)}
                kept.append(name)
                values.append(distinct)
                codes.append([position[row[name]] if name in row else -1 for row in rows])
        table = np.array(codes, dtype=np.int64).reshape(len(kept), len(rows)).T
        return cls(names=tuple(kept), values=tuple(values), codes=table)

    def single_values(self) -> Iterator[tuple[dict[str, str], BoolArray]]:
        """Yield each dimension value and the combinations that have it."""
        for at, name in enumerate(self.names):
            for code, value in enumerate(self.values[at]):
                yield {name: value}, self.codes[:, at] == code

    def value_pairs(self) -> Iterator[tuple[dict[str, str], BoolArray]]:
        """Yield each pair of values of two dimensions and the combinations that have both."""
        singles = list(self.single_values())
        for (first, has_first), (second, has_second) in itertools.combinations(singles, 2):
            if first.keys() != second.keys():
                yield {**first, **second}, has_first & has_second
