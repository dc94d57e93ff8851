"""Counts and sums over the events of one application, one event at a time."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from lm_assets.collect.spark.contradictions import was_cancelled
from lm_assets.collect.spark.event_log import events, task_events
from lm_assets.collect.spark.event_log.attempt_ends import AttemptEnds
from lm_assets.collect.spark.event_log.executors import KnownExecutor, executor_figures
from lm_assets.collect.spark.event_log.task_amounts import TaskAmounts
from lm_assets.collect.spark.figures import (
    DRIVER,
    EXECUTORS,
    ApplicationFigures,
    utc_from_ms,
)
from lm_assets.collect.spark.properties import executor_cores, executor_memory_bytes
from lm_assets.collect.spark.task_durations import TaskDurations
from lm_assets.model.errors import UnusableInputError


@dataclass(slots=True)
class EventTally:
    """Everything known so far of one application attempt; ``figures`` gives it out."""

    durations: TaskDurations
    ends: AttemptEnds = field(default_factory=AttemptEnds)
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
    unneeded_stage_ids: set[int] = field(default_factory=set)
    tasks: int = 0
    failed_tasks: int = 0
    killed_tasks: int = 0
    speculative_tasks: int = 0
    failed_speculative_tasks: int = 0
    resubmitted_tasks: int = 0
    handlers: dict[type, Callable[..., bool | None]] = field(init=False)

    def __post_init__(self) -> None:
        self.handlers = {
            task_events.TaskStart: self.ends.begin,
            task_events.TaskEnd: self._task_end,
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

    @property
    def entities(self) -> int:
        """How many executors, jobs and stages are held."""
        executors = len(self.executors) + len(self.seen_since_ms) + len(self.peak_heap_bytes)
        stages = len(self.submitted) + len(self.failed_stages) + len(self.unneeded_stage_ids)
        return executors + stages + self.held_stage_ids + len(self.jobs)

    def _task_end(self, event: task_events.TaskEnd) -> bool:
        """Take an end into account; whether it was there before, and is passed over."""
        info = event.info
        if info is None:
            return False
        reason = event.reason.reason
        if reason == "Resubmitted":
            # The second end of an attempt that succeeded before its executor was lost.
            self.resubmitted_tasks += 1
            return False
        if self.ends.is_repeated(event, info, reason):
            return True
        self.tasks += 1
        self._count_outcome(event, info, reason)
        if event.peaks is not None and info.executor_id is not None:
            self._peak(info.executor_id, event.peaks.jvm_heap_bytes)
        return False

    def _count_outcome(
        self,
        event: task_events.TaskEnd,
        info: task_events.TaskInfo,
        reason: str | None,
    ) -> None:
        if info.is_speculative:
            self.speculative_tasks += 1
        if reason == "Success":
            span_ms = info.span_ms
            if span_ms is not None:
                self.durations.add(span_ms)
        elif event.reason.is_killed(has_application_ended=self.ended_ms is not None):
            self.killed_tasks += 1
            return
        elif reason is None:
            # How it ended cannot be read: neither a failure nor shown to be none.
            return
        elif info.is_speculative:
            self.failed_speculative_tasks += 1
        else:
            self.failed_tasks += 1
        if self.ended_ms is not None:
            self.ends.after_end += 1

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
        self.ends.complete(event.info)
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
        amounts: TaskAmounts,
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
            sums=amounts.sums(),
            peak_execution_memory_bytes=amounts.peak_execution_memory_bytes,
            driver_peak_jvm_heap_bytes=self.peak_heap_bytes.get(DRIVER),
            task_duration_p50_ms=self.durations.quantile_ms(0.50),
            task_duration_p95_ms=self.durations.quantile_ms(0.95),
            task_duration_p99_ms=self.durations.quantile_ms(0.99),
            unrecorded=frozenset(amounts.unrecorded),
            malformed_lines=malformed_lines,
            incomplete=incomplete,
            partial=partial,
            notes=notes,
        )

    def contradictions(self) -> Iterator[tuple[frozenset[str], str]]:
        """Yield what the log says that cannot be so, with the figures that rest on it."""
        yield from self.ends.contradictions(
            tasks=self.tasks,
            started_ms=self.start.timestamp_ms if self.start else None,
            ended_ms=self.ended_ms,
        )
        if any(known.is_backwards for known in self.executors.values()):
            yield frozenset({EXECUTORS}), "an executor was removed before it was added"

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
