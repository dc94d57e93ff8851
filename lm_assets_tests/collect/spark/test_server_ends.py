"""A History Server of whose jobs, stages and task attempts not all ended."""

from typing import Any

import pytest
from msgspec.structs import replace

from lm_assets.collect.spark.figures import JOBS, OF_TASK_ENDS, STAGES, ApplicationFigures
from lm_assets.collect.spark.profile_document import read_profile_document
from lm_assets.collect.spark.sources import ApplicationRef, ask_history_server
from lm_assets.gateways.http.history_server_answers import ApplicationAnswers, Job, Task
from lm_assets_tests.collect.spark.test_contradictions import (
    SECOND_NS,
    answers_of,
    figures,
    stage,
    task,
)

CPU = {"executor_cpu_time": SECOND_NS}
SAID = "Job aborted due to stage failure: Task 1 in stage 0.0 failed {} times, most recent failure"


def attempt(task_id: int, index: int, number: int = 0, **changes: Any) -> Task:
    return replace(task(task_id), index=index, attempt=number, **changes)


def of_rows(*rows: Task, jobs: list[Job] | None = None, **changes: Any) -> ApplicationFigures:
    return figures([stage(**{**CPU, **changes})], [list(rows)], jobs)


def test_attempts_that_all_ended_are_whole():
    failed = attempt(1, 1, status="FAILED")
    found = of_rows(
        attempt(0, 0),
        failed,
        attempt(2, 1, 1),
        num_failed_tasks=1,
        executor_cpu_time=SECOND_NS * 3 // 2,
    )
    assert (found.partial, found.incomplete) == ({}, ())


@pytest.mark.parametrize(
    "rows",
    [
        [attempt(0, 0), attempt(2, 1, 1)],
        [attempt(0, 0), attempt(1, 1), attempt(2, 2, status="RUNNING")],
    ],
    ids=["the first of two", "one that runs on"],
)
def test_an_absent_end_leaves_no_plain_figure_of_tasks(rows):
    assert of_rows(*rows).partial == dict.fromkeys(
        OF_TASK_ENDS, "1 task attempts began without an end"
    )


@pytest.mark.parametrize(("times", "unended"), [(1, 0), (4, 3)])
def test_a_stage_failed_for_a_task_more_often_than_its_rows_did(times, unended):
    rows = [attempt(0, 0), attempt(1, 1, status="FAILED")]
    changes = {"status": "FAILED", "failure_reason": SAID.format(times)}
    jobs = [Job(job_id=0, status="FAILED", stage_ids=[0])]
    found = of_rows(*rows, jobs=jobs, num_complete_tasks=1, num_failed_tasks=1, **changes)
    assert found.partial == (
        dict.fromkeys(OF_TASK_ENDS, f"{unended} task attempts began without an end")
        if unended
        else {}
    )
    assert (found.failed_jobs, found.failed_stages) == (1, 1)


@pytest.mark.parametrize("status", ["RUNNING", "UNKNOWN"])
def test_a_job_that_did_not_end_leaves_no_plain_count(status):
    found = of_rows(task(0), task(1), jobs=[Job(job_id=0, status=status, stage_ids=[0])])
    assert found.partial == {JOBS: "1 jobs did not end with the application"}


def test_a_stage_that_did_not_end_leaves_no_plain_count():
    assert of_rows(task(0), task(1), status="ACTIVE").partial == {
        STAGES: "1 stages did not end with the application"
    }


def test_a_job_that_failed_though_its_stages_completed_is_no_plain_zero():
    found = of_rows(task(0), task(1), jobs=[Job(job_id=0, status="FAILED", stage_ids=[0])])
    assert found.partial == {JOBS: "1 jobs failed, and each of their stages completed"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"num_killed_tasks": 2}, "stage 0.0 counts 2 killed tasks, its rows 0"),
        ({"executor_cpu_time": 9 * SECOND_NS}, "stage 0.0 has 9 s of CPU time, its rows 1 s"),
        ({"executor_run_time": 90_000}, "stage 0.0 has 90000 ms of run time, its rows 1800 ms"),
    ],
    ids=["killed", "CPU time", "run time"],
)
def test_a_stage_that_says_more_than_its_rows_contradicts_them(changes, said):
    (reason,) = of_rows(task(0), task(1), **changes).incomplete
    assert reason == f"the server's answers contradict each other: {said}"


class Serving:
    """A server of one application, whatever it is asked for."""

    def __init__(self, *rows: Task) -> None:
        self.answers = answers_of([stage(**CPU)], [list(rows)])

    def read_application(self, *_: object, **__: object) -> ApplicationAnswers:
        return self.answers


@pytest.mark.parametrize(
    ("rows", "is_whole"),
    [([attempt(0, 0), attempt(1, 1)], True), ([attempt(0, 0), attempt(2, 1, 1)], False)],
)
def test_nothing_is_exact_of_an_application_whose_ends_are_absent(rows, is_whole):
    """What runs count exactly is compared at any number of runs: a part is no exact count."""
    answer = ask_history_server(Serving(*rows), ApplicationRef(app_id="app-1"))  # type: ignore[arg-type]
    assert (not read_profile_document(answer.profile, source="x").profile.incomplete) is is_whole
