"""Provenance texts: what measured a value, and whether more is known than a lower bound."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lm_assets.model.provenance import is_at_least, provenance_text, source_of, with_remarks


@pytest.mark.parametrize(
    ("provenance", "source"),
    [
        ("event log", "event log"),
        ("result line: duration_sec", "result line"),
        ("result line: rows_read / duration", "result line"),
        ("prometheus (samples in 40 % of the window)", "prometheus"),
        ("prometheus (of limits)", "prometheus of limits"),
        (
            "prometheus (of limits and requests; partial answer)",
            "prometheus of limits and requests",
        ),
        ("pods.json (at least; the reasons (2) are not in it)", "pods.json"),
        ("", ""),
    ],
)
def test_the_source_is_what_measured_and_not_where_it_was_read(provenance, source):
    assert source_of(provenance) == source


def test_a_lower_bound_says_so_first():
    text = provenance_text("event log", "3 lines could not be read", at_least=True)
    assert text == "event log (at least; 3 lines could not be read)"
    assert is_at_least(text)
    assert not is_at_least("event log (at leisure)")


def test_more_may_be_said_of_a_value_later():
    assert with_remarks("prometheus (of limits)", "2 samples left out") == (
        "prometheus (of limits; 2 samples left out)"
    )
    assert is_at_least(with_remarks("result line: rows_read", at_least=True))


@given(
    source=st.sampled_from(["event log", "pods.json", "prometheus"]),
    remarks=st.lists(st.text(alphabet="abc ()%.,:", min_size=1, max_size=20), max_size=3),
    at_least=st.booleans(),
)
def test_what_is_written_is_read_back(source, remarks, at_least):
    text = provenance_text(source, *remarks, at_least=at_least)
    assert source_of(text) == source
    assert is_at_least(text) == at_least
