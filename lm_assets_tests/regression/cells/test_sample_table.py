"""Samples as columns: equal samples make equal tables, and what is no sample is refused."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lm_assets.regression.cells.sample_table import EMPTY, SampleTable

names = st.sampled_from(["a", "b", "c"])
rows = st.dictionaries(
    st.tuples(names, st.sampled_from(["duration_s", "gc_time_pct"]), names),
    st.floats(-1e9, 1e9),
)


@given(rows=rows, order=st.randoms(use_true_random=False))
def test_rows_come_back_sorted_whatever_their_order(rows, order):
    given_rows = [(*key, value) for key, value in rows.items()]
    order.shuffle(given_rows)
    assert SampleTable.from_rows(given_rows).rows() == sorted(given_rows)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_not_finite_is_refused_with_its_names(value):
    with pytest.raises(ValueError, match=r"duration_s of read, run 7: .* finite"):
        SampleTable.from_rows([("read", "duration_s", "7", value)])


def test_two_values_of_one_run_are_refused():
    twice = [("read", "duration_s", "7", 1.0), ("read", "duration_s", "7", 2.0)]
    with pytest.raises(ValueError, match=r"duration_s of read, run 7: .* one value"):
        SampleTable.from_rows(twice)


def test_columns_of_different_lengths_are_refused_by_name():
    with pytest.raises(ValueError, match="runs must have length 1"):
        SampleTable.from_columns(combinations=["a"], metrics=["m"], runs=[], values=[1.0])


def test_nothing_is_a_table_too():
    assert len(EMPTY) == 0
    assert EMPTY.rows() == []


def test_a_grid_is_read_by_combination_metric_and_run():
    grid = np.arange(8.0).reshape(2, 2, 2)
    table = SampleTable.from_grid(grid, combinations=["a", "b"], metrics=["x", "y"], runs="12")
    assert table.rows()[3] == ("a", "y", "2", 3.0)
    with pytest.raises(ValueError, match="shape"):
        SampleTable.from_grid(grid, combinations=["a"], metrics=["x", "y"], runs="12")
