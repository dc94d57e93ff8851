"""Combinations whose runs counted otherwise than their baseline's: exact evidence, no verdict.

A counter on which the baseline's runs agree to the last digit has changed when every run of the
campaign has another value, all to one side. One run is enough.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lm_assets.model.baseline import Baseline
from lm_assets.model.behaviour import PLANS, Behaviour, recorded_behaviour
from lm_assets.model.record import RunRecord
from lm_assets.model.verdict import BEHAVIOUR_CHANGED, Finding, Verdict
from lm_assets.regression.causes.statements import counted_phrase, counter_name

MORE, FEWER, OTHER = "more", "fewer", "other"
_MOST_SPELT_OUT = 50
_MOST_NAMED = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class CounterMove:
    """One counter of one combination: the baseline's value, the campaign's nearest, and where."""

    baseline: int | str
    current: int | str
    direction: str


Moves = Mapping[str, CounterMove]


def behaviour_findings(
    records: Sequence[RunRecord], baselines: Mapping[str, Baseline]
) -> list[Finding]:
    """Return a finding for each way in which combinations count otherwise, the widest first.

    Failed runs are left out: one that broke off did less. Combinations in which the same counters
    moved the same way are one finding.
    """
    by_way: dict[tuple[tuple[str, str], ...], dict[str, Moves]] = {}
    for combination, runs in _sound_runs(records).items():
        entry = baselines.get(combination)
        moves = _moves(entry.behaviour, runs) if entry is not None else {}
        if moves:
            way = tuple((name, move.direction) for name, move in moves.items())
            by_way.setdefault(way, {})[combination] = moves
    widest_first = sorted(by_way.values(), key=lambda alike: (-len(alike), min(alike)))
    return [_finding(dict(sorted(alike.items()))) for alike in widest_first]


def _sound_runs(records: Sequence[RunRecord]) -> dict[str, list[Behaviour]]:
    runs: dict[str, list[Behaviour]] = {}
    for record in records:
        if not record.is_failed and (behaviour := recorded_behaviour(record)):
            runs.setdefault(record.combination, []).append(behaviour)
    return runs


def _moves(exact: Behaviour, runs: Sequence[Behaviour]) -> Moves:
    moves: dict[str, CounterMove] = {}
    for name, before in exact.items():
        values = [run[name] for run in runs if name in run]
        if len(values) == len(runs) and (move := _move(before, values)) is not None:
            moves[name] = move
    return moves


def _move(before: int | str, values: Sequence[int | str]) -> CounterMove | None:
    if isinstance(before, str):
        is_other = all(value != before for value in values)
        return (
            CounterMove(baseline=before, current=values[0], direction=OTHER) if is_other else None
        )
    counts = [value for value in values if isinstance(value, int)]
    if len(counts) < len(values):
        return None
    if min(counts) > before:
        return CounterMove(baseline=before, current=min(counts), direction=MORE)
    if max(counts) < before:
        return CounterMove(baseline=before, current=max(counts), direction=FEWER)
    return None


def _finding(alike: Mapping[str, Moves]) -> Finding:
    shown, moves = next(iter(alike.items()))
    where = shown if len(alike) == 1 else f"{len(alike)} combinations, such as {shown}"
    return Finding(
        kind=BEHAVIOUR_CHANGED,
        metric="",
        # It says that the work is another, which alone makes nothing slower.
        severity=Verdict.UNCHANGED,
        cells=0,
        combinations=tuple(alike),
        message=f"behaviour changed, exactly: {_said(moves)} in {where}",
        explanation={
            "evidence": "exact",
            "directions": {name: move.direction for name, move in moves.items()},
            "counters": {
                combination: {n: [m.baseline, m.current] for n, m in of_combination.items()}
                for combination, of_combination in list(alike.items())[:_MOST_SPELT_OUT]
            },
        },
    )


def _said(moves: Moves) -> str:
    """Say which counters moved: another plan first, then what moved most."""
    said = ["other plans"] if PLANS in moves else []
    counts = [
        (name, move.baseline, move.current)
        for name, move in moves.items()
        if isinstance(move.baseline, int) and isinstance(move.current, int)
    ]
    counts.sort(key=lambda count: -abs(count[2] - count[1]) / max(count[1], 1))
    room = _MOST_NAMED - len(said)
    said += [f"{counter_name(n)} {counted_phrase(n, b, c)}" for n, b, c in counts[:room]]
    if len(counts) > room:
        said.append(f"{len(counts) - room} more counters")
    return ", ".join(said)
