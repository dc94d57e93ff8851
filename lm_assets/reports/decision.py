"""What decided a cell, as every report writes it: test, interval, p and q, and the plain rule."""

from collections.abc import Callable

from lm_assets.model.deciding import DecidedOn, DecidingFigures, DecidingTest, deciding_figures
from lm_assets.model.verdict import CellVerdict, Verdict
from lm_assets.regression.verdict.phrases import TEST_WORDS
from lm_assets.reports import formatting
from lm_assets.reports.formatting import VERDICT_WORDS

Escape = Callable[[str], str]

_ON_WORDS = {
    DecidedOn.CELL: "",
    DecidedOn.BEYOND_SHIFT: "beyond the shift",
    DecidedOn.FRESH_RUNS: "in fresh runs",
}
_MARKS = {
    DecidingTest.MODERATED: "mod. t",
    DecidingTest.WELCH: "Welch",
    DecidingTest.PREDICTION: "pred.",
    DecidingTest.RATES: "rates",
    DecidingTest.LIMIT: "limit",
}
_ON_MARKS = {DecidedOn.CELL: "", DecidedOn.BEYOND_SHIFT: "*", DecidedOn.FRESH_RUNS: "²"}
_NO_TEST = DecidingFigures(test=DecidingTest.LIMIT)


def verdict_words(cell: CellVerdict) -> str:
    """Return the verdict; of one that is unchanged and surely differs, that it does."""
    words = VERDICT_WORDS[cell.verdict]
    is_small = cell.verdict is Verdict.UNCHANGED and "differs_within_margin" in cell.flags
    return f"{words}, differs within the margin" if is_small else words


def deciding_test(cell: CellVerdict) -> str:
    """Return the name of the deciding test and what it was of; n/a where nothing was compared."""
    figures = deciding_figures(cell)
    if figures is None:
        return formatting.NOT_AVAILABLE
    return " ".join(filter(None, (TEST_WORDS[figures.test], _ON_WORDS[figures.on])))


def deciding_mark(cell: CellVerdict) -> str:
    """Return the deciding test where there is little room; the method's page explains the marks."""
    figures = deciding_figures(cell)
    if figures is None:
        return formatting.NOT_AVAILABLE
    return _MARKS[figures.test] + _ON_MARKS[figures.on]


def deciding_p(cell: CellVerdict) -> float | None:
    """Return p of the deciding test."""
    return (deciding_figures(cell) or _NO_TEST).p


def deciding_q(cell: CellVerdict) -> float | None:
    """Return q of the deciding test."""
    return (deciding_figures(cell) or _NO_TEST).q


def deciding_bounds(cell: CellVerdict) -> tuple[float, float] | None:
    """Return the deciding test's 95 % interval.

    A limit has none: that of the comparison is told, by which nothing was decided.
    """
    figures = deciding_figures(cell)
    is_tested = figures is not None and figures.test is not DecidingTest.LIMIT
    return figures.change_ci95 if figures and is_tested else cell.change_ci95


def deciding_change(cell: CellVerdict) -> float | None:
    """Return the change that the deciding interval is of: the cell's own, or what was tested."""
    figures = deciding_figures(cell)
    if figures is None or figures.on is DecidedOn.CELL or figures.change is None:
        return cell.change
    return figures.change


def deciding_interval(cell: CellVerdict) -> str:
    """Return the deciding test's interval; its change too where that is not the cell's own."""
    interval = formatting.interval(deciding_bounds(cell), cell.change_unit)
    figures = deciding_figures(cell)
    if figures is None or figures.on is DecidedOn.CELL:
        return interval
    change = formatting.change(figures.change, cell.change_unit)
    return f"{change} {interval} {_ON_WORDS[figures.on]}"


def plain_rule(cell: CellVerdict) -> str:
    """Return whether the plain rule says that the cell regressed, with its own p: ``no (p 0.21)``.

    The rule is Welch's t on the cell as it is and the threshold; n/a where nothing was compared.
    """
    holds = cell.explanation.get("plain_rule")
    if cell.p is None or holds is None:
        return formatting.NOT_AVAILABLE
    answer = "yes" if holds else "no"
    return f"{answer} (p {formatting.p_value(cell.p)})"


def disagreement(cell: CellVerdict) -> str:
    """Return why the verdict is another than the plain rule's; empty where they agree."""
    return str(cell.explanation.get("disagreement", ""))


def decision_phrase(cell: CellVerdict, escape: Escape = str) -> str:
    """Return by what a cell has its verdict, and what the plain rule says.

    Text from outside, such as the name of a node, is passed through ``escape``.

    ``regressed by moderated t (p 0.0012, q 0.03), plain rule: yes (p 0.02)``
    """
    words = verdict_words(cell)
    figures = deciding_figures(cell)
    if figures is None:
        return words
    text = f"{words} by {deciding_test(cell)}"
    if figures.test is not DecidingTest.LIMIT:
        p, q = formatting.p_value(figures.p), formatting.p_value(figures.q)
        size = f"{deciding_interval(cell)}, " if figures.on is not DecidedOn.CELL else ""
        text += f" ({size}p {p}, q {q})"
    because = escape(disagreement(cell))
    return f"{text}; {because}" if because else f"{text}, plain rule: {plain_rule(cell)}"
