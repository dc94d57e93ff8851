"""A metric over campaigns: its line, the baseline's band, level shifts, versions, what is known."""

from collections.abc import Sequence

from lm_assets.model.history import LevelChange
from lm_assets.model.verdict import Verdict
from lm_assets.reports import formatting
from lm_assets.reports.formatting import plural, quantity
from lm_assets.reports.pictures.canvas import (
    BAND,
    INK,
    RULE,
    Place,
    framed,
    line_data,
    nice_ticks,
    path,
    text,
)
from lm_assets.reports.pictures.marks import CURRENT_COLOUR, VERDICT_COLOURS
from lm_assets.reports.pictures.trend_axes import Trend, TrendAxes, TrendPoint

__all__ = ["Trend", "TrendPoint", "sparkline_svg", "trend_svg", "trend_words"]

_SPARK_EDGE = 4.0
# Marked on the line; of everything else the dot alone is enough.
_MARKED = (Verdict.REGRESSED, Verdict.SUSPECTED, Verdict.CONFOUNDED, Verdict.IMPROVED)


def trend_svg(trend: Trend, *, width: float = 570, height: float = 150) -> str:
    """Return the trend with both axes labelled.

    The shaded band is the baseline, the dashed line the threshold. A level shift is a vertical
    line with its size; the thick steps are the levels. Triangles are verdicts, a ring marks an
    acknowledged change, a tick below the axis another version.
    """
    if not trend.values:
        return framed("", title=_title(trend), description="No values.", width=width, height=28)
    axes = TrendAxes.of(trend, width=width, height=height)
    places = axes.places(trend)
    body = (
        _band(trend, axes)
        + _value_axis(trend, axes)
        + _shifts(trend, axes)
        + path(line_data(places), "trend", fill="none", stroke=CURRENT_COLOUR, stroke_width=1.5)
        + _dots(trend, places)
        + _verdict_marks(trend, places)
        + _campaign_axis(trend, axes)
    )
    return framed(
        body, title=_title(trend), description=trend_words(trend), width=width, height=height
    )


def sparkline_svg(trend: Trend, *, width: float = 120, height: float = 26) -> str:
    """Return the trend as a line of a word's size, for a table; the last value has a dot."""
    if not trend.values:
        return framed("", title=_title(trend), description="No values.", width=width, height=height)
    axes = TrendAxes.of(trend, width=width, height=height, edge=_SPARK_EDGE)
    places = axes.places(trend)
    last = next(place for place in reversed(places) if place is not None)
    body = (
        _band(trend, axes)
        + path(
            line_data(places),
            "trend",
            fill="none",
            stroke=CURRENT_COLOUR,
            stroke_width=1.4,
            stroke_linecap="round",
        )
        + _dot_path([last], size=4.5)
        + _verdict_marks(trend, places, is_small=True)
    )
    return framed(
        body, title=_title(trend), description=trend_words(trend), width=width, height=height
    )


def trend_words(trend: Trend) -> str:
    """Return what the picture shows, in words."""
    values, known = trend.values, [p for p in trend.points if p.value is not None]
    if not values:
        return "No values."
    first, last, lowest, highest = (
        quantity(value, trend.unit) for value in (values[0], values[-1], min(values), max(values))
    )
    course = f"From {first} in {known[0].campaign} to {last} in {known[-1].campaign}"
    said = [f"{course}; lowest {lowest}, highest {highest}."]
    if trend.band is not None:
        low, high = (quantity(end, trend.unit) for end in trend.band)
        said.append(f"The baseline lies between {low} and {high}.")
    for shift in trend.shifts:
        before, after = quantity(shift.before, trend.unit), quantity(shift.after, trend.unit)
        said.append(f"Level shift at {shift.campaign}: {before} to {after}.")
    for verdict in _MARKED:
        if named := [p.campaign for p in trend.points if p.verdict is verdict]:
            said.append(f"{formatting.VERDICT_WORDS[verdict].capitalize()}: {', '.join(named)}.")
    if named := [p.campaign for p in trend.points if p.is_acknowledged]:
        said.append(f"Acknowledged: {', '.join(named)}.")
    if gaps := len(trend.points) - len(values):
        said.append(f"{plural(gaps, 'campaign')} without a value.")
    return " ".join(said)


def _title(trend: Trend) -> str:
    unit = f" in {trend.unit}" if trend.unit else ""
    count = plural(len(trend.points), "campaign")
    return f"{trend.label}{unit} over {count}, the oldest first"


def _band(trend: Trend, axes: TrendAxes) -> str:
    drawn = ""
    if trend.band is not None:
        low, high = (axes.y(end) for end in trend.band)
        height = max(low - high, 1.0)
        data = f"M{axes.left:.1f} {high:.1f}H{axes.right:.1f}v{height:.1f}H{axes.left:.1f}z"
        drawn += path(data, "band", fill=BAND, fill_opacity=0.18)
    if trend.threshold is not None and axes.low <= trend.threshold <= axes.high:
        data = f"M{axes.left:.1f} {axes.y(trend.threshold):.1f}H{axes.right:.1f}"
        drawn += path(data, "limit", stroke=RULE, stroke_width=1, stroke_dasharray="4 3")
    return drawn


def _value_axis(trend: Trend, axes: TrendAxes) -> str:
    ticks = nice_ticks(axes.low, axes.high)
    grid = "".join(f"M{axes.left:.1f} {axes.y(t):.1f}H{axes.right:.1f}" for t in ticks)
    labels = "".join(
        text(axes.left - 8, axes.y(t) + 4, formatting.number(t), anchor="end") for t in ticks
    )
    labels += text(axes.left - 8, axes.top - 8, trend.unit, anchor="end", limit=12)
    return path(grid, "grid", stroke=RULE, stroke_width=0.5, stroke_opacity=0.5) + labels


def _shifts(trend: Trend, axes: TrendAxes) -> str:
    # By name: a history may leave out campaigns that the picture shows.
    index = {point.campaign: place for place, point in enumerate(trend.points)}
    shifts = [shift for shift in trend.shifts if shift.campaign in index]
    drawn, start = "", 0.0
    for place, shift in enumerate(shifts):
        at = index[shift.campaign] - 0.5
        following = shifts[place + 1 :]
        end = index[following[0].campaign] - 0.5 if following else float(axes.steps)
        levels = (
            f"M{axes.x(start):.1f} {axes.y(shift.before):.1f}H{axes.x(at):.1f}"
            f"M{axes.x(at):.1f} {axes.y(shift.after):.1f}H{axes.x(end):.1f}"
        )
        kind = Verdict.REGRESSED if shift.degradation > 0 else Verdict.IMPROVED
        colour = VERDICT_COLOURS[kind]
        upright = f"M{axes.x(at):.1f} {axes.top:.1f}V{axes.base:.1f}"
        drawn += path(levels, "level", stroke=INK, stroke_width=3, stroke_opacity=0.45)
        drawn += path(upright, f"shift v-{kind.value}", stroke=colour, stroke_width=1.2)
        drawn += text(axes.x(at), axes.top - 8, _shift_label(shift, trend.unit), anchor="middle")
        start = at
    return drawn


def _shift_label(shift: LevelChange, unit: str) -> str:
    if shift.before > 0 and unit != "%":
        return formatting.change(shift.after / shift.before - 1.0, "relative")
    return formatting.change(shift.after - shift.before, "points" if unit == "%" else "count")


def _dots(trend: Trend, places: Sequence[Place | None]) -> str:
    size = 4.0 if len(places) <= 60 else 2.0
    return _dot_path(places, size=size) + _rings(trend, places)


def _dot_path(places: Sequence[Place | None], *, size: float) -> str:
    # A zero-length step with a round cap is a dot, and a path can hold any number of them.
    data = "".join(f"M{place[0]:.1f} {place[1]:.1f}h0" for place in places if place is not None)
    return path(
        data, "dots", stroke=CURRENT_COLOUR, stroke_width=size, stroke_linecap="round", fill="none"
    )


def _rings(trend: Trend, places: Sequence[Place | None]) -> str:
    ring = "a8 8 0 1 0 16 0a8 8 0 1 0 -16 0z"
    data = "".join(
        f"M{place[0] - 8:.1f} {place[1]:.1f}{ring}"
        for point, place in zip(trend.points, places, strict=True)
        if point.is_acknowledged and place is not None
    )
    return path(data, "known", fill="none", stroke=INK, stroke_width=1.2)


def _verdict_marks(trend: Trend, places: Sequence[Place | None], *, is_small: bool = False) -> str:
    """Return the signs of verdicts: beside their dots, above for worse and below for better."""
    found: dict[Verdict, str] = {}
    for point, place in zip(trend.points, places, strict=True):
        if point.verdict not in _MARKED or place is None:
            continue
        way = -1.0 if point.verdict is Verdict.IMPROVED else 1.0
        # In a line of a word's size the sign stands on its dot: there is no room beside it.
        distance, half, tall = (3.0, 3.5, 6.0) if is_small else (17.0, 5.0, 8.5)
        shape = f"l{half} {way * tall}h{-2 * half}z"
        at = f"M{place[0]:.1f} {place[1] - way * distance:.1f}"
        found[point.verdict] = found.get(point.verdict, "") + at + shape
    drawn = ""
    for verdict, data in found.items():
        colour = VERDICT_COLOURS[verdict]
        fill = "none" if verdict in (Verdict.SUSPECTED, Verdict.CONFOUNDED) else colour
        drawn += path(data, f"sign v-{verdict.value}", fill=fill, stroke=colour, stroke_width=1.2)
    return drawn


def _campaign_axis(trend: Trend, axes: TrendAxes) -> str:
    points = trend.points
    drawn = path(f"M{axes.left:.1f} {axes.base:.1f}H{axes.right:.1f}", "axis", stroke=RULE)
    changes = [
        index
        for index, point in enumerate(points)
        if index and point.version and point.version != points[index - 1].version
    ]
    ticks = "".join(f"M{axes.x(index):.1f} {axes.base:.1f}v6" for index in changes)
    drawn += path(ticks, "version", stroke=INK, stroke_width=1.6)
    drawn += "".join(
        text(axes.x(index), axes.base + 16, points[index].version, anchor="middle", limit=18)
        for index in changes[-4:]
    )
    below = axes.base + 29
    drawn += text(axes.left, below, points[0].campaign, limit=36)
    if len(points) > 1:
        drawn += text(axes.right, below, points[-1].campaign, anchor="end", limit=36)
    return drawn
