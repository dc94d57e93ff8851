"""What every picture is drawn with: text, paths, and the frame that carries its words.

Colours are written as attributes, so that a picture stands alone in a PDF or behind an image tag,
and repeated as a class, by which the style sheet of a page replaces them in the dark.
"""

import base64
import math
from collections.abc import Iterable
from html import escape

from lm_assets.reports.escaping import one_line

# Middle tones: read on white and on dark alike, where no style sheet says otherwise.
INK, RULE, BAND = "#5e6c84", "#97a0af", "#7a869a"
# What the PDF is set in stands second: a browser takes its own, and fontconfig knows no system-ui.
_FONT = "system-ui, 'DejaVu Sans', sans-serif"
_LONGEST_TEXT = 66
_LONGEST_WORDS = 4000

Place = tuple[float, float]


def framed(body: str, *, title: str, width: float, height: float, description: str = "") -> str:
    """Return a picture: its drawing, its name and, for who does not see it, what it shows."""
    words = f"<title>{_told(title, limit=_LONGEST_WORDS)}</title>"
    if description:
        words += f"<desc>{_told(description, limit=_LONGEST_WORDS)}</desc>"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" font-family="{_FONT}" font-size="11">'
        f"{words}{body}</svg>"
    )


def text(
    x: float, y: float, content: str, *, anchor: str = "start", limit: int = _LONGEST_TEXT
) -> str:
    """Return one line of text, its base line at ``y``."""
    return (
        f'<text class="ink" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{INK}">'
        f"{_told(content, limit=limit)}</text>"
    )


def _told(content: str, *, limit: int) -> str:
    return escape(one_line(content, limit=limit))


def path(data: str, name: str, **attributes: str | float) -> str:
    """Return a path of a class; an attribute's underscore stands for its hyphen."""
    written = "".join(f' {key.replace("_", "-")}="{value}"' for key, value in attributes.items())
    return f'<path class="{name}"{written} d="{data}"/>' if data else ""


def line_data(places: Iterable[Place | None]) -> str:
    """Return a line through places; a gap is a gap, and a lone place is a zero-length step."""
    data, is_pen_down = "", False
    for place in places:
        if place is not None:
            data += f"{'L' if is_pen_down else 'M'}{place[0]:.1f} {place[1]:.1f}h0"
        is_pen_down = place is not None
    return data


def nice_ticks(low: float, high: float, *, most: int = 4) -> list[float]:
    """Return round numbers from ``low`` to ``high``, at most so many, in steps of 1, 2 or 5."""
    span = high - low
    if not span > 0 or not math.isfinite(span):
        return [low]
    size = 10.0 ** math.floor(math.log10(span / most))
    step = next(size * f for f in (1, 2, 5, 10, 20) if span / (size * f) < most)
    first, last = math.ceil(low / step), math.floor(high / step)
    return [place * step for place in range(first, last + 1)]


def data_uri(svg: str) -> str:
    """Return a picture as a data URI, for an image in Markdown or HTML."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"
