"""One combination in the detailed report: its rows with their pictures, what is unchanged in brief.

What did not change fills most of a campaign. It is told in a line of figures, so that a reader
turns pages of what there is to see, and everything is still there.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from lm_assets.model.verdict import CellVerdict, Verdict
from lm_assets.reports import decision, formatting, phrases
from lm_assets.reports.formatting import VERDICT_RANK, VERDICT_SIGNS, VERDICT_WORDS
from lm_assets.reports.insight import advised_runs
from lm_assets.reports.material import ReportMaterial
from lm_assets.reports.pictures.canvas import framed
from lm_assets.reports.pictures.distribution import distribution_marks, distribution_words
from lm_assets.reports.pictures.marks import ChangeAxis, Mark, axis_marks, drawn, interval_marks
from lm_assets.reports.rows import ReportRow, change_axes, rows_by_combination, threshold_value

_INTERVAL_WIDTH, _GAP, _RUNS_WIDTH, _HEIGHT = 150.0, 14.0, 150.0, 24.0

Content = Mapping[str, Any]


def combination_sections(material: ReportMaterial) -> list[Content]:
    """Return the sections of every combination, in the order of their names."""
    axes = change_axes(material)
    return [
        _section(material, combination, rows, axes)
        for combination, rows in rows_by_combination(material).items()
    ]


def verdict_counts(rows: Sequence[ReportRow]) -> str:
    """Return how many metrics have each verdict, worst first."""
    counts = Counter(row.cell.verdict for row in rows if row.cell)
    return ", ".join(f"{VERDICT_WORDS[v]} {counts[v]}" for v in VERDICT_RANK if counts[v])


def _section(
    material: ReportMaterial,
    combination: str,
    rows: Sequence[ReportRow],
    axes: Mapping[str, ChangeAxis],
) -> Content:
    told = [row for row in rows if row.cell and not _is_quiet(row.cell)]
    unchanged = [row for row in rows if row.cell and _is_quiet(row.cell)]
    dimensions = material.dimensions.get(combination, {})
    return {
        "combination": combination,
        "counts": verdict_counts(rows) or "nothing judged",
        "dimensions": " · ".join(f"{name} {value}" for name, value in dimensions.items()),
        "rows": [_row(material, row, row.cell, axes) for row in told if row.cell],
        "unchanged": [_in_brief(material, row) for row in unchanged],
        "unjudged": [_in_brief(material, row) for row in rows if row.cell is None],
        "is_empty": not rows,
    }


def _is_quiet(cell: CellVerdict) -> bool:
    """Whether a cell is unchanged without reserve: no change is established within the margin."""
    return cell.verdict is Verdict.UNCHANGED and "differs_within_margin" not in cell.flags


def _row(
    material: ReportMaterial, row: ReportRow, cell: CellVerdict, axes: Mapping[str, ChangeAxis]
) -> Content:
    unit = phrases.metric_unit(material.metrics, row.metric)
    runs = advised_runs(cell)
    return {
        "verdict": {
            "key": cell.verdict.value,
            "sign": VERDICT_SIGNS[cell.verdict],
            "words": decision.verdict_words(cell),
        },
        "note": "" if runs is None else f"{formatting.plural(runs, 'run')} per side would decide",
        "because": decision.disagreement(cell),
        "metric": phrases.metric_label(material.metrics, row.metric),
        "before": formatting.quantity(row.baseline_mean, unit),
        "after": formatting.quantity(row.current_mean, unit),
        "change": formatting.change(cell.change, cell.change_unit),
        "interval": decision.deciding_interval(cell),
        "test": decision.deciding_test(cell),
        "p": formatting.p_value(decision.deciding_p(cell)),
        "q": formatting.p_value(decision.deciding_q(cell)),
        "rule": decision.plain_rule(cell),
        "runs": "{} : {}".format(*row.run_counts),
        "picture": _picture(material, row, cell, axes),
    }


def _picture(
    material: ReportMaterial, row: ReportRow, cell: CellVerdict, axes: Mapping[str, ChangeAxis]
) -> Content:
    """Return a row's picture: the change with its interval, and the runs of both sides."""
    unit = phrases.metric_unit(material.metrics, row.metric)
    threshold = threshold_value(material, row)
    marks: list[Mark] = []
    if cell.change is not None:
        at = {"x": 0.0, "y": 0.0, "width": _INTERVAL_WIDTH, "height": _HEIGHT}
        axis = axes[cell.change_unit]
        marks += [*axis_marks(axis, **at), *interval_marks(cell, axis, **at)]
    marks += distribution_marks(
        row.baseline,
        row.current_values,
        threshold=threshold,
        x=_INTERVAL_WIDTH + _GAP,
        y=0.0,
        width=_RUNS_WIDTH,
        height=_HEIGHT,
    )
    label = phrases.metric_label(material.metrics, row.metric)
    size = phrases.change_with_interval(cell.change, cell.change_ci95, cell.change_unit)
    runs = distribution_words(row.baseline, row.current_values, unit=unit, threshold=threshold)
    width = _INTERVAL_WIDTH + _GAP + _RUNS_WIDTH
    svg = framed(drawn(marks), title=label, width=width, height=_HEIGHT)
    return {"svg": svg, "alt": f"{label} {size}. {runs}"}


def _in_brief(material: ReportMaterial, row: ReportRow) -> str:
    label = phrases.metric_label(material.metrics, row.metric)
    unit = phrases.metric_unit(material.metrics, row.metric)
    after = formatting.quantity(row.current_mean, unit)
    if row.cell is None or row.cell.change is None:
        return f"{label} {after}"
    return f"{label} {after} ({formatting.change(row.cell.change, row.cell.change_unit)})"
