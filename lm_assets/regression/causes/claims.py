"""What each bar of a change is put down to: every bar to one claim, or to none.

What was counted is asked before what was timed, and what brings about other changes before what
follows from it: another plan, then more data, then how the work is cut, then how it went.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field

from lm_assets.model.behaviour import FEWEST_RUNS
from lm_assets.model.explanation import EXACT, OBSERVED, STATISTICAL
from lm_assets.regression.causes.counters import STAGE_RUNS, CounterDifference
from lm_assets.regression.causes.matching import GONE, NEW, MatchedRow, MatchedRuns
from lm_assets.regression.causes.plan_changes import ChangedPlan
from lm_assets.regression.causes.skew import has_become_skewed
from lm_assets.regression.causes.statements import counter_phrase, plan_phrase

CACHE = "cache"
# A counter that moved by less explains nothing, however exactly it is known.
_LEAST_CHANGE = 0.01
# Bytes that moved against the time by less (packed harder, for one) are no cause of it.
_LEAST_AGAINST = 0.10


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """One cause before it is weighed: its kind, its bars, what it rests on."""

    kind: str
    statement: str
    evidence: str
    bars: tuple[int, ...]
    operators: tuple[str, ...] = ()
    stage: str | None = None
    details: tuple[str, ...] = ()
    q: float | None = None


@dataclass(slots=True)
class _Open:
    """The bars that nothing has been said of yet."""

    rows: Sequence[MatchedRow]
    differences: Sequence[CounterDifference]
    changes_s: Sequence[float]
    taken: set[int] = field(default_factory=set)

    def of_bar(self, bar: int) -> list[CounterDifference]:
        """Return what was counted differently in a bar; of its query where it reads or writes."""
        found = [d for d in self.differences if d.row == bar and _is_large(d)]
        row = self.rows[bar]
        for d in self.differences:
            if d.row is None and d.query == row.query and _is_large(d):
                side = "output_bytes" if d.name == "files_written" else "input_bytes"
                if any(stage.sum_of(side) for run in row.current for stage in run):
                    found.append(d)
        return found

    def free(self) -> list[int]:
        """Return the bars that are left."""
        return [bar for bar in range(len(self.rows)) if bar not in self.taken]

    def take(self, bars: Iterable[int]) -> tuple[int, ...]:
        """Take bars and return them."""
        chosen = tuple(dict.fromkeys(bar for bar in bars if bar not in self.taken))
        self.taken.update(chosen)
        return chosen


def exact_claims(
    matched: MatchedRuns,
    differences: Sequence[CounterDifference],
    plans: Sequence[ChangedPlan],
    *,
    changes_s: Sequence[float],
) -> tuple[list[Claim], frozenset[int]]:
    """Return the claims that rest on plans and counters, and the bars that they take.

    ``changes_s`` says by how much the time of each row of stages changed.
    """
    state = _Open(rows=matched.rows, differences=differences, changes_s=changes_s)
    claims = [
        *_plan_claims(state, plans),
        *_claims_of(state, _OF_ATTEMPTS),
        *_volume_claims(state),
        *_skew_claims(state),
        *_claims_of(state, _OF_ROWS),
        *_coming_and_going(state, matched),
        *_read_claims(state, plans),
    ]
    return claims, frozenset(state.taken)


def _plan_claims(state: _Open, plans: Sequence[ChangedPlan]) -> list[Claim]:
    by_change: dict[Hashable, list[ChangedPlan]] = {}
    for plan in plans:
        if not plan.is_only_of_reads:
            by_change.setdefault(_what_changed(plan), []).append(plan)
    return [_plan_claim(state, alike) for alike in by_change.values()]


def _what_changed(plan: ChangedPlan) -> Hashable:
    """Return what is the same of queries whose plans changed for one reason."""
    if plan.uses_cache_otherwise:
        return plan.cache_phrase
    return plan.change.removed, plan.change.added


def _plan_claim(state: _Open, alike: Sequence[ChangedPlan]) -> Claim:
    queries = {plan.query for plan in alike}
    change = alike[0].change
    bars = state.take(
        bar
        for bar in state.free()
        if state.rows[bar].query in queries
        and (state.rows[bar].is_done_otherwise or state.of_bar(bar))
    )
    details = [counter_phrase(d) for bar in bars for d in state.of_bar(bar)]
    cache = alike[0].cache_phrase
    prefix = f"{cache}: " if cache else ""
    many = f" in {len(queries)} queries" if len(queries) > 1 else ""
    return Claim(
        kind=CACHE if cache else "plan_changed",
        statement=f"{prefix}{plan_phrase(change)}{many}",
        evidence=_weakest(plan.change.evidence for plan in alike),
        bars=bars,
        operators=tuple(dict.fromkeys((*change.added, *change.removed))),
        stage=state.rows[bars[0]].label if bars else None,
        details=tuple(dict.fromkeys(details))[:12],
    )


def _read_claims(state: _Open, plans: Sequence[ChangedPlan]) -> list[Claim]:
    """Return the plans that only read shuffles differently, where no counter told it better."""
    taken_queries = {state.rows[bar].query for bar in state.taken}
    return [
        Claim(
            kind="plan_changed",
            statement=plan_phrase(plan.change),
            evidence=plan.change.evidence,
            bars=state.take(b for b in state.free() if state.rows[b].query == plan.query),
            operators=(*plan.change.added, *plan.change.removed),
        )
        for plan in plans
        if plan.is_only_of_reads and plan.query not in taken_queries
    ]


def _volume_claims(state: _Open) -> list[Claim]:
    """Return more work: stages that ran more often, more data, and what follows from more data."""
    claims = []
    again = _with(state, {STAGE_RUNS})
    if again:
        claims.append(_counter_claim(state, "repeats", again, (STAGE_RUNS,), "run {}"))
    grown = _with(state, {"input_rows"})
    if grown:
        up = _sign(state, grown[0], "input_rows")
        following = [
            bar
            for bar in state.free()
            if any(d.name.endswith("_rows") and (d.relative > 0) == up for d in state.of_bar(bar))
        ]
        order = ("input_rows", "input_bytes", "shuffle_write_rows", "output_rows")
        claims.append(_counter_claim(state, "input_volume", [*grown, *following], order, "{}"))
    return claims


def _skew_claims(state: _Open) -> list[Claim]:
    """Return stages whose largest task has more of the rows, however many tasks there are."""
    bars = [
        bar
        for bar in _with(state, {"largest_task_rows"})
        if _sign(state, bar, "largest_task_rows") and has_become_skewed(state.rows[bar])
    ]
    names = ("largest_task_rows",)
    return [_counter_claim(state, "skew", bars, names, _UNEVEN)] if bars else []


_UNEVEN = "data is spread unevenly: {}"
_Kinds = tuple[tuple[str, tuple[str, ...], str], ...]
# Copies and repeats of tasks read and write once more: asked before the amounts that follow.
_OF_ATTEMPTS: _Kinds = (
    ("speculation", ("speculative_tasks",), "{}"),
    ("failures", ("failed_tasks", "killed_tasks"), "{}"),
)
_OF_ROWS: _Kinds = (
    ("tasks", ("tasks",), "{}"),
    ("files", ("files_written", "files_read"), "{}"),
    ("spill", ("disk_spilled_bytes", "memory_spilled_bytes"), "{}"),
    ("row_volume", ("shuffle_read_rows", "shuffle_write_rows", "output_rows"), "{}"),
    ("skew", ("largest_task_rows",), _UNEVEN),
    ("input_bytes", ("input_bytes",), "{} for the same rows"),
    ("output_volume", ("output_bytes",), "{} for the same rows"),
    ("shuffle_volume", ("shuffle_write_bytes", "shuffle_read_bytes"), "{} for the same rows"),
)


def _claims_of(state: _Open, kinds: _Kinds) -> list[Claim]:
    claims = []
    for kind, names, pattern in kinds:
        # What one stage writes is what another reads: the writer is told of.
        bars = _with(state, {names[0]}) or _with(state, set(names))
        bars = [bar for bar in bars if _can_bring_about(state, bar, names)]
        if bars:
            claims.append(_counter_claim(state, kind, bars, names, pattern))
    return claims


def _can_bring_about(state: _Open, bar: int, names: Sequence[str]) -> bool:
    """Tell whether counters can be why a bar changed: a few bytes fewer make nothing slower."""
    told = [d for d in state.of_bar(bar) if d.name in names]
    return any(
        "bytes" not in d.name
        or abs(d.relative) >= _LEAST_AGAINST
        or (d.relative > 0) == (state.changes_s[bar] > 0)
        for d in told
    )


def _coming_and_going(state: _Open, matched: MatchedRuns) -> list[Claim]:
    claims = []
    for kind, wanted, said, without in (
        ("new_stage", NEW, "new: {}", matched.baseline),
        ("gone_stage", GONE, "no longer run: {}", matched.current),
    ):
        if any(run.incomplete for run in without):
            # What a log does not show that breaks off may have run all the same.
            continue
        bars = state.take(
            bar
            for bar in state.free()
            if state.rows[bar].kind == wanted and _is_everywhere(state.rows[bar])
        )
        if bars:
            names = list(dict.fromkeys(state.rows[bar].label for bar in bars))
            claims.append(
                Claim(
                    kind=kind,
                    statement=said.format("; ".join(names[:3])),
                    evidence=EXACT if len(matched.baseline) >= FEWEST_RUNS else OBSERVED,
                    bars=bars,
                    operators=state.rows[bars[0]].operators,
                    stage=names[0],
                )
            )
    return claims


def _counter_claim(
    state: _Open, kind: str, bars: Sequence[int], names: Sequence[str], pattern: str
) -> Claim:
    """Return the claim of a counter over several bars, told by the bar where it changed most."""
    told = [d for bar in bars for d in state.of_bar(bar) if d.name in names]
    first = max(told, key=lambda d: (-names.index(d.name), abs(d.current - d.baseline)))
    where = state.rows[first.row] if first.row is not None else state.rows[bars[0]]
    details = [counter_phrase(d) for bar in bars for d in state.of_bar(bar)]
    taken = state.take(bars)
    others = len(taken) - 1
    many = f" and in {others} more stage{'s' if others > 1 else ''}" if others > 0 else ""
    return Claim(
        kind=kind,
        statement=f"{pattern.format(counter_phrase(first))} in {where.label}{many}",
        evidence=_weakest(d.evidence for d in told),
        bars=taken,
        operators=where.operators,
        stage=where.label,
        details=tuple(dict.fromkeys(details))[:12],
        q=first.q,
    )


def _with(state: _Open, names: set[str]) -> list[int]:
    return [bar for bar in state.free() if any(d.name in names for d in state.of_bar(bar))]


def _sign(state: _Open, bar: int, name: str) -> bool:
    return next(d for d in state.of_bar(bar) if d.name == name).relative > 0


def _weakest(evidence: Iterable[str]) -> str:
    order: Callable[[str], int] = (EXACT, OBSERVED, STATISTICAL).index
    return max(evidence, key=order)


def _is_everywhere(row: MatchedRow) -> bool:
    return all(row.current) if row.kind == NEW else all(row.baseline)


def _is_large(difference: CounterDifference) -> bool:
    return abs(difference.relative) >= _LEAST_CHANGE
