"""A campaign's verdict as a coloured table for a terminal."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

from lm_assets.cli.terminal_text import in_markup, literal, print_whole
from lm_assets.model.deciding import DecidedOn, DecidingTest, deciding_figures
from lm_assets.model.verdict import BEHAVIOUR_CHANGED, CampaignVerdict, CellVerdict, Verdict
from lm_assets.regression.cells.sources import sources_phrase
from lm_assets.regression.verdict.notes import no_reader_may_miss
from lm_assets.regression.verdict.own_baseline import is_own_baseline
from lm_assets.regression.verdict.phrases import TEST_WORDS
from lm_assets.reports.phrases import SELF_COMPARED

STYLES = {
    Verdict.REGRESSED: "bold red",
    Verdict.SUSPECTED: "yellow",
    Verdict.CONFOUNDED: "yellow",
    Verdict.IMPROVED: "green",
    Verdict.UNCHANGED: "dim",
    Verdict.INCONCLUSIVE: "cyan",
    Verdict.ACCEPTED_TRADEOFF: "blue",
    Verdict.NO_BASELINE: "magenta",
    Verdict.INSUFFICIENT_DATA: "magenta",
    Verdict.NOT_COMPARABLE: "magenta",
    Verdict.DATA_FAULT: "bold magenta",
    Verdict.NOT_RUN: "magenta",
    Verdict.SOURCE_CHANGED: "magenta",
}
_OF_WHAT = {
    DecidedOn.CELL: "",
    DecidedOn.BEYOND_SHIFT: ", beyond the shift",
    DecidedOn.FRESH_RUNS: ", fresh runs",
}
_SHOWN = (
    Verdict.DATA_FAULT,
    Verdict.REGRESSED,
    Verdict.SUSPECTED,
    Verdict.CONFOUNDED,
    Verdict.NOT_COMPARABLE,
    Verdict.NOT_RUN,
    Verdict.IMPROVED,
)
_UNDECIDED = (
    Verdict.SOURCE_CHANGED,
    Verdict.INCONCLUSIVE,
    Verdict.INSUFFICIENT_DATA,
    Verdict.NO_BASELINE,
)


def print_verdict(
    console: Console,
    verdict: CampaignVerdict,
    *,
    rows: int = 15,
    rest: str = "with --json",
    exit_code: int | None = None,
) -> None:
    """Print the verdict line, the counts and the cells that a person should look at.

    Where the campaign is undecided or faulty, its notes and undecided cells say why. ``rest`` says
    where the cells are that are not shown, ``exit_code`` with what the command ends where
    known losses do not count.
    """
    is_own = is_own_baseline(verdict)
    style = "dim" if is_own else STYLES[verdict.verdict]
    words = SELF_COMPARED if is_own else verdict.verdict.value
    _print_sentence(
        console,
        f"[bold]{in_markup(verdict.campaign)}[/]  [{style}]{words.upper()}[/]  "
        f"[dim]{_ending(verdict.exit_code, exit_code)}[/]",
    )
    counts = ", ".join(f"{n} {name}" for name, n in sorted(verdict.counts.items()) if n)
    cells = f"{len(verdict.cells)} cell{'' if len(verdict.cells) == 1 else 's'}"
    _print_sentence(console, f"  {cells}: {counts}" if counts else f"  {cells}")
    is_open = verdict.verdict in (*_UNDECIDED, Verdict.DATA_FAULT)
    for note in verdict.notes if is_open or is_own else filter(no_reader_may_miss, verdict.notes):
        _print_sentence(console, f"  {in_markup(note)}")
    wider = [f for f in verdict.findings if f.kind not in ("cell", BEHAVIOUR_CHANGED)]
    for finding in wider[:rows]:
        _print_sentence(console, f"  [{STYLES[finding.severity]}]{in_markup(finding.message)}[/]")
    shown = notable_cells(verdict.cells, also=_UNDECIDED if is_open else ())
    if shown:
        print_whole(console, _cell_table(shown[:rows]))
    if len(shown) > rows:
        _print_sentence(console, f"  … and {len(shown) - rows} more {rest}")
    # What is counted exactly is no verdict: it stands after those that are.
    exact = [f for f in verdict.findings if f.kind == BEHAVIOUR_CHANGED]
    for finding in exact[:rows]:
        _print_sentence(console, f"  [cyan]{in_markup(finding.message)}[/]")


def notable_cells(
    cells: Sequence[CellVerdict], *, also: Sequence[Verdict] = ()
) -> list[CellVerdict]:
    """Return the cells that changed or could not be trusted, the gravest first."""
    order = (*_SHOWN, *also)
    notable = [cell for cell in cells if cell.verdict in order]
    return sorted(
        notable, key=lambda c: (order.index(c.verdict), -abs(c.change or 0.0), c.combination)
    )


def _ending(own: int, left: int | None) -> str:
    if left is None or left == own:
        return f"exit code {own}"
    return f"exit code {left}, {own} without the losses that are known"


def _print_sentence(console: Console, text: str) -> None:
    console.print(text, highlight=False, soft_wrap=True, emoji=False)


def _cell_table(cells: Sequence[CellVerdict]) -> Table:
    reasons = [_reason(cell) for cell in cells]
    table = Table(box=None, pad_edge=True, header_style="bold")
    for name in ("verdict", "combination", "metric"):
        table.add_column(name, no_wrap=True)
    for name in ("baseline", "current", "change", "95 % interval", "p", "q", "runs"):
        table.add_column(name, justify="right", no_wrap=True)
    for name in ("test", "plain rule"):
        table.add_column(name, no_wrap=True)
    if any(reasons):
        table.add_column("why", no_wrap=True)
    for cell, reason in zip(cells, reasons, strict=True):
        table.add_row(
            f"[{STYLES[cell.verdict]}]{cell.verdict.value}[/]",
            literal(cell.combination),
            literal(cell.metric),
            _number(cell.baseline_mean),
            _number(cell.current_mean),
            _change(cell.change, cell.change_unit),
            *_deciding(cell),
            f"{cell.n_baseline}/{cell.n_current}",
            _test(cell),
            _plain_rule(cell),
            *([literal(reason)] if any(reasons) else []),
        )
    return table


def _deciding(cell: CellVerdict) -> tuple[str, str, str]:
    """Return interval, p and q of the test that decided; those of the cell where nothing did."""
    figures = deciding_figures(cell)
    if figures is None or figures.test is DecidingTest.LIMIT:
        return _interval(cell.change_ci95, cell.change_unit), "n/a", "n/a"
    interval = _interval(figures.change_ci95, cell.change_unit)
    return interval, _probability(figures.p), _probability(figures.q)


def _test(cell: CellVerdict) -> str:
    figures = deciding_figures(cell)
    if figures is None:
        return "n/a"
    return f"{TEST_WORDS[figures.test]}{_OF_WHAT[figures.on]}"


def _plain_rule(cell: CellVerdict) -> str:
    holds = cell.explanation.get("plain_rule")
    if cell.p is None or holds is None:
        return "n/a"
    return f"{'yes' if holds else 'no'} (p {_probability(cell.p)})"


def _reason(cell: CellVerdict) -> str:
    """Return why a cell could not be decided, in a few words; nothing for one that was."""
    why = cell.explanation
    if isinstance(fault := why.get("fault"), Mapping):
        return f"{fault['rule']}; {fault['side']} run {fault['run']} is {fault['value']:g}"
    if isinstance(reasons := why.get("no_usable_run_because"), Sequence):
        return "; ".join(map(str, reasons))
    if "unit_suspect" in cell.flags:
        return "measured in another unit?"
    told = {
        Verdict.NOT_RUN: _not_run,
        Verdict.NO_BASELINE: _no_baseline,
        Verdict.INSUFFICIENT_DATA: _insufficient,
        Verdict.SOURCE_CHANGED: _source_changed,
        Verdict.REGRESSED: _size_of_regression,
        Verdict.SUSPECTED: _suspected,
        Verdict.CONFOUNDED: _confounded,
        Verdict.NOT_COMPARABLE: _not_comparable,
        Verdict.INCONCLUSIVE: _inconclusive,
    }.get(cell.verdict)
    return told(cell) if told else ""


def _not_run(cell: CellVerdict) -> str:
    return f"nothing landed; {cell.explanation.get('not_run_because', 'it was expected')}"


def _no_baseline(_cell: CellVerdict) -> str:
    return "nothing to compare with"


def _insufficient(cell: CellVerdict) -> str:
    why = cell.explanation
    if "promised_runs" in why:
        return f"{why.get('usable_runs')} of {why['promised_runs']} promised runs"
    few = "no current run" if not cell.n_current else "fewer runs than the stage asks for"
    return str(why.get("missing_because") or few)


def _source_changed(cell: CellVerdict) -> str:
    return f"measured by {sources_phrase(cell.explanation)}: not one quantity"


def _size_of_regression(cell: CellVerdict) -> str:
    why = cell.explanation
    size = "worse, size uncertain" if why.get("size") == "uncertain" else ""
    return "; ".join(filter(None, (size, str(why.get("disagreement", "")))))


def _suspected(cell: CellVerdict) -> str:
    return str(cell.explanation.get("disagreement", ""))


def _confounded(cell: CellVerdict) -> str:
    node = cell.explanation.get("node")
    return f"not to be told from {node['node']}" if isinstance(node, Mapping) else ""


def _not_comparable(cell: CellVerdict) -> str:
    changed = cell.explanation.get("environment")
    if not isinstance(changed, Mapping):
        return ""
    return ", ".join(f"{key} {before} → {now}" for key, (before, now) in changed.items())


def _inconclusive(cell: CellVerdict) -> str:
    if cell.decided_by == "at_least":
        return "only a lower bound is known"
    if note := cell.explanation.get("note"):
        return str(note)
    if cell.runs_needed is None:
        return "more runs than the stage would pay for"
    return f"{cell.runs_needed} runs a side would decide"


def _number(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.4g}"


def _change(value: float | None, unit: str) -> str:
    if value is None:
        return "n/a"
    return f"{value:+.1%}" if unit == "relative" else f"{value:+.3g} {unit}"


def _interval(bounds: tuple[float, float] | None, unit: str) -> str:
    if bounds is None:
        return "n/a"
    low, high = bounds
    return f"[{_change(low, unit)}, {_change(high, unit)}]".replace("[", r"\[", 1)


def _probability(value: float | None) -> str:
    if value is None:
        return "n/a"
    return "<0.0001" if value < 0.0001 else f"{value:.4f}"
