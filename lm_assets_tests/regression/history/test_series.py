"""A metric over campaigns: trend, drift from the anchor, level shifts, and too little of it."""

import numpy as np
import pytest

from lm_assets.model.history import HistoryPoint
from lm_assets.model.policy import StagePolicy
from lm_assets.model.verdict import Verdict
from lm_assets.regression.history.series import judge_history
from lm_assets_tests.regression.small_campaigns import metric_of

NIGHTS = np.arange(40)
NOISE = np.exp(0.02 * np.random.default_rng(5).normal(size=40))
ANCHOR = (100.0, 101.0, 99.0, 100.5, 99.5)


def history(values, metric="duration_s", **changes):
    points = [HistoryPoint(campaign=f"n{at}", value=float(v)) for at, v in enumerate(values)]
    return judge_history(points, metric=metric_of(metric), policy=StagePolicy(), **changes)


@pytest.mark.parametrize(
    ("values", "anchor", "verdict", "decided_by"),
    [
        pytest.param(100 * NOISE, (), Verdict.UNCHANGED, "trend", id="steady"),
        pytest.param(100 * NOISE, ANCHOR, Verdict.UNCHANGED, "drift", id="steady to anchor"),
        pytest.param(100 * 1.01**NIGHTS * NOISE, (), Verdict.REGRESSED, "change_point", id="creep"),
        pytest.param(100 * 1.01**NIGHTS * NOISE, ANCHOR, Verdict.REGRESSED, "drift", id="drift"),
        pytest.param(
            100 * np.where(NIGHTS < 20, 1, 1.4) * NOISE,
            (),
            Verdict.REGRESSED,
            "change_point",
            id="step",
        ),
        pytest.param(
            100 * np.where(NIGHTS < 20, 1, 0.6) * NOISE,
            (),
            Verdict.IMPROVED,
            "change_point",
            id="step down",
        ),
        pytest.param(
            [100.0, 200.0, 300.0], (), Verdict.INSUFFICIENT_DATA, "minimum_points", id="3"
        ),
        pytest.param([], (), Verdict.INSUFFICIENT_DATA, "minimum_points", id="none"),
        pytest.param([100.0, 0.0, 100.0, 90.0], (), Verdict.DATA_FAULT, "data_fault", id="zero"),
        pytest.param([100, 300, 50, 200, 80], (), Verdict.INCONCLUSIVE, "trend", id="anything"),
    ],
)
def test_each_kind_of_history_has_its_verdict(values, anchor, verdict, decided_by):
    found = history(values, anchor=anchor)
    assert (found.verdict, found.decided_by) == (verdict, decided_by)


def test_a_level_shift_names_its_campaign_and_size():
    (change,) = history(100 * np.where(NIGHTS < 20, 1, 1.4) * NOISE).change_points
    assert abs(change.index - 20) <= 3
    assert change.campaign == f"n{change.index}"
    assert change.degradation == pytest.approx(0.4, abs=0.05)
    assert change.before == pytest.approx(100, rel=0.05)


def test_a_lone_spike_is_no_level_shift():
    values = 100 * NOISE
    values[20] *= 3
    assert history(values).change_points == ()


def test_the_slope_is_in_the_unit_of_the_metric_and_the_change_is_relative():
    found = history([100.0 + 2 * at for at in range(10)])
    assert found.slope_per_step == pytest.approx(2.0)
    assert found.change == pytest.approx(0.18, abs=0.02)
    # Of ten rising points S = 45 with variance 10·9·25/18 = 125: p = 2 Φ(−44/√125).
    assert found.mann_kendall_p == pytest.approx(8.303e-05, rel=1e-3)


def test_falling_throughput_is_worse():
    values = 100 * np.where(NIGHTS < 20, 1, 0.6) * NOISE
    found = history(values, "throughput_rows_s")
    assert found.verdict is Verdict.REGRESSED
    assert found.change_points[0].degradation == pytest.approx(0.4, abs=0.05)


def test_percentages_drift_by_points():
    found = history(10 + 0.3 * NIGHTS, "gc_time_pct", anchor=(10.0, 10.5, 9.5))
    assert (found.verdict, found.decided_by) == (Verdict.REGRESSED, "drift")
    assert found.drift == pytest.approx(0.3 * 37, abs=0.1)
