"""A metric over campaigns: trend, drift from the anchor, level shifts, and too little of it."""

from dataclasses import replace

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


def of_sources(*named: tuple[float, str], metric: str = "memory_gib_seconds", **changes):
    points = [
        HistoryPoint(campaign=f"n{at}", value=value, sources=tuple(filter(None, source.split("+"))))
        for at, (value, source) in enumerate(named)
    ]
    one_class = replace(metric_of(metric), comparable_sources=(("event log", "history server"),))
    return judge_history(points, metric=one_class, policy=StagePolicy(), **changes)


def test_campaigns_that_measured_another_quantity_are_no_part_of_the_trend():
    steady = [(273.0 * float(noise), "prometheus") for noise in NOISE[:20]]
    other = [(1196.0 * float(noise), "event log") for noise in NOISE[20:30]]
    found = of_sources(*steady, *other)
    assert (found.verdict, found.n) == (Verdict.UNCHANGED, 20)
    assert found.left_out == {"event log": 10}


def test_sources_of_one_class_and_those_that_nobody_named_belong_together():
    found = of_sources((1.0, "event log"), (1.1, "history server"), (1.2, ""))
    assert (found.n, found.left_out) == (3, {})


def test_a_mean_over_several_quantities_is_of_none():
    found = of_sources((1.0, "prometheus"), (1.0, "prometheus"), (3.0, "event log+prometheus"))
    assert (found.n, found.left_out) == (2, {"event log, prometheus": 1})


def test_of_as_many_campaigns_the_later_class_is_judged():
    found = of_sources((1.0, "prometheus"), (4.0, "event log"))
    assert found.left_out == {"prometheus": 1}


@pytest.mark.parametrize(
    ("anchor_source", "is_left_out"), [("event log", True), ("prometheus", False), ("", False)]
)
def test_nothing_drifts_from_an_anchor_of_another_quantity(anchor_source, is_left_out):
    steady = [(273.0 * float(noise), "prometheus") for noise in NOISE]
    found = of_sources(*steady, anchor=ANCHOR, anchor_source=anchor_source)
    assert found.is_anchor_left_out is is_left_out
    assert (found.drift is None) is is_left_out
