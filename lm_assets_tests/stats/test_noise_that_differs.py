"""Priors that loud cells do not stretch, what cells differ by, clumps of events, run positions."""

import numpy as np
import pytest
from scipy import stats

from lm_assets.stats.event_dispersion import pooled_dispersion
from lm_assets.stats.moderated_sides import compare_sides
from lm_assets.stats.moments import sample_moments
from lm_assets.stats.overdispersion import estimate_overdispersion, widened
from lm_assets.stats.position_effects import position_effects
from lm_assets.stats.ragged import RaggedSamples
from lm_assets.stats.state import State


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
