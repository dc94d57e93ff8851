"""Where a History Server's answers say two things of one application, or what cannot be so."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from lm_assets.collect.spark.contradictions import CLOCKS_AGREE_MS, was_shut_down
from lm_assets.collect.spark.figures import DURATIONS, EVERYTHING, EXECUTORS, SPAN, utc_from_ms
from lm_assets.gateways.http.history_server_answers import (
    ApplicationAnswers,
    Executor,
    StageAttempt,
    Task,
)

_DENIED = "TaskCommitDenied"
# Rows are rounded one by one, a stage's sum is not.
_SUMS_AGREE = 0.9
_CLOCK_NS = 1_000_000
_CLOCKS_AGREE = timedelta(milliseconds=CLOCKS_AGREE_MS)
# Sums of one stage: 2^60 bytes are an exabyte, and as many nanoseconds 36 years.
_LARGEST = 2**60
_AMOUNTS = (
    *("executor_run_time", "executor_cpu_time", "jvm_gc_time"),
    *("memory_bytes_spilled", "disk_bytes_spilled", "shuffle_write_bytes"),
    *("input_records", "output_records"),
)
# More cores than any machine has.
_MOST_CORES = 2**16


def outcome_of(task: Task) -> str:
    """Return how a task attempt ended, or that it runs."""
    if task.status == "SUCCESS":
        return "success"
    # The rows call a denied commit failed; the server's own counts call it killed.
    if task.status == "KILLED" or (task.error_message or "").startswith(_DENIED):
        return "killed"
    if task.status == "FAILED":
        if was_shut_down(task.error_message):
            return "killed"
        return "failed speculative" if task.speculative else "failed"
    return "running"


def is_counted_failure(task: Task) -> bool:
    """Whether the server itself counts a task attempt as failed."""
    return task.status == "FAILED" and not (task.error_message or "").startswith(_DENIED)


def stage_contradictions(
    stage: StageAttempt, rows: Sequence[Task], succeeded: int
) -> Iterator[str]:
    """Yield where a stage's rows say more than the stage: one of them is wrong."""
    where = f"the server's answers contradict each other: stage {stage.stage_id}.{stage.attempt_id}"
    ended = sum(outcome_of(task) != "running" for task in rows)
    if succeeded > stage.num_complete_tasks or ended > stage.ended_tasks:
        counted = f"{stage.num_complete_tasks} successful of {stage.ended_tasks} ended tasks"
        yield f"{where} counts {counted}, its rows {succeeded} of {ended}"
        return
    wanted = stage.num_tasks if stage.attempt_id == 0 and stage.status == "COMPLETE" else 0
    if stage.num_complete_tasks < wanted:
        yield f"{where} completed with {stage.num_complete_tasks} of its {wanted} tasks"
    if len({task.task_id for task in rows}) < len(rows):
        yield f"{where} has two rows of one task attempt"
    if beyond := [name for name in _AMOUNTS if not 0 <= getattr(stage, name) <= _LARGEST]:
        yield f"{where} has {beyond[0]} of {getattr(stage, beyond[0])}"
    told_ns = sum(task.task_metrics.executor_cpu_time for task in rows)
    if told_ns * _SUMS_AGREE > stage.executor_cpu_time + _CLOCK_NS:
        yield (
            f"{where} has {stage.executor_cpu_time / 1e9:g} s of CPU time, its rows "
            f"{told_ns / 1e9:g} s"
        )
    told_ms = sum(task.task_metrics.executor_run_time for task in rows)
    if 0 < stage.executor_run_time < told_ms * _SUMS_AGREE - len(rows):
        yield f"{where} has {stage.executor_run_time} ms of run time, its rows {told_ms} ms"


def repeated(answers: ApplicationAnswers) -> Iterator[str]:
    """Yield what the server lists twice: its sums would count twice."""
    lists = {
        "job": [str(job.job_id) for job in answers.jobs],
        "stage attempt": [f"{stage.stage_id}.{stage.attempt_id}" for stage in answers.stages],
        "executor": [executor.id for executor in answers.executors],
    }
    for what, names in lists.items():
        if twice := sorted(name for name, n in Counter(names).items() if n > 1):
            yield f"the server's answers contradict each other: {what} {twice[0]} is listed twice"


def contradictory_figures(answers: ApplicationAnswers) -> Iterator[tuple[frozenset[str], str]]:
    """Yield what cannot be so of a completed application, with the figures that rest on it."""
    backwards = sum((t.duration or 0) < 0 for rows in answers.tasks.values() for t in rows)
    if backwards:
        why = f"{backwards} task attempts finished before they were launched"
        yield frozenset({DURATIONS}), why
    for executor in answers.executors:
        if reason := _odd_executor(executor):
            yield frozenset({EXECUTORS}), f"executor {executor.id} {reason}"
    attempt = answers.attempt
    ended_at = utc_from_ms(attempt.end_time_epoch) + _CLOCKS_AGREE
    started_at = utc_from_ms(attempt.start_time_epoch) - _CLOCKS_AGREE
    jobs = [job for job in answers.jobs if job.status == "SUCCEEDED" and job.completion_time]
    if any(instant(job.completion_time or "") > ended_at for job in jobs):
        yield EVERYTHING | {SPAN}, "jobs succeeded after the application's end"
    begun = [stage.submission_time for stage in answers.stages if stage.submission_time]
    if any(instant(text) < started_at for text in begun):
        yield frozenset({SPAN}), "stages were submitted before the application's start"


def _odd_executor(executor: Executor) -> str:
    if executor.total_cores > _MOST_CORES:
        return f"has {executor.total_cores} cores"
    if executor.remove_time and instant(executor.remove_time) < instant(executor.add_time):
        return "was removed before it was added"
    return ""


def instant(text: str) -> datetime:
    """Return a time that the server wrote; without a zone it is of UTC."""
    # The server writes 2026-11-22T01:02:03.456GMT, which ISO 8601 does not know.
    read = datetime.fromisoformat(text.replace("GMT", "+00:00"))
    return read if read.tzinfo is not None else read.replace(tzinfo=UTC)
