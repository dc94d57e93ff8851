"""The verdict of a cell: every one of them, and the numbers it rests on."""

import dataclasses
import math

import numpy as np
import pytest
from scipy import stats

from lm_assets.model.policy import StagePolicy
from lm_assets.model.verdict import Verdict
from lm_assets_tests.regression.small_campaigns import STEADY, judged, one_cell

LOUD = (100.0, 160.0, 60.0, 140.0, 80.0)


def times(factor, values=STEADY):
    return [factor * value for value in values]


@pytest.mark.parametrize(
    ("baseline", "current", "verdict", "decided_by"),
    [
        pytest.param(STEADY, times(1.5), Verdict.REGRESSED, "rule_and_multiplicity", id="slower"),
        pytest.param(STEADY, times(0.6), Verdict.IMPROVED, "rule_and_multiplicity", id="faster"),
        pytest.param(STEADY, times(1.01), Verdict.UNCHANGED, "equivalence", id="the same"),
        pytest.param(STEADY, times(1.1), Verdict.UNCHANGED, "equivalence", id="a little slower"),
        pytest.param(LOUD, LOUD[::-1], Verdict.INCONCLUSIVE, "power", id="too loud to tell"),
        pytest.param([], STEADY, Verdict.NO_BASELINE, "no_baseline", id="new"),
        pytest.param(STEADY, [], Verdict.INSUFFICIENT_DATA, "minimum_runs", id="gone"),
        pytest.param(STEADY[:2], STEADY, Verdict.INSUFFICIENT_DATA, "minimum_runs", id="two runs"),
        pytest.param(STEADY, (*STEADY, -1.0), Verdict.DATA_FAULT, "data_fault", id="negative"),
        pytest.param((0.0, *STEADY), STEADY, Verdict.DATA_FAULT, "data_fault", id="zero"),
    ],
)
def test_each_verdict_says_which_step_decided(baseline, current, verdict, decided_by):
    cell = one_cell(baseline, current)
    assert (cell.verdict, cell.decided_by) == (verdict, decided_by)


def test_a_cell_is_suspected_when_only_the_number_of_cells_speaks_against_it():
    hit, rest = ("hit", "duration_s"), [(f"c{at}", "duration_s") for at in range(12)]
    baseline, current = dict.fromkeys(rest, STEADY), dict.fromkeys(rest, STEADY)
    # p = 0.0183 by Welch; among 13 cells q = 0.24.
    baseline[hit], current[hit] = (90, 110, 100, 105, 95), (115, 150, 120, 140, 112)
    verdict = judged(baseline, current)
    cell = next(c for c in verdict.cells if c.combination == "hit")
    assert cell.verdict is Verdict.SUSPECTED
    assert cell.decided_by == "multiplicity"
    assert cell.p < 0.05 < cell.q
    assert cell.explanation["plain_rule"] is True
    assert (verdict.verdict, verdict.exit_code) == (Verdict.SUSPECTED, 3)


def test_without_multiplicity_the_plain_rule_decides():
    policy = StagePolicy(multiplicity=False)
    rest = {(f"c{at}", "duration_s"): STEADY for at in range(12)}
    baseline = {**rest, ("hit", "duration_s"): (90, 110, 100, 105, 95)}
    current = {**rest, ("hit", "duration_s"): (115, 150, 120, 140, 112)}
    verdict = judged(baseline, current, policy=policy)
    assert [c.combination for c in verdict.cells if c.verdict is Verdict.REGRESSED] == ["hit"]


def test_the_figures_of_a_ratio_cell_are_scipys_on_logs_with_the_arithmetic_beside():
    baseline, current = np.array([90.0, 110, 100, 105, 95]), np.array([115.0, 150, 120, 140, 112])
    cell = one_cell(baseline, current)
    on_logs = stats.ttest_ind(np.log(current), np.log(baseline), equal_var=False)
    interval = on_logs.confidence_interval(0.95)
    assert cell.p == pytest.approx(on_logs.pvalue)
    assert cell.change == pytest.approx(stats.gmean(current) / stats.gmean(baseline) - 1)
    assert cell.change_ci95 == pytest.approx((math.expm1(interval.low), math.expm1(interval.high)))
    on_raw = stats.ttest_ind(current, baseline, equal_var=False)
    assert cell.p_arithmetic == pytest.approx(on_raw.pvalue)
    assert cell.change_arithmetic == pytest.approx(current.mean() / baseline.mean() - 1)
    assert (cell.baseline_mean, cell.current_mean) == (baseline.mean(), current.mean())
    assert cell.change_unit == "relative"


@pytest.mark.parametrize(
    ("metric", "current", "degradation"),
    [
        pytest.param("duration_s", times(1.5), 0.5, id="longer is worse"),
        pytest.param("throughput_rows_s", times(0.5), 0.5, id="half the throughput"),
        pytest.param("throughput_rows_s", times(2.0), -1.0, id="twice the throughput"),
    ],
)
def test_degradation_is_above_zero_where_it_is_worse(metric, current, degradation):
    cell = one_cell(STEADY, current, metric)
    assert cell.degradation == pytest.approx(degradation)
    assert cell.verdict is (Verdict.REGRESSED if degradation > 0 else Verdict.IMPROVED)


def test_percentages_are_judged_by_points():
    baseline, near, far = (10.0, 11.0, 9.0, 10.5, 9.5), 1.0, 8.0
    moved = [[value + by for value in baseline] for by in (near, far)]
    small, large = (one_cell(baseline, current, "gc_time_pct") for current in moved)
    assert (small.verdict, large.verdict) == (Verdict.UNCHANGED, Verdict.REGRESSED)
    assert (large.change, large.change_unit) == (pytest.approx(8.0), "points")


def test_events_are_judged_by_the_exact_test_of_rates():
    cell = one_cell([0] * 5, [2, 1, 3, 2, 1], "failed_tasks")
    # Nine events of nine on one side of two that are alike: 2 · 0.5⁹.
    assert cell.p == pytest.approx(2 * 0.5**9)
    assert cell.verdict is Verdict.REGRESSED
    assert (cell.change, cell.change_unit) == (pytest.approx(1.8), "events/run")


@pytest.mark.parametrize(("runs", "verdict"), [(5, Verdict.UNCHANGED), (2, Verdict.INCONCLUSIVE)])
def test_no_event_is_shown_to_be_rare_only_by_enough_runs(runs, verdict):
    policy = StagePolicy(minimum_baseline_runs=2)
    cell = one_cell([0] * runs, [0] * runs, "failed_tasks", policy=policy)
    assert (cell.verdict, cell.p, cell.q) == (verdict, 1.0, 1.0)


def test_half_an_event_is_a_data_fault_that_names_the_run():
    cell = one_cell([0] * 5, [0, 0, 0.5, 0, 0], "failed_tasks")
    assert cell.verdict is Verdict.DATA_FAULT
    assert cell.explanation["fault"]["run"] == "run-3"
    assert cell.explanation["fault"]["value"] == 0.5


def test_one_new_run_is_judged_by_the_prediction_interval():
    baseline = np.log([90.0, 110, 100, 105, 95])
    cell = one_cell([90.0, 110, 100, 105, 95], [118.0])
    error = baseline.std(ddof=1) * math.sqrt(1 + 1 / 5)
    expected = 2 * stats.t.sf((math.log(118) - baseline.mean()) / error, 4)
    assert cell.p == pytest.approx(expected)
    assert "one_run_prediction" in cell.flags


def test_five_identical_durations_on_both_sides_are_unchanged_and_not_certain():
    cell = one_cell([100.0] * 5, [100.0] * 5)
    assert cell.verdict is Verdict.UNCHANGED
    assert "noise_floor_used" in cell.flags
    assert 0.0 < one_cell([100.0] * 5, [101.0] * 5).p < 1.0


def test_twenty_cells_share_their_noise_and_say_so():
    baseline = {(f"c{at}", "duration_s"): times(1 + at / 100) for at in range(20)}
    verdict = judged(baseline, baseline)
    assert all(cell.p_moderated is not None for cell in verdict.cells)
    assert any("noise shared over 20 cells" in note for note in verdict.notes)
    few = judged(dict(list(baseline.items())[:19]), dict(list(baseline.items())[:19]))
    assert all(cell.p_moderated is None for cell in few.cells)


def test_a_disagreement_of_scales_is_flagged():
    # One slow run of eight: the mean is 26 % higher, the geometric mean 23 %.
    baseline = (99.0, 100.0, 101.0, 100.0, 100.0, 99.5, 100.5, 100.2)
    current = (115.0, 116.0, 114.0, 116.0, 115.0, 114.5, 115.5, 200.0)
    policy = StagePolicy(threshold_relative=0.245)
    cell = one_cell(baseline, current, policy=dataclasses.replace(policy, alpha=0.4))
    assert cell.change < 0.245 < cell.change_arithmetic
    assert "scale_conflict" in cell.flags


def test_an_inconclusive_cell_says_how_many_runs_would_decide():
    cell = one_cell((80, 120, 100, 110, 90), (95, 135, 85, 120, 110))
    assert cell.verdict is Verdict.INCONCLUSIVE
    assert cell.runs_needed > 5
    assert cell.explanation["more_runs"] == cell.runs_needed - 5


def test_a_verdict_that_rests_on_one_run_is_a_suspicion_and_says_that_it_flips():
    """The exact test alone called it regressed: p = 0.004, of nine events with one cause."""
    cell = one_cell([0] * 5, [0, 0, 9, 0, 0], "failed_tasks")
    assert (cell.verdict, cell.p) == (Verdict.SUSPECTED, pytest.approx(2 * 0.5**9))
    assert {"has_outliers", "flips_without_outliers"} <= set(cell.flags)
    assert cell.explanation["outlier_runs"] == {"baseline": [], "current": ["run-3"]}
    assert cell.explanation["verdict_without_outliers"] == "unchanged"


def test_metrics_that_are_only_shown_have_no_cell():
    verdict = judged({("a", "cpu_usage_pct"): STEADY}, {("a", "cpu_usage_pct"): STEADY})
    assert verdict.cells == ()
    assert (verdict.verdict, verdict.exit_code) == (Verdict.DATA_FAULT, 4)


def test_a_metric_that_the_catalogue_does_not_know_is_refused_by_name():
    with pytest.raises(ValueError, match="wobble"):
        one_cell(STEADY, STEADY, "wobble")
