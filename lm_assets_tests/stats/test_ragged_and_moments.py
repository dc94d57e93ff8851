import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lm_assets.stats.moments import log_moments, sample_moments
from lm_assets.stats.quantiles import sample_quantiles
from lm_assets.stats.ragged import RaggedSamples
from lm_assets.stats.state import State

VALUES = st.floats(-1e6, 1e6, allow_nan=False).map(lambda v: round(v, 3))
CELLS = st.lists(st.lists(VALUES, max_size=8), min_size=1, max_size=6)


def test_codes_and_lists_give_the_same_samples():
    coded = RaggedSamples.from_codes([1.0, 2.0, 3.0], [0, 2, 2], n_cells=4)
    listed = RaggedSamples.from_lists([[1.0], [], [2.0, 3.0], []])
    assert coded.offsets.tolist() == listed.offsets.tolist() == [0, 1, 1, 3, 3]
    assert coded.values.tolist() == listed.values.tolist()
    assert coded.cells.tolist() == [0, 2, 2]


@pytest.mark.parametrize(
    ("values", "cells", "message"),
    [
        ([1.0, np.nan], [0, 0], "values must be finite, got nan at index 1"),
        ([1.0, np.inf], [0, 0], "values must be finite, got inf at index 1"),
        ([1.0, 2.0], [1, 0], "cells must be sorted"),
        ([1.0, 2.0], [0, 3], "cells must be from 0 to 2, got 0 to 3"),
        ([1.0, 2.0], [-1, 0], "cells must be from 0 to 2, got -1 to 0"),
        ([1.0, 2.0], [0], "cells must have length 2, got 1"),
        ([[1.0], [2.0]], [0, 1], r"values must have one dimension, got shape \(2, 1\)"),
    ],
    ids=["nan", "infinite", "unsorted", "beyond", "negative", "length", "shape"],
)
def test_unusable_samples_are_refused_by_name(values, cells, message):
    with pytest.raises(ValueError, match=message):
        RaggedSamples.from_codes(values, cells, n_cells=3)


@given(CELLS)
def test_moments_are_those_of_numpy_cell_by_cell(cells):
    moments = sample_moments(RaggedSamples.from_lists(cells))
    for i, cell in enumerate(cells):
        assert moments.n[i] == len(cell)
        if cell:
            np.testing.assert_allclose(moments.mean[i], np.mean(cell), rtol=1e-9, atol=1e-9)
            assert (moments.minimum[i], moments.maximum[i]) == (min(cell), max(cell))
        if len(cell) > 1:
            expected = np.var(cell, ddof=1)
            np.testing.assert_allclose(moments.variance[i], expected, rtol=1e-6, atol=1e-9)
        else:
            assert np.isnan(moments.variance[i])


def test_empty_cells_say_so_and_hold_no_number():
    moments = sample_moments(RaggedSamples.from_lists([[], [1.0], []]))
    assert moments.state.tolist() == [State.INSUFFICIENT_DATA, State.OK, State.INSUFFICIENT_DATA]
    assert np.isnan(moments.mean[[0, 2]]).all()
    assert sample_moments(RaggedSamples.from_lists([])).n.shape == (0,)


@pytest.mark.parametrize("value", [0.1, 1e-300, 123456.789, -0.3, 0.0, 1e300])
@pytest.mark.parametrize("n", [2, 3, 5, 7])
def test_equal_values_have_exactly_no_variance(value, n):
    moments = sample_moments(RaggedSamples.from_lists([[value] * n]))
    assert moments.variance[0] == 0.0
    assert moments.mean[0] == value


def test_rounding_in_the_last_digit_is_no_variance():
    assert sample_moments(RaggedSamples.from_lists([[0.1 + 0.2, 0.3]])).variance[0] == 0.0


def test_small_spread_on_a_large_offset_is_not_lost():
    shifted = sample_moments(RaggedSamples.from_lists([[1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16]]))
    assert shifted.variance[0] == pytest.approx(30.0, rel=1e-12)


def test_a_value_without_logarithm_marks_its_cell_and_no_other():
    moments = log_moments(RaggedSamples.from_lists([[1.0, np.e], [2.0, 0.0], [2.0, -1.0]]))
    outside = State.OUTSIDE_SCALE
    assert moments.state.tolist() == [State.OK, outside, outside]
    assert moments.mean[0] == pytest.approx(0.5)
    assert np.isnan(moments.mean[1:]).all()
    assert np.isnan(moments.variance[1:]).all()
    assert moments.n.tolist() == [2, 2, 2]


def test_selected_cells_keep_their_moments():
    moments = sample_moments(RaggedSamples.from_lists([[1.0, 3.0], [5.0], [7.0, 9.0]]))
    assert moments.select(np.array([True, False, True])).mean.tolist() == [2.0, 8.0]


@given(CELLS, st.lists(st.floats(0.0, 1.0), min_size=1, max_size=5))
def test_quantiles_are_numpys_linear_ones(cells, probabilities):
    quantiles = sample_quantiles(RaggedSamples.from_lists(cells), probabilities)
    for row, cell in zip(quantiles, cells, strict=True):
        if cell:
            expected = np.quantile(cell, probabilities)
            np.testing.assert_allclose(row, expected, rtol=1e-9, atol=1e-6)
        else:
            assert np.isnan(row).all()


def test_probabilities_outside_are_refused():
    with pytest.raises(ValueError, match=r"probabilities must be from 0 to 1, got \[1.5\]"):
        sample_quantiles(RaggedSamples.from_lists([[1.0]]), [1.5])
