"""Counters of both sides: exact where the baseline's runs agree, statistical where they vary.

Nothing is assumed to be exact. A counter of a row is exact when at least three baseline runs have
the same value; it has changed when every current run has another, all to the same side.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from lm_assets.model.application_profile import (
    COUNTERS,
    FILES_READ,
    FILES_WRITTEN,
    ApplicationProfile,
    StageProfile,
)
from lm_assets.model.behaviour import FEWEST_RUNS
from lm_assets.model.explanation import EXACT, OBSERVED, STATISTICAL
from lm_assets.regression.causes.matching import MATCHED, RE_PLANNED, MatchedRow, MatchedRuns
from lm_assets.regression.causes.samples import differences
from lm_assets.stats.multiplicity import benjamini_hochberg

T = TypeVar("T")

STAGE_RUNS = "stage_runs"
_ROW_COUNTERS = (*COUNTERS, STAGE_RUNS)
_OF_ATTEMPTS = frozenset({"speculative_tasks", "failed_tasks", "killed_tasks"})
_FILE_COUNTERS = (FILES_READ, FILES_WRITTEN)
# A counter that varies by itself must have changed by more, and surely.
_LEAST_VARYING_CHANGE, _VARYING_ALPHA = 0.10, 0.01


@dataclass(frozen=True, kw_only=True, slots=True)
class CounterDifference:
    """A counter that changed; ``row`` is its row of stages, None for one of a whole query."""

    name: str
    query: str
    row: int | None
    baseline: float
    current: float
    evidence: str
    q: float | None = None

    @property
    def relative(self) -> float:
        """Change as a share of the baseline's value; 1 where that is zero."""
        if not self.baseline:
            return 1.0
        return self.current / self.baseline - 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class _Compared:
    name: str
    query: str
    row: int | None
    before: Sequence[float]
    now: Sequence[float]


def counter_differences(matched: MatchedRuns) -> list[CounterDifference]:
    """Return every counter that changed, by row of stages and by query.

    Runs of which not everything is known are left out: their counts are lower bounds. Of attempts
    of tasks a lower bound shows more, since a copy that was seen was made.
    """
    compared = [
        counter
        for counter in (*_of_rows(matched), *_of_queries(matched))
        if counter.before and counter.now
    ]
    found: list[CounterDifference] = []
    varying: list[_Compared] = []
    for counter in compared:
        evidence = _evidence(counter.before, counter.now)
        if evidence == STATISTICAL:
            varying.append(counter)
        elif evidence:
            found.append(_difference(counter, evidence))
    return [*found, *_that_vary(varying)]


def evidence_of(before: Sequence[float], now: Sequence[float]) -> str:
    """Return the class of evidence that a counter changed; empty where it did not.

    ``statistical`` says that it varies by itself, so that a test has to decide.

    Examples
    --------
    >>> evidence_of([8, 8, 8], [100]), evidence_of([8, 8, 8], [8, 8]), evidence_of([8], [9])
    ('exact', '', 'observed')
    >>> evidence_of([8, 8, 9], [100, 100, 101])
    'statistical'
    """
    return _evidence(before, now)


def _evidence(before: Sequence[float], now: Sequence[float]) -> str:
    values = set(before)
    if values == set(now) and len(values) == 1:
        return ""
    if len(values) > 1:
        return STATISTICAL
    (value,) = values
    if not (min(now) > value or max(now) < value):
        return STATISTICAL
    return EXACT if len(before) >= FEWEST_RUNS else OBSERVED


def _of_rows(matched: MatchedRuns) -> list[_Compared]:
    return [
        _Compared(
            name=name,
            query=row.query,
            row=number,
            before=[_counted(run, name) for run in whole(row.baseline, matched.baseline)],
            now=[
                *(_counted(run, name) for run in whole(row.current, matched.current)),
                *_seen(row, matched, name),
            ],
        )
        for number, row in enumerate(matched.rows)
        if row.kind in {MATCHED, RE_PLANNED}
        for name in _ROW_COUNTERS
    ]


def _seen(row: MatchedRow, matched: MatchedRuns, name: str) -> list[float]:
    """Return what current runs of which not all is known have more of than any baseline run."""
    if name not in _OF_ATTEMPTS:
        return []
    most = max((_counted(run, name) for run in row.baseline), default=0.0)
    seen = [
        _counted(stages, name)
        for stages, run in zip(row.current, matched.current, strict=True)
        if run.incomplete
    ]
    return [count for count in seen if count > most]


def _of_queries(matched: MatchedRuns) -> list[_Compared]:
    return [
        _Compared(
            name=name,
            query=query.name,
            row=None,
            before=[
                _files(run, places, name)
                for run, places in zip(matched.baseline, query.baseline, strict=True)
                if not run.incomplete
            ],
            now=[
                _files(run, places, name)
                for run, places in zip(matched.current, query.current, strict=True)
                if not run.incomplete
            ],
        )
        for query in matched.queries.values()
        # What one side alone has is new or gone itself, and not its files.
        if any(query.baseline) and any(query.current)
        for name in _FILE_COUNTERS
    ]


def whole(of_runs: Sequence[T], runs: Sequence[ApplicationProfile]) -> list[T]:
    """Return what belongs to the runs of which everything is known."""
    return [of_run for of_run, run in zip(of_runs, runs, strict=True) if not run.incomplete]


def _counted(stages: Sequence[StageProfile], name: str) -> float:
    if name == STAGE_RUNS:
        return sum(stage.merged for stage in stages)
    if name == "tasks":
        return sum(stage.succeeded_tasks for stage in stages)
    if name == "largest_task_rows":
        return max((stage.sum_of(name) for stage in stages), default=0)
    return sum(stage.sum_of(name) for stage in stages)


def _files(run: ApplicationProfile, places: Sequence[int], name: str) -> float:
    return sum(
        figures.get(name, 0)
        for place in places
        if place < len(run.executions)
        for figures in run.executions[place].figures.values()
    )


def _that_vary(varying: Sequence[_Compared]) -> list[CounterDifference]:
    varying = [c for c in varying if len(c.before) > 1]
    if not varying:
        return []
    found = differences([c.before for c in varying], [c.now for c in varying], floor=1e-9)
    q = benjamini_hochberg(found.p)
    return [
        _difference(counter, STATISTICAL, q=float(q[n]))
        for n, counter in enumerate(varying)
        if np.isfinite(q[n])
        and q[n] < _VARYING_ALPHA
        and abs(found.difference[n]) >= _LEAST_VARYING_CHANGE * max(found.baseline[n], 1e-9)
    ]


def _difference(counter: _Compared, evidence: str, *, q: float | None = None) -> CounterDifference:
    return CounterDifference(
        name=counter.name,
        query=counter.query,
        row=counter.row,
        baseline=float(np.mean(counter.before)),
        current=float(np.mean(counter.now)),
        evidence=evidence,
        q=q,
    )
