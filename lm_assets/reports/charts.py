"""Small SVG charts that stand alone: a forest of changes, a bar of counts, a history line.

They carry their own colours and a title for screen readers, so that they can be shown as images.
"""

import base64
import math
from collections.abc import Mapping, Sequence
from html import escape

from lm_assets.model.metric import MetricCatalogue
from lm_assets.model.verdict import CellVerdict, Verdict
from lm_assets.model.visible_text import visible_text
from lm_assets.reports.escaping import one_line
from lm_assets.reports.formatting import VERDICT_RANK, VERDICT_WORDS, change, plural, quantity
from lm_assets.reports.insight import by_severity, unit_order
from lm_assets.reports.material import DecisionRule
from lm_assets.reports.pictures.marks import (
    CURRENT_COLOUR,
    VERDICT_COLOURS,
    ChangeAxis,
    Mark,
    axis_marks,
    drawn,
    interval_marks,
    strip_marks,
)

_TEXT_COLOUR = "#5e6c84"
_FONT = "system-ui, 'DejaVu Sans', sans-serif"
_ROW = 18
_LABEL_WIDTH = 430
_PLOT_WIDTH = 260
_VALUE_WIDTH = 90
_LONGEST_LABEL = 66
_ROUND_RATIOS = (1.05, 1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0)
_HISTORY_LEFT = 130
_HISTORY_PLOT = 420
_HISTORY_WIDTH = 570


def change_chart_svg(
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
            _text(_LABEL_WIDTH - 8, y, f"{label} · {cell.combination}", anchor="end")
            + _text(_LABEL_WIDTH + _PLOT_WIDTH + 8, y, change(cell.change, cell.change_unit))
        )
    title = f"Changes of {plural(len(shown), 'cell')} with 95 % intervals"
    width = _LABEL_WIDTH + _PLOT_WIDTH + _VALUE_WIDTH
    bottom = max(len(shown), 1) * _ROW
    scales = sorted(axes, key=unit_order)
    for place, unit in enumerate(scales):
        texts.append(_scale(axes[unit], y=bottom + place * _ROW))
    body = drawn(marks) + "".join(texts)
    return _picture(body, title=title, width=width, height=bottom + len(scales) * _ROW)


def _scale(axis: ChangeAxis, *, y: float) -> str:
    """Return the labels of an axis: what it measures, no change, and a round change either way.

    The dashed lines are named beside it: their own labels would stand on each other.
    """
    words = {"relative": "change", "points": "change in points"}.get(axis.change_unit, "per run")
    lines = f"; dashed: ±{change(axis.threshold, axis.change_unit)[1:]}" if axis.threshold else ""
    labels = [_text(_LABEL_WIDTH - 8, y, f"{words}{lines}", anchor="end")]
    for end in (*_round_ends(axis), 0.0):
        at = _LABEL_WIDTH + axis.place(end) * _PLOT_WIDTH
        text = change(end, axis.change_unit) if end else "0"
        labels.append(_text(at, y, text, anchor="middle"))
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


def counts_bar_svg(counts: Mapping[str, int], *, width: int = 640) -> str:
    """Return one bar divided by how many cells have each verdict; every part is labelled."""
    known = [(Verdict(name), count) for name, count in counts.items() if count > 0]
    known.sort(key=lambda item: VERDICT_RANK[item[0]])
    total = sum(count for _, count in known)
    x, label_x, parts = 0.0, 0.0, []
    for verdict, count in known:
        share = count / total * width
        colour = VERDICT_COLOURS[verdict]
        label = f"{VERDICT_WORDS[verdict]} {count}"
        parts.append(f'<rect x="{x:.1f}" y="0" width="{share:.1f}" height="14" fill="{colour}"/>')
        parts.append(f'<rect x="{label_x:.1f}" y="23" width="8" height="8" fill="{colour}"/>')
        parts.append(_text(label_x + 12, 18, label))
        x += share
        label_x += 26 + 6.2 * len(label)
    title = ", ".join(f"{VERDICT_WORDS[verdict]} {count}" for verdict, count in known) or "no cells"
    return _picture("".join(parts), title=title, width=max(width, math.ceil(label_x)), height=36)


def sparkline_svg(
    values: Sequence[float | None], *, width: int = 160, height: int = 28, title: str = "History"
) -> str:
    """Return a line through a history; a gap is a gap, and the last value carries a dot."""
    finite = [value for value in values if value is not None]
    if not finite:
        return _picture("", title=f"{title}: no values", width=width, height=height)
    low, high = min(finite), max(finite)
    step = (width - 8) / max(len(values) - 1, 1)
    points = [
        None
        if value is None
        else (
            4 + place * step,
            height / 2 if high == low else height - 4 - (value - low) / (high - low) * (height - 8),
        )
        for place, value in enumerate(values)
    ]
    path, is_pen_down = "", False
    for point in points:
        if point is not None:
            # A lone value between two gaps is a zero-length step, which its round ends show.
            path += f"{'L' if is_pen_down else 'M'}{point[0]:.1f} {point[1]:.1f}h0"
        is_pen_down = point is not None
    last_x, last_y = next(point for point in reversed(points) if point is not None)
    body = (
        f'<path d="{path}" fill="none" stroke="{CURRENT_COLOUR}" stroke-width="1.5" '
        'stroke-linecap="round"/>'
        f'<circle cx="{last_x:.1f}" cy="{last_y:.1f}" r="2.4" fill="{CURRENT_COLOUR}"/>'
    )
    return _picture(body, title=title, width=width, height=height)


def history_svg(
    values: Sequence[float | None], *, campaigns: Sequence[str], label: str, unit: str
) -> str:
    """Return a line over the campaigns in their order, with both axes labelled.

    A gap is a campaign without a value; the least and the greatest value, the first and the last
    campaign are named.
    """
    finite = [value for value in values if value is not None]
    title = f"{label} in {unit} over {plural(len(campaigns), 'campaign')}, the oldest first"
    if not finite:
        return _picture("", title=f"{title}: no values", width=_HISTORY_WIDTH, height=28)
    low, high = min(finite), max(finite)
    span = high - low
    places = [
        None
        if value is None
        else (
            _HISTORY_LEFT + place * _HISTORY_PLOT / max(len(values) - 1, 1),
            40.0 if span == 0 else 60 - (value - low) / span * 40,
        )
        for place, value in enumerate(values)
    ]
    right, base = _HISTORY_LEFT + _HISTORY_PLOT, 66
    axes = (
        f'<path d="M{_HISTORY_LEFT - 6} 14V{base}H{right + 6}" fill="none" stroke="#97a0af" '
        'stroke-width="0.8"/>'
    )
    ends = [_text(_HISTORY_LEFT - 10, 11, quantity(high, unit), anchor="end")]
    if span > 0:
        ends.append(_text(_HISTORY_LEFT - 10, 51, quantity(low, unit), anchor="end"))
    ends.append(_text(_HISTORY_LEFT, base + 2, campaigns[0]))
    if len(campaigns) > 1:
        ends.append(_text(right, base + 16, campaigns[-1], anchor="end"))
    body = axes + "".join(ends) + _line(places)
    return _picture(body, title=title, width=_HISTORY_WIDTH, height=base + 34)


def _line(places: Sequence[tuple[float, float] | None]) -> str:
    path, is_pen_down = "", False
    for place in places:
        if place is not None:
            # A lone value between two gaps is a zero-length step, which its round ends show.
            path += f"{'L' if is_pen_down else 'M'}{place[0]:.1f} {place[1]:.1f}h0"
        is_pen_down = place is not None
    dots = "".join(f"M{place[0]:.1f} {place[1]:.1f}h0" for place in places if place is not None)
    return (
        f'<path d="{path}" fill="none" stroke="{CURRENT_COLOUR}" stroke-width="1.5" '
        'stroke-linecap="round"/>'
        f'<path d="{dots}" stroke="{CURRENT_COLOUR}" stroke-width="4" stroke-linecap="round"/>'
    )


def strip_svg(
    baseline: Sequence[float], current: Sequence[float], *, width: int = 160, height: int = 22
) -> str:
    """Return baseline samples (above) and current samples (below) as dots on one scale."""
    body = drawn(strip_marks(baseline, current, x=4, y=0, width=width - 8, height=height))
    title = f"{plural(len(baseline), 'baseline sample')}, {plural(len(current), 'current sample')}"
    return _picture(body, title=title, width=width, height=height)


def svg_data_uri(svg: str) -> str:
    """Return a chart as a data URI, for an image in Markdown or HTML."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"


def _text(x: float, y: float, text: str, *, anchor: str = "start") -> str:
    text = one_line(text, limit=_LONGEST_LABEL)
    return (
        f'<text x="{x:.1f}" y="{y + 13:.1f}" text-anchor="{anchor}" '
        f'fill="{_TEXT_COLOUR}">{escape(text)}</text>'
    )


def _picture(body: str, *, title: str, width: int, height: int) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="{_FONT}" font-size="11">'
        f"<title>{escape(visible_text(title))}</title>{body}</svg>"
    )
