"""Where a History Server's answers say two things of one application, or what cannot be so."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from lm_assets.collect.spark.contradictions import (
    CLOCKS_AGREE_MS,
    said_to_fail,
    was_shut_down,
)
from lm_assets.collect.spark.figures import (
    DURATIONS,
    EVERYTHING,
    EXECUTORS,
    JOBS,
    OF_TASK_ENDS,
    SPAN,
    STAGES,
    utc_from_ms,
)
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
    if task.status == "KILLED" or _was_denied(task):
        return "killed"
    if task.status == "FAILED":
        if was_shut_down(task.error_message):
            return "killed"
        return "failed speculative" if task.speculative else "failed"
    return "running"


def is_counted_failure(task: Task) -> bool:
    """Whether the server itself counts a task attempt as failed."""
    return task.status == "FAILED" and not _was_denied(task)


def _was_denied(task: Task) -> bool:
    return (task.error_message or "").startswith(_DENIED)


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
    killed = sum(task.status == "KILLED" or _was_denied(task) for task in rows)
    if killed < stage.num_killed_tasks:
        yield f"{where} counts {stage.num_killed_tasks} killed tasks, its rows {killed}"
    told_ns = sum(task.task_metrics.executor_cpu_time for task in rows)
    if _differ(told_ns, stage.executor_cpu_time, clock=_CLOCK_NS * (1 + len(rows))):
        yield (
            f"{where} has {stage.executor_cpu_time / 1e9:g} s of CPU time, its rows "
            f"{told_ns / 1e9:g} s"
        )
    told_ms = sum(task.task_metrics.executor_run_time for task in rows)
    if stage.executor_run_time and _differ(told_ms, stage.executor_run_time, clock=len(rows)):
        yield f"{where} has {stage.executor_run_time} ms of run time, its rows {told_ms} ms"


def _differ(rows: int, stage: int, *, clock: int) -> bool:
    """Whether rows and stage add up to other times; servers before rows had them tell no row's."""
    return rows * _SUMS_AGREE > stage + clock or 0 < rows < stage * _SUMS_AGREE - clock


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
    yield from _unended(answers)
    attempt = answers.attempt
    ended_at = utc_from_ms(attempt.end_time_epoch) + _CLOCKS_AGREE
    started_at = utc_from_ms(attempt.start_time_epoch) - _CLOCKS_AGREE
    jobs = [job for job in answers.jobs if job.status == "SUCCEEDED" and job.completion_time]
    if any(instant(job.completion_time or "") > ended_at for job in jobs):
        yield EVERYTHING | {SPAN}, "jobs succeeded after the application's end"
    begun = [stage.submission_time for stage in answers.stages if stage.submission_time]
    if any(instant(text) < started_at for text in begun):
        yield frozenset({SPAN}), "stages were submitted before the application's start"


def _unended(answers: ApplicationAnswers) -> Iterator[tuple[frozenset[str], str]]:
    """Yield what began, or must have been there, and did not end with its application."""
    if n := sum(job.status in {"RUNNING", "UNKNOWN"} for job in answers.jobs):
        yield frozenset({JOBS}), f"{n} jobs did not end with the application"
    failed = [job for job in answers.jobs if job.status == "FAILED"]
    if n := sum(_have_completed(job.stage_ids, answers.stages) for job in failed):
        yield frozenset({JOBS}), f"{n} jobs failed, and each of their stages completed"
    if n := sum(stage.status == "ACTIVE" for stage in answers.stages):
        yield frozenset({STAGES}), f"{n} stages did not end with the application"
    unended = sum(
        _unended_tasks(stage, answers.tasks.get((stage.stage_id, stage.attempt_id), []))
        for stage in answers.stages
    )
    if unended:
        yield OF_TASK_ENDS, f"{unended} task attempts began without an end"


def _have_completed(stage_ids: Iterable[int], stages: Sequence[StageAttempt]) -> bool:
    own = set(stage_ids)
    return {stage.status for stage in stages if stage.stage_id in own} == {"COMPLETE"}


def _unended_tasks(stage: StageAttempt, rows: Sequence[Task]) -> int:
    """Return how many attempts have no end: by their rows, their numbers, and what is said."""
    ended = [task for task in rows if outcome_of(task) != "running"]
    by_index = Counter(task.index for task in ended if task.index is not None)
    latest: dict[int, int] = {}
    for task in rows:
        if task.index is not None:
            latest[task.index] = max(task.attempt, latest.get(task.index, 0))
    begun = sum(latest.values()) + len(latest)
    unended = max(len(rows) - len(ended), begun - by_index.total())
    said = said_to_fail(stage.failure_reason)
    if said is None or said[0][:2] != (stage.stage_id, stage.attempt_id):
        return unended
    failed = sum(t.index in {said[0][2], None} and t.status != "SUCCESS" for t in ended)
    return max(unended, said[1] - failed)


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
