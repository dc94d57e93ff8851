"""One combination in the detailed report: rows of what to read, and what is unchanged in brief.

What did not change fills most of a campaign. It is told in a line of figures, so that a reader
turns pages of what there is to see, and everything is still there. Every row is one line high:
its picture stands beside it in one drawing for the whole group of rows.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lm_assets.model.deciding import DecidedOn, deciding_figures
from lm_assets.model.verdict import CellVerdict, Verdict
from lm_assets.reports import decision, formatting, phrases
from lm_assets.reports.escaping import one_line
from lm_assets.reports.formatting import VERDICT_RANK, VERDICT_SIGNS, VERDICT_WORDS
from lm_assets.reports.insight import advised_runs
from lm_assets.reports.material import CellKey, ReportMaterial
from lm_assets.reports.measured_by import unusual_sources
from lm_assets.reports.pictures.marks import ChangeAxis
from lm_assets.reports.pictures.stacked_rows import stacked_rows_svg
from lm_assets.reports.rows import ReportRow, change_axes, rows_by_combination

# In the style sheet's pixels, its padding included.
ROW_HEIGHT, _PICTURE_WIDTH = 16.0, 220.0
# A group of rows stays on one page with its picture, so it is no longer than half of one.
_MOST_ROWS = 18
_LONGEST_LABEL, _LONGEST_QUANTITY = 24, 19

Content = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Told:
    """What every section is told from: the campaign, its axes, and sources that are not usual."""

    material: ReportMaterial
    axes: Mapping[str, ChangeAxis]
    sources: Mapping[CellKey, str]

    def label(self, row: ReportRow) -> str:
        return phrases.metric_label(self.material.metrics, row.metric)

    def quantity(self, row: ReportRow, value: float | None) -> str:
        return formatting.quantity(value, phrases.metric_unit(self.material.metrics, row.metric))


def combination_sections(material: ReportMaterial) -> list[Content]:
    """Return the sections of every combination, in the order of their names."""
    told = _Told(material=material, axes=change_axes(material), sources=unusual_sources(material))
    return [
        _section(told, combination, rows)
        for combination, rows in rows_by_combination(material).items()
    ]


def verdict_counts(rows: Sequence[ReportRow]) -> str:
    """Return how many metrics have each verdict, worst first."""
    counts = Counter(row.cell.verdict for row in rows if row.cell)
    return ", ".join(f"{VERDICT_WORDS[v]} {counts[v]}" for v in VERDICT_RANK if counts[v])


def _section(told: _Told, combination: str, rows: Sequence[ReportRow]) -> Content:
    loud = [row for row in rows if row.cell and not _is_quiet(row.cell)]
    quiet = [row for row in rows if row.cell and _is_quiet(row.cell)]
    return {
        "combination": combination,
        "counts": verdict_counts(rows) or "nothing judged",
        "dimensions": _dimensions(told.material, combination),
        "groups": [
            _group(told, loud[start : start + _MOST_ROWS])
            for start in range(0, len(loud), _MOST_ROWS)
        ],
        "notes": [note for row in loud for note in _notes(told, row)],
        "unchanged": [_brief(told, row) for row in quiet if not _has_no_events(row)],
        "unjudged": [_brief(told, row) for row in rows if row.cell is None],
        "is_empty": not rows,
    }


def _dimensions(material: ReportMaterial, combination: str) -> str:
    """Return the dimension values, unless the combination's own name says all of them."""
    values = material.dimensions.get(combination, {})
    if all(value in combination.split("_") for value in values.values()):
        return ""
    return " · ".join(f"{name} {value}" for name, value in values.items())


def _is_quiet(cell: CellVerdict) -> bool:
    """Whether a cell is unchanged without reserve: no change is established within the margin."""
    return cell.verdict is Verdict.UNCHANGED and "differs_within_margin" not in cell.flags


def _group(told: _Told, rows: Sequence[ReportRow]) -> Content:
    """Return rows that stand together, and the one picture beside them.

    Rows of which none is decided have none: their intervals are told, and a picture of each costs
    a large report a tenth of its time.
    """
    cells = [(row, row.cell) for row in rows if row.cell]
    is_decided = any(cell.verdict is not Verdict.INCONCLUSIVE for _, cell in cells)
    return {
        "rows": [_row(told, row, cell) for row, cell in cells],
        "picture": _picture(told, cells) if is_decided else None,
    }


def _picture(told: _Told, cells: Sequence[tuple[ReportRow, CellVerdict]]) -> Content:
    return {
        "svg": stacked_rows_svg(
            [(cell, told.axes[cell.change_unit]) for _, cell in cells],
            title="Changes",
            width=_PICTURE_WIDTH,
            row_height=ROW_HEIGHT,
        ),
        "alt": "; ".join(
            f"{told.label(row)} {formatting.change(cell.change, cell.change_unit)}"
            for row, cell in cells
        ),
    }


def _row(told: _Told, row: ReportRow, cell: CellVerdict) -> Content:
    before, after = (
        one_line(told.quantity(row, value), limit=_LONGEST_QUANTITY)
        for value in (row.baseline_mean, row.current_mean)
    )
    return {
        "key": cell.verdict.value,
        "sign": VERDICT_SIGNS[cell.verdict],
        "words": VERDICT_WORDS[cell.verdict],
        "metric": one_line(told.label(row), limit=_LONGEST_LABEL),
        "before": before,
        "after": after,
        "change": formatting.change(cell.change, cell.change_unit),
        "interval": formatting.interval(decision.deciding_bounds(cell), cell.change_unit),
        "test": decision.deciding_mark(cell),
        "p": formatting.p_value(decision.deciding_p(cell)),
        "q": formatting.p_value(decision.deciding_q(cell)),
        "rule": decision.plain_rule(cell),
        "runs": "{} : {}".format(*row.run_counts),
    }


def _notes(told: _Told, row: ReportRow) -> list[str]:
    """Return what must be said of a row that its columns do not hold."""
    cell = row.cell
    if cell is None:
        return []
    label, said = told.label(row), []
    if len(label) > _LONGEST_LABEL:
        said.append(
            f"from {told.quantity(row, row.baseline_mean)} to "
            f"{told.quantity(row, row.current_mean)}"
        )
    if decision.verdict_words(cell) != VERDICT_WORDS[cell.verdict]:
        said.append(decision.verdict_words(cell).removeprefix(f"{VERDICT_WORDS[cell.verdict]}, "))
    figures = deciding_figures(cell)
    if figures is not None and figures.on is not DecidedOn.CELL:
        said.append(f"decided on {decision.deciding_interval(cell)}")
    if (runs := advised_runs(cell)) is not None:
        said.append(f"{formatting.plural(runs, 'run')} per side would decide")
    if because := decision.disagreement(cell):
        said.append(because)
    if source := told.sources.get((row.combination, row.metric)):
        said.append(f"measured by {source}")
    return [f"{label}: {'; '.join(said)}"] if said else []


def metrics_without_events(material: ReportMaterial) -> list[str]:
    """Return the metrics whose events some combination has none of, on either side."""
    found = {
        row.metric
        for rows in rows_by_combination(material).values()
        for row in rows
        if row.cell and _is_quiet(row.cell) and _has_no_events(row)
    }
    return sorted(found, key=material.metric_order.__getitem__)


def _has_no_events(row: ReportRow) -> bool:
    """Whether a row counts events, and there were none on either side."""
    counts = row.cell is not None and row.cell.change_unit not in ("relative", "points")
    return counts and row.current_mean == 0.0 and row.baseline_mean == 0.0


def _brief(told: _Told, row: ReportRow) -> str:
    has_change = row.cell is not None and row.cell.change is not None
    figure = (
        formatting.change(row.cell.change, row.cell.change_unit)
        if row.cell is not None and has_change
        else told.quantity(row, row.current_mean)
    )
    source = told.sources.get((row.combination, row.metric), "")
    return f"{told.label(row)} {figure}{f' (by {source})' if source else ''}"
