"""The matrix as a heat map: verdict by colour and by sign, change by shade."""

from collections.abc import Iterator

from lm_assets.model.verdict import Verdict
from lm_assets.reports.formatting import VERDICT_RANK, VERDICT_WORDS
from lm_assets.reports.pictures.canvas import INK, RULE, framed, path, text
from lm_assets.reports.pictures.marks import VERDICT_COLOURS
from lm_assets.reports.pictures.matrix_map import MatrixMap, Span
from lm_assets.reports.pictures.signs import is_filled, sign_shape

_SHADE_OPACITY = (0.14, 0.28, 0.48, 0.72, 0.95)
# On these shades a sign is white: the ground is too dark for its own colour.
_DARK_FROM = 3
_CHARACTER, _LINE, _GAP = 6.1, 16.0, 2.0
_LARGEST_CELL, _SMALLEST_CELL = (46.0, 24.0), (11.0, 11.0)
_LEGEND = 26.0


def heat_map_svg(
    grid: MatrixMap, *, title: str, width: float = 900, height: float | None = None
) -> str:
    """Return the map, no wider than ``width`` and, where it can be, no higher than ``height``.

    Colour and sign are the verdict, the depth of the colour is the size of the change. A place
    that holds nothing is no combination of the campaign. The legend names every sign that occurs.
    """
    frame = _Frame(grid, width=width, height=height)
    body = (
        "".join(_grounds(grid, frame))
        + "".join(_signs(grid, frame))
        + "".join(_row_headings(grid, frame))
        + "".join(_column_headings(grid, frame))
        + _legend(grid, frame)
    )
    return framed(body, title=title, description=grid.words, width=frame.width, height=frame.height)


class _Frame:
    """Where the parts of one map stand."""

    def __init__(self, grid: MatrixMap, *, width: float, height: float | None) -> None:
        heads = [max((len(s.value) for s in level), default=0) for level in grid.row_headings]
        self.head_widths = [min(n, 22) * _CHARACTER + 10 for n in heads]
        self.left = sum(self.head_widths)
        self.top = _LINE * len(grid.column_dimensions) + 6
        columns, rows = max(len(grid.columns), 1), max(len(grid.rows), 1)
        room = (height or 1e9) - self.top - _LEGEND
        self.cell_width = _bounded((width - self.left) / columns, 0)
        self.cell_height = _bounded(room / rows, 1)
        self.edge = self.left + columns * self.cell_width
        self.width = max(width, self.edge)
        self.legend = self.top + rows * self.cell_height + 18
        self.height = self.legend + 10

    def corner(self, row: int, column: int) -> tuple[float, float]:
        return self.left + column * self.cell_width, self.top + row * self.cell_height

    def middle(self, row: int, column: int) -> tuple[float, float]:
        x, y = self.corner(row, column)
        return x + self.cell_width / 2, y + self.cell_height / 2


def _bounded(size: float, axis: int) -> float:
    return min(max(size, _SMALLEST_CELL[axis]), _LARGEST_CELL[axis])


def _grounds(grid: MatrixMap, frame: _Frame) -> Iterator[str]:
    """Yield the coloured grounds, one path for each verdict and shade."""
    box = f"h{frame.cell_width - 1:.1f}v{frame.cell_height - 1:.1f}h-{frame.cell_width - 1:.1f}z"
    found: dict[tuple[Verdict, int], str] = {}
    empty = ""
    for (row, column), cell in grid.cells.items():
        x, y = frame.corner(row, column)
        at = f"M{x + 0.5:.1f} {y + 0.5:.1f}{box}"
        if cell.verdict is None:
            empty += at
        else:
            key = (cell.verdict, cell.shade)
            found[key] = found.get(key, "") + at
    yield path(empty, "empty", fill="none", stroke=RULE, stroke_width=0.4)
    for (verdict, shade), data in sorted(found.items()):
        yield path(
            data,
            f"ground v-{verdict.value} s{shade}",
            fill=VERDICT_COLOURS[verdict],
            fill_opacity=_SHADE_OPACITY[shade],
        )


def _signs(grid: MatrixMap, frame: _Frame) -> Iterator[str]:
    found: dict[tuple[Verdict, bool], str] = {}
    for (row, column), cell in grid.cells.items():
        if cell.verdict is not None:
            key = (cell.verdict, cell.shade >= _DARK_FROM)
            found[key] = found.get(key, "") + sign_shape(cell.verdict, *frame.middle(row, column))
    for (verdict, is_on_dark), data in sorted(found.items()):
        yield _sign(verdict, data, colour="#ffffff" if is_on_dark else _sign_colour(verdict))


def _sign_colour(verdict: Verdict) -> str:
    return INK if verdict is Verdict.UNCHANGED else VERDICT_COLOURS[verdict]


def _sign(verdict: Verdict, data: str, *, colour: str) -> str:
    fill = colour if is_filled(verdict) else "none"
    return path(data, "sign", fill=fill, stroke=colour, stroke_width=1.1, stroke_linecap="round")


def _row_headings(grid: MatrixMap, frame: _Frame) -> Iterator[str]:
    left = 0.0
    rules = ""
    for level, (spans, width) in enumerate(zip(grid.row_headings, frame.head_widths, strict=True)):
        for span in spans:
            _, top = frame.corner(span.start, 0)
            is_outer = level < len(grid.row_dimensions) - 1
            middle = top + (span.length * frame.cell_height if not is_outer else 0) / 2
            y = top + 11 if is_outer else middle + 4
            yield text(left + 2, y, span.value, limit=22)
            if is_outer and span.start:
                rules += f"M{left:.1f} {top:.1f}H{frame.edge:.1f}"
        left += width
    yield path(rules, "axis", stroke=RULE, stroke_width=0.6)


def _column_headings(grid: MatrixMap, frame: _Frame) -> Iterator[str]:
    rules = ""
    for level, spans in enumerate(grid.column_headings):
        y = _LINE * (level + 1) - 2
        for span in spans:
            x, _ = frame.corner(0, span.start)
            width = span.length * frame.cell_width
            yield text(x + width / 2, y, _fitting(span, width), anchor="middle", limit=40)
            if span.start and level < len(grid.column_dimensions) - 1:
                rules += (
                    f"M{x:.1f} {y - 10:.1f}V{frame.top + len(grid.rows) * frame.cell_height:.1f}"
                )
    yield path(rules, "axis", stroke=RULE, stroke_width=0.6)


def _fitting(span: Span, width: float) -> str:
    most = max(int(width / _CHARACTER), 1)
    return span.value if len(span.value) <= most else span.value[: max(most - 1, 1)] + "…"


def _legend(grid: MatrixMap, frame: _Frame) -> str:
    present = {cell.verdict for cell in grid.cells.values()}
    drawn, x = "", frame.left
    needed = sum(30 + len(VERDICT_WORDS[v]) * _CHARACTER for v in present if v)
    x = max(0.0, min(x, frame.width - needed))
    for verdict in VERDICT_RANK:
        if verdict not in present:
            continue
        words, colour = VERDICT_WORDS[verdict], VERDICT_COLOURS[verdict]
        drawn += _sign(verdict, sign_shape(verdict, x + 5, frame.legend - 4), colour=colour)
        drawn += text(x + 14, frame.legend, words)
        x += 14 + len(words) * _CHARACTER + 16
    return drawn
