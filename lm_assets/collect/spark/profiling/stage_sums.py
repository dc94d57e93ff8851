"""What the tasks of one stage add up to, while they end one by one."""

from dataclasses import dataclass, field, replace

from lm_assets.collect.spark.event_log import task_events
from lm_assets.collect.spark.event_log.task_amounts import TaskAmounts
from lm_assets.collect.spark.task_durations import TaskDurations
from lm_assets.model.application_profile import StageProfile

_NS_PER_MS = 1_000_000
# Of one stage; beyond, quantiles are within 0.5 %, in constant memory.
_EXACT_UP_TO = 20_000


@dataclass(slots=True)
class StageSums(TaskAmounts):
    """What the attempts of one stage add up to, how they ended, where they ran and for how long."""

    run_times: TaskDurations = field(default_factory=lambda: TaskDurations(_EXACT_UP_TO))
    run_time_max_ms: int = 0
    by_executor: dict[str, list[int]] = field(default_factory=dict)
    tasks: int = 0
    failed: int = 0
    killed: int = 0
    speculative: int = 0
    task_time_ms: int = 0
    scheduler_delay_ms: int = 0
    largest_task_rows: int = 0

    def add(self, event: task_events.TaskEnd, info: task_events.TaskInfo) -> None:
        """Take one ended attempt into account."""
        # Each of these lines runs once a task, which is why there is no max() and little is called.
        is_success = self.count(event, info)
        finished_ms, launched_ms = info.finished_ms, info.launched_ms
        span_ms, duration_ms = None, 0
        if finished_ms is not None and launched_ms is not None:
            span_ms = finished_ms - launched_ms
            if span_ms > 0:
                duration_ms = span_ms
                self.task_time_ms += span_ms
        metrics = event.metrics
        if metrics is None:
            return
        run_ms = self.add_attempt(metrics, span_ms)
        if run_ms is not None:
            waited_ms = duration_ms - run_ms - metrics.deserialize_ms - metrics.result_ms
            if info.result_since_ms and finished_ms is not None:
                fetching_ms = max(finished_ms - info.result_since_ms, 0)
                self.result_ms += fetching_ms
                waited_ms -= fetching_ms
            if waited_ms > 0:
                self.scheduler_delay_ms += waited_ms
            if is_success:
                self._add_success(info.executor_id or "", run_ms)
        if is_success:
            rows = _rows_read(metrics)
            if rows > self.largest_task_rows:  # noqa: PLR1730
                self.largest_task_rows = rows

    def count(self, event: task_events.TaskEnd, info: task_events.TaskInfo) -> bool:
        """Count one ended attempt, and say whether it succeeded."""
        self.tasks += 1
        if info.is_speculative:
            self.speculative += 1
        reason = event.reason.reason
        if reason == "Success":
            return True
        if reason in {"TaskKilled", "TaskCommitDenied"}:
            self.killed += 1
        else:
            self.failed += 1
        return False

    def _add_success(self, executor_id: str, run_ms: int) -> None:
        self.run_times.add(run_ms)
        if run_ms > self.run_time_max_ms:  # noqa: PLR1730
            self.run_time_max_ms = run_ms
        on_executor = self.by_executor.get(executor_id)
        if on_executor is None:
            on_executor = self.by_executor[executor_id] = [0, 0]
        on_executor[0] += 1
        on_executor[1] += run_ms

    def by_name(self) -> dict[str, int]:
        """Return the sums by name; those of nothing are left out."""
        every = {
            "tasks": self.tasks,
            "input_bytes": self.input_bytes,
            "input_rows": self.input_rows,
            "output_bytes": self.output_bytes,
            "output_rows": self.output_rows,
            "shuffle_read_bytes": self.shuffle_bytes_read,
            "shuffle_read_rows": self.shuffle_rows_read,
            "shuffle_write_bytes": self.shuffle_bytes_written,
            "shuffle_write_rows": self.shuffle_rows_written,
            "memory_spilled_bytes": self.memory_bytes_spilled,
            "disk_spilled_bytes": self.disk_bytes_spilled,
            "largest_task_rows": self.largest_task_rows,
            "failed_tasks": self.failed,
            "killed_tasks": self.killed,
            "speculative_tasks": self.speculative,
            "task_time_ms": self.task_time_ms,
            "run_time_ms": self.run_time_ms,
            "cpu_time_ms": self.cpu_time_ns // _NS_PER_MS,
            "gc_time_ms": self.jvm_gc_time_ms,
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
    counted = late.by_name()
    more = {name: stage.sum_of(name) + counted[name] for name in names if name in counted}
    return replace(stage, sums={**stage.sums, **more})


def merged_stages(one: StageProfile, other: StageProfile) -> StageProfile:
    """Return two stages of one kind as one row.

    The largest task stays the largest; quantiles over both are not known and are left out.
    """
    sums = dict(one.sums)
    for name, amount in other.sums.items():
        sums[name] = sums.get(name, 0) + amount
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


def _rows_read(metrics: task_events.TaskMetrics) -> int:
    """Return how many rows a task took, from storage and from other stages."""
    rows = 0 if metrics.input is None else metrics.input.rows
    return rows if metrics.shuffle_read is None else rows + metrics.shuffle_read.rows
