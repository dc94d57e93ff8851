"""Shares with exact intervals, against published values."""

import pytest
from scipy import stats

from lm_assets.stats.proportion import proportion


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        # Without a success the upper end solves (1 − p)ⁿ = 0.025, and the other way round.
        (0, 20, 0.0, 1 - 0.025 ** (1 / 20)),
        (20, 20, 0.025 ** (1 / 20), 1.0),
    ],
)
def test_the_interval_of_all_or_nothing_has_a_closed_form(successes, trials, low, high):
    result = proportion(successes, trials)
    assert (result.low, result.high) == (pytest.approx(low), pytest.approx(high))
    assert result.share == successes / trials


@pytest.mark.parametrize(("successes", "trials"), [(1, 7), (40, 80), (99, 100)])
def test_the_interval_is_scipys(successes, trials):
    theirs = stats.binomtest(successes, trials).proportion_ci(0.9, method="exact")
    ours = proportion(successes, trials, confidence=0.9)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high))


def test_no_trial_says_nothing():
    result = proportion(0, 0)
    assert (result.share != result.share, result.low, result.high) == (True, 0.0, 1.0)


@pytest.mark.parametrize(("successes", "trials"), [(-1, 3), (4, 3)])
def test_impossible_counts_are_refused(successes, trials):
    with pytest.raises(ValueError, match=r"successes|trials"):
        proportion(successes, trials)
