import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lm_assets.stats.describe import describe
from lm_assets.stats.outliers import find_outliers, flag_outliers
from lm_assets.stats.ragged import RaggedSamples
from lm_assets.stats.state import State

SERIES = st.lists(st.floats(-1000.0, 1000.0).map(lambda v: round(v, 2)), max_size=20)
NAN = float("nan")


def test_description_matches_r(reference):
    d = describe(RaggedSamples.from_lists([[99.0], reference["b"]]))
    names = ("mean", "median", "stddev", "cv", "ci_low", "ci_high", "p05", "p25", "p75", "p95")
    np.testing.assert_allclose(
        [getattr(d, name)[1] for name in names], reference["describe"], rtol=1e-12
    )
    assert (d.n[1], d.minimum[1], d.maximum[1]) == (6, 69.9, 80.3)


def test_one_run_has_a_value_but_no_spread():
    d = describe(RaggedSamples.from_lists([[7.0]]))
    assert (d.mean[0], d.median[0], d.p05[0], d.p95[0]) == (7.0, 7.0, 7.0, 7.0)
    assert np.isnan([d.stddev[0], d.cv[0], d.ci_low[0], d.ci_high[0]]).all()
    assert d.state[0] == State.OK


def test_no_run_has_a_state_and_no_number():
    d = describe(RaggedSamples.from_lists([[]]))
    assert d.state[0] == State.INSUFFICIENT_DATA
    assert np.isnan([d.mean[0], d.median[0], d.p25[0], d.minimum[0]]).all()


def test_spread_relative_to_a_mean_of_zero_is_not_defined():
    d = describe(RaggedSamples.from_lists([[-1.0, 1.0], [-2.0, -4.0], [3.0, 3.0]]))
    assert np.isnan(d.cv[0])
    assert d.cv[1] == pytest.approx(np.sqrt(2.0) / 3.0)
    assert d.cv[2] == 0.0


def test_interval_of_the_mean_holds_it_nineteen_times_in_twenty():
    runs = np.random.default_rng(5).normal(10, 2, (20_000, 5))
    d = describe(RaggedSamples.from_lists(list(runs)))
    assert 0.944 < ((d.ci_low <= 10) & (d.ci_high >= 10)).mean() < 0.956


def test_fences_match_the_quartiles_of_r(reference):
    found = find_outliers(reference["spiky"])
    np.testing.assert_allclose([found.lower_fence, found.upper_fence], reference["fences"])
    assert found.indices == tuple(reference["outlier_indices"].astype(int))


def test_missing_values_move_no_fence_and_keep_their_place():
    whole = find_outliers([10.0, 11.0, 12.0, 11.5, 90.0])
    gaps = find_outliers([NAN, 10.0, 11.0, NAN, 12.0, 11.5, 90.0])
    assert (gaps.lower_fence, gaps.upper_fence) == (whole.lower_fence, whole.upper_fence)
    assert (gaps.n, gaps.n_missing, gaps.indices) == (5, 2, (6,))


@pytest.mark.parametrize("values", [[], [1.0, 2.0, 99.0], [NAN] * 9], ids=["none", "three", "gaps"])
def test_fewer_than_four_values_are_not_judged(values):
    found = find_outliers(values)
    assert found.state is State.INSUFFICIENT_DATA
    assert found.indices == ()
    assert np.isnan(found.lower_fence)


def test_constant_values_have_no_outliers_and_a_lone_other_one_is_flagged():
    assert find_outliers([5.0] * 6).indices == ()
    assert find_outliers([5.0, 5.0, 5.0, 6.0, 5.0]).indices == (3,)


def test_infinite_values_are_refused():
    with pytest.raises(ValueError, match="values must not be infinite, got inf"):
        find_outliers([1.0, 2.0, 3.0, float("inf")])
    with pytest.raises(ValueError, match="fence_iqr must be finite and above zero, got 0"):
        find_outliers([1.0, 2.0, 3.0, 4.0], fence_iqr=0)


def test_every_third_cell_of_five_normal_runs_has_a_flag_and_nothing_wrong():
    runs = np.random.default_rng(6).normal(size=(10_000, 5))
    flagged = flag_outliers(RaggedSamples.from_lists(list(runs))).is_outlier.reshape(-1, 5)
    assert 0.31 < flagged.any(axis=1).mean() < 0.35


@given(st.lists(SERIES, min_size=1, max_size=5))
def test_many_cells_are_flagged_as_each_alone(cells):
    samples = RaggedSamples.from_lists(cells)
    flagged = flag_outliers(samples)
    for i, cell in enumerate(cells):
        own = flagged.is_outlier[samples.offsets[i] : samples.offsets[i + 1]]
        assert tuple(np.flatnonzero(own)) == find_outliers(cell).indices
        assert flagged.state[i] == find_outliers(cell).state


@given(st.lists(st.integers(-1000, 1000), min_size=4, max_size=20), st.integers(-50, 50))
def test_shift_and_scale_flag_the_same_runs(values, shift):
    moved = [4.0 * v + shift for v in values]
    assert find_outliers(moved).indices == find_outliers(values).indices
