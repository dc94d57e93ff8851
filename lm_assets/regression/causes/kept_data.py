"""Persisted data that stages fill or read on one side only, or that is kept elsewhere now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lm_assets.model.application_profile import ApplicationProfile, StageProfile
from lm_assets.model.behaviour import FEWEST_RUNS
from lm_assets.model.explanation import EXACT, OBSERVED, STATISTICAL
from lm_assets.regression.causes.counters import whole
from lm_assets.regression.causes.matching import MatchedRuns
from lm_assets.regression.causes.open_bars import Claim, OpenBars, weakest
from lm_assets.regression.causes.statements import counter_phrase

CACHE = "cache"


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptDataChange:
    """What a row of stages no longer keeps, what it keeps now, and how surely."""

    lost: tuple[str, ...]
    gained: tuple[str, ...]
    evidence: str

    @property
    def phrase(self) -> str:
        """What became of the data, in words."""
        lost, gained = ", ".join(self.lost[:3]), ", ".join(self.gained[:3])
        if lost and gained:
            return f"data is cached otherwise: {lost} → {gained}"
        return f"data is no longer cached: {lost}" if lost else f"data is cached now: {gained}"


def kept_data_changes(matched: MatchedRuns) -> dict[int, KeptDataChange]:
    """Return the rows whose persisted data differs between all runs of both sides."""
    found = {}
    for number, row in enumerate(matched.rows):
        before = _kept_by_run(row.baseline, matched.baseline)
        now = _kept_by_run(row.current, matched.current)
        # Where a run has no such stage, or its source does not tell, nothing is compared.
        if not before or not now or None in before or None in now:
            continue
        known = {kept for kept in before if kept is not None}
        if known.intersection(now):
            continue
        old, new = frozenset().union(*known), frozenset().union(*(kept or () for kept in now))
        found[number] = KeptDataChange(
            lost=tuple(sorted(old - new)),
            gained=tuple(sorted(new - old)),
            evidence=_evidence(known, len(before)),
        )
    return found


def kept_data_claims(state: OpenBars, changes: Mapping[int, KeptDataChange]) -> list[Claim]:
    """Return one claim for each way in which data is kept otherwise, over all stages that have it.

    What a stage reads from storage it does not compute: its rows and bytes follow.
    """
    alike: dict[str, list[int]] = {}
    for bar, change in changes.items():
        if bar not in state.taken:
            alike.setdefault(change.phrase, []).append(bar)
    return [_claim(state, phrase, bars, changes) for phrase, bars in alike.items()]


def _claim(
    state: OpenBars, phrase: str, bars: Sequence[int], changes: Mapping[int, KeptDataChange]
) -> Claim:
    where = state.rows[max(bars, key=lambda bar: abs(state.changes_s[bar]))]
    others = len(bars) - 1
    many = f" and in {others} more stage{'s' if others > 1 else ''}" if others else ""
    details = [counter_phrase(d) for bar in bars for d in state.of_bar(bar)]
    return Claim(
        kind=CACHE,
        statement=f"{phrase} in {where.label}{many}",
        evidence=weakest(changes[bar].evidence for bar in bars),
        bars=state.take(bars),
        operators=where.operators,
        stage=where.label,
        details=tuple(dict.fromkeys(details))[:12],
    )


def _kept_by_run(
    by_run: Sequence[Sequence[StageProfile]], runs: Sequence[ApplicationProfile]
) -> list[frozenset[str] | None]:
    return [_kept(stages) for stages in whole(by_run, runs)]


def _kept(stages: Sequence[StageProfile]) -> frozenset[str] | None:
    """Return what a run's stages of a row keep; None where that is not known."""
    kept = [stage.kept_data for stage in stages]
    if not kept or None in kept:
        return None
    return frozenset(name for names in kept if names for name in names)


def _evidence(known: set[frozenset[str]], runs: int) -> str:
    if len(known) > 1:
        return STATISTICAL
    return EXACT if runs >= FEWEST_RUNS else OBSERVED
