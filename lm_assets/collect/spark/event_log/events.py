"""The few fields of the few Spark events that the figures need; everything else is skipped."""

from msgspec import Struct, field

from lm_assets.collect.spark.event_log.amounts import Cores, Instant
from lm_assets.collect.spark.event_log.task_events import ExecutorPeaks, TaskEnd, TaskStart


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

    cores: Cores = field(name="Total Cores")
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
    tasks: int = field(name="Number of Tasks", default=0)
    submitted_ms: Instant | None = field(name="Submission Time", default=None)
    failure_reason: str | None = field(name="Failure Reason", default=None)


class StageSubmitted(Struct):
    """A stage attempt was submitted."""

    info: StageInfo = field(name="Stage Info")


class Accumulable(Struct):
    """One accumulator that tasks of a stage added to, and what it came to."""

    id: int = field(name="ID")
    name: str | None = field(name="Name", default=None)
    value: object = field(name="Value", default=None)


class StorageLevel(Struct):
    """Where a data set is kept once it is computed; nowhere, for most."""

    is_on_disk: bool = field(name="Use Disk", default=False)
    is_in_memory: bool = field(name="Use Memory", default=False)
    is_off_heap: bool = field(name="Use Off Heap", default=False)
    replicas: int = field(name="Replication", default=1)


class RddInfo(Struct):
    """One data set that a stage computes; ``scope`` is JSON that names the operation."""

    scope: str | None = field(name="Scope", default=None)
    storage: StorageLevel | None = field(name="Storage Level", default=None)


class CompletedStageInfo(StageInfo):
    """The same at its end, with what it was made of."""

    name: str = field(name="Stage Name", default="")
    completed_ms: Instant | None = field(name="Completion Time", default=None)
    accumulables: list[Accumulable] = field(name="Accumulables", default_factory=list)
    rdds: list[RddInfo] = field(name="RDD Info", default_factory=list)


class StageCompleted(Struct):
    """A stage attempt succeeded, failed or was skipped."""

    info: CompletedStageInfo = field(name="Stage Info")


class StageExecutorMetrics(Struct):
    """Peaks of one executor during one stage, written if configured."""

    executor_id: str = field(name="Executor ID")
    peaks: ExecutorPeaks = field(name="Executor Metrics")


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
        TaskStart,
        TaskEnd,
    )
}
