"""What a stage is, beside its operators: functions that it calls, data that it keeps.

Such a fact is a set of names, the same in every run of the same work. It has changed where no
current run has a set that any baseline run has.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from lm_assets.model.application_profile import ApplicationProfile, StageProfile
from lm_assets.model.behaviour import FEWEST_RUNS
from lm_assets.model.explanation import EXACT, OBSERVED, STATISTICAL
from lm_assets.regression.causes.counters import whole
from lm_assets.regression.causes.matching import MatchedRuns
from lm_assets.regression.causes.open_bars import Claim, OpenBars, weakest
from lm_assets.regression.causes.statements import counter_phrase

OfStage = Callable[[StageProfile], Sequence[str] | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class FactChange:
    """What a row of stages no longer has, what it has now, and how surely."""

    lost: tuple[str, ...]
    gained: tuple[str, ...]
    evidence: str


def fact_changes(matched: MatchedRuns, of_stage: OfStage) -> dict[int, FactChange]:
    """Return the rows of which a fact differs between all runs of both sides."""
    found = {}
    for number, row in enumerate(matched.rows):
        before = _by_run(row.baseline, matched.baseline, of_stage)
        now = _by_run(row.current, matched.current, of_stage)
        # Where a run has no such stage, or its source does not tell, nothing is compared.
        if not before or not now or None in before or None in now:
            continue
        known = {names for names in before if names is not None}
        if known.intersection(now):
            continue
        old, new = frozenset().union(*known), frozenset().union(*(names or () for names in now))
        if old == new:
            # The same names, in some runs together and in others apart: none came and none went.
            continue
        found[number] = FactChange(
            lost=tuple(sorted(old - new)),
            gained=tuple(sorted(new - old)),
            evidence=_evidence(known, len(before)),
        )
    return found


def fact_claims(
    state: OpenBars,
    changes: Mapping[int, FactChange],
    *,
    kind: str,
    phrase: Callable[[FactChange], str],
) -> list[Claim]:
    """Return one claim for what came, or for what went alone, over all open bars that have it."""
    alike: dict[tuple[str, ...], list[int]] = {}
    for bar, change in changes.items():
        if bar not in state.taken:
            alike.setdefault(change.gained or change.lost, []).append(bar)
    return [_claim(state, kind, phrase, bars, changes) for bars in alike.values()]


def _claim(
    state: OpenBars,
    kind: str,
    phrase: Callable[[FactChange], str],
    bars: Sequence[int],
    changes: Mapping[int, FactChange],
) -> Claim:
    said = phrase(max((changes[bar] for bar in bars), key=lambda change: len(change.lost)))
    where = state.rows[max(bars, key=lambda bar: abs(state.changes_s[bar]))]
    others = len(bars) - 1
    many = f" and in {others} more stage{'s' if others > 1 else ''}" if others else ""
    details = [counter_phrase(d) for bar in bars for d in state.of_bar(bar)]
    return Claim(
        kind=kind,
        statement=f"{said} in {where.label}{many}",
        evidence=weakest(changes[bar].evidence for bar in bars),
        bars=state.take(bars),
        operators=where.operators,
        stage=where.label,
        details=tuple(dict.fromkeys(details))[:12],
    )


def _by_run(
    by_run: Sequence[Sequence[StageProfile]],
    runs: Sequence[ApplicationProfile],
    of_stage: OfStage,
) -> list[frozenset[str] | None]:
    return [_names(stages, of_stage) for stages in whole(by_run, runs)]


def _names(stages: Sequence[StageProfile], of_stage: OfStage) -> frozenset[str] | None:
    """Return the fact of a run's stages of a row; None where it is not known."""
    told = [of_stage(stage) for stage in stages]
    if not told or None in told:
        return None
    return frozenset(name for names in told if names for name in names)


def _evidence(known: set[frozenset[str]], runs: int) -> str:
    if len(known) > 1:
        return STATISTICAL
    return EXACT if runs >= FEWEST_RUNS else OBSERVED
