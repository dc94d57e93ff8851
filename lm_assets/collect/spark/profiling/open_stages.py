"""The stages whose tasks are ending, and what the tasks of all of them came to."""

from dataclasses import dataclass, field

from lm_assets.collect.spark.event_log.task_amounts import TaskAmounts
from lm_assets.collect.spark.event_log.task_events import TaskEnd, TaskInfo
from lm_assets.collect.spark.profiling.stage_sums import StageSums


@dataclass(slots=True)
class OpenStages:
    """Sums by stage while it runs; in memory is what has not ended, and one sum of what has."""

    by_id: dict[int, StageSums] = field(default_factory=dict)
    ended: TaskAmounts = field(default_factory=TaskAmounts)

    def begin(self, stage_id: int) -> StageSums:
        """Return the sums of a stage, from nothing where it had none."""
        sums = self.by_id.get(stage_id)
        if sums is None:
            sums = self.by_id[stage_id] = StageSums()
        return sums

    def add_elsewhere(self, event: TaskEnd, info: TaskInfo) -> None:
        """Take an attempt into account that no open stage has."""
        if event.metrics is not None:
            self.ended.add_attempt(event.metrics, info.span_ms)

    def end(self, stage_id: int) -> StageSums:
        """Return what a stage came to, which is open no more."""
        sums = self.by_id.pop(stage_id, None) or StageSums()
        self.ended.include(sums)
        return sums

    def amounts(self) -> TaskAmounts:
        """Return what all attempts so far add up to."""
        amounts = TaskAmounts()
        for sums in (self.ended, *self.by_id.values()):
            amounts.include(sums)
        return amounts
