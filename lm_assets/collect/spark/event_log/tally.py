"""Counts and sums over the events of one application, one event at a time."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from lm_assets.collect.spark.event_log import events, task_events
from lm_assets.collect.spark.event_log.attempt_ends import AttemptEnds
from lm_assets.collect.spark.event_log.executors import KnownExecutor, executor_figures
from lm_assets.collect.spark.event_log.outcomes import Outcomes
from lm_assets.collect.spark.event_log.task_amounts import TaskAmounts
from lm_assets.collect.spark.figures import (
    DRIVER,
    EXECUTORS,
    SPAN,
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
    outcomes: Outcomes = field(default_factory=Outcomes)
    start: events.ApplicationStart | None = None
    ended_ms: int | None = None
    contradictory_times: int = 0
    version: str | None = None
    properties: dict[str, str] = field(default_factory=dict)
    executors: dict[str, KnownExecutor] = field(default_factory=dict)
    seen_since_ms: dict[str, int] = field(default_factory=dict)
    peak_heap_bytes: dict[str, int] = field(default_factory=dict)
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
            events.StageSubmitted: self.outcomes.stage_submitted,
            events.StageCompleted: self._stage_completed,
            events.StageExecutorMetrics: self._stage_executor_metrics,
            events.JobStart: self.outcomes.job_start,
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
        return executors + self.outcomes.entities + len(self.ends.stages.ends)

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

    def _stage_completed(self, event: events.StageCompleted) -> None:
        self.ends.complete(event.info)
        self.outcomes.stage_completed(event)

    def _job_end(self, event: events.JobEnd) -> None:
        if event.result.exception is not None:
            self.ends.stages.fail(event.result.exception.message)
        self.outcomes.job_end(event)

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
        # Of times that differ those are kept between which it surely ran.
        before = self.start or event
        self.contradictory_times += event.timestamp_ms != before.timestamp_ms
        self.start = max(before, event, key=lambda start: start.timestamp_ms)

    def _application_end(self, event: events.ApplicationEnd) -> None:
        before_ms = event.timestamp_ms if self.ended_ms is None else self.ended_ms
        self.contradictory_times += event.timestamp_ms != before_ms
        self.ended_ms = min(event.timestamp_ms, before_ms)

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
        start, outcomes = self.start, self.outcomes
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
            jobs=len(outcomes.jobs),
            failed_jobs=outcomes.jobs_that("failed"),
            cancelled_jobs=outcomes.jobs_that("cancelled"),
            stages_run=len(outcomes.submitted),
            failed_stages=len(outcomes.failed_stages),
            cancelled_stages=len(outcomes.cancelled_stages),
            skipped_stages=outcomes.skipped_stages,
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
        if self.ended_ms is not None:
            yield from self.outcomes.contradictions()
        if self.contradictory_times:
            yield frozenset({SPAN}), "the application starts or ends twice, at other times"
        if any(known.is_backwards for known in self.executors.values()):
            yield frozenset({EXECUTORS}), "an executor was removed before it was added"

    @property
    def has_beginning(self) -> bool:
        """Whether the log begins where the application began: with its first line and first job."""
        return self.version is not None and 0 in self.outcomes.jobs

    def _executor_memory_bytes(self) -> int | None:
        if not self.properties:
            return None
        return executor_memory_bytes(self.properties, is_local=DRIVER in self.executors)
