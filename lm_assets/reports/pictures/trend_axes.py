"""A metric over campaigns as data, and where its parts stand on a picture."""

from collections.abc import Sequence
from dataclasses import dataclass

from lm_assets.model.history import LevelChange
from lm_assets.model.verdict import Verdict
from lm_assets.reports.pictures.canvas import Place

_LEFT, _RIGHT, _TOP, _BOTTOM = 76.0, 14.0, 22.0, 34.0


@dataclass(frozen=True, kw_only=True, slots=True)
class TrendPoint:
    """One campaign: its value in the metric's unit, None where it has none.

    ``version`` names what was under test; ``is_acknowledged`` says that somebody knows of the
    change and expects it.
    """

    campaign: str
    value: float | None
    verdict: Verdict | None = None
    version: str = ""
    is_acknowledged: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Trend:
    """A metric of a combination, or of several together, over campaigns, the oldest first.

    ``band`` is where the baseline's values lie, ``threshold`` the value past which a change
    counts, ``shifts`` the levels of the history; figures are in ``unit``.
    """

    label: str
    unit: str
    points: Sequence[TrendPoint]
    band: tuple[float, float] | None = None
    threshold: float | None = None
    shifts: Sequence[LevelChange] = ()

    @property
    def values(self) -> tuple[float, ...]:
        """The values that there are, the oldest first."""
        return tuple(point.value for point in self.points if point.value is not None)


@dataclass(frozen=True, kw_only=True, slots=True)
class TrendAxes:
    """Where campaigns and values stand on a picture, in its pixels."""

    left: float
    right: float
    top: float
    base: float
    low: float
    high: float
    steps: int

    @classmethod
    def of(
        cls, trend: Trend, *, width: float, height: float, edge: float | None = None
    ) -> "TrendAxes":
        """Return the axes of a trend; with an ``edge``, all of the picture but it is the plot."""
        shown = [*trend.values, *(trend.band or ())]
        # A threshold far off would flatten the line that the picture is of.
        span = (max(shown) - min(shown)) or abs(max(shown)) or 1.0
        if trend.threshold is not None and _distance(trend.threshold, shown) <= span:
            shown.append(trend.threshold)
        low, high = min(shown), max(shown)
        room = 0.08 * ((high - low) or abs(high) or 1.0)
        left, right, top, bottom = (
            (_LEFT, _RIGHT, _TOP, _BOTTOM) if edge is None else (edge, edge, edge, edge)
        )
        return cls(
            left=left,
            right=width - right,
            top=top,
            base=height - bottom,
            low=low - room,
            high=high + room,
            steps=max(len(trend.points) - 1, 1),
        )

    def x(self, index: float) -> float:
        """Return where a campaign stands, by its place in the trend."""
        return self.left + index * (self.right - self.left) / self.steps

    def y(self, value: float) -> float:
        """Return where a value stands."""
        share = (value - self.low) / (self.high - self.low)
        return self.base - share * (self.base - self.top)

    def places(self, trend: Trend) -> list[Place | None]:
        """Return the place of each point; None where it has no value."""
        if len(trend.points) == 1:
            return [((self.left + self.right) / 2, self.y(trend.values[0]))]
        return [
            None if point.value is None else (self.x(index), self.y(point.value))
            for index, point in enumerate(trend.points)
        ]


def _distance(value: float, shown: Sequence[float]) -> float:
    return max(min(shown) - value, value - max(shown), 0.0)
