"""Text from outside made harmless for Markdown and for JSON inside HTML. Jinja escapes HTML."""

import json
import re
from collections.abc import Mapping, Sequence

from lm_assets.model.visible_text import visible_text

_MARKDOWN_SIGNS = re.compile(r"([\\`*_\[\]|~$])")
_MARKDOWN_AT_START = re.compile(r"^([#+=-]+|\d+[.)])(?=\s|[=-]|$)")
_BACKTICKS = re.compile(r"`+")
_HTML_IN_JSON = {
    ord(sign): f"\\u{ord(sign):04x}" for sign in ("<", ">", "&", "'", "\u2028", "\u2029")
}
# JSON has escaped the others already, and a page shows nothing for them.
_DIRECTIONS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def one_line(text: str, *, limit: int = 300) -> str:
    """Return text on one line, every character of it visible, no longer than the limit."""
    text = visible_text(text).strip()
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def markdown_text(text: str) -> str:
    """Return text that Markdown shows literally, in a paragraph, list or table."""
    text = one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # A bare address would become a link even where every sign is escaped.
    text = text.replace("://", ":&#47;&#47;").replace("@", "&#64;").replace("www.", "www&#46;")
    text = _MARKDOWN_SIGNS.sub(r"\\\1", text)
    return _MARKDOWN_AT_START.sub(_escaped_last, text)


def markdown_code(text: str) -> str:
    """Return text as a Markdown code span, safe in a table too.

    A ``|`` or a backslash cannot be kept inside a code span of a table on every renderer: such
    text is shown as escaped text instead.
    """
    text = one_line(text)
    if not text:
        return ""
    if "|" in text or "\\" in text:
        return markdown_text(text).replace("\\|", "&#124;").replace("\\\\", "&#92;")
    longest = max((len(run) for run in _BACKTICKS.findall(text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _escaped_last(found: re.Match[str]) -> str:
    return f"{found[1][:-1]}\\{found[1][-1]}"


def json_in_html(value: Mapping[str, object] | Sequence[object]) -> str:
    """Return JSON that may stand inside a ``<script>`` element; nothing in it can close it.

    What would turn text around where the page shows it is replaced.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return _DIRECTIONS.sub("\N{REPLACEMENT CHARACTER}", text).translate(_HTML_IN_JSON)
