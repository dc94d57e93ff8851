"""Text and tables for a terminal: no text from outside moves a cursor, no table cuts a name."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

_UNBOUNDED = 1000
# Between a number and its unit; a terminal breaks no line there.
_BOUND_SPACES = {0x00A0: " ", 0x202F: " "}


def printable(text: str) -> str:
    r"""Return text with everything that is no visible sign spelled out.

    Examples
    --------
    >>> printable("read\x1b[2J\n")
    'read\\x1b[2J\\n'
    """
    plain = text.translate(_BOUND_SPACES)
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in plain)


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


def print_whole(console: Console, table: Table) -> None:
    """Print a table with long lines, where a narrow window would cut its columns short."""
    wanted = Console(width=_UNBOUNDED).measure(table).maximum
    wide = Console(
        file=console.file,
        width=max(console.width, wanted),
        force_terminal=console.is_terminal,
        no_color=console.no_color,
    )
    wide.print(table)
