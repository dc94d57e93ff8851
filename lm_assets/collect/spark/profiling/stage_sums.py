"""What the tasks of one stage add up to, while they end one by one."""

from dataclasses import dataclass, field, replace

from lm_assets.collect.spark.event_log import task_events
from lm_assets.collect.spark.task_durations import TaskDurations
from lm_assets.model.application_profile import StageProfile

_NS_PER_MS = 1_000_000
# Of one stage; beyond, quantiles are within 0.5 %, in constant memory.
_EXACT_UP_TO = 20_000


@dataclass(slots=True)
class StageSums:
    """Sums over task attempts, by the names of the profile."""

    run_times: TaskDurations = field(default_factory=lambda: TaskDurations(_EXACT_UP_TO))
    run_time_max_ms: int = 0
    by_executor: dict[str, list[int]] = field(default_factory=dict)
    tasks: int = 0
    failed: int = 0
    killed: int = 0
    speculative: int = 0
    task_time_ms: int = 0
    run_time_ms: int = 0
    cpu_time_ns: int = 0
    gc_time_ms: int = 0
    fetch_wait_ms: int = 0
    shuffle_write_ns: int = 0
    deserialize_ms: int = 0
    result_ms: int = 0
    scheduler_delay_ms: int = 0
    input_bytes: int = 0
    input_rows: int = 0
    output_bytes: int = 0
    output_rows: int = 0
    read_bytes: int = 0
    read_rows: int = 0
    written_bytes: int = 0
    written_rows: int = 0
    memory_spilled: int = 0
    disk_spilled: int = 0
    largest_task_rows: int = 0

    def add(self, event: task_events.TaskEnd, info: task_events.TaskInfo) -> None:
        """Take one ended attempt into account."""
        is_success = self.count(event, info)
        duration_ms = 0
        finished_ms, launched_ms = info.finished_ms, info.launched_ms
        if finished_ms is not None and launched_ms is not None and finished_ms > launched_ms:
            duration_ms = finished_ms - launched_ms
            self.task_time_ms += duration_ms
        metrics = event.metrics
        if metrics is not None:
            run_ms = self._add_times(metrics, info, duration_ms)
            rows = self._add_data(metrics)
            if is_success:
                self._add_success(info.executor_id or "", run_ms, rows)

    def count(self, event: task_events.TaskEnd, info: task_events.TaskInfo) -> bool:
        """Count one ended attempt, and say whether it succeeded."""
        self.tasks += 1
        if info.is_speculative:
            self.speculative += 1
        reason = event.reason.reason
        if reason == "Success":
            return True
        self._count_failure(reason)
        return False

    def _count_failure(self, reason: str | None) -> None:
        if reason in {"TaskKilled", "TaskCommitDenied"}:
            self.killed += 1
        else:
            self.failed += 1

    def _add_times(
        self, metrics: task_events.TaskMetrics, info: task_events.TaskInfo, duration_ms: int
    ) -> int:
        """Add up where the time of an attempt went; return its run time."""
        # Comparisons in place of max(): each of these runs once a task.
        run_ms, deserialize_ms = metrics.run_time_ms, metrics.deserialize_ms
        if run_ms < 0:  # noqa: PLR1730
            run_ms = 0
        sending_ms = metrics.result_ms
        if info.result_since_ms and info.finished_ms is not None:
            sending_ms += max(info.finished_ms - info.result_since_ms, 0)
        self.run_time_ms += run_ms
        self.cpu_time_ns += metrics.cpu_time_ns
        self.deserialize_ms += deserialize_ms
        self.result_ms += sending_ms
        if metrics.jvm_gc_time_ms:
            self.gc_time_ms += metrics.jvm_gc_time_ms
        waited_ms = duration_ms - run_ms - deserialize_ms - sending_ms
        if waited_ms > 0:
            self.scheduler_delay_ms += waited_ms
        if metrics.memory_bytes_spilled:
            self.memory_spilled += metrics.memory_bytes_spilled
        if metrics.disk_bytes_spilled:
            self.disk_spilled += metrics.disk_bytes_spilled
        return run_ms

    def _add_success(self, executor_id: str, run_ms: int, rows: int) -> None:
        self.run_times.add(run_ms)
        if run_ms > self.run_time_max_ms:  # noqa: PLR1730
            self.run_time_max_ms = run_ms
        if rows > self.largest_task_rows:  # noqa: PLR1730
            self.largest_task_rows = rows
        on_executor = self.by_executor.get(executor_id)
        if on_executor is None:
            on_executor = self.by_executor[executor_id] = [0, 0]
        on_executor[0] += 1
        on_executor[1] += run_ms

    def _add_data(self, metrics: task_events.TaskMetrics) -> int:
        """Add up what was read and written; return the rows that the task read."""
        rows = 0
        # Spark writes all four of every task; most of them are of nothing.
        if (read := metrics.shuffle_read) is not None:
            in_bytes = read.remote_bytes + read.local_bytes
            if in_bytes or read.rows:
                rows = read.rows
                self.read_rows += rows
                self.read_bytes += in_bytes
                self.fetch_wait_ms += read.fetch_wait_ms
        if (write := metrics.shuffle_write) is not None and (write.rows or write.written_bytes):
            self.written_bytes += write.written_bytes
            self.written_rows += write.rows
            self.shuffle_write_ns += write.time_ns
        if (taken := metrics.input) is not None and (taken.rows or taken.read_bytes):
            self.input_bytes += taken.read_bytes
            self.input_rows += taken.rows
            rows += taken.rows
        if (given := metrics.output) is not None and (given.rows or given.written_bytes):
            self.output_bytes += given.written_bytes
            self.output_rows += given.rows
        return rows

    def sums(self) -> dict[str, int]:
        """Return the sums by name; those of nothing are left out."""
        every = {
            "tasks": self.tasks,
            "input_bytes": self.input_bytes,
            "input_rows": self.input_rows,
            "output_bytes": self.output_bytes,
            "output_rows": self.output_rows,
            "shuffle_read_bytes": self.read_bytes,
            "shuffle_read_rows": self.read_rows,
            "shuffle_write_bytes": self.written_bytes,
            "shuffle_write_rows": self.written_rows,
            "memory_spilled_bytes": self.memory_spilled,
            "disk_spilled_bytes": self.disk_spilled,
            "largest_task_rows": self.largest_task_rows,
            "failed_tasks": self.failed,
            "killed_tasks": self.killed,
            "speculative_tasks": self.speculative,
            "task_time_ms": self.task_time_ms,
            "run_time_ms": self.run_time_ms,
            "cpu_time_ms": self.cpu_time_ns // _NS_PER_MS,
            "gc_time_ms": self.gc_time_ms,
            "fetch_wait_ms": self.fetch_wait_ms,
            "shuffle_write_ms": self.shuffle_write_ns // _NS_PER_MS,
            "deserialize_ms": self.deserialize_ms,
            "result_ms": self.result_ms,
            "scheduler_delay_ms": self.scheduler_delay_ms,
        }
        return {name: amount for name, amount in every.items() if amount}


def with_attempts(stage: StageProfile, late: StageSums) -> StageProfile:
    """Return a stage with attempts that ended after it: counted, and nothing else of them."""
    names = ("tasks", "failed_tasks", "killed_tasks", "speculative_tasks")
    counted = late.sums()
    more = {name: stage.sum_of(name) + counted[name] for name in names if name in counted}
    return replace(stage, sums={**stage.sums, **more})


def merged_stages(one: StageProfile, other: StageProfile) -> StageProfile:
    """Return two stages of one kind as one row.

    The largest task stays the largest; quantiles over both are not known and are left out.
    """
    names = one.sums.keys() | other.sums.keys()
    sums = {name: one.sum_of(name) + other.sum_of(name) for name in sorted(names)}
    largest = max(one.sum_of("largest_task_rows"), other.sum_of("largest_task_rows"))
    if largest:
        sums["largest_task_rows"] = largest
    return StageProfile(
        execution=one.execution,
        key=one.key,
        name=one.name,
        operators=one.operators,
        fragments=one.fragments,
        functions=_both(one.functions, other.functions),
        kept_data=_both(one.kept_data, other.kept_data),
        sums=sums,
        clock_ms=one.clock_ms + other.clock_ms,
        run_time_max_ms=max(one.run_time_max_ms or 0.0, other.run_time_max_ms or 0.0),
        merged=one.merged + other.merged,
    )


def _both(one: tuple[str, ...] | None, other: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Return what either has; not known where it is not known of one."""
    return None if one is None or other is None else tuple(sorted({*one, *other}))
