import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from lm_assets.stats.moderated import compare_moderated
from lm_assets.stats.moments import sample_moments
from lm_assets.stats.ragged import RaggedSamples
from lm_assets.stats.state import State
from lm_assets.stats.variance_prior import NO_PRIOR, fit_variance_prior, inverse_trigamma


def moments(samples):
    return sample_moments(RaggedSamples.from_lists(list(samples)))


@pytest.mark.parametrize(("name", "n_baseline"), [("varied", 5), ("alike", 5)])
def test_matches_limma(reference, name, n_baseline):
    rows = reference[f"{name}_y"].reshape(24, -1)
    result = compare_moderated(moments(rows[:, :n_baseline]), moments(rows[:, n_baseline:]))
    prior = [result.prior.df, result.prior.variance]
    np.testing.assert_allclose(prior, reference[f"{name}_prior"], rtol=1e-6)
    np.testing.assert_allclose(result.comparison.t, reference[f"{name}_t"], rtol=1e-6)
    np.testing.assert_allclose(result.comparison.p, reference[f"{name}_p"], rtol=1e-5)
    np.testing.assert_allclose(result.comparison.df, reference[f"{name}_df"], rtol=1e-6)
    assert result.is_moderated


def test_prior_of_cells_with_different_runs_matches_limma(reference):
    df = np.array([3.0, 8.0, 5.0] * 10)
    prior = fit_variance_prior(reference["fdist_s2"], df)
    np.testing.assert_allclose([prior.df, prior.variance], reference["fdist"], rtol=1e-6)
    assert prior.n_cells == 30


def test_cells_alike_in_noise_have_an_infinite_prior_and_share_one_variance(reference):
    rows = reference["alike_y"].reshape(24, -1)
    result = compare_moderated(moments(rows[:, :5]), moments(rows[:, 5:]))
    assert math.isinf(result.prior.df)
    assert np.unique(result.variance).size == 1
    assert set(result.comparison.df) == {24 * 8.0}


def test_too_few_cells_give_the_ordinary_pooled_test():
    rng = np.random.default_rng(5)
    before, now = rng.normal(5, 1, (19, 5)), rng.normal(6, 1, (19, 4))
    result = compare_moderated(moments(before), moments(now))
    assert not result.is_moderated
    assert result.prior == NO_PRIOR
    expected = stats.ttest_ind(now, before, axis=1, equal_var=True).pvalue
    np.testing.assert_allclose(result.comparison.p, expected, rtol=1e-9)


def test_one_new_run_is_enough_where_the_baseline_has_more(reference):
    result = compare_moderated(moments([reference["a"]]), moments([[70.0]]))
    estimate, error, t, p = reference["new_run"]
    comparison = result.comparison
    figures = [comparison.difference, comparison.standard_error, comparison.t, comparison.p]
    np.testing.assert_allclose(np.concatenate(figures), [estimate, error, t, p], rtol=1e-9)


def test_degenerate_cells_have_a_state_and_no_p():
    before = moments([[1.0], [1.0, 2.0], [3.0, 3.0]])
    now = moments([[1.0], [], [4.0, 4.0]])
    result = compare_moderated(before, now)
    few = State.INSUFFICIENT_DATA
    assert result.comparison.state.tolist() == [few, few, State.ZERO_VARIANCE]
    assert np.isnan(result.comparison.p).all()


def test_noise_floor_keeps_coarse_clocks_from_certainty():
    before, now = moments([[5.0] * 5] * 25), moments([[6.0] * 5] * 25)
    result = compare_moderated(before, now, min_sd=1.0)
    assert result.comparison.is_floored.all()
    assert (result.variance == 1.0).all()
    assert (result.comparison.p > 0.05).all()


def test_one_cell_without_spread_does_not_break_the_prior_of_the_others():
    rng = np.random.default_rng(8)
    before = [*rng.normal(5, 1, (30, 5)), [5.0] * 5]
    now = [*rng.normal(5, 1, (30, 5)), [5.0] * 5]
    prior = compare_moderated(moments(before), moments(now)).prior
    assert prior.df > 0.5
    assert np.isfinite(prior.variance)


def test_more_power_than_five_runs_have_alone():
    rng = np.random.default_rng(9)
    before, now = rng.normal(0, 0.1, (2000, 5)), rng.normal(0.2, 0.1, (2000, 5))
    moderated = compare_moderated(moments(before), moments(now)).comparison.p
    alone = stats.ttest_ind(now, before, axis=1, equal_var=False).pvalue
    assert (moderated < 0.001).mean() > 2.0 * (alone < 0.001).mean()


def test_wrong_alarms_on_equal_cells_are_as_rare_as_promised():
    rng = np.random.default_rng(21)
    sds = np.sqrt(6.0 / rng.chisquare(6, (20_000, 1)))
    before, now = (rng.normal(0, 1, (20_000, 5)) * sds for _ in range(2))
    p = compare_moderated(moments(before), moments(now)).comparison.p
    assert 0.044 < (p < 0.05).mean() < 0.056
    assert 0.0005 < (p < 0.001).mean() < 0.0017


@given(st.permutations(range(24)))
def test_order_of_the_cells_does_not_matter(order):
    rng = np.random.default_rng(1)
    before, now = rng.normal(5, 1, (24, 5)), rng.normal(6, 1, (24, 5))
    straight = compare_moderated(moments(before), moments(now)).comparison.p
    shuffled = compare_moderated(moments(before[order]), moments(now[order])).comparison.p
    np.testing.assert_allclose(shuffled, straight[order], rtol=1e-9)


@given(st.floats(1e-7, 1e8))
def test_inverse_trigamma_is_the_inverse(value):
    assert special.polygamma(1, inverse_trigamma(value)) == pytest.approx(value, rel=1e-6)


def test_unusable_arguments_are_refused_by_name():
    with pytest.raises(ValueError, match="variances must be finite and zero or above, got -1"):
        fit_variance_prior(np.array([1.0, -1.0]), np.array([3.0, 3.0]))
    with pytest.raises(ValueError, match="df must be above zero, got 0"):
        fit_variance_prior(np.array([1.0, 1.0]), np.array([3.0, 0.0]))
    with pytest.raises(ValueError, match="value must be above zero, got 0"):
        inverse_trigamma(0.0)
    assert fit_variance_prior(np.zeros(5), np.full(5, 3.0)) == NO_PRIOR
