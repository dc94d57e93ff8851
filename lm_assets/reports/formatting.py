"""Numbers and words as every report layer writes them: signs, units, significant digits, gaps."""

import math

from lm_assets.model.verdict import Verdict

NOT_AVAILABLE = "n/a"
MINUS = "\N{MINUS SIGN}"
_GROUP = "\N{NARROW NO-BREAK SPACE}"
_SPACE = "\N{NO-BREAK SPACE}"

VERDICT_WORDS = {
    Verdict.REGRESSED: "regressed",
    Verdict.SUSPECTED: "suspected",
    Verdict.CONFOUNDED: "confounded",
    Verdict.IMPROVED: "improved",
    Verdict.UNCHANGED: "unchanged",
    Verdict.INCONCLUSIVE: "inconclusive",
    Verdict.ACCEPTED_TRADEOFF: "accepted trade-off",
    Verdict.NO_BASELINE: "no baseline",
    Verdict.INSUFFICIENT_DATA: "insufficient data",
    Verdict.NOT_COMPARABLE: "not comparable",
    Verdict.DATA_FAULT: "data fault",
    Verdict.NOT_RUN: "not run",
    Verdict.SOURCE_CHANGED: "source changed",
}

# Shapes differ as well as colours, so that a verdict is read in print and by any eye.
VERDICT_SIGNS = {
    Verdict.REGRESSED: "▲",
    Verdict.SUSPECTED: "△",
    Verdict.CONFOUNDED: "◇",
    Verdict.IMPROVED: "▼",
    Verdict.UNCHANGED: "=",
    Verdict.INCONCLUSIVE: "?",
    Verdict.ACCEPTED_TRADEOFF: "≈",
    Verdict.NO_BASELINE: "–",
    Verdict.INSUFFICIENT_DATA: "–",
    Verdict.NOT_COMPARABLE: "≠",
    Verdict.DATA_FAULT: "✕",
    Verdict.NOT_RUN: "∅",
    Verdict.SOURCE_CHANGED: "⇄",
}

# Worst first: the order in which a reader wants to see cells.
VERDICT_RANK = {
    verdict: rank
    for rank, verdict in enumerate(
        (
            Verdict.REGRESSED,
            Verdict.SUSPECTED,
            Verdict.CONFOUNDED,
            Verdict.DATA_FAULT,
            Verdict.NOT_RUN,
            Verdict.NOT_COMPARABLE,
            Verdict.SOURCE_CHANGED,
            Verdict.INCONCLUSIVE,
            Verdict.INSUFFICIENT_DATA,
            Verdict.NO_BASELINE,
            Verdict.ACCEPTED_TRADEOFF,
            Verdict.IMPROVED,
            Verdict.UNCHANGED,
        )
    )
}


def number(value: float | None, *, digits: int = 3) -> str:
    """Return a number with this many significant digits, thousands grouped.

    Whole digits are never rounded away below 10⁶: 12345 stays 12 345.
    """
    if value is None or not math.isfinite(value):
        return NOT_AVAILABLE
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 10**6 or size < 10**-4:
        mantissa, exponent = f"{size:.{digits - 1}e}".split("e")
        text = f"{_trimmed(mantissa)}e{int(exponent)}"
    else:
        decimals = max(0, digits - 1 - math.floor(math.log10(size)))
        text = _trimmed(f"{size:,.{decimals}f}".replace(",", _GROUP))
    return f"{MINUS if value < 0 else ''}{text}"


def quantity(value: float | None, unit: str) -> str:
    """Return a number with its unit."""
    text = number(value)
    return text if text == NOT_AVAILABLE or not unit else f"{text}{_SPACE}{unit}"


def change(value: float | None, change_unit: str) -> str:
    """Return a change with its sign and unit: ``+31 %``, ``−2.4 pp``, ``+1 per run``."""
    if value is None or not math.isfinite(value):
        return NOT_AVAILABLE
    return f"{_signed(value, change_unit)}{_SPACE}{_suffix(change_unit)}"


def interval(bounds: tuple[float, float] | None, change_unit: str) -> str:
    """Return an interval of changes: ``[+25, +38] %``."""
    if bounds is None:
        return NOT_AVAILABLE
    low, high = (_signed(bound, change_unit) for bound in bounds)
    return f"[{low}, {high}]{_SPACE}{_suffix(change_unit)}"


def p_value(value: float | None) -> str:
    """Return a p or q value; below a ten-thousandth the size no longer matters."""
    if value is None or not math.isfinite(value):
        return NOT_AVAILABLE
    return "<0.0001" if value < 0.0001 else f"{value:.2g}" if value < 0.01 else f"{value:.3f}"


def plural(count: int, noun: str) -> str:
    """Return a count with its noun: ``1 cell``, ``2 cells``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _signed(value: float, change_unit: str) -> str:
    scaled = value * 100 if change_unit == "relative" else value
    size = abs(scaled)
    text = f"{size:.0f}" if size >= 10 else f"{size:.1f}" if size >= 1 else f"{size:.2f}"
    text = _trimmed(text)
    if text == "0":
        return text
    return f"{MINUS if scaled < 0 else '+'}{text}"


def _suffix(change_unit: str) -> str:
    return {"relative": "%", "points": "pp"}.get(change_unit, "per run")


def _trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text
