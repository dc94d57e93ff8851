"""The test that decided a cell, read back from its explanation."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from lm_assets.model.verdict import CellVerdict


class DecidingTest(StrEnum):
    """What a cell was decided by.

    ``MODERATED`` is the t test whose errors borrow from the other cells of the metric, ``WELCH``
    the one without, ``PREDICTION`` that of one new run, ``RATES`` the exact one of event rates.
    ``LIMIT`` is no test: a run above a metric's limit.
    """

    MODERATED = "moderated"
    WELCH = "welch"
    PREDICTION = "prediction"
    RATES = "rates"
    LIMIT = "limit"


class DecidedOn(StrEnum):
    """What the test was of: the cell as it is, what remains beyond a shift, or fresh runs."""

    CELL = "cell"
    BEYOND_SHIFT = "beyond_shift"
    FRESH_RUNS = "fresh_runs"


@dataclass(frozen=True, kw_only=True, slots=True)
class DecidingFigures:
    """Test, change, interval, p and q that belong together; None where a test has none.

    ``q`` is that p after Benjamini–Hochberg over all compared cells of the campaign (of fresh runs:
    over the cells that asked for them), and never below it.
    """

    test: DecidingTest
    on: DecidedOn = DecidedOn.CELL
    change: float | None = None
    change_ci95: tuple[float, float] | None = None
    p: float | None = None
    q: float | None = None


def deciding_figures(cell: CellVerdict) -> DecidingFigures | None:
    """Return what decided a cell, or None where nothing was compared.

    Verdicts that were judged before the deciding test was kept tell their own figures.
    """
    told = cell.explanation.get("deciding")
    if isinstance(told, Mapping):
        return _figures(told)
    p = cell.p if cell.p_moderated is None else cell.p_moderated
    if p is None:
        return None
    return DecidingFigures(
        test=DecidingTest.WELCH if cell.p_moderated is None else DecidingTest.MODERATED,
        change=cell.change,
        change_ci95=cell.change_ci95,
        p=p,
        q=cell.q,
    )


def _figures(told: Mapping[str, Any]) -> DecidingFigures:
    interval = told.get("change_ci95")
    return DecidingFigures(
        test=DecidingTest(told["test"]),
        on=DecidedOn(told.get("on", DecidedOn.CELL)),
        change=told.get("change"),
        change_ci95=None if interval is None else (interval[0], interval[1]),
        p=told.get("p"),
        q=told.get("q"),
    )
