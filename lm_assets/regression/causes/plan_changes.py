"""Plans of both sides side by side: which operators came, went, or work differently now."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from lm_assets.model.application_profile import ROWS_OUT, ApplicationProfile, PlanNode
from lm_assets.model.behaviour import FEWEST_RUNS
from lm_assets.model.explanation import EXACT, OBSERVED, STATISTICAL, PlanChange, PlanLine
from lm_assets.regression.causes.matching import MatchedRuns, Query

# Operators that say how adaptive execution reads a shuffle: a change of tasks tells it better.
_READS_OF_SHUFFLES = frozenset({"AQEShuffleRead", "CustomShuffleReader"})
# Too long for a sentence, and told by the columns.
_LONG = frozenset({"ReadSchema", "Location"})
_CACHED = "InMemoryTableScan"
_KIND_OF_JOIN = re.compile(
    r"\b(?:Inner|Cross|LeftOuter|RightOuter|FullOuter|LeftSemi|LeftAnti|ExistenceJoin)\b"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangedPlan:
    """A query that has another plan on each side."""

    query: str
    change: PlanChange

    @property
    def is_only_of_reads(self) -> bool:
        """Whether nothing differs but how shuffles are read."""
        names = set(self.change.removed) | set(self.change.added)
        return bool(names) and names <= _READS_OF_SHUFFLES

    @property
    def uses_cache_otherwise(self) -> bool:
        """Whether it reads cached data on one side only, or other cached data."""
        return bool(self.cache_phrase)

    @property
    def cache_phrase(self) -> str:
        """What became of the cached data that it reads; empty where nothing did."""
        is_lost, is_new = (
            any(_CACHED in name for name in names)
            for names in (self.change.removed, self.change.added)
        )
        if is_lost:
            return "other cached data is read" if is_new else "cached data is no longer read"
        return "cached data is read now" if is_new else ""


def changed_plans(matched: MatchedRuns) -> list[ChangedPlan]:
    """Return the queries whose plans differ between all runs of both sides."""
    found = []
    for query in matched.queries.values():
        before = _plans_of_side(matched.baseline, query.baseline)
        now = _plans_of_side(matched.current, query.current)
        evidence = _evidence(before, now)
        if evidence and (change := _plan_change(matched, query, evidence)) is not None:
            found.append(ChangedPlan(query=query.name, change=change))
    return found


def _plans_of_side(
    runs: Sequence[ApplicationProfile], places: Sequence[Sequence[int]]
) -> list[frozenset[str]]:
    """Return the plans of each run that is whole: the last of another may not be the final one."""
    return [_plans(r, p) for r, p in zip(runs, places, strict=True) if not r.incomplete]


def _plans(run: ApplicationProfile, places: Sequence[int]) -> frozenset[str]:
    rows = [run.executions[place] for place in places if place < len(run.executions)]
    return frozenset(row.plan for row in rows if row.plan)


def _evidence(before: Sequence[frozenset[str]], now: Sequence[frozenset[str]]) -> str:
    known = frozenset().union(*before)
    if not known or not now or not all(now) or any(run & known for run in now):
        return ""
    if len(set(before)) > 1:
        return STATISTICAL
    return EXACT if len(before) >= FEWEST_RUNS else OBSERVED


def _plan_change(matched: MatchedRuns, query: Query, evidence: str) -> PlanChange | None:
    old, old_rows = _shown_plan(matched.baseline, query.baseline)
    new, new_rows = _shown_plan(matched.current, query.current)
    if not old or not new:
        return None
    kept_old, kept_new = _shared(old, new)
    removed = Counter(n.name for k, n in enumerate(old) if k not in kept_old)
    added = Counter(n.name for k, n in enumerate(new) if k not in kept_new)
    both = removed & added
    reworked = [_rework(name, old, new, kept_old, kept_new) for name in both]
    return PlanChange(
        execution=query.name.rsplit(" (", 1)[0],
        executions=max(len(places) for places in query.current),
        removed=tuple((removed - both).elements()),
        added=(
            *(added - both).elements(),
            *(said for said in reworked if said),
            *_joined_otherwise(
                [old[k] for k in sorted(kept_old)], [new[k] for k in sorted(kept_new)]
            ),
        ),
        baseline=_lines(old, kept_old, old_rows, "-"),
        current=_lines(new, kept_new, new_rows, "+"),
        evidence=evidence,
    )


def _shown_plan(
    runs: Sequence[ApplicationProfile], places: Sequence[Sequence[int]]
) -> tuple[tuple[PlanNode, ...], dict[int, int]]:
    for run, of_run in zip(runs, places, strict=True):
        for place in reversed(of_run):
            row = run.executions[place]
            if nodes := run.plans.get(row.plan):
                rows = {int(at): f[ROWS_OUT] for at, f in row.figures.items() if ROWS_OUT in f}
                return nodes, rows
    return (), {}


def _shared(
    old: Sequence[PlanNode], new: Sequence[PlanNode]
) -> tuple[frozenset[int], frozenset[int]]:
    """Return the positions of operators that both plans have, in one order."""
    matcher = SequenceMatcher(
        None, [f"{n.name} {n.shape}" for n in old], [f"{n.name} {n.shape}" for n in new], False
    )
    blocks = matcher.get_matching_blocks()
    return (
        frozenset(block.a + step for block in blocks for step in range(block.size)),
        frozenset(block.b + step for block in blocks for step in range(block.size)),
    )


def _rework(
    name: str,
    old: Sequence[PlanNode],
    new: Sequence[PlanNode],
    kept_old: frozenset[int],
    kept_new: frozenset[int],
) -> str:
    """Say what an operator that both plans have does differently; empty where only it moved."""
    one = next(n for k, n in enumerate(old) if k not in kept_old and n.name == name)
    other = next(n for k, n in enumerate(new) if k not in kept_new and n.name == name)
    if one.shape == other.shape:
        return ""
    before, now = _facts(one.detail), _facts(other.detail)
    changed = [
        f"{key} {value} → {now[key]}"
        for key, value in before.items()
        if key not in _LONG
        and (other_value := now.get(key, value)) != value
        and not _is_cut(one.detail, value, other.detail, other_value)
    ]
    return f"{name} ({', '.join(changed[:3])})" if changed else f"{name} (other columns)"


def _joined_otherwise(old: Sequence[PlanNode], new: Sequence[PlanNode]) -> list[str]:
    """Return the joins that both plans have, in one order, which keep other rows now."""
    return [
        f"{one.name} ({before} → {now})"
        for one, other in zip(old, new, strict=True)
        if (before := _kind_of_join(one)) and (now := _kind_of_join(other)) and before != now
    ]


def _kind_of_join(node: PlanNode) -> str:
    kinds = _KIND_OF_JOIN.findall(node.detail) if "Join" in node.name else []
    return kinds[-1] if kinds else ""


def _is_cut(one: str, value: str, other: str, other_value: str) -> bool:
    """Tell whether two values differ only in where the text of the operator was cut off."""
    return (one.endswith(value) and other_value.startswith(value)) or (
        other.endswith(other_value) and value.startswith(other_value)
    )


def _facts(detail: str) -> dict[str, str]:
    pairs = (part.partition(": ") for part in detail.split(", "))
    return {key.rsplit(" ", 1)[-1]: value for key, colon, value in pairs if colon and value}


def _lines(
    nodes: Sequence[PlanNode], kept: frozenset[int], rows: dict[int, int], mark: str
) -> tuple[PlanLine, ...]:
    return tuple(
        PlanLine(
            mark="" if place in kept else mark,
            depth=node.depth,
            operator=node.name,
            detail=node.detail,
            rows_out=rows.get(place),
        )
        for place, node in enumerate(nodes)
    )
