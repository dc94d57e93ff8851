"""What one Spark application attempt did, as its event log or a History Server tells it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

DRIVER = "driver"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# Figures that may not be whole while others are: what rests on a line that cannot be read.
TASKS, STAGES, JOBS = "failed tasks", "failed stages", "failed jobs"
CPU, HEAP, SPILL, GC, ROWS = "CPU time", "heap", "spill", "GC time", "rows"
DURATIONS, EXECUTORS = "task durations", "executors"
# The application's own times: known where the first and the last event are, whatever else is lost.
SPAN = "application times"
OF_TASK_ENDS = frozenset({TASKS, CPU, HEAP, SPILL, GC, ROWS, DURATIONS})
EVERYTHING = frozenset({TASKS, STAGES, JOBS, CPU, HEAP, SPILL, GC, ROWS, DURATIONS, EXECUTORS})


@dataclass(frozen=True, kw_only=True, slots=True)
class ExecutorFigures:
    """One executor that was announced; in local mode that is the driver itself.

    ``removed_at`` is None for an executor that lived to the end. ``peak_jvm_heap_bytes`` is None
    where the application did not record executor memory (Spark before 3.0).
    """

    executor_id: str
    cores: int
    added_at: datetime
    removed_at: datetime | None = None
    peak_jvm_heap_bytes: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskSums:
    """Sums of the task metrics over every ended task attempt, whatever its outcome."""

    executor_run_time_ms: int = 0
    executor_cpu_time_ns: int = 0
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


@dataclass(frozen=True, kw_only=True, slots=True)
class ApplicationFigures:
    """Counts, sums and quantiles of one attempt of one Spark application.

    ``failed_tasks`` are task attempts that failed of themselves. A killed attempt (also one whose
    commit was denied, as in Spark's own count, or one that ended because its SparkContext did), a
    speculative copy and a resubmission after a lost executor are counted by themselves and are no
    failure, and so are cancelled jobs and stages,
    such as those that adaptive execution no longer needed. ``stages_run`` counts stage attempts
    that were submitted; ``skipped_stages`` counts stages that an ended job never needed to submit.
    ``task_duration_*_ms`` are quantiles of finish minus launch over the application's successful
    task attempts, None where there are none.

    ``unrecorded`` names task metrics that some task did not record, whose sum is therefore unknown.

    ``incomplete`` says why counts and sums are lower bounds (compacted or missing log files, a
    server that dropped old stages), and is empty where they are whole. ``partial`` says of single
    figures, by the names above, why they are not whole. ``notes`` is for people.
    """

    app_id: str
    attempt_id: str | None = None
    app_name: str | None = None
    spark_version: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    executor_cores_configured: int | None = None
    executor_memory_bytes: int | None = None
    executors: tuple[ExecutorFigures, ...] = ()
    jobs: int = 0
    failed_jobs: int = 0
    stages_run: int = 0
    cancelled_jobs: int = 0
    failed_stages: int = 0
    cancelled_stages: int = 0
    skipped_stages: int = 0
    tasks: int = 0
    failed_tasks: int = 0
    killed_tasks: int = 0
    speculative_tasks: int = 0
    resubmitted_tasks: int = 0
    sums: TaskSums = TaskSums()
    peak_execution_memory_bytes: int = 0
    driver_peak_jvm_heap_bytes: int | None = None
    task_duration_p50_ms: float | None = None
    task_duration_p95_ms: float | None = None
    task_duration_p99_ms: float | None = None
    unrecorded: frozenset[str] = frozenset()
    malformed_lines: int = 0
    incomplete: tuple[str, ...] = ()
    partial: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def duration_s(self) -> float | None:
        """Seconds from application start to end, or None where either is unknown."""
        if self.started_at is None or self.ended_at is None:
            return None
        return (self.ended_at - self.started_at).total_seconds()

    @property
    def peak_cores(self) -> int:
        """Most executor cores that were there at one time: a replaced executor counts once."""
        changes = [(executor.added_at, executor.cores) for executor in self.executors]
        changes += [(e.removed_at, -e.cores) for e in self.executors if e.removed_at is not None]
        peak = cores = 0
        # At the same instant the lost executor goes before its replacement comes.
        for _, change in sorted(changes):
            cores += change
            peak = max(peak, cores)
        return peak

    @property
    def peak_jvm_heap_bytes(self) -> int | None:
        """Largest heap that any executor used, or None where none recorded it."""
        peaks = [e.peak_jvm_heap_bytes for e in self.executors if e.peak_jvm_heap_bytes is not None]
        return max(peaks, default=None)

    @property
    def executor_seconds(self) -> float | None:
        """Summed life time of the executors, or None for an application without an end."""
        if self.ended_at is None:
            return None
        return sum(_life_s(executor, self.ended_at) for executor in self.executors)


def _life_s(executor: ExecutorFigures, ended_at: datetime) -> float:
    until = min(executor.removed_at or ended_at, ended_at)
    return max((until - executor.added_at).total_seconds(), 0.0)


def utc_from_ms(timestamp_ms: int) -> datetime:
    """Return the instant that a count of milliseconds since 1970 names."""
    # Not by fromtimestamp, which blames the operating system for a year that no calendar has.
    return _EPOCH + timedelta(milliseconds=timestamp_ms)


def executors_in_order(executors: Iterable[ExecutorFigures]) -> tuple[ExecutorFigures, ...]:
    """Return executors by the time they came, then by id: one order for every source."""
    return tuple(sorted(executors, key=lambda e: (e.added_at, e.executor_id)))
