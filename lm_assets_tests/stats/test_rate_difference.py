"""Intervals of differences of event rates: shape, symmetry and coverage."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lm_assets.stats.counts import compare_rates

events = st.integers(0, 200)


def test_without_events_the_interval_is_that_of_one_rate():
    # No event has the chance e^−λ, and e^−λ = 0.05 at λ = −log 0.05.
    low, high = compare_rates([0], [5], [0], [5]).difference_interval(confidence=0.9)
    assert (-low[0], high[0]) == pytest.approx((-np.log(0.05) / 5, -np.log(0.05) / 5))


@given(before=events, now=events, exposure=st.integers(1, 20))
def test_exchanging_the_sides_turns_the_interval_round(before, now, exposure):
    low, high = compare_rates([before], [exposure], [now], [5]).difference_interval()
    back_low, back_high = compare_rates([now], [5], [before], [exposure]).difference_interval()
    assert (low[0], high[0]) == pytest.approx((-back_high[0], -back_low[0]))
    assert low[0] <= now / 5 - before / exposure <= high[0]


@pytest.mark.parametrize(("rate_before", "rate_now"), [(0.5, 0.5), (2.0, 6.0), (20.0, 15.0)])
def test_the_interval_covers_a_true_difference_at_least_as_often_as_it_says(rate_before, rate_now):
    rng = np.random.default_rng(11)
    sides = [rng.poisson(5 * rate, size=4000) for rate in (rate_before, rate_now)]
    five = np.full(4000, 5)
    low, high = compare_rates(sides[0], five, sides[1], five).difference_interval()
    covered = (low <= rate_now - rate_before) & (rate_now - rate_before <= high)
    assert covered.mean() >= 0.94


def test_the_approximate_error_is_that_of_the_simulated_difference():
    rng = np.random.default_rng(5)
    sides = [rng.poisson(5 * rate, size=4000) for rate in (10.0, 6.0)]
    five = np.full(4000, 5)
    result = compare_rates(sides[0], five, sides[1], five)
    assert result.difference_error.mean() == pytest.approx(result.rate_difference.std(), rel=0.05)
    none = compare_rates([0, 0], [5, 0], [0, 1], [5, 5]).difference_error
    assert (none[0] > 0, np.isnan(none[1])) == (True, True)


def test_a_side_without_runs_has_no_interval():
    low, high = compare_rates([0], [0], [1], [5]).difference_interval()
    assert np.isnan([low[0], high[0]]).all()
