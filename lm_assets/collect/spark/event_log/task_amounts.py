"""What the task attempts of one application add up to, one at a time."""

from dataclasses import dataclass, field, fields

from lm_assets.collect.spark.contradictions import is_beyond
from lm_assets.collect.spark.event_log.amounts import DISK_SPILL, GC_TIME
from lm_assets.collect.spark.event_log.task_events import TaskMetrics
from lm_assets.collect.spark.figures import TaskSums

_SUMMED = tuple(f.name for f in fields(TaskSums) if not f.name.startswith("executor_"))


@dataclass(slots=True)
class TaskAmounts:
    """Sums over ended attempts; an amount that its own times contradict is left out and counted."""

    contradictory_tasks: int = 0
    contradictory_cpu: int = 0
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

    def add(self, metrics: TaskMetrics, span_ms: int | None) -> None:
        """Take one ended attempt into account, which was there for so long."""
        if is_beyond(metrics.cpu_time_ns / 1e6, span_ms):
            self.contradictory_cpu += 1
        else:
            self.cpu_time_ns += metrics.cpu_time_ns
        if metrics.jvm_gc_time_ms is None:
            self.unrecorded.add(GC_TIME)
        elif is_beyond(metrics.run_time_ms, span_ms):
            self.contradictory_tasks += 1
        else:
            self.run_time_ms += metrics.run_time_ms
            self.jvm_gc_time_ms += metrics.jvm_gc_time_ms
        self.memory_bytes_spilled += metrics.memory_bytes_spilled
        if metrics.disk_bytes_spilled is None:
            self.unrecorded.add(DISK_SPILL)
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

    def sums(self) -> TaskSums:
        """Return the sums."""
        return TaskSums(
            executor_run_time_ms=self.run_time_ms,
            executor_cpu_time_ns=self.cpu_time_ns,
            **{name: getattr(self, name) for name in _SUMMED},
        )
