"""From a History Server's answers to the figures that the event log itself would give."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from lm_assets.collect.spark.contradictions import MOST_COLLECTORS, is_beyond, was_cancelled
from lm_assets.collect.spark.figures import (
    CPU,
    DRIVER,
    EVERYTHING,
    ApplicationFigures,
    ExecutorFigures,
    TaskSums,
    executors_in_order,
    utc_from_ms,
)
from lm_assets.collect.spark.history_server_contradictions import (
    contradictory_figures,
    instant,
    is_counted_failure,
    outcome_of,
    repeated,
    stage_contradictions,
)
from lm_assets.collect.spark.properties import executor_cores, executor_memory_bytes
from lm_assets.collect.spark.task_durations import TaskDurations
from lm_assets.gateways.http.history_server_answers import (
    ApplicationAnswers,
    Executor,
    Job,
    StageAttempt,
    Task,
)

# Spark's default of spark.ui.retainedDeadExecutors; older dead executors are dropped.
_RETAINED_DEAD_EXECUTORS = 100
_CPU_LEFT_OUT = "{cpu} attempts say more CPU time than they were there"


def figures_from_answers(answers: ApplicationAnswers) -> ApplicationFigures:
    """Return an application's figures from what the server says of its jobs, stages and tasks.

    Sums are the server's own per stage attempt. Task outcomes, peak execution memory and duration
    quantiles come from the rows of every task attempt, so that quantiles are of the application
    and not a mean over stages, exact as :class:`TaskDurations` says. What the server no longer
    holds (it keeps 1,000 jobs, 1,000 stages and 100,000 tasks a stage by default) is found by
    counting and makes the figures incomplete; so does an attempt that is not completed.
    """
    attempt, stages = answers.attempt, answers.stages
    properties = dict(answers.environment.spark_properties)
    executors = [executor for executor in answers.executors if executor.total_cores > 0]
    is_local = any(executor.id == DRIVER for executor in executors)
    ended_jobs = [job for job in answers.jobs if job.status == "FAILED"]
    cancelled_jobs = [job for job in ended_jobs if _was_job_cancelled(job, stages)]
    without_tasks = ApplicationFigures(
        app_id=answers.application.id,
        attempt_id=attempt.attempt_id,
        app_name=answers.application.name,
        spark_version=attempt.app_spark_version or None,
        started_at=utc_from_ms(attempt.start_time_epoch),
        ended_at=utc_from_ms(attempt.end_time_epoch) if attempt.completed else None,
        executor_cores_configured=executor_cores(properties),
        executor_memory_bytes=executor_memory_bytes(properties, is_local=is_local),
        executors=executors_in_order(_executor(executor) for executor in executors),
        jobs=len(answers.jobs),
        failed_jobs=len(ended_jobs) - len(cancelled_jobs),
        cancelled_jobs=len(cancelled_jobs),
        stages_run=sum(_was_submitted(stage) for stage in stages),
        failed_stages=sum(_has_failed(stage) for stage in stages),
        cancelled_stages=sum(_is_cancelled(stage) for stage in stages),
        skipped_stages=sum(stage.status == "SKIPPED" for stage in stages),
        sums=_sums(stages),
        driver_peak_jvm_heap_bytes=_driver_peak(answers.executors),
        incomplete=tuple(_incomplete(answers)),
    )
    return _with_tasks(without_tasks, answers)


def _partial(answers: ApplicationAnswers, contradictions: Mapping[str, int]) -> dict[str, str]:
    """Return why single figures are not whole: of an application under way none is."""
    if not answers.attempt.completed:
        return dict.fromkeys(sorted(EVERYTHING), "the application had not completed when asked")
    partial: dict[str, str] = {}
    if contradictions["cpu"]:
        partial[CPU] = _CPU_LEFT_OUT.format(**contradictions)
    for figures, why in contradictory_figures(answers):
        for figure in sorted(figures):
            partial[figure] = "; ".join(filter(None, (partial.get(figure), why)))
    return partial


def _with_tasks(figures: ApplicationFigures, answers: ApplicationAnswers) -> ApplicationFigures:
    tasks = [task for rows in answers.tasks.values() for task in rows]
    outcomes = Counter(outcome_of(task) for task in tasks)
    durations = TaskDurations()
    # The server leaves out a duration of zero.
    durations.extend(task.duration or 0 for task in tasks if task.status == "SUCCESS")
    counted_failures = sum(stage.num_failed_tasks for stage in answers.stages)
    failures = sum(is_counted_failure(task) for task in tasks)
    peaks = (task.task_metrics.peak_execution_memory for task in tasks)
    sums, contradictions = _without_contradictions(figures.sums, tasks)
    return replace(
        figures,
        sums=sums,
        partial=_partial(answers, contradictions),
        tasks=len(tasks) - outcomes["running"],
        failed_tasks=outcomes["failed"],
        killed_tasks=outcomes["killed"],
        speculative_tasks=sum(t.speculative and outcome_of(t) != "running" for t in tasks),
        # The server counts the second end of a resubmitted attempt as a failure without a row.
        resubmitted_tasks=max(counted_failures - failures, 0),
        peak_execution_memory_bytes=max(peaks, default=0),
        task_duration_p50_ms=durations.quantile_ms(0.50),
        task_duration_p95_ms=durations.quantile_ms(0.95),
        task_duration_p99_ms=durations.quantile_ms(0.99),
        notes=(
            *_notes(outcomes["failed speculative"], durations),
            *_left_out(figures, contradictions, answers),
        ),
    )


def _without_contradictions(sums: TaskSums, tasks: Sequence[Task]) -> tuple[TaskSums, Counter[str]]:
    """Return the sums without the times of attempts that say more than they were there."""
    found: Counter[str] = Counter()
    run_ms = gc_ms = cpu_ns = 0
    for task in tasks:
        metrics = task.task_metrics
        if outcome_of(task) == "running":
            continue
        gc_ms_each = metrics.jvm_gc_time / MOST_COLLECTORS
        if is_beyond(max(metrics.executor_run_time, gc_ms_each), task.duration or 0):
            found["run"] += 1
            run_ms, gc_ms = run_ms + metrics.executor_run_time, gc_ms + metrics.jvm_gc_time
        if is_beyond(metrics.executor_cpu_time / 1e6, task.duration or 0):
            found["cpu"] += 1
            cpu_ns += metrics.executor_cpu_time
    return (
        replace(
            sums,
            executor_run_time_ms=sums.executor_run_time_ms - run_ms,
            jvm_gc_time_ms=sums.jvm_gc_time_ms - gc_ms,
            executor_cpu_time_ns=sums.executor_cpu_time_ns - cpu_ns,
        ),
        found,
    )


def _is_cancelled(stage: StageAttempt) -> bool:
    return stage.status == "FAILED" and was_cancelled(stage.failure_reason)


def _has_failed(stage: StageAttempt) -> bool:
    return stage.status == "FAILED" and not was_cancelled(stage.failure_reason)


def _was_job_cancelled(job: Job, stages: Sequence[StageAttempt]) -> bool:
    """Whether a job was called off: the server does not say, but to fail takes a failed stage."""
    stage_ids = set(job.stage_ids)
    own = [stage for stage in stages if stage.stage_id in stage_ids]
    return bool(own) and not any(_has_failed(stage) for stage in own)


def _was_submitted(stage: StageAttempt) -> bool:
    return stage.status not in {"PENDING", "SKIPPED"} and stage.submission_time is not None


def _sums(stages: list[StageAttempt]) -> TaskSums:
    return TaskSums(
        executor_run_time_ms=sum(stage.executor_run_time for stage in stages),
        executor_cpu_time_ns=sum(stage.executor_cpu_time for stage in stages),
        jvm_gc_time_ms=sum(stage.jvm_gc_time for stage in stages),
        memory_bytes_spilled=sum(stage.memory_bytes_spilled for stage in stages),
        disk_bytes_spilled=sum(stage.disk_bytes_spilled for stage in stages),
        shuffle_bytes_written=sum(stage.shuffle_write_bytes for stage in stages),
        shuffle_bytes_read=sum(stage.shuffle_read_bytes for stage in stages),
        shuffle_rows_written=sum(stage.shuffle_write_records for stage in stages),
        shuffle_rows_read=sum(stage.shuffle_read_records for stage in stages),
        input_bytes=sum(stage.input_bytes for stage in stages),
        input_rows=sum(stage.input_records for stage in stages),
        output_bytes=sum(stage.output_bytes for stage in stages),
        output_rows=sum(stage.output_records for stage in stages),
    )


def _executor(executor: Executor) -> ExecutorFigures:
    return ExecutorFigures(
        executor_id=executor.id,
        cores=executor.total_cores,
        added_at=instant(executor.add_time),
        removed_at=instant(executor.remove_time) if executor.remove_time else None,
        peak_jvm_heap_bytes=executor.peak_memory_metrics.jvm_heap_bytes or None,
    )


def _driver_peak(executors: list[Executor]) -> int | None:
    peaks = (e.peak_memory_metrics.jvm_heap_bytes for e in executors if e.id == DRIVER)
    return next(peaks, 0) or None


def _incomplete(answers: ApplicationAnswers) -> Iterator[str]:
    if not answers.attempt.completed:
        yield "application is not completed: it is running, or its driver died"
    elif answers.is_torn:
        yield (
            f"the server's answers contradict each other: {len(answers.jobs)} jobs, "
            f"{len(answers.stages)} stages, {len(answers.executors)} executors"
        )
    yield from repeated(answers)
    # Spark numbers jobs and stages from 0 without gaps.
    jobs = {job.job_id for job in answers.jobs}
    if jobs and max(jobs) >= len(jobs) and not _has_first_job(answers.jobs):
        yield f"the server dropped old jobs: {len(jobs)} of {max(jobs) + 1} left"
    stages = {stage.stage_id for stage in answers.stages}
    if stages and max(stages) >= len(stages):
        yield f"the server dropped old stages: {len(stages)} of {max(stages) + 1} left"
    for stage in answers.stages:
        rows = answers.tasks.get((stage.stage_id, stage.attempt_id), [])
        succeeded = sum(task.status == "SUCCESS" for task in rows)
        if succeeded < stage.num_complete_tasks:
            yield (
                f"the server dropped old tasks of stage {stage.stage_id}.{stage.attempt_id}: "
                f"{succeeded} of {stage.num_complete_tasks} successful ones left"
            )
        yield from stage_contradictions(stage, rows, succeeded)
    dead = sum(not executor.is_active for executor in answers.executors)
    if dead >= _RETAINED_DEAD_EXECUTORS:
        yield f"{dead} dead executors: the server may have dropped others"


def _has_first_job(jobs: Sequence[Job]) -> bool:
    """Whether the job that ended first is there: the server drops those first."""
    first = next((job for job in jobs if job.job_id == 0), None)
    if first is None or first.completion_time is None:
        return False
    ended = [job.completion_time for job in jobs if job.completion_time is not None]
    return first.completion_time <= min(ended)


def _left_out(
    figures: ApplicationFigures, contradictions: Counter[str], answers: ApplicationAnswers
) -> Iterator[str]:
    jobs = {job.job_id for job in answers.jobs}
    if jobs and max(jobs) >= len(jobs) and _has_first_job(answers.jobs):
        yield f"{max(jobs) + 1 - len(jobs)} job ids were never announced"
    if contradictions["run"]:
        yield (
            f"{contradictions['run']} task attempts left out of run and GC time: they say that "
            "they ran for longer than they were there"
        )
    if figures.cancelled_jobs or figures.cancelled_stages:
        yield (
            f"{figures.cancelled_jobs} jobs and {figures.cancelled_stages} stages were cancelled; "
            "not in failed_jobs and failed_stages"
        )
    if figures.sums.memory_bytes_spilled:
        yield (
            f"{figures.sums.memory_bytes_spilled} bytes of memory were spilled, as "
            f"{figures.sums.disk_bytes_spilled} bytes on disk; shuffle_spill_pct is of the disk"
        )


def _notes(failed_speculative_tasks: int, durations: TaskDurations) -> Iterator[str]:
    if failed_speculative_tasks:
        yield f"{failed_speculative_tasks} speculative copies failed; not in failed_tasks"
    if not durations.is_exact:
        yield f"task-duration quantiles within 0.5 %: more than {durations.exact_up_to} tasks"
