"""Changes and confirmations in words, for findings and whoever tells of a verdict."""

import math
from collections.abc import Mapping

from lm_assets.model.campaign import confirmation_campaign
from lm_assets.model.deciding import DecidingTest
from lm_assets.model.verdict import CampaignVerdict

TEST_WORDS: Mapping[DecidingTest, str] = {
    DecidingTest.MODERATED: "moderated t",
    DecidingTest.WELCH: "Welch's t",
    DecidingTest.PREDICTION: "prediction of one run",
    DecidingTest.RATES: "exact test of rates",
    DecidingTest.LIMIT: "limit",
}


def change_phrase(change: float | None, unit: str) -> str:
    """Return a change with its unit, such as ``+31.2 %`` or ``-4.1 points``."""
    if change is None or not math.isfinite(change):
        return "by an unknown amount"
    return f"{100.0 * change:+.1f} %" if unit == "relative" else f"{change:+.2f} {unit}"


def p_phrase(p: float) -> str:
    """Return a p or q value; below a ten-thousandth the size no longer matters."""
    return "<0.0001" if p < 0.0001 else f"{p:.2g}" if p < 0.01 else f"{p:.3f}"


def metric_phrase(
    metric: str, change: float | None, interval: tuple[float, float] | None, unit: str
) -> str:
    """Return a metric with its change, such as ``duration_s +31.2 % [25.0, 38.1]``."""
    words = f"{metric} {change_phrase(change, unit)}"
    if interval is None:
        return words
    factor = 100.0 if unit == "relative" else 1.0
    return f"{words} [{factor * interval[0]:.1f}, {factor * interval[1]:.1f}]"


def confirmation_phrase(verdict: CampaignVerdict) -> str:
    """Return what became of the campaign's suspected cells; empty where none asked for fresh runs.

    It names the object that says which runs are asked for, and the campaign that they land as.
    """
    state = verdict.confirmation
    if state is None:
        return ""
    cells = f"{state.asked} suspected cell{'' if state.asked == 1 else 's'}"
    left_out = f", {state.left_out} more beyond the maximum" if state.left_out else ""
    outcomes = ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in state.outcomes.items())
    answered = f"Fresh runs decided {state.answered} of {cells}{left_out}: {outcomes}"
    if not state.is_open:
        return f"{answered}."
    asked = (
        f"the runs are in confirmations/{verdict.campaign}.json and land as "
        f"{confirmation_campaign(verdict.campaign)}."
    )
    if state.answered:
        return f"{answered}; the others still ask: {asked}"
    return f"Fresh runs are asked for of {cells}{left_out}: {asked}"
