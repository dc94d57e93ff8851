"""A forest of changes: the worst cells, each with its change and interval on a shared axis."""

import math
from collections.abc import Sequence

from lm_assets.model.metric import MetricCatalogue
from lm_assets.model.verdict import CellVerdict
from lm_assets.reports.formatting import VERDICT_WORDS, change, plural
from lm_assets.reports.insight import by_severity, unit_order
from lm_assets.reports.material import DecisionRule
from lm_assets.reports.pictures.canvas import framed, text
from lm_assets.reports.pictures.marks import ChangeAxis, Mark, axis_marks, drawn, interval_marks

_ROW = 18
_LABEL_WIDTH = 430
_PLOT_WIDTH = 260
_VALUE_WIDTH = 90
_BASE = 13
_ROUND_RATIOS = (1.05, 1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0)


def forest_svg(
    cells: Sequence[CellVerdict],
    metrics: MetricCatalogue,
    rule: DecisionRule,
    *,
    limit: int = 20,
) -> str:
    """Return a forest plot of the worst cells: a row a cell, change with its 95 % interval.

    Rows of one change unit share an axis; the dashed marks are ± the threshold.
    """
    shown = [cell for cell in by_severity(cells) if cell.change is not None][:limit]
    axes = {
        unit: ChangeAxis.covering(shown, change_unit=unit, threshold=rule.threshold(unit))
        for unit in {cell.change_unit for cell in shown}
    }
    texts: list[str] = []
    marks: list[Mark] = []
    for place, cell in enumerate(shown):
        y, axis = place * _ROW, axes[cell.change_unit]
        frame = {"x": _LABEL_WIDTH, "y": y, "width": _PLOT_WIDTH, "height": _ROW}
        label = metrics[cell.metric].label if cell.metric in metrics else cell.metric
        marks += [*axis_marks(axis, **frame), *interval_marks(cell, axis, **frame)]
        texts.append(
            text(_LABEL_WIDTH - 8, y + _BASE, f"{label} · {cell.combination}", anchor="end")
            + text(_LABEL_WIDTH + _PLOT_WIDTH + 8, y + _BASE, change(cell.change, cell.change_unit))
        )
    title = f"Changes of {plural(len(shown), 'cell')} with 95 % intervals"
    width = _LABEL_WIDTH + _PLOT_WIDTH + _VALUE_WIDTH
    bottom = max(len(shown), 1) * _ROW
    scales = sorted(axes, key=unit_order)
    for place, unit in enumerate(scales):
        texts.append(_scale(axes[unit], y=bottom + place * _ROW))
    body = drawn(marks) + "".join(texts)
    words = "; ".join(
        f"{cell.combination} {cell.metric}: {VERDICT_WORDS[cell.verdict]}, "
        f"{change(cell.change, cell.change_unit)}"
        for cell in shown
    )
    height = bottom + len(scales) * _ROW
    return framed(body, title=title, description=words, width=width, height=height)


def _scale(axis: ChangeAxis, *, y: float) -> str:
    """Return the labels of an axis: what it measures, no change, and a round change either way.

    The dashed lines are named beside it: their own labels would stand on each other.
    """
    words = {"relative": "change", "points": "change in points"}.get(axis.change_unit, "per run")
    lines = f"; dashed: ±{change(axis.threshold, axis.change_unit)[1:]}" if axis.threshold else ""
    labels = [text(_LABEL_WIDTH - 8, y + _BASE, f"{words}{lines}", anchor="end")]
    for end in (*_round_ends(axis), 0.0):
        at = _LABEL_WIDTH + axis.place(end) * _PLOT_WIDTH
        label = change(end, axis.change_unit) if end else "0"
        labels.append(text(at, y + _BASE, label, anchor="middle"))
    return "".join(labels)


def _round_ends(axis: ChangeAxis) -> tuple[float, float]:
    """Return the largest round change on an axis, downwards and upwards.

    Of a relative change it is a round factor, and its inverse: both lie equally far from zero.
    """
    if axis.change_unit == "relative":
        ratio = max((r for r in _ROUND_RATIOS if math.log(r) <= axis.half_width), default=1.01)
        return 1.0 / ratio - 1.0, ratio - 1.0
    power = 10.0 ** math.floor(math.log10(axis.half_width))
    size = max(step * power for step in (1.0, 2.0, 5.0) if step * power <= axis.half_width)
    return -size, size
