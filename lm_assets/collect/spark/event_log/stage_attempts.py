"""What each stage attempt of one log says of its tasks, beside the ends that the log has of them.

A stage that completed had a success for each of its tasks, numbers the attempts at each of them
from 0, and adds up what they took; one that failed says how often the task had that ended it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from lm_assets.collect.spark.contradictions import said_to_fail
from lm_assets.collect.spark.event_log.events import Accumulable, CompletedStageInfo
from lm_assets.collect.spark.event_log.task_events import TaskEnd, TaskInfo

# Of an application in which more tasks failed, what is said of single ones is not looked at.
_MOST_FAILED_TASKS = 2**16
_RUN_TIME = "internal.metrics.executorRunTime"
_CPU_TIME = "internal.metrics.executorCpuTime"

_StageAttempt = tuple[int | None, int]


@dataclass(slots=True)
class _Ends:
    """What the ends of one stage attempt add up to."""

    attempts: int = 0
    succeeded: int = 0
    run_time_ms: int = 0
    cpu_time_ns: int = 0
    is_measured: bool = True
    tasks: int | None = None
    latest: dict[int, int] | None = None
    repeats: int = 0

    @property
    def unended(self) -> int:
        """How many attempts have no end.

        Of a stage of which each task succeeded that is known of the first attempts too.
        """
        repeated = sum((self.latest or {}).values())
        if self.tasks is None:
            return max(repeated - self.repeats, 0)
        return max(self.tasks + repeated - self.attempts, self.tasks - self.succeeded, 0)


@dataclass(slots=True)
class StageAttempts:
    """The stage attempts of one application; of those that fit, nothing is held."""

    ends: dict[_StageAttempt, _Ends] = field(default_factory=dict)
    failed: dict[tuple[int | None, int, int], int] = field(default_factory=dict)
    said_to_fail: dict[tuple[int, int, int], int] = field(default_factory=dict)
    short: int = 0
    unplaced: int = 0

    def end(self, event: TaskEnd, info: TaskInfo, *, is_success: bool) -> None:
        """Take one end of an attempt into account."""
        # Each of these lines runs once a task.
        if event.stage_id is None:
            self.unplaced += 1
        stage = (event.stage_id, event.attempt_id)
        ends = self.ends.get(stage)
        if ends is None:
            ends = self.ends[stage] = _Ends()
        ends.attempts += 1
        metrics = event.metrics
        if metrics is not None:
            ends.run_time_ms += metrics.run_time_ms
            ends.cpu_time_ns += metrics.cpu_time_ns
        if is_success:
            ends.succeeded += 1
            if metrics is None:
                ends.is_measured = False
        elif len(self.failed) < _MOST_FAILED_TASKS:
            task = (*stage, -1 if info.index is None else info.index)
            self.failed[task] = self.failed.get(task, 0) + 1
        if info.attempt and info.index is not None:
            if ends.latest is None:
                ends.latest = {}
            ends.repeats += 1
            ends.latest[info.index] = max(info.attempt, ends.latest.get(info.index, 0))

    def complete(self, info: CompletedStageInfo) -> None:
        """Compare a stage attempt that completed with the ends that were told of it."""
        stage = (info.stage_id, info.attempt_id)
        ends = self.ends.get(stage) or _Ends()
        if ends.is_measured and _is_more(info.accumulables, ends):
            self.short += 1
        # What a later attempt of a stage has to do an earlier one's stragglers may still do.
        is_whole = not info.attempt_id and info.failure_reason is None
        if is_whole and info.submitted_ms is not None:
            ends.tasks = info.tasks
        if ends.latest or ends.unended:
            # Copies of a task are called off, and end, after their stage.
            self.ends[stage] = ends
        else:
            self.ends.pop(stage, None)

    def fail(self, said: str | None) -> None:
        """Keep how often a task is said to have failed, where a stage or job ended with that."""
        if found := said_to_fail(said):
            task, times = found
            self.said_to_fail[task] = max(times, self.said_to_fail.get(task, 0))

    @property
    def unended(self) -> int:
        """How many attempts must have been there of which the log has no end."""
        succeeded = sum(ends.unended for ends in self.ends.values())
        failed = sum(
            max(times - self._failures(*task), 0) for task, times in self.said_to_fail.items()
        )
        # An end that does not say of which stage it is may be any of them.
        return max(succeeded + failed - self.unplaced, 0)

    def _failures(self, stage_id: int, attempt_id: int, index: int) -> int:
        if len(self.failed) >= _MOST_FAILED_TASKS:
            return 2**31
        told = self.failed.get((stage_id, attempt_id, index), 0)
        return told + self.failed.get((stage_id, attempt_id, -1), 0)


def _is_more(accumulables: Iterable[Accumulable], ends: _Ends) -> bool:
    """Whether a stage says more run and CPU time than the ends of its attempts."""
    sums: dict[str, int] = {}
    for accumulable in accumulables:
        name, value = accumulable.name, accumulable.value
        if name in {_RUN_TIME, _CPU_TIME} and isinstance(value, int):
            # After a retry the sums of both attempts stand under one name.
            sums[name] = min(value, sums.get(name, value))
    # Of both: where one alone differs, a field of an end could not be read.
    return sums.get(_RUN_TIME, 0) > ends.run_time_ms and sums.get(_CPU_TIME, 0) > ends.cpu_time_ns
