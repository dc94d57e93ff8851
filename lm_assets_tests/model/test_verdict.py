"""Verdicts and findings hold finite figures, or say that one is not defined."""

import math
from dataclasses import fields
from typing import Any

import pytest

from lm_assets.model.verdict import CellVerdict, Finding, Verdict

FIGURES = [
    f.name for f in fields(CellVerdict) if "float" in str(f.type) and "tuple" not in str(f.type)
]


def cell(**changes: Any) -> CellVerdict:
    return CellVerdict(
        combination="a_b",
        metric="duration_s",
        verdict=Verdict.REGRESSED,
        decided_by="plain rule",
        **changes,
    )


def finding(**changes: Any) -> Finding:
    return Finding(kind="cell", metric="duration_s", severity=Verdict.REGRESSED, **changes)


def test_there_are_figures_to_check() -> None:
    assert {"change", "p", "q", "baseline_mean", "p_arithmetic"} <= set(FIGURES)


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_figure_that_is_not_finite_is_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=rf"^{name} of duration_s must be finite or None"):
        cell(**{name: value})


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("value", [None, 0.0, -1.5])
def test_a_figure_that_is_finite_or_not_defined_is_kept(name: str, value: float | None) -> None:
    assert getattr(cell(**{name: value}), name) == value


@pytest.mark.parametrize("interval", [(math.nan, 0.1), (0.1, math.inf), (-math.inf, math.inf)])
@pytest.mark.parametrize("make", [cell, finding])
def test_an_interval_without_an_end_is_refused(make: object, interval: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="change_ci95 of duration_s must be finite or None"):
        make(change_ci95=interval)  # type: ignore[operator]


def test_a_finding_with_a_change_that_is_not_finite_is_refused() -> None:
    with pytest.raises(ValueError, match="change of duration_s must be finite or None"):
        finding(change=math.nan)
