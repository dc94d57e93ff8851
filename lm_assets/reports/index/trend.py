"""Lines over campaigns: where a metric stood, by the values of one dimension."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from lm_assets.model.campaign_card import CampaignCard, CardLevel
from lm_assets.model.verdict import Verdict
from lm_assets.reports.formatting import change, plural, quantity

_WIDTH, _HEIGHT, _EDGE = 560, 44, 6


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
    card: CampaignCard
    level: CardLevel


def trend_lines(cards: Sequence[CampaignCard]) -> list[TrendLine]:
    """Return a line for each stage and dimension value, of cards with the oldest first.

    The line is broken where other combinations ran: their levels cannot be compared. First, last
    and change are of the unbroken end.
    """
    points: dict[tuple[str, str, str, str, str], list[_Point]] = {}
    for card in cards:
        if card.trend is not None:
            trend = card.trend
            for value, level in trend.levels.items():
                key = (card.stage, trend.dimension, value, trend.metric, trend.unit)
                points.setdefault(key, []).append(_Point(card, level))
    return [_line(key, points[key]) for key in sorted(points)]


def _line(key: tuple[str, str, str, str, str], points: Sequence[_Point]) -> TrendLine:
    stage, dimension, value, metric, unit = key
    latest = list(_unbroken(points))[-1]
    first, last = latest[0].level.mean, latest[-1].level.mean
    words = f"{metric} of {value} over {plural(len(points), 'campaign')}, the oldest first"
    return TrendLine(
        stage=stage,
        dimension=dimension,
        value=value,
        metric=metric,
        first=quantity(first, unit),
        last=quantity(last, unit),
        change=change(last / first - 1, "relative"),
        points=len(latest),
        svg=_svg(points, words, unit),
    )


def _unbroken(points: Sequence[_Point]) -> Iterator[list[_Point]]:
    for _, run in itertools.groupby(points, key=lambda point: point.level.of):
        yield list(run)


def _svg(points: Sequence[_Point], words: str, unit: str) -> str:
    means = [point.level.mean for point in points]
    low, span = min(means), max(means) - min(means)
    step = (_WIDTH - 2 * _EDGE) / max(len(points) - 1, 1)

    def place(number: int) -> tuple[float, float]:
        height = 0.5 if span == 0 else (means[number] - low) / span
        return _EDGE + number * step, _HEIGHT - _EDGE - height * (_HEIGHT - 2 * _EDGE)

    numbers = iter(range(len(points)))
    path = "".join(
        "M" + "L".join("{:.1f} {:.1f}".format(*place(next(numbers))) for _ in run)
        for run in _unbroken(points)
    )
    dots = "".join(_dot(point, *place(number)) for number, point in enumerate(points))
    title = f"{words}: from {quantity(min(means), unit)} to {quantity(max(means), unit)}"
    return (
        f'<svg class="trend" width="{_WIDTH}" height="{_HEIGHT}" role="img" '
        f'viewBox="0 0 {_WIDTH} {_HEIGHT}"><title>{escape(title)}</title>'
        f'<path d="{path}"/>{dots}</svg>'
    )


def _dot(point: _Point, x: float, y: float) -> str:
    """Return a dot, which is a triangle where the campaign regressed."""
    if point.card.verdict is Verdict.REGRESSED:
        return f'<path class="worse" d="M{x:.1f} {y - 5:.1f}l4.5 8h-9z"/>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2"/>'


def stages_of(cards: Sequence[CampaignCard]) -> Mapping[str, int]:
    """Return how many campaigns each stage has, by its name."""
    return {
        stage: len(list(group))
        for stage, group in itertools.groupby(sorted(card.stage for card in cards))
    }
