import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lm_assets.stats.bimodality import detect_two_modes, division_statistics, mode_threshold
from lm_assets.stats.state import State


def test_statistic_is_the_best_division_by_brute_force():
    ascending = np.sort(np.random.default_rng(1).normal(size=25))
    statistics, first = division_statistics(ascending)
    for offset, statistic in enumerate(statistics):
        low, high = ascending[: first + offset], ascending[first + offset :]
        within = low.var() * low.size + high.var() * high.size
        assert statistic == pytest.approx(ascending.var() * 25 / within - 1.0)
    assert (first, statistics.size) == (5, 16)


@pytest.mark.parametrize(("n", "distance"), [(10, 8.0), (30, 4.5), (100, 4.0)])
def test_modes_that_stand_apart_are_told(n, distance):
    rng = np.random.default_rng(2)
    samples = rng.normal(size=(200, n))
    samples[:, : n // 2] += distance
    found = [detect_two_modes(sample) for sample in samples]
    assert np.mean([modes.is_bimodal for modes in found]) > 0.9
    gaps = [modes.upper_mean - modes.lower_mean for modes in found if modes.is_bimodal]
    assert np.mean(gaps) == pytest.approx(distance, rel=0.05)


@pytest.mark.parametrize("n", [10, 14, 30, 120])
def test_one_mode_is_seldom_called_two(n):
    samples = np.random.default_rng(3).normal(size=(2000, n))
    assert np.mean([detect_two_modes(sample).is_bimodal for sample in samples]) <= 0.015


def test_one_outlier_is_no_mode():
    runs = [10.0, 10.1, 9.9, 10.2, 9.8, 10.05, 9.95, 10.1, 10.0, 99.0]
    assert not detect_two_modes(runs).is_bimodal


def test_too_few_values_and_constant_ones_have_a_state():
    few = detect_two_modes([1.0] * 5 + [9.0] * 4)
    assert few.state is State.INSUFFICIENT_DATA
    assert not few.is_bimodal
    assert math.isnan(few.statistic)
    assert detect_two_modes([3.0] * 12).state is State.ZERO_VARIANCE


def test_two_exact_values_are_two_modes():
    modes = detect_two_modes([1.0] * 6 + [2.0] * 6)
    assert modes.is_bimodal
    assert (modes.n_lower, modes.n_upper, modes.split_value) == (6, 6, 1.5)
    assert math.isinf(modes.separation)


def test_threshold_falls_with_the_number_of_values():
    thresholds = [mode_threshold(n) for n in (10, 16, 60, 500, 5000)]
    assert thresholds == sorted(thresholds, reverse=True)


def test_missing_values_are_refused():
    with pytest.raises(ValueError, match="values must be finite, got nan at index 0"):
        detect_two_modes([np.nan, *range(10)])


@given(st.lists(st.integers(0, 100), min_size=10, max_size=30), st.data())
def test_order_shift_and_scale_do_not_matter(values, data):
    shuffled = data.draw(st.permutations(values))
    moved = [4.0 * v - 8.0 for v in shuffled]
    assert detect_two_modes(moved).is_bimodal == detect_two_modes(values).is_bimodal
