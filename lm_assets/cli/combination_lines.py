"""Why combinations changed, one line each, for a terminal."""

from collections.abc import Sequence

from rich.console import Console

from lm_assets.cli.terminal_text import in_markup
from lm_assets.model.explanation import CombinationCauses


def print_causes(console: Console, rows: Sequence[CombinationCauses]) -> None:
    """Print each combination once, with the sentence of its first explanation."""
    first: dict[str, CombinationCauses] = {}
    for row in rows:
        first.setdefault(row.combination, row)
    if first:
        _say(console, "  why:")
    for row in first.values():
        said = row.reason if row.explanation is None else row.explanation.summary
        _say(console, f"    [bold]{in_markup(row.combination)}[/]  {in_markup(said)}")


def _say(console: Console, text: str) -> None:
    console.print(text, highlight=False, soft_wrap=True, emoji=False)
