import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from lm_assets.stats.moments import log_moments, sample_moments
from lm_assets.stats.ragged import RaggedSamples
from lm_assets.stats.state import State
from lm_assets.stats.student import critical_t, two_sided_p
from lm_assets.stats.welch import compare_means

RUNS = st.lists(st.floats(1.0, 1000.0).map(lambda v: round(v, 2)), min_size=2, max_size=9)


def moments(*samples):
    return sample_moments(RaggedSamples.from_lists(samples))


def logs(*samples):
    return log_moments(RaggedSamples.from_lists(samples))


@pytest.mark.parametrize(("name", "scale"), [("welch_raw", moments), ("welch_log", logs)])
def test_matches_t_test_of_r(reference, name, scale):
    result = compare_means(scale(reference["a"]), scale(reference["b"]))
    low, high = result.interval()
    figures = [result.difference, result.t, result.df, result.p, low, high]
    np.testing.assert_allclose(np.concatenate(figures), reference[name], rtol=1e-10)


def test_ratio_of_geometric_means_with_its_interval():
    before, now = [10.0, 11.0, 12.0], [20.0, 22.0, 25.0]
    result = compare_means(logs(before), logs(now))
    assert result.change[0] == pytest.approx(stats.gmean(now) / stats.gmean(before) - 1.0)
    low, high = result.change_interval()
    scipys = stats.ttest_ind(np.log(now), np.log(before), equal_var=False).confidence_interval()
    assert (low[0], high[0]) == pytest.approx((np.expm1(scipys.low), np.expm1(scipys.high)))


def test_many_cells_are_judged_as_each_alone():
    rng = np.random.default_rng(3)
    before = [rng.normal(10, 2, rng.integers(2, 9)) for _ in range(50)]
    now = [rng.normal(11, 4, rng.integers(2, 9)) for _ in range(50)]
    result = compare_means(moments(*before), moments(*now))
    alone = [stats.ttest_ind(c, b, equal_var=False) for b, c in zip(before, now, strict=True)]
    np.testing.assert_allclose(result.p, [r.pvalue for r in alone], rtol=1e-9)
    np.testing.assert_allclose(result.df, [r.df for r in alone], rtol=1e-9)


def test_identical_runs_do_not_give_certainty():
    result = compare_means(moments([5.0] * 5), moments([6.0] * 5), min_sd=0.5)
    expected = stats.ttest_ind_from_stats(6.0, 0.5, 5, 5.0, 0.5, 5, equal_var=False)
    assert result.p[0] == pytest.approx(expected.pvalue)
    assert result.is_floored[0]
    without = compare_means(moments([5.0] * 5), moments([6.0] * 5))
    assert without.state[0] == State.ZERO_VARIANCE
    assert np.isnan([without.p[0], without.t[0], without.interval()[0][0]]).all()
    assert without.difference[0] == 1.0


def test_floor_leaves_larger_spread_alone():
    before, now = moments([1.0, 2.0, 4.0]), moments([2.0, 3.0, 7.0])
    floored = compare_means(before, now, min_sd=0.1)
    assert floored.p[0] == compare_means(before, now).p[0]
    assert not floored.is_floored[0]


@pytest.mark.parametrize(
    ("before", "now", "state"),
    [
        ([1.0], [1.0, 2.0], State.INSUFFICIENT_DATA),
        ([1.0, 2.0], [], State.INSUFFICIENT_DATA),
        ([1.0, 2.0], [0.0, 2.0], State.OUTSIDE_SCALE),
        ([-1.0], [1.0, 2.0], State.OUTSIDE_SCALE),
        ([2.0, 2.0], [2.0, 2.0], State.ZERO_VARIANCE),
    ],
    ids=["one-run", "no-run", "zero-on-logs", "negative-on-logs", "constant"],
)
def test_degenerate_cells_have_a_state_and_no_p(before, now, state):
    result = compare_means(logs(before), logs(now))
    assert result.state[0] == state
    assert np.isnan([result.p[0], result.t[0], result.df[0], result.standard_error[0]]).all()


def test_unusable_arguments_are_refused_by_name():
    two, one = moments([1.0, 2.0], [3.0, 4.0]), moments([1.0, 2.0])
    with pytest.raises(ValueError, match="current must have length 2, got 1"):
        compare_means(two, one)
    with pytest.raises(ValueError, match="min_sd must be finite and zero or above, got -1"):
        compare_means(two, two, min_sd=-1)
    with pytest.raises(ValueError, match="confidence must be between 0 and 1, got 95"):
        compare_means(two, two).interval(confidence=95)


@given(RUNS, RUNS)
def test_exchanging_the_sides_changes_the_sign_only(before, now):
    forth = compare_means(moments(before), moments(now), min_sd=0.01)
    back = compare_means(moments(now), moments(before), min_sd=0.01)
    assert forth.t[0] == pytest.approx(-back.t[0], rel=1e-9, abs=1e-12)
    assert forth.p[0] == pytest.approx(back.p[0], rel=1e-9)


@given(RUNS, RUNS, st.floats(0.01, 100.0))
def test_unit_of_a_ratio_metric_does_not_matter(before, now, factor):
    plain = compare_means(logs(before), logs(now), min_sd=0.01)
    scaled = compare_means(
        logs([v * factor for v in before]), logs([v * factor for v in now]), min_sd=0.01
    )
    assert plain.p[0] == pytest.approx(scaled.p[0], rel=1e-6)


@given(RUNS, RUNS, st.floats(-100.0, 100.0))
def test_shift_of_both_sides_does_not_matter(before, now, shift):
    assume(len(set(before)) > 1)
    plain = compare_means(moments(before), moments(now), min_sd=0.01)
    moved = compare_means(
        moments([v + shift for v in before]), moments([v + shift for v in now]), min_sd=0.01
    )
    assert plain.p[0] == pytest.approx(moved.p[0], rel=1e-6)


def test_more_runs_of_the_same_kind_make_p_smaller():
    ps = [
        compare_means(moments([9.0, 11.0] * k), moments([10.0, 12.0] * k)).p[0] for k in range(1, 6)
    ]
    assert ps == sorted(ps, reverse=True)


def test_wrong_alarms_on_equal_cells_are_as_rare_as_promised():
    rng = np.random.default_rng(17)
    before, now = (rng.normal(0, (1.0, 3.0)[i], (20_000, 5)) for i in range(2))
    result = compare_means(moments(*before), moments(*now))
    assert 0.044 < (result.p < 0.05).mean() < 0.056
    low, high = result.interval()
    assert 0.944 < ((low <= 0) & (high >= 0)).mean() < 0.956


def test_infinite_degrees_of_freedom_are_the_normal_law():
    infinite = np.array([np.inf])
    assert two_sided_p(np.array([1.96]), infinite)[0] == pytest.approx(2 * stats.norm.sf(1.96))
    assert critical_t(infinite, confidence=0.95)[0] == pytest.approx(stats.norm.ppf(0.975))
    assert np.isnan(critical_t(np.array([np.nan]), confidence=0.95)[0])
