"""One combination in the detailed report: a ruled listing of its metrics, with charts beside it.

A listing in fixed-width text over one drawing, not an HTML table: WeasyPrint lays out 17 rows in
12 ms instead of 120 ms, and the height of every section is known before anything is rendered.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from lm_assets.model.verdict import CellVerdict, Verdict
from lm_assets.reports import decision, formatting, phrases
from lm_assets.reports.escaping import one_line
from lm_assets.reports.formatting import VERDICT_RANK, VERDICT_WORDS
from lm_assets.reports.insight import advised_runs
from lm_assets.reports.material import ReportMaterial
from lm_assets.reports.pictures.marks import (
    ChangeAxis,
    Mark,
    axis_marks,
    drawn,
    interval_marks,
    strip_marks,
)
from lm_assets.reports.rows import ReportRow

# Pixels of the page; the style sheet and this drawing must agree on them.
ROW_HEIGHT = 13
LISTING_WIDTH = 1050
_INTERVAL_X, _INTERVAL_WIDTH = 790, 130
_STRIP_X, _STRIP_WIDTH = 928, 116

# Widths in characters; the listing's text is 8.6 px of a font 0.602 em wide.
_COLUMNS = (
    ("verdict", 25, "<"),
    ("metric", 26, "<"),
    ("baseline", 8, ">"),
    ("current", 8, ">"),
    ("change", 12, ">"),
    ("95 % interval", 23, ">"),
    ("test", 7, "<"),
    ("p", 7, ">"),
    ("q", 7, ">"),
    ("rule", 11, "<"),
    ("runs", 6, ">"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class SectionChunk:
    """A part of a combination's section that fits a page: heading facts, listing and drawing."""

    combination: str
    is_continued: bool
    dimensions: str
    counts: str
    rows: Sequence[ReportRow]


def section_chunks(
    material: ReportMaterial, combination: str, rows: Sequence[ReportRow], *, most_rows: int
) -> list[SectionChunk]:
    """Return a combination's section, cut where it is longer than a page."""
    dimensions = material.dimensions.get(combination, {})
    facts = " · ".join(f"{name} {value}" for name, value in dimensions.items())
    starts = range(0, max(len(rows), 1), most_rows)
    return [
        SectionChunk(
            combination=combination,
            is_continued=start > 0,
            dimensions=one_line(facts),
            counts=verdict_counts(rows),
            rows=rows[start : start + most_rows],
        )
        for start in starts
    ]


def verdict_counts(rows: Sequence[ReportRow]) -> str:
    """Return how many metrics have each verdict, worst first."""
    counts = Counter(row.cell.verdict for row in rows if row.cell)
    return ", ".join(f"{VERDICT_WORDS[v]} {counts[v]}" for v in VERDICT_RANK if counts[v])


def listing_heading() -> str:
    """Return the line of column names."""
    return "".join(f" {name:{side}{width}}" for name, width, side in _COLUMNS)


def listing_html(material: ReportMaterial, rows: Sequence[ReportRow]) -> str:
    """Return the rows as lines of preformatted HTML."""
    return "\n".join(_line(material, row) for row in rows)


def drawing_svg(rows: Sequence[ReportRow], axes: Mapping[str, ChangeAxis]) -> str:
    """Return what lies under and beside the listing: stripes, intervals and samples."""
    height = len(rows) * ROW_HEIGHT
    stripes = "".join(
        f"M0 {place * ROW_HEIGHT}h{LISTING_WIDTH}v{ROW_HEIGHT}h-{LISTING_WIDTH}z"
        for place in range(0, len(rows), 2)
    )
    marks: list[Mark] = []
    for place, row in enumerate(rows):
        y = place * ROW_HEIGHT
        if row.cell is not None and row.cell.change is not None:
            at = {"x": _INTERVAL_X, "y": y, "width": _INTERVAL_WIDTH, "height": ROW_HEIGHT}
            axis = axes[row.cell.change_unit]
            marks += [*axis_marks(axis, **at), *interval_marks(row.cell, axis, **at)]
        at = {"x": _STRIP_X, "y": y, "width": _STRIP_WIDTH, "height": ROW_HEIGHT}
        marks += strip_marks(row.baseline, row.current_values, **at)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LISTING_WIDTH}" height="{height}" '
        f'viewBox="0 0 {LISTING_WIDTH} {height}"><path d="{stripes}" fill="#f4f5f7"/>'
        f"{drawn(marks)}</svg>"
    )


def _line(material: ReportMaterial, row: ReportRow) -> str:
    cell = row.cell
    unit = phrases.metric_unit(material.metrics, row.metric)
    label = phrases.metric_label(material.metrics, row.metric)
    change_unit = cell.change_unit if cell else ""
    # The method's page says what differs there: within the margin.
    words = row.verdict_words.removesuffix(" within the margin")
    verdict = f"{row.verdict_sign} {words}"
    if cell is not None and (runs := advised_runs(cell)) is not None:
        verdict += f", needs {runs}"
    texts = (
        verdict,
        f"{label} [{unit}]" if unit else label,
        formatting.number(row.baseline_mean),
        formatting.number(row.current_mean),
        formatting.change(cell.change if cell else None, change_unit),
        *(_decision_texts(cell) if cell else 5 * [formatting.NOT_AVAILABLE]),
        "{} : {}".format(*row.run_counts),
    )
    first, *others = (
        _fitted(text, width, side) for text, (_, width, side) in zip(texts, _COLUMNS, strict=True)
    )
    tone = row.verdict_key if cell and cell.verdict is not Verdict.UNCHANGED else ""
    start = f'<b class="v-{tone}">{escape(first)}</b>' if tone else escape(first)
    return start + escape("".join(others))


def _decision_texts(cell: CellVerdict) -> list[str]:
    rule = decision.plain_rule(cell).replace("(p ", "").replace(")", "")
    return [
        formatting.interval(decision.deciding_bounds(cell), cell.change_unit),
        decision.deciding_mark(cell),
        formatting.p_value(decision.deciding_p(cell)),
        formatting.p_value(decision.deciding_q(cell)),
        rule,
    ]


def _fitted(text: str, width: int, side: str) -> str:
    """Return text in exactly one column: its special spaces are as wide as any other here."""
    text = one_line(text.replace("\N{NO-BREAK SPACE}", " ").replace("\u202f", " "), limit=width)
    return f" {text:{side}{width}}"
