"""Persisted data that stages fill or read on one side only, or that is kept elsewhere now."""

from collections.abc import Mapping

from lm_assets.regression.causes.matching import MatchedRuns
from lm_assets.regression.causes.open_bars import Claim, OpenBars
from lm_assets.regression.causes.stage_facts import FactChange, fact_changes, fact_claims

CACHE = "cache"


def kept_data_changes(matched: MatchedRuns) -> dict[int, FactChange]:
    """Return the rows of stages whose persisted data differs."""
    return fact_changes(matched, lambda stage: stage.kept_data)


def kept_data_claims(state: OpenBars, changes: Mapping[int, FactChange]) -> list[Claim]:
    """Return what became of persisted data.

    What a stage reads from storage it does not compute: its rows and bytes follow.
    """
    return fact_claims(state, changes, kind=CACHE, phrase=_phrase)


def _phrase(change: FactChange) -> str:
    lost, gained = ", ".join(change.lost[:3]), ", ".join(change.gained[:3])
    if lost and gained:
        return f"data is cached otherwise: {lost} → {gained}"
    return f"data is no longer cached: {lost}" if lost else f"data is cached now: {gained}"
