"""The smallest pieces of a chart, as SVG text: an axis, an interval, a strip of samples."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lm_assets.model.verdict import CellVerdict, Verdict
from lm_assets.reports.decision import deciding_bounds, deciding_change

Mark = tuple[str, str]
"""A style, as SVG attributes, and path data drawn in it."""

# Okabe and Ito (2008): told apart with any kind of colour vision, on white and on dark alike.
VERDICT_COLOURS = {
    Verdict.REGRESSED: "#d55e00",
    Verdict.SUSPECTED: "#e69f00",
    Verdict.CONFOUNDED: "#e69f00",
    Verdict.IMPROVED: "#0072b2",
    Verdict.UNCHANGED: "#7a869a",
    Verdict.INCONCLUSIVE: "#b05c8f",
    Verdict.ACCEPTED_TRADEOFF: "#009e73",
    Verdict.NO_BASELINE: "#a5adba",
    Verdict.INSUFFICIENT_DATA: "#a5adba",
    Verdict.NOT_COMPARABLE: "#a5adba",
    Verdict.DATA_FAULT: "#56361e",
    Verdict.NOT_RUN: "#56361e",
    Verdict.SOURCE_CHANGED: "#6554c0",
}
BASELINE_COLOUR = "#7a869a"
CURRENT_COLOUR = "#2076c7"

# Beyond these an axis would flatten everything else: the mark becomes an arrow at the edge.
_LARGEST_RATIO = 4.0
_LARGEST_IN_THRESHOLDS = 8.0


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangeAxis:
    """An axis of changes around zero, symmetric; logarithmic for relative changes.

    ``half_width`` is in axis units: the log of the ratio for ``relative``, else the change itself.
    """

    change_unit: str
    half_width: float
    threshold: float | None

    @classmethod
    def covering(
        cls, cells: Iterable[CellVerdict], *, change_unit: str, threshold: float | None
    ) -> "ChangeAxis":
        """Return the axis on which the cells of one change unit can be compared."""
        axis = cls(change_unit=change_unit, half_width=1.0, threshold=threshold)
        ends = [
            abs(axis.transformed(bound))
            for cell in cells
            if cell.change_unit == change_unit
            for bound in (cell.change, *(deciding_bounds(cell) or ()))
            if bound is not None
        ]
        mark = axis.transformed(threshold) if threshold else 1.0
        most = mark * _LARGEST_IN_THRESHOLDS
        if change_unit == "relative":
            most = math.log(_LARGEST_RATIO)
        widest = max((end for end in ends if math.isfinite(end)), default=0.0)
        half_width = min(max(widest, 1.5 * mark), max(most, 1.5 * mark)) * 1.04
        return cls(change_unit=change_unit, half_width=half_width, threshold=threshold)

    def transformed(self, change: float) -> float:
        """Return a change in axis units; a ratio of zero or below lies at minus infinity."""
        if self.change_unit != "relative":
            return change
        return math.log1p(change) if change > -1.0 else -math.inf

    def place(self, change: float) -> float:
        """Return where a change lies between the edges, 0 to 1; beyond them, at the edge."""
        return (min(max(self.transformed(change) / self.half_width, -1.0), 1.0) + 1.0) / 2.0

    def is_beyond(self, change: float) -> bool:
        """Whether a change lies outside the axis."""
        return abs(self.transformed(change)) > self.half_width

    def threshold_places(self) -> tuple[float, ...]:
        """Return where the marks of ± the threshold lie."""
        if not self.threshold:
            return ()
        return tuple(self.place(bound) for bound in (-self.threshold, self.threshold))


def drawn(marks: Iterable[Mark]) -> str:
    """Return marks as SVG, one path per style: a page of charts stays a handful of elements.

    Styles are painted in the order in which they first appear.
    """
    paths: dict[str, list[str]] = {}
    for style, data in marks:
        paths.setdefault(style, []).append(data)
    return "".join(f'<path {style} d="{"".join(data)}"/>' for style, data in paths.items())


def axis_marks(
    axis: ChangeAxis, *, x: float, y: float, width: float, height: float
) -> Iterator[Mark]:
    """Return the zero line and the ± threshold lines of one row."""
    zero = x + width / 2
    yield 'stroke="#97a0af" stroke-width="0.8"', f"M{zero:.1f} {y:.1f}v{height:.1f}"
    for place in axis.threshold_places():
        yield (
            'stroke="#97a0af" stroke-width="0.6" stroke-dasharray="2 2"',
            f"M{x + place * width:.1f} {y:.1f}v{height:.1f}",
        )


def interval_marks(
    cell: CellVerdict, axis: ChangeAxis, *, x: float, y: float, width: float, height: float
) -> Iterator[Mark]:
    """Return what decided a cell as a dot with its 95 % interval; open where not established.

    A cell without a change draws nothing: an empty row is not a zero.
    """
    change, bounds = deciding_change(cell), deciding_bounds(cell)
    if change is None:
        return
    colour = VERDICT_COLOURS[cell.verdict]
    middle = y + height / 2
    if bounds is not None:
        low, high = (x + axis.place(bound) * width for bound in bounds)
        yield (
            f'stroke="{colour}" stroke-width="1.6" fill="none"',
            f"M{low:.1f} {middle:.1f}H{high:.1f}",
        )
        for bound, at, way in zip(bounds, (low, high), (-1, 1), strict=True):
            if axis.is_beyond(bound):
                arrow = f"M{at - 4 * way:.1f} {middle - 3:.1f}l{4 * way} 3l{-4 * way} 3z"
                yield f'fill="{colour}"', arrow
    is_open = cell.verdict in (Verdict.SUSPECTED, Verdict.CONFOUNDED, Verdict.INCONCLUSIVE)
    fill = "none" if is_open else colour
    centre, radius = x + axis.place(change) * width, min(2.6, height / 4)
    half = f"a{radius:.1f} {radius:.1f} 0 1 0"
    yield (
        f'fill="{fill}" stroke="{colour}" stroke-width="1.2"',
        f"M{centre - radius:.1f} {middle:.1f}{half} {2 * radius:.1f} 0{half} {-2 * radius:.1f} 0z",
    )
