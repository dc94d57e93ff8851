"""The campaign at a glance: for each combination, the cell that speaks for it."""

from collections import Counter
from collections.abc import Iterable

from lm_assets.model.verdict import CellVerdict, Verdict
from lm_assets.reports.insight import lead_order
from lm_assets.reports.material import DecisionRule, ReportMaterial
from lm_assets.reports.phrases import metric_label
from lm_assets.reports.pictures.matrix_map import MapCell, MatrixMap, matrix_map

_ASKING = (
    Verdict.REGRESSED,
    Verdict.SUSPECTED,
    Verdict.CONFOUNDED,
    Verdict.DATA_FAULT,
    Verdict.NOT_RUN,
    Verdict.NOT_COMPARABLE,
    Verdict.SOURCE_CHANGED,
)


def campaign_map(material: ReportMaterial, *, metric: str | None = None) -> MatrixMap:
    """Return the matrix of a campaign: of one metric, or each combination by its worst cell."""
    cells: dict[str, list[CellVerdict]] = {name: [] for name in material.combinations}
    for cell in material.verdict.cells:
        if metric is None or cell.metric == metric:
            cells[cell.combination].append(cell)
    return matrix_map(
        [_map_cell(material, name, mine) for name, mine in cells.items()],
        material.dimensions,
        value_order=material.value_order,
    )


def leading_cell(material: ReportMaterial, cells: Iterable[CellVerdict]) -> CellVerdict | None:
    """Return the cell that speaks for a combination.

    It is the worst of those that ask for somebody, of the highest tier; where none does, what the
    first metric of the highest tier says: that one of a dozen is undecided is no news of it.
    """
    ranked = sorted(cells, key=lambda cell: lead_order(material, cell))
    asking = [cell for cell in ranked if cell.verdict in _ASKING]
    if asking or not ranked:
        return asking[0] if asking else None
    return min(ranked, key=lambda cell: lead_order(material, cell)[1:3])


def telling_metrics(material: ReportMaterial) -> list[str]:
    """Return the metrics in which something happened, most cells that ask for somebody first."""
    moved = Counter(
        cell.metric
        for cell in material.verdict.cells
        if cell.verdict in _ASKING or cell.verdict is Verdict.IMPROVED
    )
    order = material.metric_order
    return sorted(moved, key=lambda name: (-moved[name], order[name]))


def thresholds_far(cell: CellVerdict, rule: DecisionRule) -> float:
    """Return how many thresholds a cell's change is far; one event counts where there is none."""
    size = abs(cell.degradation if cell.degradation is not None else cell.change or 0.0)
    return size / (rule.threshold(cell.change_unit) or 1.0)


def _map_cell(material: ReportMaterial, name: str, cells: Iterable[CellVerdict]) -> MapCell:
    lead = leading_cell(material, cells)
    if lead is None:
        return MapCell(combination=name, verdict=None)
    return MapCell(
        combination=name,
        verdict=lead.verdict,
        metric=metric_label(material.metrics, lead.metric),
        change=lead.change,
        change_unit=lead.change_unit,
        thresholds=thresholds_far(lead, material.rule),
    )
