import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from lm_assets.stats.equivalence import equivalence_of, ratio_margins
from lm_assets.stats.moments import log_moments, sample_moments
from lm_assets.stats.power import (
    detectable_difference,
    runs_to_detect,
    runs_to_show_equivalence,
)
from lm_assets.stats.prediction import (
    compare_new_runs,
    prediction_interval,
    simultaneous_prediction_interval,
)
from lm_assets.stats.ragged import RaggedSamples
from lm_assets.stats.state import State
from lm_assets.stats.welch import compare_means

RUNS = st.lists(st.floats(1.0, 100.0).map(lambda v: round(v, 2)), min_size=2, max_size=9)


def moments(*samples):
    return sample_moments(RaggedSamples.from_lists(samples))


def logs(*samples):
    return log_moments(RaggedSamples.from_lists(samples))


def test_prediction_interval_matches_r(reference):
    low, high = prediction_interval(moments(reference["a"]))
    np.testing.assert_allclose([low[0], high[0]], reference["prediction"][1:], rtol=1e-10)


def test_new_run_is_tested_as_r_does(reference):
    result = compare_new_runs(moments(reference["a"]), moments([70.0]))
    figures = [result.difference, result.standard_error, result.t, result.p]
    np.testing.assert_allclose(np.concatenate(figures), reference["new_run"], rtol=1e-9)


@given(RUNS, st.floats(1.0, 100.0))
def test_new_run_is_called_exactly_outside_the_interval(runs, new):
    baseline = moments(runs)
    low, high = prediction_interval(baseline, min_sd=0.1)
    p = compare_new_runs(baseline, moments([new]), min_sd=0.1).p[0]
    assert (p < 0.05) == (not low[0] <= new <= high[0]) or p == pytest.approx(0.05)


def test_one_new_run_in_twenty_falls_outside():
    rng = np.random.default_rng(4)
    runs, new = rng.normal(10, 1, (20_000, 5)), rng.normal(10, 1, (20_000, 3))
    baseline = moments(*runs)
    low, high = prediction_interval(baseline)
    assert 0.944 < ((low <= new[:, 0]) & (new[:, 0] <= high)).mean() < 0.956
    mean_low, mean_high = prediction_interval(baseline, n_new=3)
    means = new.mean(axis=1)
    assert 0.944 < ((mean_low <= means) & (means <= mean_high)).mean() < 0.956
    all_low, all_high = simultaneous_prediction_interval(baseline, n_new=3)
    all_inside = ((all_low[:, None] <= new) & (new <= all_high[:, None])).all(axis=1)
    assert all_inside.mean() > 0.95


def test_prediction_without_spread_or_runs_has_a_state():
    result = compare_new_runs(moments([5.0, 5.0], [5.0], [1.0, 2.0]), moments([6.0], [6.0], []))
    few = State.INSUFFICIENT_DATA
    assert result.state.tolist() == [State.ZERO_VARIANCE, few, few]
    assert np.isnan(result.p).all()
    floored = compare_new_runs(moments([5.0, 5.0]), moments([6.0]), min_sd=1.0)
    assert floored.is_floored[0]
    assert floored.p[0] > 0.05
    with pytest.raises(ValueError, match="n_new must be 1 or above, got 0"):
        prediction_interval(moments([1.0, 2.0]), n_new=0)


def test_two_one_sided_tests_match_r(reference):
    points = equivalence_of(
        compare_means(moments(reference["a"]), moments(reference["b"])), lower=-15.0, upper=15.0
    )
    np.testing.assert_allclose(
        [points.p_lower[0], points.p_upper[0]], reference["tost_points"], rtol=1e-8
    )
    ratios = equivalence_of(
        compare_means(logs(reference["a"]), logs(reference["b"])),
        lower=np.log(0.7),
        upper=np.log(1.3),
    )
    np.testing.assert_allclose(
        [ratios.p_lower[0], ratios.p_upper[0]], reference["tost_log"], rtol=1e-8
    )
    assert ratios.is_equivalent()[0]


@given(RUNS, RUNS)
def test_equivalent_exactly_when_the_ninety_percent_interval_is_inside(before, now):
    comparison = compare_means(logs(before), logs(now), min_sd=0.01)
    lower, upper = ratio_margins(0.20)
    low, high = comparison.change_interval(confidence=0.90)
    equivalence = equivalence_of(comparison, lower=lower, upper=upper)
    inside = low[0] > -0.20 and high[0] < 0.20
    assert equivalence.is_equivalent()[0] == inside or equivalence.p[0] == pytest.approx(0.05)


def test_a_cell_without_standard_error_is_never_equivalent():
    comparison = compare_means(moments([5.0, 5.0], [5.0]), moments([5.0, 5.0], [5.0]))
    equivalence = equivalence_of(comparison, lower=-1.0, upper=1.0)
    assert np.isnan(equivalence.p).all()
    assert not equivalence.is_equivalent().any()


def test_equivalence_is_claimed_wrongly_at_most_one_time_in_twenty():
    rng = np.random.default_rng(6)
    before, now = rng.normal(0, 1, (20_000, 5)), rng.normal(2.0, 1, (20_000, 5))
    comparison = compare_means(moments(*before), moments(*now))
    assert equivalence_of(comparison, lower=-2.0, upper=2.0).is_equivalent().mean() < 0.055


def test_margins_are_refused_when_they_cross():
    comparison = compare_means(moments([1.0, 2.0]), moments([1.0, 2.0]))
    with pytest.raises(ValueError, match=r"lower must be below upper, got 1.0 and -1.0"):
        equivalence_of(comparison, lower=1.0, upper=-1.0)
    with pytest.raises(ValueError, match=r"relative must be between 0 and 1, got 1.5"):
        ratio_margins(1.5)


def test_detectable_difference_matches_power_t_test_of_r(reference):
    # Equal spread and equal runs: Welch's degrees of freedom are 2 n − 2, as R assumes.
    for n, expected in zip((2, 3, 5, 12), reference["power_delta"], strict=True):
        runs = stats.zscore(np.arange(float(n)), ddof=1)
        comparison = compare_means(moments(runs), moments(runs))
        assert detectable_difference(comparison)[0] == pytest.approx(expected, rel=1e-6)


def test_runs_to_detect_are_those_of_r_rounded_up(reference):
    needed = runs_to_detect(np.ones(5), [3.0, 1.5, 1.0, 0.5, 0.3])
    assert needed.runs.tolist() == np.ceil(reference["power_n"]).astype(int).tolist()
    assert needed.is_reached.all()


def test_many_distinct_degrees_of_freedom_are_interpolated_closely():
    rng = np.random.default_rng(2)
    before, now = rng.normal(0, 1, (900, 5)), rng.normal(0, 3, (900, 4))
    many = detectable_difference(compare_means(moments(*before), moments(*now)))
    few = np.concatenate(
        [
            detectable_difference(
                compare_means(moments(*before[i : i + 300]), moments(*now[i : i + 300]))
            )
            for i in (0, 300, 600)
        ]
    )
    np.testing.assert_allclose(many, few, rtol=1e-4)


def test_infinite_degrees_of_freedom_need_the_normal_quantiles():
    comparison = compare_means(moments([0.0, 1.0]), moments([0.0, 1.0]))
    object.__setattr__(comparison, "df", np.array([np.inf]))
    expected = (stats.norm.ppf(0.975) + stats.norm.ppf(0.8)) * comparison.standard_error[0]
    assert detectable_difference(comparison)[0] == pytest.approx(expected, rel=1e-4)


def test_power_that_is_out_of_reach_is_said():
    needed = runs_to_detect([1.0, np.nan, 1.0, 0.0], [0.01, 1.0, 0.0, 1.0], max_runs=50)
    assert needed.is_reached.tolist() == [False, False, False, True]
    assert needed.runs.tolist() == [50, 50, 50, 2]


def exact_equivalence_power(n, margin):
    """Owen's integral: both one-sided tests pass, over the law of the standard deviation."""
    df = 2 * n - 2
    critical = stats.t.ppf(0.95, df)

    def density(s):
        half = margin * np.sqrt(n / 2) - critical * s
        both = max(0.0, 2 * stats.norm.cdf(half) - 1)
        return both * stats.chi2.pdf(df * s**2, df) * 2 * df * s

    return integrate.quad(density, 0.0, 6.0, limit=200)[0]


@pytest.mark.parametrize("margin", [3.0, 2.0, 1.5, 1.0])
def test_runs_to_show_equivalence_give_the_power_by_owens_integral(margin):
    n = int(runs_to_show_equivalence([1.0], margin).runs[0])
    assert exact_equivalence_power(n, margin) >= 0.795
    assert exact_equivalence_power(n - 1, margin) < 0.80


@given(st.floats(0.01, 2.0), st.floats(0.05, 1.0))
def test_more_noise_never_needs_fewer_runs(sd, difference):
    quiet, noisy = runs_to_detect([sd, sd * 1.5], difference).runs
    assert quiet <= noisy


def test_unusable_power_is_refused_by_name():
    with pytest.raises(ValueError, match=r"power must be above alpha = 0.05, got 0.01"):
        runs_to_detect([1.0], 1.0, power=0.01)
    with pytest.raises(ValueError, match="max_runs must be 2 or above, got 1"):
        runs_to_detect([1.0], 1.0, max_runs=1)
    with pytest.raises(ValueError, match="stddev must have one dimension and be zero or above"):
        runs_to_detect([-1.0], 1.0)
