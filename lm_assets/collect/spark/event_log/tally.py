"""Counts and sums over the events of one application, one event at a time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields

from lm_assets.collect.spark.contradictions import is_beyond, was_cancelled
from lm_assets.collect.spark.event_log import events
from lm_assets.collect.spark.event_log.executors import KnownExecutor, executor_figures
from lm_assets.collect.spark.figures import (
    DRIVER,
    ApplicationFigures,
    TaskSums,
    utc_from_ms,
)
from lm_assets.collect.spark.properties import executor_cores, executor_memory_bytes
from lm_assets.collect.spark.task_durations import TaskDurations
from lm_assets.model.errors import UnusableInputError

# Spark's own count puts a denied commit with the killed attempts: another attempt won.
_KILLED = frozenset({"TaskKilled", "TaskCommitDenied"})


_SUMMED = tuple(f.name for f in fields(TaskSums) if not f.name.startswith("executor_"))


@dataclass(slots=True)
class EventTally:
    """Everything known so far of one application attempt; ``figures`` gives it out."""

    durations: TaskDurations
    held_stage_ids: int = 0
    start: events.ApplicationStart | None = None
    ended_ms: int | None = None
    version: str | None = None
    properties: dict[str, str] = field(default_factory=dict)
    executors: dict[str, KnownExecutor] = field(default_factory=dict)
    seen_since_ms: dict[str, int] = field(default_factory=dict)
    peak_heap_bytes: dict[str, int] = field(default_factory=dict)
    stages_of_job: dict[int, list[int]] = field(default_factory=dict)
    jobs: set[int] = field(default_factory=set)
    job_results: dict[int, str] = field(default_factory=dict)
    submitted: set[tuple[int, int]] = field(default_factory=set)
    failed_stages: set[tuple[int, int]] = field(default_factory=set)
    cancelled_stages: set[tuple[int, int]] = field(default_factory=set)
    contradictory_tasks: int = 0
    contradictory_cpu: int = 0
    unneeded_stage_ids: set[int] = field(default_factory=set)
    tasks: int = 0
    failed_tasks: int = 0
    killed_tasks: int = 0
    speculative_tasks: int = 0
    failed_speculative_tasks: int = 0
    resubmitted_tasks: int = 0
    peak_execution_memory_bytes: int = 0
    run_time_ms: int = 0
    cpu_time_ns: int = 0
    jvm_gc_time_ms: int = 0
    memory_bytes_spilled: int = 0
    disk_bytes_spilled: int = 0
    shuffle_bytes_written: int = 0
    shuffle_bytes_read: int = 0
    shuffle_rows_written: int = 0
    shuffle_rows_read: int = 0
    input_bytes: int = 0
    input_rows: int = 0
    output_bytes: int = 0
    output_rows: int = 0
    unrecorded: set[str] = field(default_factory=set)
    handlers: dict[type, Callable[..., None]] = field(init=False)

    def __post_init__(self) -> None:
        self.handlers = {
            events.TaskEnd: self._task_end,
            events.StageSubmitted: self._stage_submitted,
            events.StageCompleted: self._stage_completed,
            events.StageExecutorMetrics: self._stage_executor_metrics,
            events.JobStart: self._job_start,
            events.JobEnd: self._job_end,
            events.ExecutorAdded: self._executor_added,
            events.BlockManagerAdded: self._block_manager_added,
            events.ExecutorRemoved: self._executor_removed,
            events.EnvironmentUpdate: self._environment_update,
            events.ApplicationStart: self._application_start,
            events.ApplicationEnd: self._application_end,
            events.LogStart: self._log_start,
        }

    def add(self, event: object) -> None:
        """Take one event into account; kinds that no figure needs are passed over."""
        handler = self.handlers.get(type(event))
        if handler is not None:
            handler(event)

    @property
    def entities(self) -> int:
        """How many executors, jobs and stages are held."""
        executors = len(self.executors) + len(self.seen_since_ms) + len(self.peak_heap_bytes)
        stages = len(self.submitted) + len(self.failed_stages) + len(self.unneeded_stage_ids)
        return executors + stages + self.held_stage_ids + len(self.jobs)

    def _task_end(self, event: events.TaskEnd) -> None:
        info = event.info
        if info is None:
            return
        reason = event.reason.reason
        if reason == "Resubmitted":
            # The second end of an attempt that succeeded before its executor was lost.
            self.resubmitted_tasks += 1
            return
        self.tasks += 1
        self._count_outcome(reason, info)
        if event.peaks is not None and info.executor_id is not None:
            self._peak(info.executor_id, event.peaks.jvm_heap_bytes)
        if event.metrics is not None:
            self._sum(event.metrics, info.span_ms)

    def _count_outcome(self, reason: str | None, info: events.TaskInfo) -> None:
        if info.is_speculative:
            self.speculative_tasks += 1
        if reason == "Success":
            if (span_ms := info.span_ms) is not None:
                self.durations.add(span_ms)
        elif reason in _KILLED:
            self.killed_tasks += 1
        elif reason is None:
            # How it ended cannot be read: neither a failure nor shown to be none.
            return
        elif info.is_speculative:
            self.failed_speculative_tasks += 1
        else:
            self.failed_tasks += 1

    def _sum(self, metrics: events.TaskMetrics, span_ms: int | None) -> None:
        if is_beyond(metrics.cpu_time_ns / 1e6, span_ms):
            self.contradictory_cpu += 1
        else:
            self.cpu_time_ns += metrics.cpu_time_ns
        if metrics.jvm_gc_time_ms is None:
            self.unrecorded.add(events.GC_TIME)
        elif is_beyond(metrics.run_time_ms, span_ms):
            self.contradictory_tasks += 1
        else:
            self.run_time_ms += metrics.run_time_ms
            self.jvm_gc_time_ms += metrics.jvm_gc_time_ms
        self.memory_bytes_spilled += metrics.memory_bytes_spilled
        if metrics.disk_bytes_spilled is None:
            self.unrecorded.add(events.DISK_SPILL)
        else:
            self.disk_bytes_spilled += metrics.disk_bytes_spilled
        self.peak_execution_memory_bytes = max(
            self.peak_execution_memory_bytes, metrics.peak_execution_memory_bytes
        )
        if (read := metrics.shuffle_read) is not None:
            self.shuffle_bytes_read += read.remote_bytes + read.local_bytes
            self.shuffle_rows_read += read.rows
        if (write := metrics.shuffle_write) is not None:
            self.shuffle_bytes_written += write.written_bytes
            self.shuffle_rows_written += write.rows
        if metrics.input is not None:
            self.input_bytes += metrics.input.read_bytes
            self.input_rows += metrics.input.rows
        if metrics.output is not None:
            self.output_bytes += metrics.output.written_bytes
            self.output_rows += metrics.output.rows

    def _peak(self, executor_id: str, heap_bytes: int) -> None:
        # Spark writes 0 for an executor that sent no heartbeat during the stage.
        if heap_bytes > self.peak_heap_bytes.get(executor_id, 0):
            self.peak_heap_bytes[executor_id] = heap_bytes

    def _stage_executor_metrics(self, event: events.StageExecutorMetrics) -> None:
        self._peak(event.executor_id, event.peaks.jvm_heap_bytes)

    def _stage_submitted(self, event: events.StageSubmitted) -> None:
        self.submitted.add((event.info.stage_id, event.info.attempt_id))

    def _stage_completed(self, event: events.StageCompleted) -> None:
        attempt = (event.info.stage_id, event.info.attempt_id)
        if event.info.submitted_ms is not None:
            self.submitted.add(attempt)
        if event.info.failure_reason is not None:
            is_cancelled = was_cancelled(event.info.failure_reason)
            (self.cancelled_stages if is_cancelled else self.failed_stages).add(attempt)

    def _job_start(self, event: events.JobStart) -> None:
        self.jobs.add(event.job_id)
        before = self.stages_of_job.get(event.job_id, ())
        self.stages_of_job[event.job_id] = event.stage_ids
        self.held_stage_ids += len(event.stage_ids) - len(before)

    def _job_end(self, event: events.JobEnd) -> None:
        self.jobs.add(event.job_id)
        said = event.result.exception.message if event.result.exception else None
        if event.result.result != "JobSucceeded":
            self.job_results[event.job_id] = "cancelled" if was_cancelled(said) else "failed"
        stage_ids = self.stages_of_job.pop(event.job_id, ())
        self.held_stage_ids -= len(stage_ids)
        self.unneeded_stage_ids.update(stage_ids)

    def _block_manager_added(self, event: events.BlockManagerAdded) -> None:
        self.seen_since_ms.setdefault(event.block_manager.executor_id, event.timestamp_ms)

    def _executor_added(self, event: events.ExecutorAdded) -> None:
        since_ms = self.seen_since_ms.setdefault(event.executor_id, event.timestamp_ms)
        self.executors[event.executor_id] = KnownExecutor(event.info.cores, since_ms)

    def _executor_removed(self, event: events.ExecutorRemoved) -> None:
        if event.executor_id in self.executors:
            self.executors[event.executor_id].removed_ms = event.timestamp_ms

    def _environment_update(self, event: events.EnvironmentUpdate) -> None:
        self.properties = event.properties

    def _application_start(self, event: events.ApplicationStart) -> None:
        if self.start is not None and self.start.app_id != event.app_id:
            raise UnusableInputError(
                "event_log_of_two_applications", f"{self.start.app_id} and {event.app_id}"
            )
        self.start = event

    def _application_end(self, event: events.ApplicationEnd) -> None:
        self.ended_ms = event.timestamp_ms

    def _log_start(self, event: events.LogStart) -> None:
        self.version = event.version

    def figures(
        self,
        *,
        malformed_lines: int,
        incomplete: tuple[str, ...],
        partial: Mapping[str, str],
        notes: tuple[str, ...],
    ) -> ApplicationFigures:
        """Return what was counted."""
        start = self.start
        ended = self.failed_stages | self.cancelled_stages
        run_ids = {stage_id for stage_id, _ in self.submitted | ended}
        return ApplicationFigures(
            app_id=(start.app_id if start else None) or self.properties.get("spark.app.id", ""),
            attempt_id=start.attempt_id if start else None,
            app_name=start.app_name if start else None,
            spark_version=self.version,
            started_at=utc_from_ms(start.timestamp_ms) if start else None,
            ended_at=None if self.ended_ms is None else utc_from_ms(self.ended_ms),
            executor_cores_configured=executor_cores(self.properties),
            executor_memory_bytes=self._executor_memory_bytes(),
            executors=executor_figures(self.executors, self.peak_heap_bytes),
            jobs=len(self.jobs),
            failed_jobs=self._jobs_that("failed"),
            cancelled_jobs=self._jobs_that("cancelled"),
            stages_run=len(self.submitted),
            failed_stages=len(self.failed_stages),
            cancelled_stages=len(self.cancelled_stages),
            skipped_stages=len(self.unneeded_stage_ids - run_ids),
            tasks=self.tasks,
            failed_tasks=self.failed_tasks,
            killed_tasks=self.killed_tasks,
            speculative_tasks=self.speculative_tasks,
            resubmitted_tasks=self.resubmitted_tasks,
            sums=self._sums(),
            peak_execution_memory_bytes=self.peak_execution_memory_bytes,
            driver_peak_jvm_heap_bytes=self.peak_heap_bytes.get(DRIVER),
            task_duration_p50_ms=self.durations.quantile_ms(0.50),
            task_duration_p95_ms=self.durations.quantile_ms(0.95),
            task_duration_p99_ms=self.durations.quantile_ms(0.99),
            unrecorded=frozenset(self.unrecorded),
            malformed_lines=malformed_lines,
            incomplete=incomplete,
            partial=partial,
            notes=notes,
        )

    @property
    def has_beginning(self) -> bool:
        """Whether the log begins where the application began: with its first line and first job."""
        return self.version is not None and 0 in self.jobs

    def _jobs_that(self, ended: str) -> int:
        return sum(result == ended for result in self.job_results.values())

    def _executor_memory_bytes(self) -> int | None:
        if not self.properties:
            return None
        return executor_memory_bytes(self.properties, is_local=DRIVER in self.executors)

    def _sums(self) -> TaskSums:
        return TaskSums(
            executor_run_time_ms=self.run_time_ms,
            executor_cpu_time_ns=self.cpu_time_ns,
            **{name: getattr(self, name) for name in _SUMMED},
        )
