"""How the jobs and stage attempts of one log ended, and whether that can be so."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Literal

from lm_assets.collect.spark.contradictions import was_cancelled
from lm_assets.collect.spark.event_log import events
from lm_assets.collect.spark.figures import JOBS, STAGES

_Stage = tuple[int, int]
_Outcome = Literal["succeeded", "failed", "cancelled"]
# What Spark gives a job that ended because one of its stages failed, and each stage with it.
_STAGE_FAILED = "Job aborted due to stage failure"


@dataclass(slots=True)
class Outcomes:
    """Which jobs and stage attempts were announced, and how each of them ended.

    Of one that ended otherwise than it ended before, nobody can say how it ended: it is not among
    the failed and the cancelled ones.
    """

    stages_of_job: dict[int, list[int]] = field(default_factory=dict)
    jobs: set[int] = field(default_factory=set)
    job_results: dict[int, _Outcome] = field(default_factory=dict)
    submitted: set[_Stage] = field(default_factory=set)
    running: set[_Stage] = field(default_factory=set)
    failed_stages: set[_Stage] = field(default_factory=set)
    cancelled_stages: set[_Stage] = field(default_factory=set)
    failed_stage_ids: set[int] = field(default_factory=set)
    unneeded_stage_ids: set[int] = field(default_factory=set)
    held_stage_ids: int = 0
    contradictory_jobs: int = 0
    contradictory_stages: int = 0
    aborted_without_stage: int = 0

    @property
    def entities(self) -> int:
        """How many jobs and stages are held."""
        stages = len(self.submitted) + len(self.failed_stages) + len(self.unneeded_stage_ids)
        return stages + self.held_stage_ids + len(self.jobs)

    def stage_submitted(self, event: events.StageSubmitted) -> None:
        """Take the submission of a stage attempt into account."""
        attempt = (event.info.stage_id, event.info.attempt_id)
        self.submitted.add(attempt)
        self.running.add(attempt)

    def stage_completed(self, event: events.StageCompleted) -> None:
        """Take the end of a stage attempt into account."""
        info = event.info
        attempt = (info.stage_id, info.attempt_id)
        before = self._stage_outcome(attempt)
        if info.submitted_ms is not None:
            self.submitted.add(attempt)
        self.running.discard(attempt)
        outcome = _outcome(info.failure_reason is None, info.failure_reason)
        if before not in {None, outcome}:
            self.contradictory_stages += 1
            self.failed_stages.discard(attempt)
            self.cancelled_stages.discard(attempt)
        elif outcome != "succeeded":
            (self.cancelled_stages if outcome == "cancelled" else self.failed_stages).add(attempt)
            self.failed_stage_ids.add(info.stage_id)

    def _stage_outcome(self, attempt: _Stage) -> _Outcome | None:
        if attempt in self.failed_stages:
            return "failed"
        if attempt in self.cancelled_stages:
            return "cancelled"
        has_ended = attempt in self.submitted and attempt not in self.running
        return "succeeded" if has_ended else None

    def job_start(self, event: events.JobStart) -> None:
        """Take the announcement of a job into account."""
        self.jobs.add(event.job_id)
        before = self.stages_of_job.get(event.job_id, ())
        self.stages_of_job[event.job_id] = event.stage_ids
        self.held_stage_ids += len(event.stage_ids) - len(before)

    def job_end(self, event: events.JobEnd) -> None:
        """Take the end of a job into account."""
        job_id = event.job_id
        has_ended = job_id in self.jobs and job_id not in self.stages_of_job
        before = self.job_results.pop(job_id, "succeeded") if has_ended else None
        said = event.result.exception.message if event.result.exception else None
        outcome = _outcome(event.result.result == "JobSucceeded", said)
        self.jobs.add(job_id)
        stage_ids = self.stages_of_job.pop(job_id, ())
        self.held_stage_ids -= len(stage_ids)
        self.unneeded_stage_ids.update(stage_ids)
        if before not in {None, outcome}:
            self.contradictory_jobs += 1
        elif outcome != "succeeded":
            self.job_results[job_id] = outcome
            self._expect_a_failed_stage(said or "", stage_ids)

    def _expect_a_failed_stage(self, said: str, stage_ids: Collection[int]) -> None:
        if stage_ids and said.startswith(_STAGE_FAILED):
            self.aborted_without_stage += self.failed_stage_ids.isdisjoint(stage_ids)

    def jobs_that(self, ended: _Outcome) -> int:
        """Return how many jobs failed, or were cancelled."""
        return sum(result == ended for result in self.job_results.values())

    @property
    def skipped_stages(self) -> int:
        """How many stages an ended job never needed to submit."""
        ended = self.failed_stages | self.cancelled_stages
        return len(self.unneeded_stage_ids - {stage_id for stage_id, _ in self.submitted | ended})

    def contradictions(self) -> Iterator[tuple[frozenset[str], str]]:
        """Yield what a log with the application's end says that cannot be so."""
        if unended := len(self.stages_of_job):
            yield frozenset({JOBS}), f"{_of(unended, 'job')} began without an end in the log"
        if self.contradictory_jobs:
            why = f"{_of(self.contradictory_jobs, 'job')} ended twice in the log, and not alike"
            yield frozenset({JOBS}), why
        if self.running:
            why = f"{_of(len(self.running), 'stage')} began without an end in the log"
            yield frozenset({STAGES}), why
        if self.contradictory_stages:
            why = f"{_of(self.contradictory_stages, 'stage')} ended twice in the log, and not alike"
            yield frozenset({STAGES}), why
        if n := self.aborted_without_stage:
            why = f"{_of(n, 'job')} failed for a stage of which the log has no failure"
            yield frozenset({STAGES}), why


def _outcome(is_success: bool, said: str | None) -> _Outcome:
    if is_success:
        return "succeeded"
    return "cancelled" if was_cancelled(said) else "failed"


def _of(n: int, what: str) -> str:
    return f"{n} {what}{'' if n == 1 else 's'}"
