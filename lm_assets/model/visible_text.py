"""Text from outside without what cannot be seen and still does something where it is shown."""

import re

# Line ends, tabulators, and what has no width: in the place of them is a space.
_GAPS = re.compile("[\t-\r\x85\xad\u180e\u200b-\u200d\u2028\u2029\u2060-\u2064\ufeff]+")
# Commands to terminals and to the layout of text: overrides of its direction, tags, NUL, ESC.
_COMMANDS = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f"
    "\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_COMMAND_SIGN = "\N{REPLACEMENT CHARACTER}"


def visible_text(text: str) -> str:
    r"""Return text on one line in which every character is one that a reader sees.

    What would turn the order of a line around, clear a screen or end a text early stands as ``�``,
    so that it is seen to have been there.

    Examples
    --------
    >>> visible_text("read\x1b[2J\n\u202egpj")
    'read�[2J �gpj'
    """
    if text.isprintable():
        return text
    return _GAPS.sub(" ", _COMMANDS.sub(_COMMAND_SIGN, text))


def visible_lines(text: str) -> str:
    r"""Return text of several lines in the same way; its line ends and tabulators stay.

    Examples
    --------
    >>> visible_lines("one\ntwo\x00")
    'one\ntwo�'
    """
    return text if text.isprintable() else _COMMANDS.sub(_COMMAND_SIGN, text)
