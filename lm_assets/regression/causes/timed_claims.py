"""What only the clock shows: bars that stand out though the same work was counted."""

from collections.abc import Sequence

import numpy as np

from lm_assets.model.explanation import STATISTICAL, ChangePart
from lm_assets.regression.causes.inside_stage import PARALLELISM, tail_ms
from lm_assets.regression.causes.matching import MatchedRow, MatchedRuns
from lm_assets.regression.causes.open_bars import Claim
from lm_assets.regression.causes.samples import seconds
from lm_assets.regression.causes.slow_hosts import slow_host
from lm_assets.regression.causes.waterfall import Waterfall

_KINDS = {
    "CPU": "stage_cpu",
    "garbage collection": "gc",
    "shuffle fetch wait": "fetch_wait",
    "shuffle write wait": "shuffle_write",
    "storage and other waits": "stage_wait",
    "deserialisation": "deserialisation",
    "results": "results",
    "scheduling": "scheduling",
    PARALLELISM: "parallelism",
}
# A longest task that outlasts the others by this much of a stage's change is the change.
_TAIL_SHARE, _TAIL_ALPHA = 0.4, 0.05
# Bars within this factor of the whole's change have changed alike.
_ALIKE = 1.25
_FEWEST_ALIKE = 2
# A machine that stalls once is in one run; what was changed is in all of them.
_FEWEST_CURRENT = 2
# Everything slower alike is what a neighbour on the machine does too: only a large, sure change
# is spoken of.
_UNIFORM_CHANGE, _UNIFORM_ALPHA = 0.30, 0.001


def timed_claims(
    matched: MatchedRuns, fall: Waterfall, taken: frozenset[int]
) -> tuple[list[Claim], list[str]]:
    """Return the claims that rest on times, and what is said where none can be made."""
    claims: list[Claim] = []
    slow = slow_host(matched.baseline, matched.current)
    if slow is not None and not (fall.change.is_clear or slow.is_plain):
        slow = None
    outstanding = [
        bar for bar, part in enumerate(fall.parts) if part.stands_out and bar not in taken
    ]
    if slow is not None:
        claims.append(
            Claim(
                kind="slow_host",
                statement=f"{slow.name} is slow: its tasks run {slow.slowdown:.2g} times as long "
                f"as the same stages' tasks elsewhere ({slow.slowdown_baseline:.2g} before)",
                evidence=STATISTICAL,
                bars=tuple(bar for bar in outstanding if fall.rows[bar] is not None),
                q=slow.p,
            )
        )
        outstanding = [bar for bar in outstanding if fall.rows[bar] is None]
    elif outstanding and len(matched.current) < _FEWEST_CURRENT:
        return [], ["one current run: by its time alone no stage is a cause"]
    elif _is_uniform(fall, outstanding, taken):
        return _uniform(fall, outstanding)
    claims += [_timed_claim(fall.parts[bar], fall.rows[bar], bar) for bar in outstanding]
    return claims, []


def _timed_claim(part: ChangePart, row: MatchedRow | None, bar: int) -> Claim:
    direction = "longer" if part.change_s > 0 else "shorter"
    if row is None:
        return Claim(
            kind="driver_gap",
            statement=f"{part.change_s:+.3g} s in which no stage runs: planning, listing files, "
            "committing, or waiting for executors",
            evidence=STATISTICAL,
            bars=(bar,),
            stage=part.label,
            q=part.q,
        )
    if _is_straggler(row, part.change_s):
        return Claim(
            kind="straggler",
            statement=f"a straggling task in {part.label}: the longest outlasts the others by "
            f"{_mean_tail_s(row.baseline):.3g} s → {_mean_tail_s(row.current):.3g} s",
            evidence=STATISTICAL,
            bars=(bar,),
            operators=part.operators,
            stage=part.label,
            q=part.q,
        )
    main = next((i for i in part.inside if i.change_s * part.change_s > 0), None)
    kind = _KINDS[main.name] if main else "stage_cpu"
    carried = ""
    if main and part.change_s:
        carried = f", {min(main.change_s / part.change_s, 1.0):.0%} of it {main.name}"
    return Claim(
        kind=kind,
        statement=f"{part.label} takes {abs(part.change_s):.3g} s {direction} for the same work"
        f"{carried}",
        evidence=STATISTICAL,
        bars=(bar,),
        operators=part.operators,
        stage=part.label,
        q=part.q,
    )


def _is_straggler(row: MatchedRow, change_s: float) -> bool:
    before, now = ([tail_ms(run) / 1_000.0 for run in side] for side in (row.baseline, row.current))
    found = seconds([before], [now])
    return bool(
        np.isfinite(found.p[0])
        and found.p[0] < _TAIL_ALPHA
        and change_s > 0
        and found.difference[0] >= _TAIL_SHARE * change_s
    )


def _mean_tail_s(by_run: Sequence[Sequence[object]]) -> float:
    return float(np.mean([tail_ms(run) for run in by_run])) / 1_000.0  # type: ignore[arg-type]


def _is_uniform(fall: Waterfall, outstanding: Sequence[int], taken: frozenset[int]) -> bool:
    """Tell whether no stage stands out against the others: all changed by much the same factor."""
    stages = [
        part
        for bar, part in enumerate(fall.parts)
        if fall.rows[bar] is not None and bar not in taken and part.baseline_s > 0
    ]
    whole = sum(part.baseline_s for part in stages)
    large = [part for part in stages if part.baseline_s >= 0.05 * whole]
    if taken or len(large) < _FEWEST_ALIKE or not outstanding:
        return False
    ratio = sum(p.current_s for p in large) / sum(p.baseline_s for p in large)
    return all(
        ratio / _ALIKE <= part.current_s / part.baseline_s <= ratio * _ALIKE for part in large
    )


def _uniform(fall: Waterfall, outstanding: Sequence[int]) -> tuple[list[Claim], list[str]]:
    change = fall.change
    said = (
        "no stage stands out: all take longer alike, as on a slower or busier machine"
        if change.change_s > 0
        else "no stage stands out: all take less alike, as on a faster or idler machine"
    )
    is_sure = (
        change.change is not None
        and change.p is not None
        and abs(change.change) >= _UNIFORM_CHANGE
        and change.p < _UNIFORM_ALPHA
    )
    if not is_sure:
        return [], [said]
    bars = tuple(bar for bar in outstanding if fall.rows[bar] is not None)
    claim = Claim(kind="all_stages", statement=said, evidence=STATISTICAL, bars=bars, q=change.p)
    return [claim], []
