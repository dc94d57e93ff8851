"""The matrix as people read it: dimensions nested into rows and columns, a cell a combination."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lm_assets.model.verdict import Verdict
from lm_assets.reports.formatting import VERDICT_RANK, VERDICT_WORDS, change, plural

# Shades of a change, by how many thresholds it is far.
SHADES = (0.5, 1.0, 2.0, 4.0)
_MOST_COLUMNS = 24


def shade_of(thresholds: float) -> int:
    """Return the step of a change that is so many thresholds far, 0 to 4."""
    return sum(thresholds >= step for step in SHADES)


@dataclass(frozen=True, kw_only=True, slots=True)
class MapCell:
    """One combination: its verdict, and the change that leads to it.

    ``verdict`` is None where nothing was judged. ``thresholds`` is how many thresholds the change
    is far, whatever its direction.
    """

    combination: str
    verdict: Verdict | None
    metric: str = ""
    change: float | None = None
    change_unit: str = "relative"
    thresholds: float = 0.0

    @property
    def shade(self) -> int:
        """The step of the change, 0 (next to nothing) to 4 (four thresholds and more)."""
        return shade_of(self.thresholds)

    @property
    def words(self) -> str:
        """The cell in words, as a tooltip or a screen reader says it."""
        if self.verdict is None:
            return f"{self.combination}: not judged"
        said = f"{self.combination}: {VERDICT_WORDS[self.verdict]}"
        if self.change is None:
            return said
        return f"{said}, {self.metric} {change(self.change, self.change_unit)}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A heading over some lines of the map: the value, its first line, and how many it holds."""

    value: str
    start: int
    length: int


@dataclass(frozen=True, kw_only=True, slots=True)
class MatrixMap:
    """Combinations in a grid. ``rows`` and ``columns`` are the values of their dimensions.

    ``cells`` are by (row, column); a place that is not in it is no combination of the campaign.
    ``constant`` dimensions have one value and no line of their own; ``loose`` combinations are
    those whose dimensions nobody knows.
    """

    row_dimensions: tuple[str, ...]
    column_dimensions: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    columns: tuple[tuple[str, ...], ...]
    cells: Mapping[tuple[int, int], MapCell]
    constant: Mapping[str, str]
    loose: tuple[MapCell, ...] = ()

    @property
    def row_headings(self) -> list[list[Span]]:
        """The headings of the rows, a list a dimension, the outermost first."""
        return _spans(self.rows, len(self.row_dimensions))

    @property
    def column_headings(self) -> list[list[Span]]:
        """The headings of the columns, a list a dimension, the outermost first."""
        return _spans(self.columns, len(self.column_dimensions))

    @property
    def caption(self) -> str:
        """Return how the map is to be read."""
        down, across = (" › ".join(d) for d in (self.row_dimensions, self.column_dimensions))
        read = f"{down} down, {across} across" if across else f"{down} down"
        always = ", ".join(f"{name} {value}" for name, value in self.constant.items())
        return f"{read}; always {always}" if always else read

    @property
    def words(self) -> str:
        """Return what the map shows, in words."""
        every = [*self.cells.values(), *self.loose]
        counts = Counter(cell.verdict for cell in every)
        told = [f"{VERDICT_WORDS[v]} {counts[v]}" for v in VERDICT_RANK if counts[v]]
        if counts[None]:
            told.append(f"not judged {counts[None]}")
        worst = [cell.words for cell in every if cell.verdict is Verdict.REGRESSED][:12]
        more = counts[Verdict.REGRESSED] - len(worst)
        listed = f" Regressed: {'; '.join(worst)}{f'; and {more} more' if more else ''}."
        return f"{plural(len(every), 'combination')}: {', '.join(told)}.{listed if worst else ''}"


def matrix_map(
    cells: Iterable[MapCell],
    dimensions: Mapping[str, Mapping[str, str]],
    *,
    value_order: Mapping[str, Sequence[str]] | None = None,
    most_columns: int = _MOST_COLUMNS,
) -> MatrixMap:
    """Return combinations laid out by their dimensions, in the order of the matrix.

    The inner dimensions stand across, as many of them as ``most_columns`` hold; the others down.
    Values stand in ``value_order``, what it does not have in its natural order, so that ``2gb``
    comes before ``10gb``.
    """
    every = list(cells)
    placed = [cell for cell in every if dimensions.get(cell.combination)]
    loose = tuple(cell for cell in every if not dimensions.get(cell.combination))
    values = _values((dimensions[cell.combination] for cell in placed), value_order or {})
    varying = [name for name, found in values.items() if len(found) > 1]
    if not varying and values:
        varying = list(values)[:1]
    down, across = _split(varying, values, most_columns)
    rows = _lines(placed, dimensions, down, values)
    columns = _lines(placed, dimensions, across, values)
    return MatrixMap(
        row_dimensions=down,
        column_dimensions=across,
        rows=tuple(rows),
        columns=tuple(columns),
        cells={
            (
                rows[_key(dimensions[cell.combination], down)],
                columns[_key(dimensions[cell.combination], across)],
            ): cell
            for cell in placed
        },
        constant={name: found[0] for name, found in values.items() if name not in varying},
        loose=loose,
    )


def _values(
    every: Iterable[Mapping[str, str]], order: Mapping[str, Sequence[str]]
) -> dict[str, list[str]]:
    found: dict[str, dict[str, None]] = {}
    for values in every:
        for name, value in values.items():
            found.setdefault(name, {})[value] = None
    return {name: in_order(seen, order.get(name, ())) for name, seen in found.items()}


def in_order(values: Iterable[str], order: Sequence[str]) -> list[str]:
    """Return values as they are listed, and then those that are not in their natural order."""
    place = {value: at for at, value in enumerate(order)}
    return sorted(values, key=lambda value: (place.get(value, len(place)), natural(value)))


def natural(text: str) -> list[tuple[int, float, str]]:
    """Return a sort key that compares the numbers inside texts as numbers."""
    parts: list[tuple[int, float, str]] = []
    for is_number, piece in _pieces(text):
        parts.append((0, float(piece), "") if is_number else (1, 0.0, piece))
    return parts


def _pieces(text: str) -> Iterable[tuple[bool, str]]:
    piece = ""
    for sign in text:
        if piece and _is_digit(piece[-1]) != _is_digit(sign):
            yield _is_digit(piece[-1]), piece
            piece = ""
        piece += sign
    if piece:
        yield _is_digit(piece[-1]), piece


def _is_digit(sign: str) -> bool:
    return sign.isascii() and sign.isdigit()


def _split(
    varying: Sequence[str], values: Mapping[str, Sequence[str]], most_columns: int
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    across: list[str] = []
    for name in reversed(varying[1:]):
        if math.prod(len(values[n]) for n in (*across, name)) > most_columns:
            break
        across.insert(0, name)
    return tuple(varying[: len(varying) - len(across)]), tuple(across)


def _key(values: Mapping[str, str], names: Sequence[str]) -> tuple[str, ...]:
    return tuple(values.get(name, "") for name in names)


def _lines(
    placed: Sequence[MapCell],
    dimensions: Mapping[str, Mapping[str, str]],
    names: Sequence[str],
    values: Mapping[str, Sequence[str]],
) -> dict[tuple[str, ...], int]:
    order = {name: {value: place for place, value in enumerate(values[name])} for name in names}
    keys = {_key(dimensions[cell.combination], names) for cell in placed}
    ranked = sorted(
        keys, key=lambda k: [order[n].get(v, -1) for n, v in zip(names, k, strict=True)]
    )
    return {key: place for place, key in enumerate(ranked)}


def _spans(lines: Sequence[tuple[str, ...]], levels: int) -> list[list[Span]]:
    found: list[list[Span]] = []
    for level in range(levels):
        spans: list[Span] = []
        start = 0
        for place in range(1, len(lines) + 1):
            if place == len(lines) or lines[place][: level + 1] != lines[start][: level + 1]:
                spans.append(Span(value=lines[start][level], start=start, length=place - start))
                start = place
        found.append(spans)
    return found
