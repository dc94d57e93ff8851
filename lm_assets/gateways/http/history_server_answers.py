"""What a Spark History Server's REST API answers, as far as it is needed.

Fields without a default are in every answer of Spark 2.3 and later; an answer without one is not
what it is taken for, and decoding it fails by name.
"""

from typing import Literal

from msgspec import Struct, field


class Attempt(Struct, rename="camel"):
    """One attempt of an application; ``endTimeEpoch`` means nothing until it is completed."""

    start_time_epoch: int
    end_time_epoch: int
    completed: bool
    attempt_id: str | None = None
    app_spark_version: str = ""


class Application(Struct, rename="camel"):
    """An application and its attempts, newest first."""

    id: str
    name: str
    attempts: list[Attempt]


class Job(Struct, rename="camel"):
    """A job."""

    job_id: int
    status: Literal["RUNNING", "SUCCEEDED", "FAILED", "UNKNOWN"]
    stage_ids: list[int] = field(default_factory=list)
    completion_time: str | None = None


class StageAttempt(Struct, rename="camel"):
    """One attempt of a stage with the sums over its task attempts."""

    status: Literal["ACTIVE", "COMPLETE", "FAILED", "PENDING", "SKIPPED"]
    stage_id: int
    attempt_id: int
    num_complete_tasks: int
    num_failed_tasks: int
    num_killed_tasks: int
    executor_run_time: int
    executor_cpu_time: int
    jvm_gc_time: int
    memory_bytes_spilled: int
    disk_bytes_spilled: int
    input_bytes: int
    input_records: int
    output_bytes: int
    output_records: int
    shuffle_read_bytes: int
    shuffle_read_records: int
    shuffle_write_bytes: int
    shuffle_write_records: int
    submission_time: str | None = None
    failure_reason: str | None = None
    name: str = ""
    num_tasks: int = 0

    @property
    def ended_tasks(self) -> int:
        """Ends of task attempts that the server counted, resubmissions included."""
        return self.num_complete_tasks + self.num_failed_tasks + self.num_killed_tasks


class TaskMetrics(Struct, rename="camel"):
    """The one task metric that no stage sum holds, and those that a row may contradict."""

    peak_execution_memory: int = 0
    executor_run_time: int = 0
    executor_cpu_time: int = 0
    jvm_gc_time: int = 0


class Task(Struct, rename="camel"):
    """A task attempt."""

    task_id: int
    status: str
    speculative: bool
    index: int | None = None
    attempt: int = 0
    duration: int | None = None
    error_message: str | None = None
    task_metrics: TaskMetrics = field(default_factory=TaskMetrics)


class PeakMemory(Struct):
    """Peaks of an executor; zero where it sent no sample."""

    jvm_heap_bytes: int = field(name="JVMHeapMemory", default=0)


class Executor(Struct, rename="camel"):
    """The driver or an executor, dead or alive."""

    id: str
    is_active: bool
    total_cores: int
    add_time: str
    remove_time: str | None = None
    host_port: str = ""
    peak_memory_metrics: PeakMemory = field(default_factory=PeakMemory)


class Environment(Struct, rename="camel"):
    """Spark's properties as pairs."""

    spark_properties: list[tuple[str, str]]


class ApplicationAnswers(Struct, frozen=True, kw_only=True):
    """Everything that was asked of one attempt of one application."""

    application: Application
    attempt: Attempt
    jobs: list[Job]
    stages: list[StageAttempt]
    executors: list[Executor]
    environment: Environment
    tasks: dict[tuple[int, int], list[Task]]

    @property
    def is_torn(self) -> bool:
        """Whether the answers cannot be of one application that was there as they were given.

        Every application has a driver and properties; jobs have stages, and stages a job.
        """
        has_parts = bool(self.executors) and bool(self.environment.spark_properties)
        return not has_parts or bool(self.jobs) != bool(self.stages) or self._lacks_tasks

    @property
    def _lacks_tasks(self) -> bool:
        return any(
            stage.num_complete_tasks > 0 and not self.tasks.get((stage.stage_id, stage.attempt_id))
            for stage in self.stages
        )
