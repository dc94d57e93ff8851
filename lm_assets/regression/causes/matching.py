"""Stages of all runs of both sides, put into the same rows: what is compared with what.

A *query* is what the executions of one description and one plan of the baseline have in common,
however often it ran. A *row* is one kind of stage of one query: the same operators, between the
same exchanges. Rows that only one side has are paired by their operators where that is possible
(re-planned), and are new or gone where it is not.
"""

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field

from lm_assets.model.application_profile import (
    ApplicationProfile,
    ExecutionProfile,
    StageProfile,
)
from lm_assets.regression.causes.alignment import aligned_executions

MATCHED, RE_PLANNED, NEW, GONE = "matched", "re_planned", "new", "gone"
# Less in common than this, and a stage has not been re-planned but is another one.
_LEAST_SHARED = 0.3


@dataclass(frozen=True, kw_only=True, slots=True)
class MatchedRow:
    """One kind of stage over all runs; a run's stages of it, which may be none.

    ``baseline_operators`` and ``current_operators`` differ where it was re-planned.
    ``is_done_otherwise`` says that the operators, whatever their names, are not the same ones.
    """

    kind: str
    query: str
    label: str
    baseline_operators: tuple[str, ...]
    current_operators: tuple[str, ...]
    baseline: tuple[tuple[StageProfile, ...], ...]
    current: tuple[tuple[StageProfile, ...], ...]
    is_done_otherwise: bool = False

    @property
    def operators(self) -> tuple[str, ...]:
        """What it runs now; what it ran, where it is gone."""
        return self.current_operators or self.baseline_operators


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """The executions of one query: which positions they have in each run."""

    name: str
    baseline: tuple[tuple[int, ...], ...]
    current: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class MatchedRuns:
    """All runs of both sides in the same rows."""

    baseline: tuple[ApplicationProfile, ...]
    current: tuple[ApplicationProfile, ...]
    rows: tuple[MatchedRow, ...]
    queries: Mapping[str, Query]

    def shares(self) -> Mapping[str, float]:
        """Return the share of all run time by kind of row; nothing where nothing ran."""
        ran: dict[str, int] = {}
        for row in self.rows:
            stages = (stage for run in (*row.baseline, *row.current) for stage in run)
            ran[row.kind] = ran.get(row.kind, 0) + sum(s.sum_of("run_time_ms") for s in stages)
        whole = sum(ran.values())
        return {kind: of_kind / whole for kind, of_kind in ran.items() if whole}

    @property
    def coverage(self) -> float | None:
        """Share of all run time in stages that are compared with the other side's.

        These are stages paired outright, and those paired though they were planned anew.
        """
        shares = self.shares()
        return shares.get(MATCHED, 0.0) + shares.get(RE_PLANNED, 0.0) if shares else None


@dataclass(slots=True)
class _Side:
    """One side's stages by query and key; by run."""

    stages: dict[tuple[str, str], list[list[StageProfile]]] = field(default_factory=dict)
    shapes: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    executions: dict[str, list[list[int]]] = field(default_factory=dict)


def match_runs(
    baseline: Sequence[ApplicationProfile], current: Sequence[ApplicationProfile]
) -> MatchedRuns:
    """Return every stage of every run in its row; there is at least one run a side."""
    reference = baseline[0]
    before = _side(reference, baseline)
    now = _side(reference, current)
    queries = {
        name: Query(
            name=name,
            baseline=_tuples(before.executions.get(name), len(baseline)),
            current=_tuples(now.executions.get(name), len(current)),
        )
        for name in dict.fromkeys((*before.executions, *now.executions))
    }
    rows: list[MatchedRow] = []
    for name in queries:
        rows.extend(_rows_of_query(name, before, now, len(baseline), len(current)))
    return MatchedRuns(
        baseline=tuple(baseline), current=tuple(current), rows=tuple(rows), queries=queries
    )


def _side(reference: ApplicationProfile, runs: Sequence[ApplicationProfile]) -> _Side:
    side = _Side()
    known = {_own_name(row) for row in reference.executions}
    for number, run in enumerate(runs):
        places = aligned_executions(reference, run)
        names = [
            _own_name(reference.executions[places[place]])
            if place in places
            else _name_of_unpaired(row, known)
            for place, row in enumerate(run.executions)
        ]
        for place, name in enumerate(names):
            by_run = side.executions.setdefault(name, [[] for _ in runs])
            by_run[number].append(place)
        for stage in run.stages:
            has_place = 0 <= stage.execution < len(names)
            query = names[stage.execution] if has_place else "outside any execution"
            by_run_of_key = side.stages.setdefault((query, stage.key), [[] for _ in runs])
            by_run_of_key[number].append(stage)
            if (query, stage.key) not in side.shapes:
                side.shapes[query, stage.key] = _shapes(run, stage)
            side.executions.setdefault(query, [[] for _ in runs])
    return side


def _own_name(row: ExecutionProfile, more: str = "") -> str:
    return f"{row.description or 'unnamed'} ({row.plan or row.kind}{more})"


def _name_of_unpaired(row: ExecutionProfile, known: Set[str]) -> str:
    """Name what the baseline's first run has no partner for: mostly a known query once more."""
    own = _own_name(row)
    return own if own in known else _own_name(row, ", other")


def _rows_of_query(
    query: str, before: _Side, now: _Side, n_baseline: int, n_current: int
) -> list[MatchedRow]:
    old = {key: runs for (name, key), runs in before.stages.items() if name == query}
    new = {key: runs for (name, key), runs in now.stages.items() if name == query}
    pairs = [(key, key, MATCHED) for key in old if key in new]
    only_old = [key for key in old if key not in new]
    only_new = [key for key in new if key not in old]
    paired = _pair_by_operators(
        {key: before.shapes[query, key] for key in only_old},
        {key: now.shapes[query, key] for key in only_new},
    )
    pairs += [(one, other, RE_PLANNED) for one, other in paired]
    taken_old = {one for one, _ in paired}
    taken_new = {other for _, other in paired}
    pairs += [(key, "", GONE) for key in only_old if key not in taken_old]
    pairs += [("", key, NEW) for key in only_new if key not in taken_new]
    return [
        MatchedRow(
            kind=kind,
            query=query,
            label=_label(new.get(later) or old[earlier]),
            baseline_operators=_operators(old[earlier]) if earlier else (),
            current_operators=_operators(new[later]) if later else (),
            baseline=_tuples(old.get(earlier), n_baseline),
            current=_tuples(new.get(later), n_current),
            is_done_otherwise=kind != MATCHED
            or before.shapes[query, earlier] != now.shapes[query, later],
        )
        for earlier, later, kind in pairs
    ]


def _pair_by_operators(
    old: Mapping[str, tuple[str, ...]], new: Mapping[str, tuple[str, ...]]
) -> list[tuple[str, str]]:
    """Return the pairs that share most operators, the most alike first."""
    weighed = sorted(
        (
            (-_shared(old[one], new[other]), position, later, one, other)
            for position, one in enumerate(old)
            for later, other in enumerate(new)
        ),
    )
    pairs: list[tuple[str, str]] = []
    for shared, _, _, one, other in weighed:
        is_free = all(one != a and other != b for a, b in pairs)
        if is_free and -shared >= _LEAST_SHARED:
            pairs.append((one, other))
    return pairs


def _shared(one: Sequence[str], other: Sequence[str]) -> float:
    mine, others = Counter(one), Counter(other)
    return (mine & others).total() / max((mine | others).total(), 1)


def _shapes(run: ApplicationProfile, stage: StageProfile) -> tuple[str, ...]:
    """Return a stage's operators by name, and once more with what they work on."""
    place = stage.execution
    plan = run.plans.get(run.executions[place].plan, ()) if 0 <= place < len(run.executions) else ()
    parts = set(stage.fragments)
    nodes = [f"{node.name} {node.shape}" for node in plan if node.fragment in parts and node.shape]
    return (*stage.operators, *nodes)


def _operators(by_run: Sequence[Sequence[StageProfile]]) -> tuple[str, ...]:
    return next((stage.operators for run in by_run for stage in run), ())


def _label(by_run: Sequence[Sequence[StageProfile]]) -> str:
    """Name a stage by what it is known for: its scans, joins, aggregates, then its call site."""
    stage = next(stage for run in by_run for stage in run)
    names = list(dict.fromkeys(stage.operators))
    return f"{' + '.join(names[:6])}{' + …' if len(names) > 6 else ''}" if names else stage.name


def _tuples(by_run: Sequence[Sequence[object]] | None, n: int) -> tuple[tuple, ...]:  # type: ignore[type-arg]
    return tuple(tuple(run) for run in by_run) if by_run else ((),) * n
