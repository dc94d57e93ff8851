import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lm_assets.stats.change_points import find_change_points, find_change_points_of_many
from lm_assets.stats.split_scan import largest_strength, scan_splits, seeded_windows
from lm_assets.stats.split_thresholds import split_threshold
from lm_assets.stats.state import State


def noise(n_series, n_points, *, seed=1):
    return np.random.default_rng(seed).normal(size=(n_series, n_points))


def share_with_change_points(series):
    return np.mean([bool(points.indices) for points in find_change_points_of_many(series)])


@pytest.mark.parametrize(
    "draw",
    [
        lambda rng, size: rng.normal(100, 5, size),
        lambda rng, size: rng.standard_t(3, size),
        lambda rng, size: rng.lognormal(3, 0.2, size),
        lambda rng, size: rng.uniform(size=size),
        lambda rng, size: rng.normal(size=size) + 6.0 * (rng.random(size) < 0.3),
        lambda rng, size: rng.normal(size=size).round(),
        lambda rng, size: rng.poisson(0.1, size),
        lambda rng, size: rng.poisson(3.0, size),
    ],
    ids=["normal", "heavy", "log", "uniform", "two-moded", "coarse", "rare", "counts"],
)
def test_pure_noise_of_two_hundred_points_seldom_has_any(draw):
    series = draw(np.random.default_rng(31), (1000, 200))
    assert share_with_change_points(series) <= 0.02


@pytest.mark.parametrize("n_points", [6, 8, 12, 25, 60])
def test_pure_noise_of_fewer_points_seldom_has_any(n_points):
    assert share_with_change_points(noise(2000, n_points)) <= 0.02


def test_shift_of_twice_the_noise_is_found_within_three_points():
    series = noise(500, 200)
    series[:, 120:] += 2.0
    found = find_change_points_of_many(series)
    near = [any(abs(i - 120) <= 3 for i in points.indices) for points in found]
    assert np.mean(near) > 0.95
    assert np.mean([len(points.indices) > 1 for points in found]) < 0.03


def test_shift_of_five_times_the_noise_is_seen_after_three_points():
    series = noise(200, 60)
    series[:, 57:] += 5.0
    assert np.mean([points.indices == (57,) for points in find_change_points_of_many(series)]) > 0.8


@pytest.mark.parametrize("at", [0, 1, 50, 118, 119])
@pytest.mark.parametrize("height", [4.0, 50.0, -1e6])
def test_one_lone_spike_is_not_a_change_point(at, height):
    series = noise(300, 120)
    series[:, at] += height
    assert share_with_change_points(series) <= 0.03


def test_spike_on_a_constant_series_is_not_a_change_point():
    series = np.full(100, 7.0)
    series[40] = 90.0
    assert find_change_points(series).indices == ()


def test_shift_that_is_undone_is_found_at_both_ends():
    series = noise(200, 200)
    series[:, 80:110] += 3.0
    found = find_change_points_of_many(series)
    is_near = [
        len(points.indices) == 2
        and abs(points.indices[0] - 80) <= 3
        and abs(points.indices[1] - 110) <= 3
        for points in found
    ]
    assert np.mean(is_near) > 0.9


def test_levels_and_shifts_are_those_between_the_change_points():
    points = find_change_points(
        [10.0, 10.1, 9.9, 10.0, 10.1, 9.9, 13.0, 13.1, 12.9, 13.0, 13.2, 13]
    )
    assert points.indices == (6,)
    assert points.levels == pytest.approx((10.0, 13.0))
    assert points.shifts == pytest.approx((3.0,))
    assert points.strengths[0] >= points.threshold


def test_exact_step_between_two_constants_is_found():
    assert find_change_points([1.0] * 7 + [2.0] * 5).indices == (7,)


def test_constant_series_has_none():
    assert find_change_points([3.0] * 50).indices == ()


@pytest.mark.parametrize("n", [0, 3, 5])
def test_fewer_than_six_points_are_insufficient(n):
    points = find_change_points(np.arange(float(n)))
    assert points.state is State.INSUFFICIENT_DATA
    assert points.indices == ()


def test_unusable_series_are_refused_by_name():
    with pytest.raises(ValueError, match="values must be finite, got nan at index 2"):
        find_change_points([1.0, 2.0, np.nan, 3.0])
    with pytest.raises(ValueError, match=r"series must have two dimensions, got shape \(3,\)"):
        find_change_points_of_many([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="n_points must be 6 or above, got 5"):
        split_threshold(5)
    with pytest.raises(ValueError, match="windows must have 6 points or more, got 4"):
        scan_splits(np.zeros((1, 4)))


@given(st.lists(st.integers(0, 40).map(float), min_size=6, max_size=60))
def test_shift_scale_and_sign_do_not_matter(series):
    plain = find_change_points(series)
    moved = find_change_points([-4.0 * v + 16.0 for v in series])
    assert moved.indices == plain.indices


def test_many_series_are_searched_as_each_alone():
    series = noise(150, 40, seed=3)
    series[::2, 20:] += 2.5
    together = find_change_points_of_many(series)
    assert together == tuple(find_change_points(row) for row in series)


@given(st.integers(6, 400))
def test_windows_cover_the_series_and_reach_no_further(n_points):
    windows = list(seeded_windows(n_points, min_strength=0.0))
    assert windows[0][0] == n_points
    for length, starts in windows:
        assert starts[0] == 0
        assert starts[-1] == n_points - length
        assert (np.diff(starts) <= length).all()


def test_no_window_is_stronger_than_a_perfect_split():
    strength, split = scan_splits(np.array([[0.0] * 10 + [1.0] * 10]))
    assert strength[0] == pytest.approx(largest_strength(20))
    assert split[0] == 10
    assert scan_splits(noise(500, 20))[0].max() <= largest_strength(20)


def test_thresholds_rise_with_length_and_beyond_the_table():
    thresholds = [split_threshold(n) for n in (6, 20, 85, 200, 1000, 5000)]
    assert thresholds == sorted(thresholds)


@pytest.mark.external_data
def test_known_changes_of_a_long_benchmark_are_found(shared_data):
    series = json.loads((shared_data / "series" / "long_series.json").read_text())
    assert len(find_change_points(series).indices) == 4
