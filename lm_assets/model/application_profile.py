"""What one Spark application did, small enough to keep: plans, stages, settings, executors.

A profile outlives the event log that it was made from, so that a cause can still be explained.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

# Raised when a stored profile could be read wrongly by an earlier version.
PROFILE_FORMAT = 1
EVENT_LOG_SOURCE, HISTORY_SERVER_SOURCE = "event log", "history server"

# What Spark counts, as opposed to times: the same work gives the same numbers, unless something
# (speculation, adaptive coalescing, row order) varies them.
COUNTERS = (
    *("tasks", "input_bytes", "input_rows", "output_bytes", "output_rows"),
    *("shuffle_read_bytes", "shuffle_read_rows", "shuffle_write_bytes", "shuffle_write_rows"),
    *("memory_spilled_bytes", "disk_spilled_bytes", "largest_task_rows"),
    *("failed_tasks", "killed_tasks", "speculative_tasks"),
)
# Milliseconds summed over a stage's task attempts; all but the first two are parts of the first.
TIMES = (
    *("task_time_ms", "run_time_ms", "cpu_time_ms", "gc_time_ms", "fetch_wait_ms"),
    *("shuffle_write_ms", "deserialize_ms", "result_ms", "scheduler_delay_ms"),
)
FILES_READ, FILES_WRITTEN, ROWS_OUT = "files_read", "files_written", "rows_out"


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanNode:
    """One operator of a plan, in the order in which a plan is printed.

    ``detail`` is what it does, without generated ids, paths and dates. ``shape`` is what makes two
    operators the same: attribute names, no literals. ``fragment`` numbers the part of the plan,
    between exchanges, that runs as one stage.
    """

    depth: int
    name: str
    detail: str = ""
    shape: str = ""
    fragment: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class ExecutionProfile:
    """One SQL execution (``kind`` is sql), or one job that belongs to none (job).

    ``plan`` is the digest of its final plan in `ApplicationProfile.plans`; empty where it has none
    or is not known. ``figures`` are counts by operator (its position in the plan, as text): rows
    out, files.
    """

    description: str
    kind: str = "sql"
    plan: str = ""
    figures: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class StageProfile:
    """Sums over every task attempt of a stage, and how long its tasks ran.

    ``execution`` is a position in `ApplicationProfile.executions`. ``key`` is the digest of its
    operators, ``operators`` their names, ``fragments`` the parts of the final plan that they are.
    ``functions`` are those that its operators call, ``kept_data`` the persisted data sets that it
    fills or reads; each is None where it is not known. ``sums`` has `COUNTERS` and `TIMES`; one
    that is not there is zero. ``clock_ms`` is its part of the application's time on the clock. The
    quantiles are of the run time of its successful tasks. ``merged`` stages of one kind are one
    row, where an application has too many.
    """

    execution: int
    key: str
    name: str
    operators: tuple[str, ...] = ()
    fragments: tuple[int, ...] = ()
    functions: tuple[str, ...] | None = None
    kept_data: tuple[str, ...] | None = None
    sums: Mapping[str, int] = field(default_factory=dict)
    clock_ms: float = 0.0
    run_time_p50_ms: float | None = None
    run_time_p95_ms: float | None = None
    run_time_max_ms: float | None = None
    merged: int = 1

    @property
    def succeeded_tasks(self) -> int:
        """How many tasks came to their end: into so many parts the work was cut.

        Copies and repeated attempts of a task are no further parts of it.
        """
        return self.sum_of("tasks") - self.sum_of("failed_tasks") - self.sum_of("killed_tasks")

    def sum_of(self, name: str) -> int:
        """Return one of the sums; one that Spark counted as nothing is zero."""
        return self.sums.get(name, 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class ExecutorProfile:
    """One executor: its tasks, how long they ran, and how long the same tasks ran on average.

    ``expected_ms`` gives every task the mean of its stage: an executor whose run time is far above
    it is slow, whatever work it got.
    """

    executor_id: str
    host: str
    cores: int = 0
    tasks: int = 0
    run_time_ms: int = 0
    expected_ms: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class ApplicationProfile:
    """Everything that explaining a change needs of one application attempt.

    ``clock_ms`` is from start to end; what no stage has of it is ``start_up_ms`` (before the first
    stage) and ``driver_gap_ms`` (between stages and after the last). ``volatile`` names the
    settings that differ from run to run by their nature. ``unknown`` says what the source cannot
    tell, ``incomplete`` why sums are lower bounds.
    """

    app_id: str
    app_name: str = ""
    source: str = EVENT_LOG_SOURCE
    format: int = PROFILE_FORMAT
    clock_ms: float | None = None
    start_up_ms: float = 0.0
    driver_gap_ms: float = 0.0
    settings: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    volatile: tuple[str, ...] = ()
    executors: tuple[ExecutorProfile, ...] = ()
    plans: Mapping[str, tuple[PlanNode, ...]] = field(default_factory=dict)
    executions: tuple[ExecutionProfile, ...] = ()
    stages: tuple[StageProfile, ...] = ()
    unknown: tuple[str, ...] = ()
    incomplete: tuple[str, ...] = ()

    def total(self, name: str) -> int:
        """Return a sum over all stages."""
        return sum(stage.sum_of(name) for stage in self.stages)
