"""The cells of a campaign: baseline and current samples side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lm_assets.model.metric import Direction, Metric, MetricCatalogue, Scale
from lm_assets.regression.cells.sample_table import SampleTable, recoded
from lm_assets.stats.ragged import RaggedSamples
from lm_assets.stats.resolution import SD_OF_ROUNDING, resolution
from lm_assets.stats.validation import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, kw_only=True, slots=True)
class CellSamples:
    """The samples of one side, aligned with the cells, and the run and source of each."""

    ragged: RaggedSamples
    runs: tuple[str, ...]
    run_code: IntArray
    sources: tuple[str, ...]
    source_code: IntArray
    is_at_least: BoolArray

    @property
    def n(self) -> IntArray:
        """How many runs each cell has, shape (cells,)."""
        return self.ragged.n

    def runs_of_cells(self, mask: BoolArray) -> Mapping[int, list[str]]:
        """Return the run ids where a mask over all samples holds, by cell."""
        found: dict[int, list[str]] = {}
        cells, codes = self.ragged.cells[mask].tolist(), self.run_code[mask].tolist()
        for cell, code in zip(cells, codes, strict=True):
            found.setdefault(cell, []).append(self.runs[code])
        return found

    def where(self, mask: BoolArray) -> "CellSamples":
        """Return the samples of a mask only; the cells stay, and may become empty."""
        ragged = RaggedSamples.from_codes(
            self.ragged.values[mask], self.ragged.cells[mask], n_cells=self.ragged.n_cells
        )
        return CellSamples(
            ragged=ragged,
            runs=self.runs,
            run_code=self.run_code[mask],
            sources=self.sources,
            source_code=self.source_code[mask],
            is_at_least=self.is_at_least[mask],
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Cells:
    """Every combination × judged metric that baseline or current has; arrays of shape (cells,).

    Cells are sorted by combination, then by the catalogue's order. ``sign`` is +1 where a rise is
    worse and −1 where a fall is.
    """

    combinations: tuple[str, ...]
    metrics: tuple[Metric, ...]
    combination_code: IntArray
    metric_code: IntArray
    baseline: CellSamples
    current: CellSamples
    sign: FloatArray
    noise_floor: FloatArray
    is_ratio: BoolArray
    is_points: BoolArray
    is_count: BoolArray

    def __len__(self) -> int:
        return int(self.combination_code.size)

    def of_metric(self, position: int) -> IntArray:
        """Return the cells of one metric, by its position in ``metrics``."""
        return np.flatnonzero(self.metric_code == position)


def align_cells(baseline: SampleTable, current: SampleTable, catalogue: MetricCatalogue) -> Cells:
    """Return the cells of two tables; metrics that are never judged are left out.

    Raises
    ------
    ValueError
        When a table has a metric that the catalogue does not know.
    """
    metrics = _judged_metrics(baseline, current, catalogue)
    combinations = tuple(sorted({*baseline.combinations, *current.combinations}))
    before = _cell_keys(baseline, combinations, metrics)
    now = _cell_keys(current, combinations, metrics)
    cells = np.unique(np.concatenate((before[before >= 0], now[now >= 0])))
    metric_code = cells % max(len(metrics), 1)
    sign = np.array([-1.0 if m.direction is Direction.HIGHER else 1.0 for m in metrics])
    floor = np.array([m.noise_floor for m in metrics])
    scale = np.array([m.scale.value for m in metrics], dtype=np.str_)[metric_code]
    cells_of_both = Cells(
        combinations=combinations,
        metrics=metrics,
        combination_code=cells // max(len(metrics), 1),
        metric_code=metric_code,
        baseline=_aligned(baseline, before, cells),
        current=_aligned(current, now, cells),
        sign=sign[metric_code],
        noise_floor=floor[metric_code],
        is_ratio=scale == Scale.RATIO.value,
        is_points=scale == Scale.POINTS.value,
        is_count=scale == Scale.COUNT.value,
    )
    return replace(
        cells_of_both, noise_floor=np.maximum(floor[metric_code], _rounding(cells_of_both))
    )


def _rounding(cells: Cells) -> FloatArray:
    """Return the spread of a run that a coarse clock hides, on the scale of each cell.

    Five runs that all read 7 s have no spread, and may differ by most of a second. Where runs
    fall on several steps the error averages out; where a side has one value only, all of its
    runs err alike, and more of them make it no smaller.
    """
    hidden = np.zeros(len(cells))
    sides = [side.ragged for side in (cells.baseline, cells.current)]
    codes = [cells.metric_code[side.cells] for side in sides]
    levels = _levels(cells, sides)
    for position in range(len(cells.metrics)):
        chosen = cells.of_metric(position)
        if cells.is_count[chosen].any():
            continue
        values = [side.values[code == position] for side, code in zip(sides, codes, strict=True)]
        step = resolution(np.concatenate(values))
        if step:
            hidden[chosen] = SD_OF_ROUNDING * step / levels[chosen]
    runs = np.minimum(cells.baseline.n, cells.current.n)
    is_one_value = _has_one_value(cells.baseline) | _has_one_value(cells.current)
    return np.where(is_one_value, np.sqrt(np.maximum(runs, 1)), 1.0) * hidden


def _has_one_value(side: CellSamples) -> BoolArray:
    ragged = side.ragged
    first = np.append(ragged.values, np.nan)[ragged.offsets[:-1]]
    differs = ragged.values != first[ragged.cells]
    n_other = np.bincount(ragged.cells, differs, minlength=ragged.n_cells)
    has_one: BoolArray = n_other == 0
    return has_one


def _levels(cells: Cells, sides: Sequence[RaggedSamples]) -> FloatArray:
    """Return the mean of all runs of each cell; 1 where the scale is not relative."""
    total = sum(np.bincount(s.cells, s.values, minlength=len(cells)) for s in sides)
    n = sum(s.n for s in sides)
    levels = total / np.maximum(n, 1)
    return np.where(cells.is_ratio & (levels > 0.0), levels, 1.0)


def _judged_metrics(
    baseline: SampleTable, current: SampleTable, catalogue: MetricCatalogue
) -> tuple[Metric, ...]:
    names = {*baseline.metrics, *current.metrics}
    if unknown := sorted(names - set(catalogue.names)):
        raise ValueError(f"metrics must be in the catalogue, which does not know {unknown}")
    return tuple(metric for metric in catalogue if metric.name in names and metric.is_judged)


def _cell_keys(
    table: SampleTable, combinations: tuple[str, ...], metrics: tuple[Metric, ...]
) -> IntArray:
    """Return the cell key of every sample, below 0 for metrics that are not judged."""
    combination = recoded(table.combinations, combinations)[table.combination_code]
    metric = recoded(table.metrics, [m.name for m in metrics])[table.metric_code]
    return np.where(metric < 0, -1, combination * len(metrics) + metric)


def _aligned(table: SampleTable, keys: IntArray, cells: IntArray) -> CellSamples:
    judged = np.flatnonzero(keys >= 0)
    order = judged[np.argsort(keys[judged], kind="stable")]
    codes = np.searchsorted(cells, keys[order])
    return CellSamples(
        ragged=RaggedSamples.from_codes(table.values[order], codes, n_cells=cells.size),
        runs=table.runs,
        run_code=table.run_code[order],
        sources=table.sources,
        source_code=table.source_code[order],
        is_at_least=table.is_at_least[order],
    )
