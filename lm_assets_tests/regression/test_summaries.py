"""Summaries of records: every cell has one, also where nothing was measured."""

from dataclasses import replace

import pytest

from lm_assets.regression.history.sources import of_one_quantity
from lm_assets.regression.summaries import summarise
from lm_assets_tests.builders import a_metric_catalogue, a_record

METRICS = a_metric_catalogue(["gc_time_pct", "duration_s"])


def runs(*durations: float | None):
    return [
        a_record(
            run_id=f"run-{number}",
            tier1_stability={},
            tier2_efficiency={},
            tier3_performance={} if value is None else {"duration_s": value},
        )
        for number, value in enumerate(durations, start=1)
    ]


def of(metric: str, *durations: float | None):
    return next(s for s in summarise(runs(*durations), METRICS) if s.metric == metric)


def test_the_figures_of_five_runs_are_those_of_the_textbook():
    summary = of("duration_s", 10.0, 11.0, 12.0, 13.0, 14.0)
    assert (summary.n, summary.mean, summary.median) == (5, 12.0, 12.0)
    assert summary.stddev == pytest.approx(1.5811388300841898)
    # t(0.975, 4) = 2.7764451051977987
    assert summary.ci95_low == pytest.approx(
        12.0 - 2.7764451051977987 * 1.5811388300841898 / 5**0.5
    )


def test_a_metric_without_values_has_a_row_and_no_figures():
    summary = of("gc_time_pct", 10.0, 11.0)
    assert (summary.n, summary.n_missing, summary.mean, summary.stddev) == (0, 2, None, None)


def test_runs_without_a_value_are_counted_and_do_not_enter_the_figures():
    summary = of("duration_s", 10.0, None, 12.0)
    assert (summary.n, summary.n_missing, summary.mean) == (2, 1, 11.0)


def test_one_run_has_a_mean_and_no_spread():
    summary = of("duration_s", 10.0)
    assert (summary.mean, summary.stddev, summary.ci95_low) == (10.0, None, None)


def test_an_outlier_is_named_by_its_run_and_stays_in_the_mean():
    summary = of("duration_s", 10.0, 10.1, 10.2, 10.1, 30.0)
    assert summary.outlier_runs == ("run-5",)
    assert summary.mean == pytest.approx(14.08)


def test_no_records_make_no_summaries():
    assert summarise([], METRICS) == []


def test_a_stored_value_that_no_statistic_holds_counts_as_missing_and_raises_nothing():
    summary = of("duration_s", 10.0, 11.0, 1e155, -1.7e308)
    assert (summary.n, summary.n_missing, summary.mean, summary.maximum) == (2, 2, 10.5, 11.0)


def test_what_measured_the_runs_is_kept_each_source_once_and_lower_bounds_by_it_apart():
    first, second, third = runs(10.0, 11.0, 12.0)
    named = [
        replace(first, provenance={"duration_s": "result line: duration_sec"}),
        replace(second, provenance={"duration_s": "event log (at least; 3 lines)"}),
        replace(third, provenance={"duration_s": "event log"}),
    ]
    summary = next(s for s in summarise(named, METRICS) if s.metric == "duration_s")
    assert summary.sources == ("event log", "event log at least", "result line")


def test_a_history_leaves_out_a_campaign_whose_mean_has_a_lower_bound_in_it():
    first, second = runs(10.0, 11.0)
    whole = replace(first, provenance={"duration_s": "event log"})
    bound = replace(second, provenance={"duration_s": "event log (at least; 3 lines)"})
    nights = [
        next(s for s in summarise(records, METRICS) if s.metric == "duration_s")
        for records in ([whole], [whole, bound], [whole])
    ]
    quantity = of_one_quantity([night.sources for night in nights], METRICS["duration_s"])
    assert quantity.kept == (0, 2)
    assert quantity.left_out == {"event log, event log at least": 1}
