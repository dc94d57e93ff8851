"""A change taken apart: from the baseline's seconds to the current ones, a bar a part."""

from collections.abc import Sequence

from lm_assets.model.explanation import ChangePart, Explanation
from lm_assets.model.verdict import Verdict
from lm_assets.reports.formatting import MINUS, number
from lm_assets.reports.pictures.canvas import BAND, INK, RULE, framed, path, text
from lm_assets.reports.pictures.marks import VERDICT_COLOURS

MOST_PARTS = 14
_ROW, _LABEL, _VALUE = 18.0, 280.0, 70.0
# With less than this part of the whole changed, an axis from zero would show no bar.
_CUT_BELOW = 0.15
# Parts below this share of the largest are told together.
_LEAST_SHARE = 0.005
# Below half a millisecond it is how the parts were added up, to neither side.
LEAST_SECONDS = 0.0005


def shown_parts(explanation: Explanation) -> list[ChangePart]:
    """Return the parts that are drawn, the largest first; the small ones together as one."""
    ranked = sorted(explanation.parts, key=lambda part: (-abs(part.change_s), part.label))
    least = _LEAST_SHARE * abs(ranked[0].change_s) if ranked else 0.0
    shown = [part for part in ranked[:MOST_PARTS] if abs(part.change_s) >= least]
    rest = ranked[len(shown) :]
    if len(rest) < 2:
        return ranked
    others = ChangePart(
        kind="others",
        label=f"{len(rest)} smaller parts",
        baseline_s=sum(part.baseline_s for part in rest),
        current_s=sum(part.current_s for part in rest),
        share=None if rest[0].share is None else sum(part.share or 0.0 for part in rest),
    )
    return [*shown, others]


def seconds(value: float, *, is_signed: bool = False) -> str:
    """Return seconds as the waterfall writes them: ``+1.24 s``, or ``12.3 s`` for a whole."""
    value = value if abs(value) >= LEAST_SECONDS else 0.0
    sign = "" if not is_signed or not value else MINUS if value < 0 else "+"
    return f"{sign}{number(abs(value))}\N{NO-BREAK SPACE}s"


def waterfall_svg(explanation: Explanation, *, title: str, width: float = 680) -> str:
    """Return the waterfall: each bar begins where the one before it ended.

    The first and the last bar are the whole on either side. Where little of the whole changed,
    the axis does not begin at zero, and a notch in both of them says so.
    """
    parts, change = shown_parts(explanation), explanation.change
    ends = [change.baseline_s]
    for part in parts:
        ends.append(ends[-1] + part.change_s)
    lowest, highest = min(*ends, change.current_s), max(*ends, change.current_s)
    is_cut = highest - lowest < _CUT_BELOW * highest
    origin = max(0.0, lowest - 0.6 * (highest - lowest)) if is_cut else 0.0
    room = width - _LABEL - _VALUE
    scale = room / ((highest - origin) or 1.0)

    def x(value: float) -> float:
        return _LABEL + (value - origin) * scale

    rows = [_whole("baseline", change.baseline_s, 0, x)]
    for place, (part, start, end) in enumerate(zip(parts, ends[:-1], ends[1:], strict=True), 1):
        rows.append(_part(part, x(start), x(end), place))
    rows.append(_whole("current", change.current_s, len(parts) + 1, x))
    height = (len(parts) + 2) * _ROW + 4
    joints = "".join(
        f"M{x(end):.1f} {(place + 1) * _ROW - 3:.1f}v6" for place, end in enumerate(ends)
    )
    notches = _notches(height) if origin > 0 else ""
    body = "".join(rows) + path(joints, "axis", stroke=RULE, stroke_width=0.8) + notches
    return framed(
        body, title=title, description=waterfall_words(explanation), width=width, height=height
    )


def waterfall_words(explanation: Explanation) -> str:
    """Return the waterfall in words."""
    change = explanation.change
    told = "; ".join(
        f"{part.label} {seconds(part.change_s, is_signed=True)}"
        for part in shown_parts(explanation)
    )
    return f"From {seconds(change.baseline_s)} to {seconds(change.current_s)}: {told}."


def _whole(name: str, value: float, place: int, x) -> str:  # type: ignore[no-untyped-def]
    y = place * _ROW + 3
    bar = f"M{_LABEL:.1f} {y:.1f}H{x(value):.1f}v12H{_LABEL:.1f}z"
    return (
        path(bar, "whole", fill=BAND)
        + text(_LABEL - 8, y + 10, name, anchor="end")
        + text(x(value) + 6, y + 10, seconds(value))
    )


def _part(part: ChangePart, start: float, end: float, place: int) -> str:
    y, left, right = place * _ROW + 3, min(start, end), max(start, end)
    is_more = part.change_s > 0
    verdict = Verdict.REGRESSED if is_more else Verdict.IMPROVED
    bar = f"M{left:.1f} {y:.1f}h{max(right - left, 0.8):.1f}v12h-{max(right - left, 0.8):.1f}z"
    opacity = 1.0 if part.stands_out else 0.6
    return (
        path(bar, f"part v-{verdict.value}", fill=VERDICT_COLOURS[verdict], fill_opacity=opacity)
        + text(_LABEL - 8, y + 10, part.label, anchor="end", limit=40)
        + text(right + 6, y + 10, seconds(part.change_s, is_signed=True))
    )


def _notches(height: float) -> str:
    slash = "M{x:.1f} {y:.1f}l6 -14m3 0l-6 14"
    places: Sequence[float] = (17.0, height - 5.0)
    data = "".join(slash.format(x=_LABEL + 8, y=y) for y in places)
    return path(data, "notch", stroke=INK, stroke_width=1.2, fill="none")
