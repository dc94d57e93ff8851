"""Lines over campaigns: where a metric stood, by the values of one dimension."""

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from lm_assets.model.campaign_card import CampaignCard, CardLevel
from lm_assets.model.verdict import Verdict
from lm_assets.reports.formatting import change, plural, quantity

_WIDTH, _HEIGHT, _EDGE = 560, 34, 6


@dataclass(frozen=True, kw_only=True, slots=True)
class TrendLine:
    """One line with its words. ``svg`` is markup, the rest text."""

    stage: str
    dimension: str
    value: str
    metric: str
    first: str
    last: str
    change: str
    points: int
    svg: str


@dataclass(frozen=True, slots=True)
class _Point:
    """A campaign's level, and the campaign's place among those of its stage, from 0 to 1."""

    card: CampaignCard
    level: CardLevel
    place: float


def trend_lines(cards: Sequence[CampaignCard]) -> list[TrendLine]:
    """Return a line for each stage and dimension value, of cards with the oldest first.

    The line is broken where other combinations ran: their levels cannot be compared, and have a
    scale of their own. First, last and change are of the unbroken end.
    """
    points: dict[tuple[str, str, str, str, str], list[_Point]] = {}
    stages = stages_of(cards)
    seen: Counter[str] = Counter()
    for card in cards:
        place = seen[card.stage] / max(stages[card.stage] - 1, 1)
        seen[card.stage] += 1
        if card.trend is not None:
            trend = card.trend
            for value, level in trend.levels.items():
                key = (card.stage, trend.dimension, value, trend.metric, trend.unit)
                points.setdefault(key, []).append(_Point(card, level, place))
    return [_line(key, points[key]) for key in sorted(points)]


def _line(key: tuple[str, str, str, str, str], points: Sequence[_Point]) -> TrendLine:
    stage, dimension, value, metric, unit = key
    latest = list(_unbroken(points))[-1]
    first, last = latest[0].level.mean, latest[-1].level.mean
    return TrendLine(
        stage=stage,
        dimension=dimension,
        value=value,
        metric=metric,
        first=quantity(first, unit),
        last=quantity(last, unit),
        change=change(last / first - 1 if len(latest) > 1 else None, "relative"),
        points=len(latest),
        svg=_svg(points, f"{metric} of {value}", unit),
    )


def _unbroken(points: Sequence[_Point]) -> Iterator[list[_Point]]:
    for _, run in itertools.groupby(points, key=lambda point: point.level.of):
        yield list(run)


def _svg(points: Sequence[_Point], label: str, unit: str) -> str:
    scales = {of: _Scale.of(points, of) for of in {point.level.of for point in points}}
    path = dots = ""
    for run in _unbroken(points):
        places = [scales[point.level.of].place(point) for point in run]
        path += "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        dots += "".join(_dot(p, x, y) for p, (x, y) in zip(run, places, strict=True))
    latest = scales[points[-1].level.of]
    title = (
        f"{label} over {plural(len(points), 'campaign')}, the oldest first; of the latest "
        f"combinations from {quantity(latest.low, unit)} to {quantity(latest.high, unit)}"
    )
    return (
        f'<svg class="trend" width="{_WIDTH}" height="{_HEIGHT}" role="img" '
        f'viewBox="0 0 {_WIDTH} {_HEIGHT}"><title>{escape(title)}</title>'
        f'<path d="{path}"/>{dots}</svg>'
    )


@dataclass(frozen=True, slots=True)
class _Scale:
    """From levels that can be compared to places in the picture."""

    low: float
    high: float

    @classmethod
    def of(cls, points: Sequence[_Point], of: str) -> "_Scale":
        means = [point.level.mean for point in points if point.level.of == of]
        return cls(min(means), max(means))

    def place(self, point: _Point) -> tuple[float, float]:
        span = self.high - self.low
        height = 0.5 if span == 0 else (point.level.mean - self.low) / span
        return (
            _EDGE + point.place * (_WIDTH - 2 * _EDGE),
            _HEIGHT - _EDGE - height * (_HEIGHT - 2 * _EDGE),
        )


def _dot(point: _Point, x: float, y: float) -> str:
    """Return a dot, which is a triangle where the campaign regressed."""
    if point.card.verdict is Verdict.REGRESSED:
        return f'<path class="worse" d="M{x:.1f} {y - 5:.1f}l4.5 8h-9z"/>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2"/>'


def stages_of(cards: Sequence[CampaignCard]) -> Mapping[str, int]:
    """Return how many campaigns each stage has, by its name."""
    return dict(sorted(Counter(card.stage for card in cards).items()))
