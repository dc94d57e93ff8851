"""Lines that are no whole event: what rests on them is a lower bound or missing."""

import json

import pytest

from lm_assets.collect.spark.sources import ask_event_log
from lm_assets.model.provenance import is_at_least
from lm_assets_tests.collect.spark.event_log.damaged_logs import (
    application,
    failed_job,
    failed_stage,
    killed_before_it_began,
    part_of,
    task_end,
)


def answered(*events):
    return ask_event_log([part_of(*events)])


def provenance(answer, metric):
    return answer.measurements.provenance[metric]


class TestCutTaskEnds:
    """The ends of three failed tasks are cut: how many failed, and what they cost, is not known."""

    @pytest.fixture
    def answer(self):
        good = [task_end() for _ in range(4)]
        cut = [json.dumps(task_end(reason="ExceptionFailure"))[:-200] for _ in range(3)]
        return answered(*application(*good, *cut))

    @pytest.mark.parametrize("metric", ["failed_tasks", "cpu_core_seconds"])
    def test_leave_lower_bounds(self, answer, metric):
        assert is_at_least(provenance(answer, metric))
        assert "3 lines with a part of it could not be read" in provenance(answer, metric)

    @pytest.mark.parametrize("metric", ["gc_time_pct", "shuffle_spill_pct", "latency_p95_ms"])
    def test_leave_no_share_and_no_quantile(self, answer, metric):
        assert "3 lines" in answer.measurements.missing[metric]

    @pytest.mark.parametrize("metric", ["failed_jobs", "failed_stages", "duration_s"])
    def test_cost_nothing_that_does_not_rest_on_them(self, answer, metric):
        assert provenance(answer, metric) == "event log"


class TestOneOddField:
    def test_that_no_figure_needs_costs_none(self):
        answer = answered(*application(task_end(metrics={"Peak Execution Memory": "much"})))
        assert answer.measurements.values["cpu_core_seconds"] == 0.8
        assert provenance(answer, "cpu_core_seconds") == "event log"
        assert provenance(answer, "failed_tasks") == "event log"

    def test_costs_the_figures_that_need_it(self):
        odd = task_end(metrics={"Executor CPU Time": "plenty"})
        answer = answered(*application(task_end(), odd))
        assert is_at_least(provenance(answer, "cpu_core_seconds"))
        assert provenance(answer, "gc_time_pct") == "event log"

    def test_spelt_3_0_is_3(self):
        answer = answered(*application(task_end(metrics={"Executor CPU Time": 8e8})))
        assert answer.measurements.values["cpu_core_seconds"] == 0.8
        assert provenance(answer, "cpu_core_seconds") == "event log"

    @pytest.mark.parametrize("name", [[], {"a": 1}, 7, None], ids=str)
    def test_in_the_place_of_the_events_name_costs_that_line(self, name):
        answer = answered(*application(task_end(), {"Event": name}))
        assert answer.measurements.values["duration_s"] > 0.0

    def test_of_the_settings_leaves_the_others(self):
        events = application(task_end(), properties={"spark.executor.memory": "4g", "odd": 3})
        assert answered(*events).measurements.values["memory_gib_seconds"] > 0.0

    @pytest.mark.parametrize(
        "odd",
        [
            {"Accumulables": [{"ID": 1, "Name": "rows", "Value": 2}, {"ID": "x"}]},
            {"Accumulables": [{"ID": 1, "Name": 5}, "x", 7]},
            {"Accumulables": "x"},
            {"RDD Info": [{"Scope": 5}] * 30},
        ],
        ids=str,
    )
    def test_of_what_a_stage_was_made_of_costs_no_stage(self, odd):
        stage = failed_stage("boom")
        stage["Stage Info"] |= odd
        answer = answered(*application(task_end(), stage))
        assert answer.measurements.values["failed_stages"] == 1.0
        assert provenance(answer, "failed_stages") == "event log"

    def test_that_says_of_which_stage_an_attempt_is_costs_no_task(self):
        whole = {"Stage ID": 0, "Number of Tasks": 2, "Submission Time": 5}
        stage = {"Event": "SparkListenerStageCompleted", "Stage Info": whole}
        answer = answered(*application(task_end(), {**task_end(), "Stage ID": "0"}, stage))
        assert provenance(answer, "failed_tasks") == "event log"


class TestALogWithoutItsEnd:
    def test_has_no_plain_zero(self):
        answer = answered(*application(task_end())[:-1])
        assert answer.measurements.values["failed_jobs"] == 0.0
        assert is_at_least(provenance(answer, "failed_jobs"))


class TestALogWithoutItsApplicationStart:
    def test_counts_its_failures_when_it_begins_where_the_application_did(self):
        events = [e for e in application(task_end()) if "App ID" not in e]
        answer = answered(*events)
        assert answer.measurements.values["failed_tasks"] == 0.0
        assert "no application start" in answer.measurements.missing["duration_s"]

    def test_counts_nothing_when_it_begins_later(self):
        answer = answered(*[e for e in application(task_end()) if "App ID" not in e][3:])
        assert "beginning is missing" in answer.measurements.missing["failed_tasks"]


class TestCancelled:
    @pytest.mark.parametrize(
        "reason",
        [
            "Job 1 cancelled The query stage is no longer needed",
            "[SPARK_JOB_CANCELLED] Job 1 cancelled part of cancelled job group g",
            "Stage cancelled because Job 1 was cancelled",
        ],
    )
    def test_is_not_failed(self, reason):
        answer = answered(*application(task_end(), failed_stage(reason), failed_job(reason)))
        assert answer.measurements.values["failed_jobs"] == 0.0
        assert answer.measurements.values["failed_stages"] == 0.0
        assert any("1 jobs and 1 stages were cancelled" in note for note in answer.notes)

    @pytest.mark.parametrize(
        "reason",
        [
            "Job aborted due to stage failure: Task 3 in stage 1.0 failed 4 times",
            "Job 1 cancelled because SparkContext was shut down",
        ],
    )
    def test_is_not_everything_that_ended_badly(self, reason):
        answer = answered(*application(task_end(), failed_stage(reason), failed_job(reason)))
        assert answer.measurements.values["failed_jobs"] == 1.0
        assert answer.measurements.values["failed_stages"] == 1.0


class TestAnAttemptThatContradictsItsOwnTimes:
    def test_is_left_out_of_gc_and_run_time_and_told(self):
        answer = answered(*application(task_end(), killed_before_it_began()))
        assert answer.measurements.values["gc_time_pct"] == pytest.approx(10.0)
        assert any("1 task attempts left out" in note for note in answer.notes)


def test_memory_spilled_is_told_beside_the_share_on_disk():
    spilled = task_end(
        metrics={
            "Memory Bytes Spilled": 232 * 10**9,
            "Disk Bytes Spilled": 0,
            "Shuffle Write Metrics": {"Shuffle Bytes Written": 100},
        }
    )
    answer = answered(*application(spilled))
    assert answer.measurements.values["shuffle_spill_pct"] == 0.0
    assert any("232000000000 bytes of memory were spilled" in note for note in answer.notes)
