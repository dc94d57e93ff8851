"""Text from outside made harmless for XML, for workflow commands of GitHub, and for comments."""

import re

from lm_assets.reports.escaping import one_line

# Everything that XML 1.0 has no place for (its production `Char`).
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Signs that mean nothing to any dialect of Markdown in a code span, nor end it.
_PLAIN_CODE = re.compile(
    "[A-Za-z0-9 ._+=:,/()%\\-−→≤≥×…\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}]+"
)
_MARKER_SIGNS = re.compile(r"[^A-Za-z0-9._+=-]+")
_PLACEHOLDER = re.compile(r"\{(\d+)\}")
_LONE_SURROGATES = re.compile("[\ud800-\udfff]")


def xml_text(text: str) -> str:
    """Return text in which every sign may stand in an XML document; it is not escaped yet."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def storable(text: str) -> str:
    """Return text that UTF-8 can hold: half of a surrogate pair is replaced."""
    return _LONE_SURROGATES.sub("\N{REPLACEMENT CHARACTER}", text)


def comment_code(text: str, *, limit: int = 200) -> str:
    """Return text from outside as code for a comment: no mention, link, reference or markup.

    Where a backtick span could be broken out of, it is a ``<code>`` element whose every sign that
    is no letter or digit is a numeric entity, which no Markdown takes for syntax.
    """
    text = one_line(storable(text), limit=limit)
    if not text:
        return ""
    if _PLAIN_CODE.fullmatch(text) and text.strip() == text:
        return f"`{text}`"
    return f"<code>{''.join(c if c.isalnum() or c == ' ' else f'&#{ord(c)};' for c in text)}</code>"


def marker_word(text: str) -> str:
    """Return text as one word of a hidden marker, which it cannot end."""
    return re.sub("-{2,}", "-", _MARKER_SIGNS.sub("-", text))[:100] or "-"


def command_message(text: str, *, limit: int = 1000) -> str:
    """Return text as the message of a workflow command: one line, nothing starts another."""
    text = one_line(storable(text), limit=limit)
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def command_property(text: str, *, limit: int = 200) -> str:
    """Return text as a property of a workflow command, such as its title."""
    return command_message(text, limit=limit).replace(":", "%3A").replace(",", "%2C")


def sarif_text(text: str, *, limit: int = 1000) -> str:
    """Return text of a SARIF message in which nothing is a link or a placeholder.

    They are pulled apart rather than escaped: not every reader undoes the escapes.
    """
    text = one_line(storable(text), limit=limit).replace("](", "] (")
    return _PLACEHOLDER.sub(r"{ \1 }", text)


def metric_label_value(text: str, *, limit: int = 200) -> str:
    """Return text as the value of a label in the OpenMetrics text format."""
    text = one_line(storable(text), limit=limit)
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
