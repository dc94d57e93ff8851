"""Summaries hold finite figures, or say that one is not defined."""

import math
from dataclasses import fields
from typing import Any

import pytest

from lm_assets.model.summary import MetricSummary

FIGURES = [f.name for f in fields(MetricSummary) if "float" in str(f.type)]


def summary(**changes: Any) -> MetricSummary:
    settings: dict[str, Any] = {
        "campaign": "ci-1",
        "combination": "a_b",
        "metric": "duration_s",
        "unit": "s",
        "n": 1,
        "n_missing": 4,
        **dict.fromkeys(FIGURES),
    }
    return MetricSummary(**{**settings, **changes})


def test_every_figure_may_be_not_defined() -> None:
    assert len(FIGURES) == 12
    assert all(getattr(summary(), name) is None for name in FIGURES)


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_figure_that_is_not_finite_is_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=rf"^{name} of duration_s must be finite or None.*a_b"):
        summary(**{name: value})
