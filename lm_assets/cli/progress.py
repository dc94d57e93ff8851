"""Steps of long work, a line each: what was done and how long it took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape


class Steps:
    """Prints each step with its time. On a terminal a spinner shows the one that is under way."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._begun = time.monotonic()

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Print the step when it has ended; a step that fails is printed as failed."""
        begun = time.monotonic()
        mark = "[red]✗[/]"
        try:
            with self._console.status(text) if self._console.is_terminal else _silence():
                yield
            mark = "[green]✓[/]"
        finally:
            now = time.monotonic()
            self._console.print(
                f"{mark} {text} [dim]{now - begun:5.1f} s, {now - self._begun:5.1f} s in all[/]",
                highlight=False,
                soft_wrap=True,
            )

    def say(self, text: str) -> None:
        """Print a remark between two steps."""
        self._console.print(f"  [yellow]{escape(text)}[/]", highlight=False, soft_wrap=True)

    @property
    def elapsed_s(self) -> float:
        """Seconds since the first step could begin."""
        return time.monotonic() - self._begun


@contextmanager
def _silence() -> Iterator[None]:
    yield
