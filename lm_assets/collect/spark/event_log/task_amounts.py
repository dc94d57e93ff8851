"""What task attempts of one application, or of one stage of it, add up to, one at a time."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from operator import attrgetter

from lm_assets.collect.spark.contradictions import MOST_COLLECTORS, most_time_ms
from lm_assets.collect.spark.event_log.amounts import DISK_SPILL, GC_TIME
from lm_assets.collect.spark.event_log.task_events import TaskMetrics
from lm_assets.collect.spark.figures import CPU, TaskSums

_SUMMED = tuple(f.name for f in fields(TaskSums) if not f.name.startswith("executor_"))
_NS_PER_MS = 1_000_000


@dataclass(slots=True)
class TaskAmounts:
    """Sums over ended attempts; a time that cannot be so is left out and counted."""

    contradictory_tasks: int = 0
    contradictory_cpu: int = 0
    run_time_ms: int = 0
    cpu_time_ns: int = 0
    jvm_gc_time_ms: int = 0
    deserialize_ms: int = 0
    result_ms: int = 0
    fetch_wait_ms: int = 0
    shuffle_write_ns: int = 0
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
    peak_execution_memory_bytes: int = 0
    unrecorded: set[str] = field(default_factory=set)

    def add_attempt(self, metrics: TaskMetrics, span_ms: int | None) -> int | None:
        """Take one ended attempt into account, which was there for so long.

        Returns its run time in ms, None where that cannot be.
        """
        run_ms = self._add_times(metrics, span_ms)
        if metrics.memory_bytes_spilled:
            self.memory_bytes_spilled += metrics.memory_bytes_spilled
        if metrics.disk_bytes_spilled:
            self.disk_bytes_spilled += metrics.disk_bytes_spilled
        elif metrics.disk_bytes_spilled is None:
            self.unrecorded.add(DISK_SPILL)
        # A comparison in place of max(): each of these lines runs once a task.
        if metrics.peak_execution_memory_bytes > self.peak_execution_memory_bytes:  # noqa: PLR1730
            self.peak_execution_memory_bytes = metrics.peak_execution_memory_bytes
        self._add_data(metrics)
        return run_ms

    def _add_times(self, metrics: TaskMetrics, span_ms: int | None) -> int | None:
        cpu_ns, run_ms, gc_ms = metrics.cpu_time_ns, metrics.run_time_ms, metrics.jvm_gc_time_ms
        most_ms = most_time_ms(span_ms)
        if cpu_ns > most_ms * _NS_PER_MS:
            self.contradictory_cpu += 1
        else:
            self.cpu_time_ns += cpu_ns
        if gc_ms is None:
            self.unrecorded.add(GC_TIME)
            gc_ms = 0
        if run_ms > most_ms or gc_ms > MOST_COLLECTORS * most_ms:
            self.contradictory_tasks += 1
            return None
        self.run_time_ms += run_ms
        self.jvm_gc_time_ms += gc_ms
        self.deserialize_ms += metrics.deserialize_ms
        self.result_ms += metrics.result_ms
        return run_ms

    def _add_data(self, metrics: TaskMetrics) -> None:
        # Spark writes all four of every task; most of them are of nothing.
        if (read := metrics.shuffle_read) is not None:
            read_bytes = read.remote_bytes + read.local_bytes
            if read_bytes or read.rows:
                self.shuffle_bytes_read += read_bytes
                self.shuffle_rows_read += read.rows
                self.fetch_wait_ms += read.fetch_wait_ms
        if (write := metrics.shuffle_write) is not None and (write.rows or write.written_bytes):
            self.shuffle_bytes_written += write.written_bytes
            self.shuffle_rows_written += write.rows
            self.shuffle_write_ns += write.time_ns
        if (taken := metrics.input) is not None and (taken.rows or taken.read_bytes):
            self.input_bytes += taken.read_bytes
            self.input_rows += taken.rows
        if (given := metrics.output) is not None and (given.rows or given.written_bytes):
            self.output_bytes += given.written_bytes
            self.output_rows += given.rows

    def include(self, other: "TaskAmounts") -> None:
        """Take all attempts into account that another sum has."""
        for name, amount in zip(_ADDED, _amounts_of(other), strict=True):
            if amount:
                setattr(self, name, getattr(self, name) + amount)
        self.peak_execution_memory_bytes = max(
            self.peak_execution_memory_bytes, other.peak_execution_memory_bytes
        )
        self.unrecorded |= other.unrecorded

    def contradictions(self) -> Iterator[tuple[frozenset[str], str]]:
        """Yield what the attempts say that cannot be so, with the figures that rest on it."""
        if self.contradictory_cpu:
            n = self.contradictory_cpu
            yield frozenset({CPU}), f"{n} attempts say more CPU time than they were there"

    def sums(self) -> TaskSums:
        """Return the sums."""
        return TaskSums(
            executor_run_time_ms=self.run_time_ms,
            executor_cpu_time_ns=self.cpu_time_ns,
            **{name: getattr(self, name) for name in _SUMMED},
        )


_ADDED = tuple(
    f.name
    for f in fields(TaskAmounts)
    if f.name not in {"peak_execution_memory_bytes", "unrecorded"}
)
_amounts_of = attrgetter(*_ADDED)
