"""A campaign's verdict as a coloured table for a terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from lm_assets.model.verdict import CampaignVerdict, CellVerdict, Verdict

STYLES = {
    Verdict.REGRESSED: "bold red",
    Verdict.SUSPECTED: "yellow",
    Verdict.IMPROVED: "green",
    Verdict.UNCHANGED: "dim",
    Verdict.INCONCLUSIVE: "cyan",
    Verdict.ACCEPTED_TRADEOFF: "blue",
    Verdict.NO_BASELINE: "magenta",
    Verdict.INSUFFICIENT_DATA: "magenta",
    Verdict.DATA_FAULT: "bold magenta",
}
_SHOWN = (Verdict.DATA_FAULT, Verdict.REGRESSED, Verdict.SUSPECTED, Verdict.IMPROVED)
_UNBOUNDED = 1000


def print_verdict(console: Console, verdict: CampaignVerdict, *, rows: int = 15) -> None:
    """Print the verdict line, the counts and the cells that a person should look at."""
    style = STYLES[verdict.verdict]
    console.print(
        f"[bold]{verdict.campaign}[/]  [{style}]{verdict.verdict.value.upper()}[/]  "
        f"[dim]exit code {verdict.exit_code}[/]",
        highlight=False,
    )
    counts = ", ".join(f"{n} {name}" for name, n in sorted(verdict.counts.items()) if n)
    console.print(f"  {len(verdict.cells)} cells: {counts}", highlight=False, soft_wrap=True)
    for finding in verdict.findings[:rows]:
        if finding.kind != "cell":
            message = f"  [{STYLES[finding.severity]}]{escape(finding.message)}[/]"
            console.print(message, highlight=False, soft_wrap=True)
    shown = notable_cells(verdict.cells)
    if shown:
        _print_whole(console, _cell_table(shown[:rows]))
    if len(shown) > rows:
        console.print(f"  … and {len(shown) - rows} more in the reports", highlight=False)


def notable_cells(cells: Sequence[CellVerdict]) -> list[CellVerdict]:
    """Return the cells that changed or could not be trusted, the gravest first."""
    notable = [cell for cell in cells if cell.verdict in _SHOWN]
    return sorted(
        notable, key=lambda c: (_SHOWN.index(c.verdict), -abs(c.change or 0.0), c.combination)
    )


def _print_whole(console: Console, table: Table) -> None:
    """Print a table with long lines, where a narrow window would cut its columns short."""
    wanted = Console(width=_UNBOUNDED).measure(table).maximum
    wide = Console(
        file=console.file,
        width=max(console.width, wanted),
        force_terminal=console.is_terminal,
        no_color=console.no_color,
    )
    wide.print(table)


def _cell_table(cells: Sequence[CellVerdict]) -> Table:
    table = Table(box=None, pad_edge=True, header_style="bold")
    for name in ("verdict", "combination", "metric"):
        table.add_column(name, no_wrap=True)
    for name in ("baseline", "current", "change", "95 % interval", "q", "runs"):
        table.add_column(name, justify="right", no_wrap=True)
    for cell in cells:
        table.add_row(
            f"[{STYLES[cell.verdict]}]{cell.verdict.value}[/]",
            cell.combination,
            cell.metric,
            _number(cell.baseline_mean),
            _number(cell.current_mean),
            _change(cell.change, cell.change_unit),
            _interval(cell),
            _probability(cell.q),
            f"{cell.n_baseline}/{cell.n_current}",
        )
    return table


def _number(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.4g}"


def _change(value: float | None, unit: str) -> str:
    if value is None:
        return "n/a"
    return f"{value:+.1%}" if unit == "relative" else f"{value:+.3g} {unit}"


def _interval(cell: CellVerdict) -> str:
    if cell.change_ci95 is None:
        return "n/a"
    low, high = cell.change_ci95
    return f"[{_change(low, cell.change_unit)}, {_change(high, cell.change_unit)}]".replace(
        "[", r"\[", 1
    )


def _probability(value: float | None) -> str:
    if value is None:
        return "n/a"
    return "<0.0001" if value < 0.0001 else f"{value:.4f}"
