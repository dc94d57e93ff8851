import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lm_assets.stats.counts import compare_rates
from lm_assets.stats.state import State

EVENTS = st.integers(0, 60)
EXPOSURE = st.floats(0.5, 50.0)


@pytest.mark.parametrize("case", ["1", "2", "3", "4"])
def test_matches_poisson_test_of_r(reference, case):
    events_before, runs_before, events_now, runs_now = reference[f"counts_{case}"]
    result = compare_rates([events_before], [runs_before], [events_now], [runs_now])
    low, high = result.ratio_interval()
    figures = [result.p_greater[0], result.p_less[0], low[0], high[0]]
    np.testing.assert_allclose(figures, reference[f"rates_{case}"], rtol=1e-10)
    assert result.p[0] == pytest.approx(min(1.0, 2.0 * min(figures[:2])))


def test_no_event_at_all_shows_nothing():
    result = compare_rates([0], [5], [0], [5])
    low, high = result.ratio_interval()
    assert (result.p[0], low[0], high[0]) == (1.0, 0.0, np.inf)
    assert np.isnan(result.rate_ratio[0])
    assert result.rate_difference[0] == 0.0


def test_a_side_without_runs_has_a_state_and_no_p():
    result = compare_rates([0, 3], [0, 5], [4, 4], [5, 0])
    assert result.state.tolist() == [State.INSUFFICIENT_DATA] * 2
    assert np.isnan(result.p).all()
    assert np.isnan(result.rate_difference).all()
    assert np.isnan(np.array(result.ratio_interval())).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([-1], [5], [1], [5]), "baseline_events must be whole and zero or above, got -1"),
        (([1], [5], [1.5], [5]), "current_events must be whole and zero or above, got 1.5"),
        (([1], [-5], [1], [5]), "baseline_exposure must be zero or above, got -5"),
        (([1], [5], [np.nan], [5]), "current_events must be finite, got nan"),
        (([1], [5], [1, 2], [5]), "current_events must have length 1, got 2"),
        (([1], [5], [1], [5, 5]), "current_exposure must have length 1, got 2"),
    ],
    ids=["negative", "fraction", "exposure", "nan", "length", "exposure-length"],
)
def test_unusable_counts_are_refused_by_name(arguments, message):
    with pytest.raises(ValueError, match=message):
        compare_rates(*arguments)


@given(EVENTS, EXPOSURE, EVENTS, EXPOSURE)
def test_exchanging_the_sides_turns_the_ratio_over(before, runs_before, now, runs_now):
    forth = compare_rates([before], [runs_before], [now], [runs_now])
    back = compare_rates([now], [runs_now], [before], [runs_before])
    assert forth.p[0] == pytest.approx(back.p[0], rel=1e-9)
    assert forth.p_greater[0] == pytest.approx(back.p_less[0], rel=1e-9)


@given(EVENTS, EXPOSURE, EVENTS, EXPOSURE)
def test_interval_leaves_out_one_exactly_when_p_is_small(before, runs_before, now, runs_now):
    result = compare_rates([before], [runs_before], [now], [runs_now])
    low, high = result.ratio_interval()
    assert (result.p[0] < 0.05) == (low[0] > 1.0 or high[0] < 1.0) or result.p[0] == pytest.approx(
        0.05
    )


@given(EVENTS, st.integers(0, 30))
def test_more_events_are_never_less_evidence_of_a_rise(before, now):
    fewer, more = compare_rates([before] * 2, [5, 5], [now, now + 1], [5, 5]).p_greater
    assert more <= fewer


def test_wrong_alarms_are_at_most_as_many_as_promised():
    rng = np.random.default_rng(3)
    before, now = rng.poisson(4.0, (2, 20_000))
    runs = np.full(20_000, 5.0)
    assert (compare_rates(before, runs, now, runs).p < 0.05).mean() < 0.05
