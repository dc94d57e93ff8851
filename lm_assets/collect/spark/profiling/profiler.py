"""The profile of one application attempt, made event by event in the pass that makes its figures.

Memory is what is running (stages with tasks, executions with their last plan) and the profile
itself, whose rows are bounded: an application of ten thousand stages has the rows of a thousand,
and further stages of one kind are added to their row.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from lm_assets.collect.spark.event_log import events, sql_events, task_events
from lm_assets.collect.spark.profiling.clock import StageClock
from lm_assets.collect.spark.profiling.ended_stages import (
    NOT_YET_KNOWN,
    StageIdentity,
    identity_in,
    identity_of,
    stage_profile,
)
from lm_assets.collect.spark.profiling.executions import KnownExecutions, RunningExecution
from lm_assets.collect.spark.profiling.executors import WorkedExecutors
from lm_assets.collect.spark.profiling.open_stages import OpenStages
from lm_assets.collect.spark.profiling.plans import call_site_without_place
from lm_assets.collect.spark.profiling.settings import settings_of, versions_of, volatile_names
from lm_assets.collect.spark.profiling.stage_sums import StageSums, merged_stages, with_attempts
from lm_assets.model.application_profile import (
    ApplicationProfile,
    StageProfile,
)

_MOST_STAGES = 1_000
_MOST_SESSION_VALUES = 8


@dataclass(slots=True)
class ApplicationProfiler:
    """Everything known so far; ``profile`` gives it out."""

    open_stages: OpenStages
    clock: StageClock = field(default_factory=StageClock)
    start: events.ApplicationStart | None = None
    ended_ms: int | None = None
    version: str | None = None
    environment: events.EnvironmentUpdate = field(default_factory=events.EnvironmentUpdate)
    session: dict[str, set[str]] = field(default_factory=dict)
    executors: WorkedExecutors = field(default_factory=WorkedExecutors)
    executions: KnownExecutions = field(default_factory=KnownExecutions)
    running: dict[int, RunningExecution] = field(default_factory=dict)
    execution_of_stage: dict[int, tuple[int, int | None]] = field(default_factory=dict)
    stages: list[StageProfile] = field(default_factory=list)
    clock_ms_of_row: dict[int, float] = field(default_factory=dict)
    row_of_stage: dict[int, int] = field(default_factory=dict)
    row_of_kind: dict[tuple[int, str], int] = field(default_factory=dict)
    identity_of_row: dict[int, StageIdentity] = field(default_factory=dict)
    late_tasks: int = 0
    handlers: dict[type, Callable[..., None]] = field(init=False)

    def __post_init__(self) -> None:
        self.handlers = {
            task_events.TaskEnd: self._task_end,
            events.StageSubmitted: self._stage_submitted,
            events.StageCompleted: self._stage_completed,
            events.JobStart: self._job_start,
            events.ExecutorAdded: self._executor_added,
            events.EnvironmentUpdate: self._environment_update,
            events.ApplicationStart: self._application_start,
            events.ApplicationEnd: self._application_end,
            events.LogStart: self._log_start,
            sql_events.SQLExecutionStart: self._execution_start,
            sql_events.SQLAdaptiveExecutionUpdate: self._execution_update,
            sql_events.SQLExecutionEnd: self._execution_end,
            sql_events.DriverAccumUpdates: self._driver_updates,
        }

    def _task_end(self, event: task_events.TaskEnd) -> None:
        info, stage_id = event.info, event.stage_id
        if info is None or event.reason.reason == "Resubmitted":
            return
        if stage_id is None:
            self.open_stages.add_elsewhere(event, info)
            return
        sums = self.open_stages.by_id.get(stage_id)
        if sums is None:
            if stage_id in self.row_of_stage:
                self._late_task_end(event, info, self.row_of_stage[stage_id])
                return
            sums = self.open_stages.begin(stage_id)
        sums.add(event, info)
        name = info.executor_id
        if name and name not in self.executors.by_id:
            self.executors.meet(name, info.host)

    def _late_task_end(
        self, event: task_events.TaskEnd, info: task_events.TaskInfo, row: int
    ) -> None:
        """Count a copy that ends after its stage did, whose row has been written.

        That it was made is a fact of the stage; its time is no part of the stage's time.
        """
        self.late_tasks += 1
        self.open_stages.add_elsewhere(event, info)
        sums = StageSums()
        sums.count(event, info)
        self.stages[row] = with_attempts(self.stages[row], sums)

    def _stage_submitted(self, event: events.StageSubmitted) -> None:
        if event.info.submitted_ms is not None:
            self.clock.submit(event.info.stage_id, event.info.submitted_ms)
            if event.info.stage_id in self.row_of_stage:
                # Another attempt of a stage: its tasks are not the late ones of the one before.
                self.open_stages.begin(event.info.stage_id)

    def _stage_completed(self, event: events.StageCompleted) -> None:
        info = event.info
        if info.submitted_ms is None:
            return
        sums = self.open_stages.end(info.stage_id)
        self._write_stage(info, sums)
        shared = self.clock.complete(
            info.stage_id,
            info.completed_ms or info.submitted_ms,
            task_time_ms=sums.task_time_ms,
        )
        for stage_id, clock_ms in shared.items():
            row = self.row_of_stage.get(stage_id)
            if row is not None:
                self.clock_ms_of_row[row] = self.clock_ms_of_row.get(row, 0.0) + clock_ms

    def _write_stage(self, info: events.CompletedStageInfo, sums: StageSums) -> None:
        self.executors.add(sums)
        place, execution = self._execution_of(info)
        if execution is not None:
            execution.count(info.accumulables)
        row = self.row_of_stage.get(info.stage_id)
        if row is not None:
            # Another attempt of a stage runs what the one before it ran.
            self._merge(row, stage_profile(info, sums, place, identity_in(self.stages[row])))
            return
        if execution is not None and len(self.stages) < _MOST_STAGES:
            row = self._append(stage_profile(info, sums, place, NOT_YET_KNOWN))
            execution.unplaced.append((row, info))
            if execution.holds_much:
                self._place_stages(execution)
        else:
            row = self._write_placed(stage_profile(info, sums, place, identity_of(info, execution)))
        self.row_of_stage[info.stage_id] = row

    def _write_placed(self, stage: StageProfile) -> int:
        """Write a stage whose operators are known, with others of its kind where there are many."""
        kind = (stage.execution, stage.key)
        row = self.row_of_kind.get(kind) if len(self.stages) >= _MOST_STAGES else None
        if row is None and len(self.stages) >= 2 * _MOST_STAGES:
            row = len(self.stages) - 1
        if row is None:
            row = self._append(stage)
        else:
            self._merge(row, stage)
        self.row_of_kind[kind] = row
        return row

    def _append(self, stage: StageProfile) -> int:
        self.stages.append(stage)
        return len(self.stages) - 1

    def _merge(self, row: int, stage: StageProfile) -> None:
        self.stages[row] = merged_stages(self.stages[row], stage)

    def _execution_of(self, info: events.CompletedStageInfo) -> tuple[int, RunningExecution | None]:
        """Return the position of a stage's execution, and the execution itself while it runs."""
        place, execution_id = self.execution_of_stage.get(info.stage_id, (-1, None))
        if place < 0:
            place = self.executions.begin(call_site_without_place(info.name), "job")
        return place, None if execution_id is None else self.running.get(execution_id)

    def _place_stages(self, execution: RunningExecution) -> None:
        """Find the parts of an execution's plan that its stages ran."""
        for row, info in execution.unplaced:
            identity = identity_of(info, execution)
            self.identity_of_row[row] = identity
            self.row_of_kind[execution.place, identity.key] = row
        execution.forget()

    def _finish(self, execution: RunningExecution) -> None:
        self._place_stages(execution)
        self.executions.finish(execution.place, execution.read_plan(), execution.figures())

    def _job_start(self, event: events.JobStart) -> None:
        properties = event.properties
        said = (properties.execution_id if properties else None) or ""
        execution_id = int(said) if said.isdecimal() else None
        running = None if execution_id is None else self.running.get(execution_id)
        place = -1
        if running is not None:
            place = running.place
        elif properties is not None and properties.description:
            place = self.executions.begin(call_site_without_place(properties.description), "job")
        for stage_id in event.stage_ids:
            # A stage that an earlier job has run is skipped in this one.
            self.execution_of_stage.setdefault(stage_id, (place, execution_id))

    def _execution_start(self, event: sql_events.SQLExecutionStart) -> None:
        self._execution_end(event)  # of one that is told to start twice
        place = self.executions.begin(call_site_without_place(event.description))
        running = RunningExecution(place=place, description=event.description)
        running.replan(event.plan)
        self.running[event.execution_id] = running
        for name, value in event.modified.items():
            values = self.session.setdefault(name, set())
            if len(values) < _MOST_SESSION_VALUES:
                values.add(value)

    def _execution_update(self, event: sql_events.SQLAdaptiveExecutionUpdate) -> None:
        if (running := self.running.get(event.execution_id)) is not None:
            running.replan(event.plan)
            if running.holds_much:
                self._place_stages(running)

    def _execution_end(
        self, event: sql_events.SQLExecutionStart | sql_events.SQLExecutionEnd
    ) -> None:
        if (running := self.running.pop(event.execution_id, None)) is not None:
            self._finish(running)

    def _driver_updates(self, event: sql_events.DriverAccumUpdates) -> None:
        if (running := self.running.get(event.execution_id)) is not None:
            running.counted.update(event.updates)

    def _executor_added(self, event: events.ExecutorAdded) -> None:
        self.executors.announce(event.executor_id, event.info.host, event.info.cores)

    def _environment_update(self, event: events.EnvironmentUpdate) -> None:
        self.environment = event

    def _application_start(self, event: events.ApplicationStart) -> None:
        self.start = event

    def _application_end(self, event: events.ApplicationEnd) -> None:
        self.ended_ms = event.timestamp_ms

    def _log_start(self, event: events.LogStart) -> None:
        self.version = event.version

    def profile(self, *, incomplete: tuple[str, ...] = ()) -> ApplicationProfile:
        """Return what is known; what was still running is in it as far as it came."""
        for running in self.running.values():
            self._finish(running)
        start, environment = self.start, self.environment
        settings = settings_of(environment.properties | self._session())
        clock_ms = start_up_ms = None
        if start is not None and self.ended_ms is not None:
            clock_ms = float(max(self.ended_ms - start.timestamp_ms, 0))
            self.clock.close(self.ended_ms)
        if start is not None and self.clock.begun_ms is not None:
            start_up_ms = float(max(self.clock.begun_ms - start.timestamp_ms, 0))
        return ApplicationProfile(
            app_id=(start.app_id if start else None)
            or environment.properties.get("spark.app.id", ""),
            app_name=(start.app_name if start else None) or "",
            clock_ms=clock_ms,
            start_up_ms=start_up_ms or 0.0,
            driver_gap_ms=self.clock.driver_gap_ms,
            settings=settings,
            versions=versions_of(self.version, environment.jvm, environment.classpath),
            volatile=volatile_names(settings),
            executors=self.executors.profiles(),
            plans=dict(self.executions.plans),
            executions=tuple(self.executions.rows),
            stages=tuple(self._whole_stages()),
            unknown=tuple(self._unknown()),
            incomplete=incomplete,
        )

    def _whole_stages(self) -> Iterator[StageProfile]:
        """Yield the stages with what became known after they had ended."""
        for row, stage in enumerate(self.stages):
            clock_ms = round(self.clock_ms_of_row.get(row, 0.0), 1)
            if (identity := self.identity_of_row.get(row)) is None:
                yield replace(stage, clock_ms=clock_ms)
            else:
                yield replace(stage, clock_ms=clock_ms, **identity._asdict())

    def _session(self) -> dict[str, str]:
        return {name: " | ".join(sorted(values)) for name, values in self.session.items()}

    def _unknown(self) -> list[str]:
        said = []
        if self.executions.left_out_plans:
            said.append(f"{self.executions.left_out_plans} plans beyond the first are digests only")
        if self.late_tasks:
            said.append(
                f"{self.late_tasks} task attempts ended after their stage: counted, not timed"
            )
        if running := len(self.open_stages.by_id):
            said.append(f"{running} stages had not ended when the log did")
        if self.executions.is_full:
            said.append("there are so many executions that alike ones share a row")
        return said
