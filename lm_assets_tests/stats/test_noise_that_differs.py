"""Priors that loud cells do not stretch, what cells differ by, clumps of events, run positions."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from lm_assets.stats.event_dispersion import pooled_dispersion
from lm_assets.stats.moderated_sides import compare_sides
from lm_assets.stats.moments import sample_moments
from lm_assets.stats.overdispersion import estimate_overdispersion, widened
from lm_assets.stats.position_effects import position_effects
from lm_assets.stats.ragged import RaggedSamples
from lm_assets.stats.resolution import resolution
from lm_assets.stats.robust_prior import fit_robust_prior
from lm_assets.stats.state import State
from lm_assets.stats.student import t_of_p, two_sided_p


def moments(rows):
    return sample_moments(RaggedSamples.from_lists(list(rows)))


def drawn(rng, sd, runs):
    return rng.normal(size=(sd.size, runs)) * sd[:, None]


def test_too_few_cells_give_scipys_welch():
    rng = np.random.default_rng(1)
    before, now = rng.normal(5, 1, (10, 5)), rng.normal(6, 2, (10, 4))
    result = compare_sides(moments(before), moments(now))
    assert not result.is_moderated
    expected = stats.ttest_ind(now, before, axis=1, equal_var=False).pvalue
    np.testing.assert_allclose(result.comparison.p, expected, rtol=1e-9)


def test_a_few_loud_cells_are_called_no_oftener_than_promised():
    """Shrunk to the others, 1 % of cells at six times the noise were significant in one of five."""
    rng = np.random.default_rng(2)
    sd = np.full(200, 0.05)
    sd[:4] = 0.3
    p = np.array(
        [
            compare_sides(moments(drawn(rng, sd, 5)), moments(drawn(rng, sd, 5))).comparison.p
            for _ in range(60)
        ]
    )
    assert (p[:, :4] < 0.05).mean() < 0.08
    assert 0.035 < (p[:, 4:] < 0.05).mean() < 0.06


def test_runs_in_two_modes_are_called_no_oftener_than_promised():
    """A cell of which all runs fell into one mode looked quiet, and stretched the others' prior."""
    rng = np.random.default_rng(4)

    def two_modes():
        return 10.0 + 0.207 * (rng.random((400, 5)) < 0.3) + 0.0316 * rng.normal(size=(400, 5))

    p = np.array(
        [compare_sides(moments(two_modes()), moments(two_modes())).comparison.p for _ in range(60)]
    )
    assert (p < 1e-4).mean() < 2e-4
    assert (p < 0.05).mean() < 0.06


def test_cells_without_any_spread_do_not_make_the_others_look_noisier_than_they_are():
    rng = np.random.default_rng(5)
    variances = sample_variances(rng, np.full(400, 0.1))
    is_stuck = np.arange(400) % 8 == 0
    found = fit_robust_prior(np.where(is_stuck, 0.0, variances), np.full(400, 4.0)).prior
    of_the_others = fit_robust_prior(variances[~is_stuck], np.full(350, 4.0)).prior
    assert found.variance == pytest.approx(of_the_others.variance, rel=0.02)
    assert found.df == pytest.approx(of_the_others.df, rel=0.02)


def test_the_floor_comes_after_the_prior():
    rng = np.random.default_rng(3)
    sd = np.sqrt(0.01**2 * 1.5 / rng.chisquare(1.5, 300))
    sides = [moments(drawn(rng, sd, 5)) for _ in range(2)]
    plain, floored = compare_sides(*sides), compare_sides(*sides, min_sd=0.02)
    assert floored.baseline_prior == plain.baseline_prior
    assert plain.baseline_prior.df < 4.0
    assert floored.comparison.is_floored.any()
    assert not plain.comparison.is_floored.any()


@pytest.mark.parametrize("tau", [0.0, 0.05, 0.2])
def test_what_cells_differ_by_is_found_although_some_of_them_changed(tau):
    rng = np.random.default_rng(4)
    moved = rng.normal(0.0, np.hypot(0.05, tau), 400)
    moved[:20] += 1.5
    found = estimate_overdispersion(moved, np.full(400, 0.05), np.full(400, np.inf), min_cells=20)
    assert found.variance**0.5 == pytest.approx(tau, abs=0.025)


def test_half_of_a_matrix_that_changed_does_not_hide_itself():
    rng = np.random.default_rng(5)
    moved = rng.normal(0.0, 0.05, 100)
    moved[:45] += rng.uniform(0.5, 1.5, 45)
    found = estimate_overdispersion(moved, np.full(100, 0.05), np.full(100, np.inf), min_cells=20)
    assert found.variance**0.5 < 0.05


def test_few_cells_tell_nothing_of_what_they_differ_by():
    found = estimate_overdispersion([0.1, 0.5], [0.1, 0.1], [8.0, 8.0], min_cells=20)
    assert (found.variance, found.state) == (0.0, State.INSUFFICIENT_DATA)


def test_no_further_variance_changes_nothing():
    rng = np.random.default_rng(6)
    comparison = compare_sides(moments(rng.normal(size=(5, 4))), moments(rng.normal(size=(5, 4))))
    same = widened(comparison.comparison, np.zeros(5), np.full(5, np.inf))
    np.testing.assert_allclose(same.p, comparison.comparison.p)
    np.testing.assert_allclose(same.df, comparison.comparison.df)


@pytest.mark.parametrize("seed", range(5))
def test_poisson_counts_have_no_clumps(seed):
    rng = np.random.default_rng(seed)
    sides = [RaggedSamples.from_lists(list(rng.poisson(0.8, (200, 5)))) for _ in range(2)]
    assert pooled_dispersion(sides) == 1.0


def test_clumps_are_as_large_as_they_come():
    rng = np.random.default_rng(7)
    sides = [RaggedSamples.from_lists(list(40 * rng.poisson(0.05, (400, 5)))) for _ in range(2)]
    assert pooled_dispersion(sides) == pytest.approx(40.0, rel=0.1)


def test_a_first_slow_run_is_found_and_the_others_stay():
    rng = np.random.default_rng(8)
    rows = rng.normal(0.0, 0.1, (50, 5))
    rows[:, 0] += 0.4
    samples = RaggedSamples.from_lists(list(rows))
    effects = position_effects(samples, np.tile(np.arange(1, 6), 50), minimum=0.02, min_cells=20)
    first, *others = effects.reshape(50, 5).T
    assert first == pytest.approx(0.4, abs=0.06)
    assert not np.array(others).any()
    unnumbered = position_effects(samples, np.zeros(250, int), minimum=0.02, min_cells=20)
    assert not unnumbered.any()


def test_clean_runs_have_no_position():
    rng = np.random.default_rng(9)
    samples = RaggedSamples.from_lists(list(rng.normal(0.0, 0.1, (200, 5))))
    positions = np.tile(np.arange(1, 6), 200)
    assert not position_effects(samples, positions, minimum=0.02, min_cells=20).any()


def loud_current(rng, *, share, runs=3):
    """Two sides of 200 cells at 5 %, of which a share of the current ones is four times as loud."""
    loud = np.where(rng.random(200) < share, 4.0, 1.0)
    return moments(drawn(rng, np.full(200, 0.05), 10)), moments(drawn(rng, 0.05 * loud, runs))


def test_a_cell_that_was_quiet_by_luck_is_called_no_oftener_for_it():
    """1 in 10 cells at four times the noise, 10 v 3: P(p < 0.0001) was 58 times that."""
    rng = np.random.default_rng(7)
    drawn_sides = [loud_current(rng, share=0.1) for _ in range(80)]
    p = np.concatenate([compare_sides(*sides).comparison.p for sides in drawn_sides])
    assert (p < 1e-4).mean() < 6e-4
    found = [
        compare_sides(before, moments_moved(now, np.log(2.0))).comparison.p[~_is_loud(before, now)]
        for before, now in drawn_sides[:5]
    ]
    assert (np.concatenate(found) < 5e-4).mean() > 0.99


def moments_moved(of, by):
    return replace(of, mean=of.mean + by, minimum=of.minimum + by, maximum=of.maximum + by)


def _is_loud(before, now):
    return compare_sides(before, now).is_loud


def test_test_and_interval_agree_where_an_error_is_widened():
    rng = np.random.default_rng(8)
    result = compare_sides(*loud_current(rng, share=0.2)).comparison
    np.testing.assert_allclose(two_sided_p(result.t, result.df), result.p, rtol=1e-9)
    low, high = result.interval()
    assert (((low > 0.0) | (high < 0.0)) == (result.p < 0.05)).all()


def test_clean_cells_are_taken_for_loud_ones_by_nobody():
    rng = np.random.default_rng(9)
    shares = []
    for _ in range(100):
        variances = sample_variances(rng, np.full(200, 0.05))
        shares.append(fit_robust_prior(variances, np.full(200, 4.0)).loud_share)
    assert np.mean(np.array(shares) > 0.0) < 0.12
    loud = np.where(np.arange(200) < 20, 0.3, 0.05)
    robust = fit_robust_prior(sample_variances(rng, loud), np.full(200, 4.0))
    assert robust.loud_share == pytest.approx(0.1, abs=0.03)
    weights = robust.loud_weights(np.array([0.002, 0.02, 0.2]), np.full(3, 4.0))
    assert (np.diff(weights) > 0.0).all()
    assert weights[0] < 0.05 < 0.95 < weights[2]


def sample_variances(rng, sd):
    return moments(drawn(rng, sd, 5)).variance


@pytest.mark.parametrize("runs", [(5, 5), (5, 4)], ids=["equal df", "some lack a run"])
def test_the_prior_is_the_same_however_its_quartiles_are_sought(runs):
    """Equal degrees of freedom take a shorter way to the same prior."""
    rng = np.random.default_rng(10)
    sd = 0.05 * np.exp(0.3 * rng.normal(size=2000))
    df = np.where(np.arange(2000) < 1, runs[1] - 1.0, runs[0] - 1.0)
    variances = sample_variances(rng, sd)
    near = fit_robust_prior(variances, np.full(2000, 4.0)).prior
    assert fit_robust_prior(variances, df).prior.df == pytest.approx(near.df, rel=0.02)


def test_the_step_of_a_clock_is_found_and_none_where_values_were_not_rounded():
    rng = np.random.default_rng(11)
    values = rng.normal(60.0, 10.0, 500)
    assert resolution(np.round(values)) == 1.0
    assert resolution(10.0 * np.round(values / 10.0)) == pytest.approx(10.0)
    assert resolution(np.round(values, 3)) == pytest.approx(0.001, rel=1e-3)
    assert resolution(values) == 0.0
    assert resolution(np.array([100.0, 130.0, 100.0])) == 0.0


@pytest.mark.parametrize("df", [1.0, 4.5, 80.0, np.inf])
def test_t_of_p_is_the_inverse_of_p(df):
    t = np.array([0.3, 2.0, 6.0])
    assert t_of_p(two_sided_p(t, np.full(3, df)), np.full(3, df)) == pytest.approx(t, rel=1e-9)
