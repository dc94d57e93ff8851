"""The few fields of the starts and ends of task attempts that the figures need."""

from msgspec import Struct, field

from lm_assets.collect.spark.contradictions import was_shut_down
from lm_assets.collect.spark.event_log.amounts import (
    DISK_SPILL,
    GC_TIME,
    Amount,
    CpuTime,
    Identity,
    Instant,
    Peak,
)

# Spark's own count puts a denied commit with the killed attempts: another attempt won.
_KILLED = frozenset({"TaskKilled", "TaskCommitDenied"})


class ExecutorPeaks(Struct):
    """The largest heap seen (Spark 3.0 and later)."""

    jvm_heap_bytes: Peak = field(name="JVMHeapMemory", default=0)


class TaskEndReason(Struct):
    """Why a task attempt ended."""

    reason: str | None = field(name="Reason", default=None)
    kill_reason: str | None = field(name="Kill Reason", default=None)
    loss_reason: str | None = field(name="Loss Reason", default=None)
    description: str | None = field(name="Description", default=None)
    message: str | None = field(name="Message", default=None)
    is_exit_by_app: bool = field(name="Exit Caused By App", default=True)

    def is_killed(self, *, has_application_ended: bool) -> bool:
        """Whether the attempt was called off, and did not fail of itself.

        So were those that ended because their SparkContext did, whatever Spark calls it, and after
        the application's end those whose executor was taken away.
        """
        if self.reason in _KILLED:
            return True
        if has_application_ended and not self.is_exit_by_app:
            return True
        texts = (self.kill_reason, self.loss_reason, self.description, self.message)
        return any(map(was_shut_down, texts))


class TaskStart(Struct):
    """A task attempt began: which one it is its end says too."""


class TaskInfo(Struct):
    """A task attempt."""

    task_id: Identity | None = field(name="Task ID", default=None)
    index: Identity | None = field(name="Index", default=None)
    attempt: Identity = field(name="Attempt", default=0)
    launched_ms: Instant | None = field(name="Launch Time", default=None)
    finished_ms: Instant | None = field(name="Finish Time", default=None)
    executor_id: str | None = field(name="Executor ID", default=None)
    host: str = field(name="Host", default="")
    result_since_ms: Instant = field(name="Getting Result Time", default=0)
    is_speculative: bool = field(name="Speculative", default=False)

    @property
    def span_ms(self) -> int | None:
        """How long it was there, None where that cannot be read."""
        if self.launched_ms is None or self.finished_ms is None:
            return None
        return self.finished_ms - self.launched_ms


class ShuffleRead(Struct):
    """Shuffle bytes fetched from others and read at home."""

    remote_bytes: Amount = field(name="Remote Bytes Read", default=0)
    local_bytes: Amount = field(name="Local Bytes Read", default=0)
    rows: Amount = field(name="Total Records Read", default=0)
    fetch_wait_ms: Amount = field(name="Fetch Wait Time", default=0)


class ShuffleWrite(Struct):
    """Shuffle bytes written."""

    written_bytes: Amount = field(name="Shuffle Bytes Written", default=0)
    rows: Amount = field(name="Shuffle Records Written", default=0)
    time_ns: Amount = field(name="Shuffle Write Time", default=0)


class Input(Struct):
    """Bytes and rows read from storage."""

    read_bytes: Amount = field(name="Bytes Read", default=0)
    rows: Amount = field(name="Records Read", default=0)


class Output(Struct):
    """Bytes and rows written to storage."""

    written_bytes: Amount = field(name="Bytes Written", default=0)
    rows: Amount = field(name="Records Written", default=0)


class TaskMetrics(Struct):
    """What one task attempt cost."""

    run_time_ms: Amount = field(name="Executor Run Time", default=0)
    cpu_time_ns: CpuTime = field(name="Executor CPU Time", default=0)
    deserialize_ms: Amount = field(name="Executor Deserialize Time", default=0)
    result_ms: Amount = field(name="Result Serialization Time", default=0)
    jvm_gc_time_ms: Amount | None = field(name=GC_TIME, default=None)
    memory_bytes_spilled: Amount = field(name="Memory Bytes Spilled", default=0)
    disk_bytes_spilled: Amount | None = field(name=DISK_SPILL, default=None)
    peak_execution_memory_bytes: Amount = field(name="Peak Execution Memory", default=0)
    shuffle_read: ShuffleRead | None = field(name="Shuffle Read Metrics", default=None)
    shuffle_write: ShuffleWrite | None = field(name="Shuffle Write Metrics", default=None)
    input: Input | None = field(name="Input Metrics", default=None)
    output: Output | None = field(name="Output Metrics", default=None)


class TaskEnd(Struct):
    """A task attempt ended."""

    reason: TaskEndReason = field(name="Task End Reason", default_factory=TaskEndReason)
    stage_id: int | None = field(name="Stage ID", default=None)
    attempt_id: int = field(name="Stage Attempt ID", default=0)
    info: TaskInfo | None = field(name="Task Info", default=None)
    peaks: ExecutorPeaks | None = field(name="Task Executor Metrics", default=None)
    metrics: TaskMetrics | None = field(name="Task Metrics", default=None)
