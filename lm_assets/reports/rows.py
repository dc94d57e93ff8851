"""One row per metric of a combination: its cell, where it was judged, and its samples."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import fmean, geometric_mean

from lm_assets.model.metric import Direction
from lm_assets.model.verdict import CellVerdict
from lm_assets.reports.decision import verdict_words
from lm_assets.reports.formatting import VERDICT_RANK, VERDICT_SIGNS
from lm_assets.reports.material import ReportMaterial
from lm_assets.reports.pictures.marks import ChangeAxis

NOT_JUDGED = "not_judged"


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportRow:
    """What a report says of one metric of one combination.

    ``cell`` is ``None`` for a metric that was measured and is never judged.
    """

    combination: str
    metric: str
    cell: CellVerdict | None
    baseline_mean: float | None
    current_mean: float | None
    baseline: tuple[float, ...]
    current: tuple[tuple[str, float], ...]

    @property
    def current_values(self) -> tuple[float, ...]:
        """The campaign's values in run order."""
        return tuple(value for _, value in self.current)

    @property
    def verdict_key(self) -> str:
        """The verdict's value, or ``not_judged``."""
        return self.cell.verdict.value if self.cell else NOT_JUDGED

    @property
    def verdict_words(self) -> str:
        """The verdict as a person reads it."""
        return verdict_words(self.cell) if self.cell else "not judged"

    @property
    def verdict_sign(self) -> str:
        """The sign that stands beside the verdict's words."""
        return VERDICT_SIGNS[self.cell.verdict] if self.cell else "·"

    @property
    def run_counts(self) -> tuple[int, int]:
        """How many runs stand on either side, baseline first."""
        if self.cell:
            return (self.cell.n_baseline, self.cell.n_current)
        return (len(self.baseline), len(self.current))

    @property
    def rank(self) -> int:
        """Place in the order from worst to best; what is not judged comes last."""
        return VERDICT_RANK[self.cell.verdict] if self.cell else len(VERDICT_RANK)


def rows_by_combination(material: ReportMaterial) -> Mapping[str, list[ReportRow]]:
    """Return the rows of every combination, combinations sorted, metrics in catalogue order.

    A combination that was expected and of which nothing landed has no rows, and is there.
    """
    cells, order = material.cells, material.metric_order
    means = {(s.combination, s.metric): s.mean for s in material.summaries}
    metrics_of: dict[str, set[str]] = defaultdict(set)
    for combination, metric in (*cells, *material.current_samples):
        metrics_of[combination].add(metric)
    return {
        combination: [
            _row(material, combination, metric, cells.get((combination, metric)), means)
            for metric in sorted(metrics_of[combination], key=order.__getitem__)
        ]
        for combination in material.combinations
    }


def change_axes(material: ReportMaterial) -> Mapping[str, ChangeAxis]:
    """Return one axis per change unit, so that every row of the report can be compared."""
    cells = material.verdict.cells
    return {
        unit: ChangeAxis.covering(cells, change_unit=unit, threshold=material.rule.threshold(unit))
        for unit in sorted({cell.change_unit for cell in cells})
    }


def all_rows(material: ReportMaterial) -> Iterator[ReportRow]:
    """Return every row, combination by combination."""
    for rows in rows_by_combination(material).values():
        yield from rows


def _row(
    material: ReportMaterial,
    combination: str,
    metric: str,
    cell: CellVerdict | None,
    means: Mapping[tuple[str, str], float | None],
) -> ReportRow:
    entry = material.baseline.entries.get(combination)
    accepted = entry.metrics.get(metric) if entry else None
    before = accepted.mean if accepted else None
    after = means.get((combination, metric))
    if cell is not None:
        before = cell.baseline_mean if cell.baseline_mean is not None else before
        after = cell.current_mean if cell.current_mean is not None else after
    return ReportRow(
        combination=combination,
        metric=metric,
        cell=cell,
        baseline_mean=before,
        current_mean=after,
        baseline=material.baseline_samples(combination, metric),
        current=material.current_samples.get((combination, metric), ()),
    )


def threshold_value(material: ReportMaterial, row: ReportRow) -> float | None:
    """Return the value from which on a row's metric counts as worse, in the metric's unit."""
    return None if row.cell is None else cell_threshold(material, row.cell)


def cell_threshold(material: ReportMaterial, cell: CellVerdict) -> float | None:
    """Return the value from which on a cell's metric counts as worse, in the metric's unit.

    It stands the threshold away from the centre that the change is measured from: the geometric
    mean of a ratio's accepted samples, else their mean. None where nothing is judged or accepted.
    """
    accepted = material.baseline_samples(cell.combination, cell.metric)
    if cell.metric not in material.metrics or not accepted:
        return None
    threshold = material.rule.threshold(cell.change_unit)
    if threshold is None:
        return None
    way = -1.0 if material.metrics[cell.metric].direction is Direction.HIGHER else 1.0
    if cell.change_unit != "relative":
        return fmean(accepted) + way * threshold
    if min(accepted) <= 0.0:
        return None
    return geometric_mean(accepted) * (1.0 + way * threshold)
