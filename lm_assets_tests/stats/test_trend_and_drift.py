import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from lm_assets.stats.drift import drift_from_anchor
from lm_assets.stats.state import State
from lm_assets.stats.trend import fit_trend, fit_trends

SERIES = st.lists(st.integers(-50, 50).map(float), min_size=4, max_size=25)


def test_matches_r(reference):
    trend = fit_trend(reference["series"])
    np.testing.assert_allclose([trend.z, trend.p], reference["mann_kendall"], rtol=1e-10)
    np.testing.assert_allclose(trend.slope, reference["theil_sen"][0])


@given(SERIES)
def test_slope_and_interval_match_scipy(series):
    trend = fit_trend(series)
    known = stats.theilslopes(series)
    figures = (trend.slope, trend.slope_low, trend.slope_high, trend.intercept)
    expected = (known.slope, known.low_slope, known.high_slope, known.intercept)
    np.testing.assert_allclose(figures, expected, atol=1e-9)


@given(SERIES)
def test_kendalls_s_matches_scipys_tau(series):
    trend = fit_trend(series)
    n = len(series)
    tau = stats.kendalltau(np.arange(n), series).statistic
    ties = np.unique(series, return_counts=True)[1]
    pairs = n * (n - 1) / 2
    if len(set(series)) == 1:
        assert (trend.kendall_s, trend.p, trend.slope) == (0.0, 1.0, 0.0)
    else:
        untied = pairs - np.sum(ties * (ties - 1)) / 2
        assert trend.kendall_s == pytest.approx(tau * np.sqrt(pairs * untied))


@pytest.mark.parametrize("n", [0, 1, 3])
def test_up_to_three_points_are_insufficient(n):
    trend = fit_trend(np.arange(float(n)))
    assert trend.state is State.INSUFFICIENT_DATA
    figures = (trend.slope, trend.slope_low, trend.p, trend.z, trend.kendall_s, trend.intercept)
    assert all(math.isnan(figure) for figure in figures)


def test_positions_with_gaps_give_the_slope_per_unit():
    at = [0.0, 1.0, 5.0, 6.0, 10.0]
    trend = fit_trend([1.0 + 2.0 * x for x in at], at=at)
    assert (trend.slope, trend.intercept) == (2.0, 1.0)


def test_many_series_are_fitted_as_each_alone():
    rows = np.random.default_rng(1).normal(size=(20, 30)).round(1)
    many = fit_trends(rows)
    for i, row in enumerate(rows):
        alone = fit_trend(row)
        assert (many.slope[i], many.slope_low[i], many.p[i]) == (
            alone.slope,
            alone.slope_low,
            alone.p,
        )


@given(SERIES, st.integers(-100, 100), st.sampled_from([0.5, 2.0, 8.0]))
def test_shift_and_scale_move_the_slope_only(series, shift, factor):
    plain, moved = fit_trend(series), fit_trend([v * factor + shift for v in series])
    assert moved.slope == pytest.approx(plain.slope * factor)
    assert moved.p == plain.p


@given(SERIES)
def test_reversed_time_changes_the_sign_only(series):
    forth, back = fit_trend(series), fit_trend(series[::-1])
    assert forth.slope == pytest.approx(-back.slope)
    assert forth.p == back.p


def test_wrong_alarms_on_noise_are_as_rare_as_promised():
    trends = fit_trends(np.random.default_rng(7).normal(size=(5000, 20)))
    assert 0.04 < (trends.p < 0.05).mean() < 0.06
    assert 0.94 < ((trends.slope_low <= 0) & (trends.slope_high >= 0)).mean() < 0.96


def test_unusable_series_are_refused_by_name():
    with pytest.raises(ValueError, match="values must be finite, got nan at index 1"):
        fit_trend([1.0, np.nan, 2.0, 3.0])
    with pytest.raises(ValueError, match="at must be strictly ascending"):
        fit_trend([1.0, 2.0, 3.0, 4.0], at=[0.0, 1.0, 1.0, 2.0])
    with pytest.raises(ValueError, match=r"series must have two dimensions, got shape \(4,\)"):
        fit_trends([1.0, 2.0, 3.0, 4.0])


def test_drift_is_welchs_comparison_of_the_end_with_the_anchor():
    series, anchor = [9.0, 9.0, 11.0, 12.0, 14.0], [10.0, 10.5, 9.5]
    drift = drift_from_anchor(series, anchor, window=3)
    known = stats.ttest_ind(series[-3:], anchor, equal_var=False)
    interval = known.confidence_interval()
    assert drift.p == pytest.approx(known.pvalue)
    assert (drift.difference_low, drift.difference_high) == pytest.approx(
        (interval.low, interval.high)
    )
    assert (drift.n_anchor, drift.n_recent, drift.difference) == (3, 3, pytest.approx(7 / 3))


def test_creeping_loss_shows_against_the_anchor_and_not_in_any_step():
    creeping = np.log(1.01) * np.arange(1, 31)
    drift = drift_from_anchor(creeping, [0.0, 0.01, -0.01, 0.0, 0.01], window=5)
    assert np.expm1(drift.difference) > 0.25
    assert drift.p < 0.001
    assert np.expm1(drift.largest_step) == pytest.approx(1.01**5 - 1)


def test_short_series_and_anchors_have_a_state():
    assert drift_from_anchor([1.0] * 4, [1.0, 2.0]).state is State.INSUFFICIENT_DATA
    assert drift_from_anchor([1.0, 2.0] * 4, [1.0]).state is State.INSUFFICIENT_DATA
    assert math.isnan(drift_from_anchor([1.0, 2.0] * 4, [1.0, 2.0]).largest_step)
    with pytest.raises(ValueError, match="window must be 2 or above, got 1"):
        drift_from_anchor([1.0], [1.0], window=1)


def test_points_that_follow_each_other_raise_fewer_false_trends():
    """Mann-Kendall's p alone is below 5 % in a quarter of such series without a trend."""
    rng = np.random.default_rng(12)
    false = np.zeros(2)
    for _ in range(300):
        noise = rng.normal(size=60)
        for at in range(1, 60):
            noise[at] += 0.5 * noise[at - 1]
        trend = fit_trend(noise)
        false += [trend.p < 0.05, trend.p_following < 0.05]
    alone, following = false / 300
    assert alone > 0.15
    assert following < 0.10


@pytest.mark.parametrize(
    ("values", "smallest"),
    [([1, 1, 1, 2, 2], 2 / 10), ([1, 1, 1, 2], 2 / 4), ([1, 1, 2, 2], 2 / 6)],
    ids=str,
)
def test_no_trend_has_a_p_below_what_the_order_of_its_points_can_show(values, smallest):
    """Of 10 orders of three and two alike, two are as ordered as that: no p is below 0.2."""
    trend = fit_trend(values)
    assert trend.p == pytest.approx(max(smallest, 2 * special.ndtr(-abs(trend.z))))
    assert trend.p >= smallest - 1e-12
    assert trend.p_following >= smallest - 1e-12
    assert fit_trends([values]).p[0] == trend.p


def test_the_floor_is_that_of_all_orders_counted_out():
    values = (1.0, 1.0, 1.0, 2.0, 2.0)
    scores = [fit_trend(order).kendall_s for order in set(itertools.permutations(values))]
    exact = sum(abs(s) >= max(scores) for s in scores) / len(scores)
    assert fit_trend(values).p == pytest.approx(exact)
