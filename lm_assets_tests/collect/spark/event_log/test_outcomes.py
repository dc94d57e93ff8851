"""Logs whose jobs and stages do not end as they began, or end twice."""

import pytest

from lm_assets_tests.collect.spark.event_log.test_attempt_ends import answered, doubts, log, whole
from lm_assets_tests.fakes.spark_events import T0, job_end, stage_completed

ABORTED = "Job aborted due to stage failure: Task 1 in stage 0.0 failed 1 times"


def without(name: str):
    return [event for event in log(*whole()) if event["Event"] != f"SparkListener{name}"]


def ended_by(*events):
    """The log with other ends of its stage and its job."""
    before, end = log(*whole())[:-3], log(*whole())[-1]
    return answered(*before, *events, end)


def aborted():
    event = job_end(0, T0 + 4_000, failed=True)
    event["Job Result"]["Exception"]["Message"] = ABORTED
    return event


@pytest.mark.parametrize(
    ("name", "metric", "said"),
    [
        ("JobEnd", "failed_jobs", "1 job began without an end"),
        ("StageCompleted", "failed_stages", "1 stage began without an end"),
    ],
)
def test_what_began_and_did_not_end_leaves_no_plain_count(name, metric, said):
    answer = answered(*without(name))
    assert said in doubts(answer, metric)
    assert doubts(answer, "failed_tasks") == doubts(answer, "duration_s") == ""


@pytest.mark.parametrize("first", [False, True])
def test_a_job_that_ended_in_two_ways_is_no_failure_and_no_plain_count(first):
    ends = [job_end(0, T0 + 4_000, failed=failed) for failed in (first, not first)]
    answer = ended_by(stage_completed(0, T0 + 4_000), *ends)
    assert "1 job ended twice in the log, and not alike" in doubts(answer, "failed_jobs")
    assert answer.measurements.values["failed_jobs"] == 0.0


@pytest.mark.parametrize("reasons", [(None, "boom"), ("boom", None), ("boom", "Job 0 cancelled")])
def test_a_stage_that_ended_in_two_ways_is_no_failure_and_no_plain_count(reasons):
    ends = [stage_completed(0, T0 + 4_000, failure=reason) for reason in reasons]
    answer = ended_by(*ends, job_end(0, T0 + 4_000))
    assert "1 stage ended twice in the log, and not alike" in doubts(answer, "failed_stages")
    assert answer.measurements.values["failed_stages"] == 0.0


def test_ends_that_agree_cost_nothing():
    failed = stage_completed(0, T0 + 4_000, failure="boom")
    answer = ended_by(failed, failed, *[job_end(0, T0 + 4_000, failed=True)] * 2)
    assert doubts(answer, "failed_jobs") == doubts(answer, "failed_stages") == ""
    assert answer.measurements.values["failed_jobs"] == 1.0


def test_a_job_that_failed_for_its_stage_misses_the_stages_failure():
    answer = ended_by(stage_completed(0, T0 + 4_000), aborted())
    assert "1 job failed for a stage of which" in doubts(answer, "failed_stages")
    assert answer.measurements.values["failed_jobs"] == 1.0


def test_a_job_that_failed_with_its_stage_misses_nothing():
    answer = ended_by(stage_completed(0, T0 + 4_000, failure=ABORTED), aborted())
    assert doubts(answer, "failed_stages") == doubts(answer, "failed_tasks") == ""
    assert answer.measurements.values["failed_stages"] == 1.0
