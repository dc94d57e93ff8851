"""A History Server that says two things of one application, and attempts that cannot be so."""

from typing import Any

import pytest
from msgspec.structs import replace

from lm_assets.collect.spark.contradictions import is_beyond, was_cancelled
from lm_assets.collect.spark.figures import CPU, ApplicationFigures
from lm_assets.collect.spark.history_server_figures import figures_from_answers
from lm_assets.gateways.http.history_server_answers import (
    Application,
    ApplicationAnswers,
    Attempt,
    Environment,
    Executor,
    Job,
    StageAttempt,
    Task,
    TaskMetrics,
)

NOON = "2026-11-22T12:00:00.000GMT"
SECOND_NS = 1_000_000_000
UPTIME_MS = 40_000_000
CANCELLED = "Job 1 cancelled part of cancelled job group broadcast"


def stage(stage_id: int = 0, *, status: str = "COMPLETE", **changes: Any) -> StageAttempt:
    sums = dict.fromkeys(StageAttempt.__struct_fields__[6:-4], 0)
    counts = {"num_complete_tasks": 2, "num_failed_tasks": 0, "num_killed_tasks": 0}
    fields = {"stage_id": stage_id, "attempt_id": 0, "submission_time": NOON, **sums, **counts}
    return StageAttempt(status=status, **{**fields, **changes})


def task(task_id: int, *, status: str = "SUCCESS", duration: int = 1_000, **metrics: int) -> Task:
    told = {"executor_run_time": 900, "executor_cpu_time": SECOND_NS // 2, "jvm_gc_time": 90}
    return Task(
        task_id=task_id,
        status=status,
        speculative=False,
        duration=duration,
        task_metrics=TaskMetrics(**{**told, **metrics}),
    )


def figures(
    stages: list[StageAttempt], tasks: list[list[Task]], jobs: list[Job] | None = None
) -> ApplicationFigures:
    return figures_from_answers(answers_of(stages, tasks, jobs))


def answers_of(
    stages: list[StageAttempt], tasks: list[list[Task]], jobs: list[Job] | None = None
) -> ApplicationAnswers:
    return ApplicationAnswers(
        application=Application(id="app-1", name="a", attempts=[]),
        attempt=Attempt(start_time_epoch=1, end_time_epoch=2, completed=True),
        jobs=jobs or [Job(job_id=0, status="SUCCEEDED", stage_ids=[0])],
        stages=stages,
        executors=[Executor(id="driver", is_active=True, total_cores=0, add_time=NOON)],
        environment=Environment(spark_properties=[("spark.app.id", "app-1")]),
        tasks={(s.stage_id, s.attempt_id): rows for s, rows in zip(stages, tasks, strict=True)},
    )


def test_rows_and_sums_of_a_stage_that_agree_are_whole():
    sums = {"executor_run_time": 1_800, "executor_cpu_time": SECOND_NS, "jvm_gc_time": 180}
    assert figures([stage(**sums)], [[task(0), task(1)]]).incomplete == ()


def test_more_rows_than_the_stage_counts_contradict_it():
    """The sums are of the tasks that were counted: half of the CPU time would be told as all."""
    found = figures([stage(executor_cpu_time=SECOND_NS)], [[task(0), task(1), task(2), task(3)]])
    (reason,) = found.incomplete
    assert reason == (
        "the server's answers contradict each other: stage 0.0 counts 2 successful of 2 ended "
        "tasks, its rows 4 of 4"
    )


def test_fewer_rows_than_the_stage_counts_were_dropped():
    (reason,) = figures(
        [stage(num_complete_tasks=5, executor_cpu_time=SECOND_NS)], [[task(0), task(1)]]
    ).incomplete
    assert reason.startswith("the server dropped old tasks of stage 0.0: 2 of 5")


def test_a_job_id_that_was_never_announced_is_a_note_and_no_loss():
    """The server drops its oldest jobs: where the first is there, none was dropped."""
    first, third = (
        Job(job_id=n, status="SUCCEEDED", stage_ids=[0], completion_time=f"2026-11-22T12:00:0{n}")
        for n in (0, 2)
    )
    whole = stage(executor_cpu_time=SECOND_NS)
    found = figures([whole], [[task(0), task(1)]], [first, third])
    assert found.incomplete == ()
    assert "1 job ids were never announced" in found.notes
    (reason,) = figures([whole], [[task(0), task(1)]], [third]).incomplete
    assert reason == "the server dropped old jobs: 1 of 3 left"


@pytest.mark.parametrize(
    ("changes", "rows", "said"),
    [
        ({"num_tasks": 3}, [0, 1], "stage 0.0 completed with 2 of its 3 tasks"),
        ({}, [1, 1], "stage 0.0 has two rows of one task attempt"),
        ({"executor_cpu_time": -SECOND_NS}, [], "stage 0.0 has executor_cpu_time of -1000000000"),
        ({"disk_bytes_spilled": 9 * 10**18}, [0, 1], "has disk_bytes_spilled of 9000000000000000"),
    ],
    ids=["a task absent", "a row twice", "below zero", "more than any disk"],
)
def test_a_stage_that_cannot_be_so_is_no_plain_figure(changes, rows, said):
    counts = {"num_complete_tasks": len(rows), "executor_cpu_time": SECOND_NS}
    found = figures([stage(**{**counts, **changes})], [[task(n) for n in rows]])
    assert any(said in reason for reason in found.incomplete)


@pytest.mark.parametrize(
    ("changes", "figure", "said"),
    [
        ({"add_time": NOON, "total_cores": 4_000_000_000}, "executors", "has 4000000000 cores"),
        (
            {"add_time": NOON, "total_cores": 4, "remove_time": NOON.replace("T12", "T11")},
            "executors",
            "was removed before it was added",
        ),
    ],
    ids=["cores", "times"],
)
def test_an_executor_that_cannot_be_so_leaves_no_figure_that_rests_on_it(changes, figure, said):
    answers = answers_of([stage(executor_cpu_time=SECOND_NS)], [[task(0), task(1)]])
    answers.executors.append(Executor(id="1", is_active=False, **changes))
    assert figures_from_answers(answers).partial == {figure: f"executor 1 {said}"}


def test_a_row_that_finished_before_it_was_launched_leaves_no_quantile():
    rows = [task(0), task(1, duration=-5, executor_run_time=0, executor_cpu_time=0)]
    found = figures([stage(executor_cpu_time=SECOND_NS)], [rows])
    assert found.partial == {"task durations": "1 task attempts finished before they were launched"}


def test_times_of_the_application_that_its_own_parts_contradict_leave_nothing_plain():
    answers = answers_of(
        [stage(executor_cpu_time=SECOND_NS)],
        [[task(0), task(1)]],
        [Job(job_id=0, status="SUCCEEDED", stage_ids=[0], completion_time=NOON)],
    )
    noon_ms = 1_795_348_800_000
    answers.attempt.start_time_epoch, answers.attempt.end_time_epoch = noon_ms, noon_ms + 5
    assert figures_from_answers(answers).partial == {}
    answers.attempt.end_time_epoch -= 60_000
    assert "after the application's end" in figures_from_answers(answers).partial["failed tasks"]
    answers.attempt.start_time_epoch += 60_000
    told = figures_from_answers(answers).partial["application times"]
    assert told.endswith("stages were submitted before the application's start")


def test_what_ended_with_its_context_is_killed_and_no_resubmission():
    ended = replace(
        task(2, status="FAILED"),
        error_message="ExecutorLostFailure (executor 1 exited unrelated to the running tasks) "
        "Reason: Job 0 cancelled because SparkContext was shut down",
    )
    sums = {"executor_cpu_time": 2 * SECOND_NS, "num_failed_tasks": 1}
    found = figures([stage(**sums)], [[task(0), task(1), ended]])
    assert (found.failed_tasks, found.killed_tasks, found.resubmitted_tasks) == (0, 1, 0)


def test_rows_with_more_cpu_time_than_their_stage_contradict_it():
    (reason,) = figures([stage(executor_cpu_time=SECOND_NS // 4)], [[task(0), task(1)]]).incomplete
    assert reason.endswith("stage 0.0 has 0.25 s of CPU time, its rows 1 s")


def test_rows_with_more_run_time_than_their_stage_contradict_it():
    sums = {"executor_cpu_time": SECOND_NS, "executor_run_time": 400}
    (reason,) = figures([stage(**sums)], [[task(0), task(1)]]).incomplete
    assert reason.endswith("stage 0.0 has 400 ms of run time, its rows 1800 ms")


@pytest.mark.parametrize(
    ("what", "named"),
    [("jobs", "job 0"), ("stages", "stage attempt 0.0"), ("executors", "executor driver")],
)
def test_what_the_server_lists_twice_contradicts_it(what, named):
    sums = {"executor_cpu_time": SECOND_NS, "executor_run_time": 1_800}
    answers = answers_of([stage(**sums)], [[task(0), task(1)]])
    listed = getattr(answers, what)
    listed.append(listed[0])
    (reason,) = figures_from_answers(answers).incomplete
    assert reason == f"the server's answers contradict each other: {named} is listed twice"


def test_an_attempt_that_ran_for_longer_than_it_was_there_is_left_out_of_the_sums_and_told():
    """Spark up to 3.0.1 gives an attempt that was killed before it began the machine's uptime."""
    killed = task(2, status="KILLED", duration=5, executor_run_time=UPTIME_MS, jvm_gc_time=0)
    sums = {
        "executor_run_time": 1_800 + UPTIME_MS,
        "executor_cpu_time": 2 * SECOND_NS,
        "jvm_gc_time": 180,
        "num_killed_tasks": 1,
    }
    found = figures([stage(**sums)], [[task(0), task(1), killed]])
    assert (found.sums.executor_run_time_ms, found.sums.jvm_gc_time_ms) == (1_800, 180)
    assert any("1 task attempts left out of run and GC time" in note for note in found.notes)
    assert CPU not in found.partial


def test_of_cpu_time_that_no_attempt_can_have_the_rest_is_a_lower_bound():
    beyond = task(1, executor_cpu_time=90 * SECOND_NS)
    found = figures([stage(executor_cpu_time=91 * SECOND_NS)], [[task(0), beyond]])
    assert found.sums.executor_cpu_time_ns == SECOND_NS
    assert found.partial == {CPU: "1 attempts say more CPU time than they were there"}


def test_what_adaptive_execution_called_off_has_not_failed():
    stages = [stage(0), stage(1, status="FAILED", failure_reason=CANCELLED)]
    jobs = [
        Job(job_id=0, status="SUCCEEDED", stage_ids=[0]),
        Job(job_id=1, status="FAILED", stage_ids=[1]),
    ]
    found = figures(stages, [[task(0), task(1)], [task(2), task(3)]], jobs)
    assert (found.failed_jobs, found.failed_stages) == (0, 0)
    assert (found.cancelled_jobs, found.cancelled_stages) == (1, 1)
    assert any(note.startswith("1 jobs and 1 stages were cancelled") for note in found.notes)


def test_a_job_one_of_whose_stages_failed_has_failed_though_others_were_cancelled():
    stages = [
        stage(0, status="FAILED", failure_reason="Job aborted due to stage failure: Task 1 failed"),
        stage(1, status="FAILED", failure_reason=CANCELLED),
    ]
    jobs = [Job(job_id=0, status="FAILED", stage_ids=[0, 1])]
    found = figures(stages, [[task(0), task(1)], [task(2), task(3)]], jobs)
    assert (found.failed_jobs, found.cancelled_jobs) == (1, 0)
    assert (found.failed_stages, found.cancelled_stages) == (1, 1)


@pytest.mark.parametrize(
    ("reason", "is_cancelled"),
    [
        (CANCELLED, True),
        ("Stage 3 was cancelled", True),
        ("[SPARK_JOB_CANCELLED] Job 4 cancelled by user", True),
        ("Job 2 cancelled because SparkContext was shut down", False),
        ("Job aborted due to stage failure: the query was cancelled", False),
        ("", False),
        (None, False),
    ],
)
def test_only_what_was_called_off_is_cancelled(reason, is_cancelled):
    assert was_cancelled(reason) is is_cancelled


@pytest.mark.parametrize(
    ("time_ms", "span_ms", "is_impossible"),
    [(1_900, 1_000, False), (2_100, 1_000, True), (40, None, False), (1_500, -5, True)],
    ids=["clocks differ", "longer than there", "nobody knows", "began after its end"],
)
def test_two_clocks_may_differ_by_a_second(time_ms, span_ms, is_impossible):
    assert is_beyond(time_ms, span_ms) is is_impossible
