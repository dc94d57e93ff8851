import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize

from lm_assets.stats.common_shift import estimate_common_shift
from lm_assets.stats.state import State


def cells(n, *, shift=0.0, sd=0.06, seed=1):
    return np.random.default_rng(seed).normal(shift, sd, n), np.full(n, sd)


def test_estimate_is_the_minimum_of_tukeys_loss():
    moved, error = cells(80, shift=0.1)
    result = estimate_common_shift(moved, error)
    spread = 3.5 * error * result.overdispersion

    def loss(shift):
        u = np.clip((moved - shift) / spread, -1.0, 1.0)
        return np.sum(1.0 - (1.0 - u**2) ** 3)

    best = optimize.minimize_scalar(loss, bounds=(0.0, 0.2), options={"xatol": 1e-10})
    assert result.shift == pytest.approx(best.x, abs=1e-6)


@pytest.mark.parametrize("noise", [0.05, 0.10, 0.20])
def test_a_shift_of_all_cells_is_found_with_an_honest_interval(noise):
    rng = np.random.default_rng(4)
    sd, shift = noise * math.sqrt(2 / 5), math.log(1.25)
    held = []
    for _ in range(300):
        error = sd * np.sqrt(rng.chisquare(8, 100) / 8)
        result = estimate_common_shift(rng.normal(shift, sd, 100), error)
        assert result.p < 1e-6
        held.append(result.low <= shift <= result.high)
    assert 0.91 < np.mean(held) < 0.98


def test_wrong_alarms_are_as_rare_as_promised():
    rng = np.random.default_rng(5)
    ps = [estimate_common_shift(rng.normal(0, 1, 100), np.ones(100)).p for _ in range(1000)]
    assert 0.02 < np.mean(np.array(ps) < 0.05) < 0.07


def test_cells_that_spread_wider_than_their_errors_do_not_make_it_overconfident():
    rng = np.random.default_rng(6)
    results = [estimate_common_shift(rng.normal(0, 3, 100), np.ones(100)) for _ in range(400)]
    assert 0.025 < np.mean([r.p < 0.05 for r in results]) < 0.085
    assert np.mean([r.overdispersion for r in results]) == pytest.approx(3.0, rel=0.05)


def test_cells_correlated_by_node_need_their_clusters_named():
    rng = np.random.default_rng(7)
    node = np.arange(200) % 10
    named, unnamed = [], []
    for _ in range(300):
        moved = rng.normal(0, 0.06, 200) + rng.normal(0, 0.03, 10)[node]
        error = np.full(200, 0.06)
        named.append(estimate_common_shift(moved, error, clusters=node).p < 0.05)
        unnamed.append(estimate_common_shift(moved, error).p < 0.05)
    assert np.mean(named) < 0.09
    assert np.mean(unnamed) > 0.25


def test_a_few_regressed_cells_do_not_move_it():
    moved, error = cells(200)
    moved[:4] += math.log(1.5)
    without = estimate_common_shift(moved[4:], error[4:])
    result = estimate_common_shift(moved, error)
    assert result.shift == pytest.approx(without.shift, abs=0.002)
    assert result.share_following < 0.99


def test_a_regressed_quarter_that_stands_clear_is_left_behind():
    moved, error = cells(200, sd=0.03)
    moved[:50] += math.log(1.3)
    result = estimate_common_shift(moved, error)
    others = estimate_common_shift(moved[50:], error[50:])
    assert result.shift == pytest.approx(others.shift, abs=0.001)
    assert result.median > others.median + 0.005
    assert result.share_following == pytest.approx(0.75, abs=0.02)


def test_cells_that_could_not_be_compared_are_left_out():
    moved, error = cells(40, shift=0.1)
    holes_moved = np.concatenate((moved, [np.nan, 5.0]))
    holes_error = np.concatenate((error, [0.1, np.nan]))
    assert estimate_common_shift(holes_moved, holes_error) == estimate_common_shift(moved, error)


def test_cells_that_have_nothing_in_common_have_no_shift():
    # As two engines do to twenty queries: none within reach of the middle, by its own noise.
    moves = np.concatenate([np.linspace(0.0, 0.4, 10), np.linspace(0.6, 1.0, 10)])
    result = estimate_common_shift(moves, np.full(20, 0.001))
    assert result.state is State.INSUFFICIENT_DATA
    assert (np.isnan(result.shift), result.n_cells) == (True, 20)


def test_too_few_cells_or_clusters_are_insufficient():
    few = estimate_common_shift(*cells(9))
    assert few.state is State.INSUFFICIENT_DATA
    assert math.isnan(few.p)
    assert not math.isnan(few.median)
    assert estimate_common_shift([], []).n_cells == 0
    one = estimate_common_shift(*cells(50), clusters=np.zeros(50))
    assert one.state is State.INSUFFICIENT_DATA


def test_cells_that_all_moved_by_one_amount_are_that_shift():
    result = estimate_common_shift([0.1] * 20, [0.02] * 20)
    assert result.shift == pytest.approx(0.1)
    assert result.p < 1e-6


def test_unusable_cells_are_refused_by_name():
    with pytest.raises(ValueError, match="standard_error must be above zero, got 0"):
        estimate_common_shift([0.1] * 10, [0.0] * 10)
    with pytest.raises(ValueError, match="standard_error must have length 2, got 1"):
        estimate_common_shift([0.1, 0.2], [0.1])
    with pytest.raises(ValueError, match="min_cells must be 3 or above, got 1"):
        estimate_common_shift([0.1], [0.1], min_cells=1)


@given(st.integers(0, 1000), st.floats(-1.0, 1.0), st.floats(0.1, 10.0))
def test_shift_scale_and_order_carry_through(seed, offset, factor):
    moved, error = cells(30, seed=seed)
    plain = estimate_common_shift(moved, error)
    other = estimate_common_shift((moved * factor + offset)[::-1], (error * factor)[::-1])
    assert other.shift == pytest.approx(plain.shift * factor + offset, abs=1e-6)
    assert other.standard_error == pytest.approx(plain.standard_error * factor, rel=1e-5)
