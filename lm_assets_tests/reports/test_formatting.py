"""Numbers read the same in every layer: signs, units, significant digits, and gaps."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lm_assets.model.verdict import Verdict
from lm_assets.reports import formatting


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "n/a"),
        (math.nan, "n/a"),
        (math.inf, "n/a"),
        (0.0, "0"),
        (12.345, "12.3"),
        (0.012345, "0.0123"),
        (123456.0, "123\u202f456"),
        (-2.5, "−2.5"),
        (1.5e9, "1.5e9"),
        (1.2e-7, "1.2e-7"),
        (1000.0, "1\u202f000"),
        (100.0, "100"),
    ],
)
def test_a_number_has_three_significant_digits_and_keeps_its_whole_part(value, text):
    assert formatting.number(value) == text


def test_a_missing_quantity_has_no_unit_and_is_never_zero():
    assert formatting.quantity(None, "s") == "n/a"
    assert formatting.quantity(12.3, "s") == "12.3\u00a0s"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.314, "relative", "+31 %"),
        (-0.05, "relative", "−5 %"),
        (0.0234, "relative", "+2.3 %"),
        (45.0, "points", "+45 pp"),
        (-1.0, "events/run", "−1 per run"),
        (0.0, "relative", "0 %"),
        (None, "relative", "n/a"),
    ],
)
def test_a_change_shows_its_sign_and_what_it_is_measured_in(value, unit, text):
    assert formatting.change(value, unit).replace("\u00a0", " ") == text


def test_an_interval_names_its_unit_once():
    text = formatting.interval((-0.02, 0.314), "relative").replace("\u00a0", " ")
    assert text == "[−2, +31] %"
    assert formatting.interval(None, "relative") == "n/a"


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "n/a"), (0.00001, "<0.0001"), (0.0042, "0.0042"), (0.05, "0.050"), (1.0, "1.000")],
)
def test_a_p_value_is_as_exact_as_it_is_useful(value, text):
    assert formatting.p_value(value) == text


def test_every_verdict_has_words_a_sign_and_a_rank():
    for mapping in (formatting.VERDICT_WORDS, formatting.VERDICT_SIGNS, formatting.VERDICT_RANK):
        assert set(mapping) == set(Verdict)


@given(st.floats(min_value=1e-3, max_value=1e5, allow_nan=False))
def test_a_number_is_read_back_within_half_a_percent(value):
    text = formatting.number(value).replace("\u202f", "")
    assert float(text) == pytest.approx(value, rel=0.0051)
