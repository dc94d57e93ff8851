"""Effects of groups of cells: known fits, overlap, and what the noise does."""

import numpy as np
import pytest

from lm_assets.stats.group_effects import fit_group_effects, score_groups


def test_overlapping_groups_share_what_cells_did():
    # Least squares by hand: y = a + b in both, a alone, b alone.
    fit = fit_group_effects(
        [0.5, 0.2, 0.3, 0.0], [0.1] * 4, [[True, True, False, False], [True, False, True, False]]
    )
    assert fit.effect == pytest.approx([0.2, 0.3])
    assert fit.residual == pytest.approx(np.zeros(4), abs=1e-12)


def test_the_fit_is_that_of_weighted_least_squares():
    rng = np.random.default_rng(0)
    y, se = np.array([0.1, 0.5, 0.6, 0.3, 0.05, -0.05]), np.array([0.1, 0.2, 0.1, 0.1, 0.2, 0.1])
    x = np.array([[1, 1, 1, 0, 0, 0], [0, 1, 1, 1, 0, 0]], dtype=bool)
    expected = np.linalg.lstsq(x.T / se[:, None], y / se, rcond=None)[0]
    order = rng.permutation(6)
    fit = fit_group_effects(y[order], se[order], x[:, order])
    assert fit.effect == pytest.approx(expected)


def test_the_interval_covers_a_true_effect_as_often_as_it_says():
    rng = np.random.default_rng(7)
    member = np.zeros((1, 60), dtype=bool)
    member[0, :15] = True
    covered = 0
    for _ in range(400):
        y = 0.3 * member[0] + 0.1 * rng.normal(size=60)
        low, high = fit_group_effects(y, np.full(60, 0.1), member).interval()
        covered += low[0] <= 0.3 <= high[0]
    assert 0.92 <= covered / 400 <= 0.995


def test_cells_that_differ_by_more_than_their_errors_widen_the_interval():
    rng = np.random.default_rng(1)
    y, member = 0.5 * rng.normal(size=200), np.ones((1, 200), dtype=bool)
    fit = fit_group_effects(y, np.full(200, 0.1), member)
    assert fit.overdispersion == pytest.approx(5.0, rel=0.2)
    assert fit.standard_error[0] == pytest.approx(5 * 0.1 / np.sqrt(200), rel=0.2)


def test_the_widest_group_that_moved_as_a_whole_scores_highest():
    y = np.where(np.arange(40) < 20, 0.3, 0.0)
    groups = [np.arange(40) < 20, np.arange(40) < 10, np.arange(40) < 40, np.zeros(40, dtype=bool)]
    z = score_groups(y, np.full(40, 0.1), groups)
    assert z.argmax() == 0
    assert z == pytest.approx([3 * np.sqrt(20), 3 * np.sqrt(10), 1.5 * np.sqrt(40), 0.0])


def test_no_group_and_no_cell_are_fine():
    fit = fit_group_effects([0.1, 0.2], [0.1, 0.1], np.zeros((0, 2), dtype=bool))
    assert (fit.effect.size, fit.residual.tolist()) == (0, [0.1, 0.2])
    assert score_groups([], [], np.zeros((2, 0), dtype=bool)).tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([np.nan], [0.1], [[True]]), "difference must be finite"),
        (([0.1], [0.0], [[True]]), "standard_error must be above zero"),
        (([0.1], [0.1, 0.1], [[True]]), "standard_error must have length 1"),
        (([0.1, 0.2], [0.1, 0.1], [[True]]), "membership must have shape"),
    ],
)
def test_what_cannot_be_fitted_is_refused_by_name(arguments, message):
    with pytest.raises(ValueError, match=message):
        fit_group_effects(*arguments)
