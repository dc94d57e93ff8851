"""What each bar of a change is put down to: every bar to one claim, or to none.

What was counted is asked before what was timed, and what brings about other changes before what
follows from it: another plan, then more data, then how the work is cut, then how it went.
"""

from collections.abc import Hashable, Mapping, Sequence

from lm_assets.model.behaviour import FEWEST_RUNS
from lm_assets.model.explanation import EXACT, OBSERVED
from lm_assets.regression.causes.counters import STAGE_RUNS, CounterDifference
from lm_assets.regression.causes.functions import function_claims
from lm_assets.regression.causes.kept_data import CACHE, kept_data_claims
from lm_assets.regression.causes.matching import GONE, NEW, MatchedRow, MatchedRuns
from lm_assets.regression.causes.open_bars import Claim, OpenBars, weakest
from lm_assets.regression.causes.plan_changes import ChangedPlan
from lm_assets.regression.causes.skew import has_become_skewed
from lm_assets.regression.causes.stage_facts import FactChange
from lm_assets.regression.causes.statements import counter_phrase, plan_phrase

# Bytes that moved against the time by less (packed harder, for one) are no cause of it.
_LEAST_AGAINST = 0.10


def exact_claims(
    matched: MatchedRuns,
    differences: Sequence[CounterDifference],
    plans: Sequence[ChangedPlan],
    *,
    kept: Mapping[int, FactChange],
    functions: Mapping[int, FactChange],
    changes_s: Sequence[float],
) -> tuple[list[Claim], frozenset[int]]:
    """Return the claims that rest on plans and counters, and the bars that they take.

    ``kept`` says which rows of stages keep data otherwise, ``functions`` which call others,
    ``changes_s`` by how much the time of each changed.
    """
    state = OpenBars(rows=matched.rows, differences=differences, changes_s=changes_s)
    claims = [
        *_plan_claims(state, plans, kept),
        *kept_data_claims(state, kept),
        *function_claims(state, functions),
        *_claims_of(state, _OF_ATTEMPTS),
        *_volume_claims(state),
        *_skew_claims(state),
        *_claims_of(state, _OF_ROWS),
        *_coming_and_going(state, matched),
        *_read_claims(state, plans),
    ]
    return claims, frozenset(state.taken)


def _plan_claims(
    state: OpenBars, plans: Sequence[ChangedPlan], kept: Mapping[int, FactChange]
) -> list[Claim]:
    by_change: dict[Hashable, list[ChangedPlan]] = {}
    for plan in plans:
        if not plan.is_only_of_reads:
            by_change.setdefault(_what_changed(plan), []).append(plan)
    return [_plan_claim(state, alike, kept) for alike in by_change.values()]


def _what_changed(plan: ChangedPlan) -> Hashable:
    """Return what is the same of queries whose plans changed for one reason."""
    if plan.uses_cache_otherwise:
        return plan.cache_phrase
    return plan.change.removed, plan.change.added


def _plan_claim(
    state: OpenBars, alike: Sequence[ChangedPlan], kept: Mapping[int, FactChange]
) -> Claim:
    queries = {plan.query for plan in alike}
    change = alike[0].change
    bars = state.take(
        bar
        for bar in state.free()
        if state.rows[bar].query in queries
        and (state.rows[bar].is_done_otherwise or bar in kept or state.of_bar(bar))
    )
    details = [counter_phrase(d) for bar in bars for d in state.of_bar(bar)]
    cache = alike[0].cache_phrase
    prefix = f"{cache}: " if cache else ""
    many = f" in {len(queries)} queries" if len(queries) > 1 else ""
    return Claim(
        kind=CACHE if cache else "plan_changed",
        statement=f"{prefix}{plan_phrase(change)}{many}",
        evidence=weakest(plan.change.evidence for plan in alike),
        bars=bars,
        operators=tuple(dict.fromkeys((*change.added, *change.removed))),
        stage=state.rows[bars[0]].label if bars else None,
        details=tuple(dict.fromkeys(details))[:12],
    )


def _read_claims(state: OpenBars, plans: Sequence[ChangedPlan]) -> list[Claim]:
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


def _volume_claims(state: OpenBars) -> list[Claim]:
    """Return more work: stages that ran more often, more data, and what follows from more data."""
    claims = []
    again = _with(state, {STAGE_RUNS})
    if again:
        claims.append(_counter_claim(state, "repeats", again, (STAGE_RUNS,), "{}"))
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


def _skew_claims(state: OpenBars) -> list[Claim]:
    """Return stages whose largest task has more of the rows, however many tasks there are."""
    bars = [
        bar
        for bar in _with(state, {"largest_task_rows"})
        if _sign(state, bar, "largest_task_rows") and has_become_skewed(state.rows[bar])
    ]
    names = ("largest_task_rows",)
    return [_counter_claim(state, "skew", bars, names, _UNEVEN)] if bars else []


_UNEVEN = "data is spread unevenly: {}"
_SHUFFLE_BYTES = ("shuffle_write_bytes", "shuffle_read_bytes")
_OF_SHUFFLES = frozenset(
    {*_SHUFFLE_BYTES, "shuffle_write_rows", "shuffle_read_rows", "largest_task_rows"}
)
# Other rows, or the same ones cut otherwise, are grouped and packed otherwise for the next stage.
_BRINGS_ABOUT_OTHERS = frozenset(
    {"repeats", "input_volume", "skew", "tasks", "files", "row_volume"}
)
_Kinds = tuple[tuple[str, tuple[str, ...], str], ...]
# Copies and repeats of tasks read and write once more: asked before the amounts that follow.
_OF_ATTEMPTS: _Kinds = (
    ("speculation", ("speculative_tasks",), "{}"),
    ("failures", ("failed_tasks", "killed_tasks"), "{}"),
)
_OF_ROWS: _Kinds = (
    # Files that are read make tasks, and tasks make files that are written.
    ("files", ("files_read",), "{}"),
    ("tasks", ("tasks",), "{}"),
    ("files", ("files_written",), "{}"),
    ("spill", ("disk_spilled_bytes", "memory_spilled_bytes"), "{}"),
    ("row_volume", ("shuffle_write_rows", "shuffle_read_rows", "output_rows"), "{}"),
    ("skew", ("largest_task_rows",), _UNEVEN),
    ("input_bytes", ("input_bytes",), "{} for the same rows"),
    ("output_volume", ("output_bytes",), "{} for the same rows"),
    ("shuffle_volume", _SHUFFLE_BYTES, "{} for the same rows"),
)


def _claims_of(state: OpenBars, kinds: _Kinds) -> list[Claim]:
    claims = []
    for kind, names, pattern in kinds:
        # What one stage writes another reads: both are put down to it, the writer is told of.
        bars = _with(state, set(names))
        bars = [bar for bar in bars if _can_bring_about(state, bar, names)]
        if bars:
            claims.append(_counter_claim(state, kind, bars, names, pattern))
    return claims


def _can_bring_about(state: OpenBars, bar: int, names: Sequence[str]) -> bool:
    """Tell whether counters can be why a bar changed: a few bytes fewer make nothing slower."""
    told = [d for d in state.of_bar(bar) if d.name in names]
    return any(
        "bytes" not in d.name
        or abs(d.relative) >= _LEAST_AGAINST
        or (d.relative > 0) == (state.changes_s[bar] > 0)
        for d in told
    )


def _coming_and_going(state: OpenBars, matched: MatchedRuns) -> list[Claim]:
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
    state: OpenBars, kind: str, bars: Sequence[int], names: Sequence[str], pattern: str
) -> Claim:
    """Return the claim of a counter over bars, told by where it, then time, changed most."""
    told = [(d, bar) for bar in bars for d in state.of_bar(bar) if d.name in names]

    def rank(of: tuple[CounterDifference, int]) -> tuple[float, float, float]:
        difference, bar = of
        counted = abs(difference.current - difference.baseline)
        return -names.index(difference.name), counted, abs(state.changes_s[bar])

    first, _ = max(told, key=rank)
    where = state.rows[first.row] if first.row is not None else state.rows[bars[0]]
    if kind in _BRINGS_ABOUT_OTHERS:
        bars = [*bars, *_following(state, bars)]
    details = [counter_phrase(d) for bar in bars for d in state.of_bar(bar)]
    taken = state.take(bars)
    others = len(taken) - 1
    many = f" and in {others} more stage{'s' if others > 1 else ''}" if others > 0 else ""
    return Claim(
        kind=kind,
        statement=f"{pattern.format(counter_phrase(first))} in {where.label}{many}",
        evidence=weakest(d.evidence for d, _ in told),
        bars=taken,
        operators=where.operators,
        stage=where.label,
        details=tuple(dict.fromkeys(details))[:12],
        q=first.q,
    )


def _following(state: OpenBars, bars: Sequence[int]) -> list[int]:
    """Return the open bars that differ only in what they exchange with some bars, near and far.

    What one writes the other reads: as many rows or bytes, before and now. Within a query other
    bytes alone follow too.
    """
    # A chain of shuffles is followed link by link: what a bar differs in is asked for once.
    told = {bar: state.of_bar(bar) for bar in {*state.free(), *bars}}
    names = {bar: {d.name for d in of_bar} for bar, of_bar in told.items()}
    pairs = {bar: _exchanged(of_bar) for bar, of_bar in told.items()}
    left = [b for b in state.free() if b not in bars and names[b] and names[b] <= _OF_SHUFFLES]
    exchanged, queries = set[tuple[str, float, float]](), set[str]()
    found: list[int] = []
    more = list(bars)
    while more:
        exchanged.update(*(pairs[bar] for bar in more))
        queries.update(state.rows[bar].query for bar in more)
        more = [
            bar
            for bar in left
            if not exchanged.isdisjoint(pairs[bar])
            or (names[bar] <= set(_SHUFFLE_BYTES) and state.rows[bar].query in queries)
        ]
        left = sorted(set(left).difference(more))
        found += more
    return found


def _exchanged(told: Sequence[CounterDifference]) -> set[tuple[str, float, float]]:
    """Return the amounts that go through shuffles: what of, before and now."""
    return {
        (d.name.rsplit("_", 1)[-1], d.baseline, d.current)
        for d in told
        if d.name in _OF_SHUFFLES and d.name != "largest_task_rows"
    }


def _with(state: OpenBars, names: set[str]) -> list[int]:
    return [bar for bar in state.free() if any(d.name in names for d in state.of_bar(bar))]


def _sign(state: OpenBars, bar: int, name: str) -> bool:
    return next(d for d in state.of_bar(bar) if d.name == name).relative > 0


def _is_everywhere(row: MatchedRow) -> bool:
    return all(row.current) if row.kind == NEW else all(row.baseline)
