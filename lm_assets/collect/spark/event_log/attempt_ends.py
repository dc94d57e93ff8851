"""Whether the ends of task attempts in one log fit each other, their stages and the application.

Spark numbers the attempts of an application, announces each start and each end once, and counts a
stage as completed when each of its tasks succeeded (`stage_attempts`). A log of which every line
can be read and that says otherwise lacks lines, or has some twice: what it adds up to is no plain
figure.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from lm_assets.collect.spark.contradictions import CLOCKS_AGREE_MS
from lm_assets.collect.spark.event_log.events import CompletedStageInfo
from lm_assets.collect.spark.event_log.stage_attempts import StageAttempts
from lm_assets.collect.spark.event_log.task_events import TaskEnd, TaskInfo, TaskStart
from lm_assets.collect.spark.figures import (
    CPU,
    DURATIONS,
    EVERYTHING,
    GC,
    OF_TASK_ENDS,
    ROWS,
    SPAN,
    SPILL,
)

# One byte an attempt; of an application with more, later ones are not looked at by themselves.
_MOST_ATTEMPTS = 2**24
_NEVER_MS = 2**62


@dataclass(slots=True)
class AttemptEnds:
    """What was seen so far of the attempts of one application, in at most 16 MB."""

    ended: bytearray = field(default_factory=bytearray)
    stages: StageAttempts = field(default_factory=StageAttempts)
    begun: int = 0
    repeated: int = 0
    backwards: int = 0
    unmeasured: int = 0
    after_end: int = 0
    first_launched_ms: int = _NEVER_MS
    last_finished_ms: int = 0

    def begin(self, _event: TaskStart) -> None:
        """Take the start of an attempt into account."""
        self.begun += 1

    def is_repeated(self, event: TaskEnd, info: TaskInfo, reason: str | None) -> bool:
        """Take an end into account; whether it was there before, and adds nothing."""
        # Each of these lines runs once a task, which is why there is no max() and no min().
        task_id, ended = info.task_id, self.ended
        if task_id is not None:
            if task_id >= len(ended):
                self._grow(task_id + 1)
            elif ended[task_id]:
                self.repeated += 1
                return True
            if task_id < _MOST_ATTEMPTS:
                ended[task_id] = 1
        is_success = reason == "Success"
        if is_success and event.metrics is None:
            self.unmeasured += 1
        self.stages.end(event, info, is_success=is_success)
        launched_ms, finished_ms = info.launched_ms, info.finished_ms
        if launched_ms is None or finished_ms is None:
            return False
        if finished_ms > self.last_finished_ms:  # noqa: PLR1730
            self.last_finished_ms = finished_ms
        if launched_ms < self.first_launched_ms:  # noqa: PLR1730
            self.first_launched_ms = launched_ms
        if finished_ms < launched_ms:
            self.backwards += 1
        return False

    def _grow(self, wanted: int) -> None:
        # Twice what is needed: attempts are numbered one after the other.
        self.ended.extend(bytes(min(2 * wanted, _MOST_ATTEMPTS) - len(self.ended)))

    def complete(self, info: CompletedStageInfo) -> None:
        """Compare a stage attempt that completed with the ends that were told of it."""
        self.stages.complete(info)
        self.stages.fail(info.failure_reason)

    def contradictions(
        self, *, tasks: int, started_ms: int | None, ended_ms: int | None
    ) -> Iterator[tuple[frozenset[str], str]]:
        """Yield what cannot be so, with the figures that are no whole ones for it.

        ``tasks`` is how many attempts ended.
        """
        if self.repeated:
            yield OF_TASK_ENDS, f"{_attempts(self.repeated)} ended more than once in the log"
        # Of a log without its end, and of a line that cannot be read, that is told already.
        unended = max(self.stages.unended, self.begun - tasks)
        if unended and ended_ms is not None:
            yield OF_TASK_ENDS, f"{_attempts(unended)} began or succeeded without an end in the log"
        if (short := self.stages.short) and ended_ms is not None:
            stages = f"{short} stage{'' if short == 1 else 's'}"
            yield OF_TASK_ENDS, f"{stages} took more time than the ends of attempts in the log"
        if self.unmeasured:
            why = f"{_attempts(self.unmeasured)} succeeded without metrics"
            yield frozenset({CPU, GC, ROWS, SPILL}), why
        if self.backwards:
            why = f"{_attempts(self.backwards)} finished before they were launched"
            yield frozenset({DURATIONS}), why
        if ended_ms is not None:
            late_ms = self.last_finished_ms - ended_ms
            if self.after_end or late_ms > CLOCKS_AGREE_MS:
                yield EVERYTHING | {SPAN}, "tasks ended after the application's end"
        if started_ms is not None and self.first_launched_ms < started_ms - CLOCKS_AGREE_MS:
            yield frozenset({SPAN}), "tasks were launched before the application's start"


def _attempts(n: int) -> str:
    return f"{n} task attempt{'' if n == 1 else 's'}"
