"""Text from outside made harmless for a terminal: it moves no cursor and carries no markup."""

from rich.console import Console
from rich.markup import escape
from rich.text import Text


def printable(text: str) -> str:
    r"""Return text with everything that is no visible sign spelled out.

    Examples
    --------
    >>> printable("read\x1b[2J\n")
    'read\\x1b[2J\\n'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def literal(text: str) -> Text:
    """Return text for a cell of a table, where markup and emoji codes stay as they are."""
    return Text(printable(text))


def in_markup(text: str) -> str:
    """Return text to be put into a sentence with markup; print it with ``emoji=False``."""
    return escape(printable(text))


def wide_console() -> Console:
    """Return a console that breaks no line of a file or a pipe."""
    console = Console()
    return console if console.is_terminal else Console(width=200)
