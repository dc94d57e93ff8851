"""Small plots as SVG text: the same numbers give the same bytes, on light pages and on dark ones.

No plotting library: five plots of a few dozen points are not worth one in the lock files, and its
output would change with its version.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 76, 16, 64, 52
# Okabe and Ito's colours, told apart by the colour-blind; lighter ones where the page is dark.
STYLE = """
text{font:13px system-ui,'DejaVu Sans',sans-serif;fill:#3b4351}
.title{font-weight:600;font-size:15px}.axis{stroke:#8a93a3;fill:none}
.grid{stroke:#8a93a3;stroke-opacity:.25;fill:none}
.mark{stroke:#8a93a3;stroke-dasharray:2 4;fill:none}
.line{fill:none;stroke-width:2}.dashed{stroke-dasharray:6 4}
.s0{stroke:#0072b2;--c:#0072b2}.s1{stroke:#d55e00;--c:#d55e00}.s2{stroke:#009e73;--c:#009e73}
.dot{fill:var(--c);stroke:none}
@media (prefers-color-scheme:dark){text{fill:#d5dae3}
.s0{stroke:#56b4e9;--c:#56b4e9}.s1{stroke:#f0a35e;--c:#f0a35e}.s2{stroke:#3fcf9f;--c:#3fcf9f}}
"""


@dataclass(frozen=True, kw_only=True)
class Axis:
    """What is drawn along a side, from where to where; ``ticks`` are values and their texts."""

    label: str
    low: float
    high: float
    ticks: Sequence[tuple[float, str]]
    is_log: bool = False

    def share(self, value: float) -> float:
        """Return where a value lies, 0 to 1; what is outside lies on the edge."""
        low, high = self.low, self.high
        value = min(max(value, low), high)
        if self.is_log:
            low, high, value = math.log(low), math.log(high), math.log(value)
        return (value - low) / (high - low)


@dataclass(frozen=True, kw_only=True)
class Line:
    """Points of one thing; ``colour`` counts from 0. Without a name it is not in the legend."""

    name: str
    points: Sequence[tuple[float, float]]
    colour: int
    is_dashed: bool = False


def line_plot(
    title: str, *, x: Axis, y: Axis, lines: Sequence[Line], mark: tuple[float, str] | None = None
) -> str:
    """Return a plot of lines; ``mark`` is a value of y to be reached or not to be passed."""
    parts = [
        *_frame(title, y),
        *_x_ticks(x),
        _text(_across(x.share(x.high / 2 + x.low / 2)), HEIGHT - 10, x.label, "middle"),
    ]
    if mark is not None:
        at = _up(y.share(mark[0]))
        parts.append(f'<path class="mark" d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}"/>')
        parts.append(_text(WIDTH - RIGHT, at + 15, mark[1], "end"))
    for line in lines:
        places = [(_across(x.share(a)), _up(y.share(b))) for a, b in line.points]
        path = "L".join(f"{a:.1f} {b:.1f}" for a, b in places)
        style = "line dashed" if line.is_dashed else "line"
        parts.append(f'<g class="s{line.colour}"><path class="{style}" d="M{path}"/>')
        parts += [f'<circle class="dot" cx="{a:.1f}" cy="{b:.1f}" r="3.5"/>' for a, b in places]
        parts.append("</g>")
    parts += _legend((line.name, line.colour, line.is_dashed) for line in lines)
    return _document(title, parts)


def bar_plot(
    title: str, *, y: Axis, groups: Sequence[tuple[str, Sequence[float]]], names: Sequence[str]
) -> str:
    """Return groups of bars, each with its figure; one bar of a group for each name."""
    parts = _frame(title, y)
    room = (WIDTH - LEFT - RIGHT) / len(groups)
    width = 0.7 * room / len(names)
    for at, (label, values) in enumerate(groups):
        start = LEFT + room * at + 0.15 * room
        parts.append(_text(LEFT + room * (at + 0.5), HEIGHT - BOTTOM + 20, label, "middle"))
        for colour, value in enumerate(values):
            left, top = start + width * colour, _up(y.share(value))
            height = HEIGHT - BOTTOM - top
            parts.append(
                f'<g class="s{colour}"><rect class="dot" x="{left:.1f}" y="{top:.1f}" '
                f'width="{width - 4:.1f}" height="{height:.1f}"/></g>'
            )
            parts.append(_text(left + width / 2 - 2, top - 5, f"{value:.1%}", "middle"))
    parts += _legend((name, colour, False) for colour, name in enumerate(names))
    return _document(title, parts)


def _frame(title: str, y: Axis) -> list[str]:
    parts = [f'<text class="title" x="{LEFT}" y="22">{escape(title)}</text>']
    for value, label in y.ticks:
        at = _up(y.share(value))
        parts.append(f'<path class="grid" d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}"/>')
        parts.append(_text(LEFT - 8, at + 4, label, "end"))
    middle = (TOP + HEIGHT - BOTTOM) / 2
    parts.append(
        f'<text text-anchor="middle" transform="translate(15 {middle:.0f}) rotate(-90)">'
        f"{escape(y.label)}</text>"
    )
    parts.append(f'<path class="axis" d="M{LEFT} {HEIGHT - BOTTOM}H{WIDTH - RIGHT}"/>')
    return parts


def _x_ticks(x: Axis) -> list[str]:
    return [
        _text(_across(x.share(value)), HEIGHT - BOTTOM + 18, label, "middle")
        for value, label in x.ticks
    ]


def _legend(entries: Iterable[tuple[str, int, bool]]) -> list[str]:
    parts, at = [], float(LEFT)
    for name, colour, is_dashed in entries:
        if not name:
            continue
        style = "line dashed" if is_dashed else "line"
        parts.append(f'<path class="{style} s{colour}" d="M{at:.0f} 42H{at + 22:.0f}"/>')
        parts.append(_text(at + 27, 46, name, "start"))
        at += 27 + 7.2 * len(name) + 16
    return parts


def _document(title: str, parts: Sequence[str]) -> str:
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'height="{HEIGHT}" role="img" aria-label="{escape(title, quote=True)}">\n'
        f"<style>{STYLE}</style>\n{body}\n</svg>\n"
    )


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _across(share: float) -> float:
    return LEFT + 10 + share * (WIDTH - LEFT - RIGHT - 20)


def _up(share: float) -> float:
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)
