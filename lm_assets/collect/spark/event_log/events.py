"""The few fields of the few Spark events that the figures need; everything else is skipped."""

from typing import Annotated

from msgspec import Meta, Struct, field

# Milliseconds since 1970 that a calendar has (to the end of the year 9999).
Instant = Annotated[int, Meta(ge=0, le=253_402_300_799_999)]
# Metrics of which a sum may truly be zero: one that a task does not record is not added as zero.
GC_TIME = "JVM GC Time"
DISK_SPILL = "Disk Bytes Spilled"
# What Spark holds in 64 bits: a longer number is a damaged line.
Amount = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]


class LogStart(Struct):
    """Spark's version (since Spark 1.3)."""

    version: str | None = field(name="Spark Version", default=None)


class ApplicationStart(Struct, kw_only=True):
    """Who the application is."""

    app_id: str | None = field(name="App ID", default=None)
    app_name: str | None = field(name="App Name", default=None)
    attempt_id: str | None = field(name="App Attempt ID", default=None)
    timestamp_ms: Instant = field(name="Timestamp")


class ApplicationEnd(Struct):
    """When the application ended."""

    timestamp_ms: Instant = field(name="Timestamp")


class EnvironmentUpdate(Struct):
    """The Spark properties."""

    properties: dict[str, str] = field(name="Spark Properties", default_factory=dict)
    jvm: dict[str, str] = field(name="JVM Information", default_factory=dict)
    classpath: dict[str, str] = field(name="Classpath Entries", default_factory=dict)


class ExecutorInfo(Struct):
    """Size of an executor."""

    cores: Amount = field(name="Total Cores")
    host: str = field(name="Host", default="")


class ExecutorAdded(Struct):
    """An executor came."""

    timestamp_ms: Instant = field(name="Timestamp")
    executor_id: str = field(name="Executor ID")
    info: ExecutorInfo = field(name="Executor Info")


class BlockManagerId(Struct):
    """Whose block manager it is."""

    executor_id: str = field(name="Executor ID")


class BlockManagerAdded(Struct):
    """An executor's storage came; in local mode before the executor itself is announced."""

    timestamp_ms: Instant = field(name="Timestamp")
    block_manager: BlockManagerId = field(name="Block Manager ID")


class ExecutorRemoved(Struct):
    """An executor went."""

    timestamp_ms: Instant = field(name="Timestamp")
    executor_id: str = field(name="Executor ID")


class JobProperties(Struct):
    """Of the properties of a job's thread, those that say what the job is for."""

    execution_id: str | None = field(name="spark.sql.execution.id", default=None)
    description: str | None = field(name="spark.job.description", default=None)


class JobStart(Struct):
    """A job and the stages that it may need."""

    job_id: int = field(name="Job ID")
    stage_ids: list[int] = field(name="Stage IDs", default_factory=list)
    properties: JobProperties | None = field(name="Properties", default=None)


class JobException(Struct):
    """Why a job ended otherwise than succeeded."""

    message: str | None = field(name="Message", default=None)


class JobResult(Struct):
    """How a job ended."""

    result: str = field(name="Result")
    exception: JobException | None = field(name="Exception", default=None)


class JobEnd(Struct):
    """A job ended."""

    job_id: int = field(name="Job ID")
    result: JobResult = field(name="Job Result")


class StageInfo(Struct):
    """A stage attempt; ``submitted_ms`` is absent for one that was never submitted."""

    stage_id: int = field(name="Stage ID")
    attempt_id: int = field(name="Stage Attempt ID", default=0)
    submitted_ms: Instant | None = field(name="Submission Time", default=None)
    failure_reason: str | None = field(name="Failure Reason", default=None)


class StageSubmitted(Struct):
    """A stage attempt was submitted."""

    info: StageInfo = field(name="Stage Info")


class Accumulable(Struct):
    """One accumulator that tasks of a stage added to, and what it came to."""

    id: int = field(name="ID")
    value: object = field(name="Value", default=None)


class RddInfo(Struct):
    """One data set that a stage computes; ``scope`` is JSON that names the operation."""

    scope: str | None = field(name="Scope", default=None)


class CompletedStageInfo(StageInfo):
    """The same at its end, with what it was made of."""

    name: str = field(name="Stage Name", default="")
    completed_ms: Instant | None = field(name="Completion Time", default=None)
    accumulables: list[Accumulable] = field(name="Accumulables", default_factory=list)
    rdds: list[RddInfo] = field(name="RDD Info", default_factory=list)


class StageCompleted(Struct):
    """A stage attempt succeeded, failed or was skipped."""

    info: CompletedStageInfo = field(name="Stage Info")


class ExecutorPeaks(Struct):
    """The largest heap seen (Spark 3.0 and later)."""

    jvm_heap_bytes: Amount = field(name="JVMHeapMemory", default=0)


class StageExecutorMetrics(Struct):
    """Peaks of one executor during one stage, written if configured."""

    executor_id: str = field(name="Executor ID")
    peaks: ExecutorPeaks = field(name="Executor Metrics")


class TaskEndReason(Struct):
    """Why a task attempt ended."""

    reason: str | None = field(name="Reason", default=None)


class TaskInfo(Struct):
    """A task attempt."""

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
    cpu_time_ns: Amount = field(name="Executor CPU Time", default=0)
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


class OtherEvent(Struct):
    """Any other event: its text is checked to be JSON, and skipped."""

    name: str = field(name="Event")


KINDS: dict[str, type[Struct]] = {
    f"SparkListener{kind.__name__}": kind
    for kind in (
        LogStart,
        ApplicationStart,
        ApplicationEnd,
        EnvironmentUpdate,
        ExecutorAdded,
        BlockManagerAdded,
        ExecutorRemoved,
        JobStart,
        JobEnd,
        StageSubmitted,
        StageCompleted,
        StageExecutorMetrics,
        TaskEnd,
    )
}
