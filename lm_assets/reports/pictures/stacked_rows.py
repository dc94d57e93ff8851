"""The changes of one combination's rows as one picture, to stand beside the rows of a table.

One picture for a whole group of rows is some few paths: the time to draw a PDF goes with the number
of its pictures, paths and points.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby

from lm_assets.model.verdict import CellVerdict
from lm_assets.reports.pictures.canvas import framed
from lm_assets.reports.pictures.marks import ChangeAxis, Mark, axis_marks, drawn, interval_marks

StackedRow = tuple[CellVerdict, ChangeAxis]
"""A cell, and the axis of its change unit."""


def stacked_rows_svg(
    rows: Sequence[StackedRow], *, title: str, width: float, row_height: float
) -> str:
    """Return the rows below each other, as high each as the table rows that they stand beside."""
    marks = [*_axes(rows, width, row_height), *_intervals(rows, width, row_height)]
    return framed(drawn(marks), title=title, width=width, height=len(rows) * row_height)


def _axes(rows: Sequence[StackedRow], width: float, row_height: float) -> Iterator[Mark]:
    """Yield one axis for every run of rows that share one and have a change."""
    shared = groupby(enumerate(rows), key=lambda item: (item[1][0].change is not None, item[1][1]))
    for (has_change, axis), group in shared:
        places = [place for place, _ in group]
        if has_change:
            at = {"x": 0.0, "y": places[0] * row_height, "width": width}
            yield from axis_marks(axis, **at, height=len(places) * row_height)


def _intervals(rows: Sequence[StackedRow], width: float, row_height: float) -> Iterator[Mark]:
    for place, (cell, axis) in enumerate(rows):
        at = {"x": 0.0, "y": place * row_height, "width": width, "height": row_height}
        yield from interval_marks(cell, axis, **at)
