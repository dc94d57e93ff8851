"""The application's time on the clock, shared out among its stages and its driver."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class StageClock:
    """Shares out the time between a first submission and the moment when no stage runs any more.

    In such a busy period stages run side by side and share the slots: each gets the part of the
    period that its tasks have of the period's task time. The time between busy periods is the
    driver's.
    """

    busy_since_ms: int | None = None
    idle_since_ms: int | None = None
    begun_ms: int | None = None
    driver_gap_ms: float = 0.0
    running: set[int] = field(default_factory=set)
    in_period: dict[int, float] = field(default_factory=dict)

    def submit(self, stage: int, at_ms: int) -> None:
        """Note that a stage was submitted."""
        if not self.running:
            if self.begun_ms is None:
                self.begun_ms = at_ms
            elif self.idle_since_ms is not None:
                self.driver_gap_ms += max(at_ms - self.idle_since_ms, 0)
            self.busy_since_ms = at_ms
        self.running.add(stage)

    def complete(self, stage: int, at_ms: int, *, task_time_ms: int) -> dict[int, float]:
        """Note a stage's end; return the time of every stage of a period that ends with it."""
        if stage not in self.running:
            return {}
        self.running.discard(stage)
        # A stage without a task time (all its tasks lost) still took a moment.
        self.in_period[stage] = self.in_period.get(stage, 0.0) + max(task_time_ms, 0.5)
        if self.running or self.busy_since_ms is None:
            return {}
        period_ms = max(at_ms - self.busy_since_ms, 0)
        whole = sum(self.in_period.values())
        shared = {stage: period_ms * part / whole for stage, part in self.in_period.items()}
        self.in_period = {}
        self.busy_since_ms, self.idle_since_ms = None, at_ms
        return shared

    def close(self, ended_ms: int) -> None:
        """Note the application's end: what follows the last stage is the driver's."""
        if self.idle_since_ms is not None and not self.running:
            self.driver_gap_ms += max(ended_ms - self.idle_since_ms, 0)
