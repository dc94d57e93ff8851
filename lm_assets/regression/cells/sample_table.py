"""Samples of many cells as columns: what the judge reads."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from lm_assets.model.provenance import UNKNOWN_SOURCE
from lm_assets.stats.validation import BoolArray, FloatArray, IntArray

# Combination, metric, run, value; then, where known, the source and whether it is a lower bound.
SampleRow: TypeAlias = tuple[str, str, str, float] | tuple[str, str, str, float, str, bool]


@dataclass(frozen=True, kw_only=True, slots=True)
class SampleTable:
    """One value per (combination, metric, run), sorted by all three.

    ``*_code`` are positions in the name tables, which are sorted too: equal samples make equal
    tables, in whatever order they came. All arrays have shape (samples,).

    ``source_code`` is a position in ``sources``, where "" is a source that nobody named;
    ``is_at_least`` marks values that are known to be lower bounds.
    """

    combinations: tuple[str, ...]
    metrics: tuple[str, ...]
    runs: tuple[str, ...]
    combination_code: IntArray
    metric_code: IntArray
    run_code: IntArray
    values: FloatArray
    sources: tuple[str, ...]
    source_code: IntArray
    is_at_least: BoolArray

    @classmethod
    def from_rows(cls, rows: Iterable[SampleRow]) -> "SampleTable":
        """Return a table of (combination, metric, run, value) rows.

        The source of the value may stand behind it, and then whether it is a lower bound; all rows
        have the same length.

        Raises
        ------
        ValueError
            When a value is not finite, or a run has two values of one metric of one combination;
            names all three.
        """
        columns = list(zip(*rows, strict=True)) or [(), (), (), ()]
        return cls.from_columns(
            combinations=columns[0],
            metrics=columns[1],
            runs=columns[2],
            values=columns[3],
            sources=columns[4] if len(columns) > 4 else None,
            is_at_least=columns[5] if len(columns) > 5 else None,
        )

    @classmethod
    def from_columns(
        cls,
        *,
        combinations: Sequence[str],
        metrics: Sequence[str],
        runs: Sequence[str],
        values: npt.ArrayLike,
        sources: Sequence[str] | None = None,
        is_at_least: Sequence[bool] | None = None,
    ) -> "SampleTable":
        """Return a table of equally long columns; raises as `from_rows` does."""
        array = np.asarray(values, dtype=np.float64)
        named = {"combinations": combinations, "metrics": metrics, "runs": runs}
        named |= {} if sources is None else {"sources": sources}
        for name, column in named.items():
            if len(column) != array.size:
                raise ValueError(f"{name} must have length {array.size}, got {len(column)}")
        if not np.isfinite(array).all():
            at = int(np.flatnonzero(~np.isfinite(array))[0])
            raise ValueError(
                f"{metrics[at]} of {combinations[at]}, run {runs[at]}: the value must be finite, "
                f"got {array[at]}; leave a missing value out"
            )
        combination_names, combination_code = encoded(combinations)
        metric_names, metric_code = encoded(metrics)
        run_names, run_code = encoded(runs)
        key = (combination_code * max(len(metric_names), 1) + metric_code) * max(
            len(run_names), 1
        ) + run_code
        order = np.argsort(key, kind="stable")
        repeated = np.flatnonzero(np.diff(key[order]) == 0)
        if repeated.size:
            at = int(order[repeated[0]])
            raise ValueError(
                f"{metrics[at]} of {combinations[at]}, run {runs[at]}: a run must have one value, "
                "got two"
            )
        source_names, source_code = _sources(sources, array.size)
        bounds = np.zeros(array.size, np.bool_) if is_at_least is None else np.array(is_at_least)
        return cls(
            combinations=combination_names,
            metrics=metric_names,
            runs=run_names,
            combination_code=combination_code[order],
            metric_code=metric_code[order],
            run_code=run_code[order],
            values=array[order],
            sources=source_names,
            source_code=source_code[order],
            is_at_least=bounds.astype(np.bool_)[order],
        )

    @classmethod
    def from_grid(
        cls,
        values: npt.ArrayLike,
        *,
        combinations: Sequence[str],
        metrics: Sequence[str],
        runs: Sequence[str],
    ) -> "SampleTable":
        """Return a table of values of shape (combinations, metrics, runs)."""
        array = np.asarray(values, dtype=np.float64)
        shape = (len(combinations), len(metrics), len(runs))
        if array.shape != shape:
            raise ValueError(f"values must have shape {shape}, got {array.shape}")
        where = np.indices(shape).reshape(3, -1)
        return cls.from_columns(
            combinations=[combinations[at] for at in where[0].tolist()],
            metrics=[metrics[at] for at in where[1].tolist()],
            runs=[runs[at] for at in where[2].tolist()],
            values=array.ravel(),
        )

    def __len__(self) -> int:
        return int(self.values.size)

    def rows(self) -> list[tuple[str, str, str, float]]:
        """Return the samples as (combination, metric, run, value), sorted."""
        return [
            (self.combinations[c], self.metrics[m], self.runs[r], value)
            for c, m, r, value in zip(
                self.combination_code.tolist(),
                self.metric_code.tolist(),
                self.run_code.tolist(),
                self.values.tolist(),
                strict=True,
            )
        ]


def _sources(named: Sequence[str] | None, size: int) -> tuple[tuple[str, ...], IntArray]:
    if named is None:
        return (UNKNOWN_SOURCE,), np.zeros(size, dtype=np.int64)
    return encoded(named)


def encoded(names: Sequence[str]) -> tuple[tuple[str, ...], IntArray]:
    """Return the sorted distinct names, and each name's position among them."""
    distinct = tuple(sorted(set(names)))
    position = {name: code for code, name in enumerate(distinct)}
    codes = np.fromiter(map(position.__getitem__, names), dtype=np.int64, count=len(names))
    return distinct, codes


def recoded(names: Sequence[str], into: Sequence[str]) -> IntArray:
    """Return each name's position in ``into``, −1 where it is not there."""
    position = {name: code for code, name in enumerate(into)}
    return np.array([position.get(name, -1) for name in names], dtype=np.int64)


EMPTY = SampleTable.from_columns(combinations=(), metrics=(), runs=(), values=())
