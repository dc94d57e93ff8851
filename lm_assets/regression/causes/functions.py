"""Other functions in the same operators: a user-defined one for a built-in one, for example."""

from collections.abc import Mapping

from lm_assets.model.application_profile import StageProfile
from lm_assets.regression.causes.matching import MatchedRuns
from lm_assets.regression.causes.open_bars import Claim, OpenBars
from lm_assets.regression.causes.stage_facts import FactChange, fact_changes, fact_claims


def function_changes(matched: MatchedRuns) -> dict[int, FactChange]:
    """Return the rows of stages that call other functions.

    An aggregate before an exchange and the one after it are one function.
    """
    return fact_changes(matched, _functions)


def _functions(stage: StageProfile) -> tuple[str, ...] | None:
    if stage.functions is None:
        return None
    return tuple(name.removeprefix("partial_") for name in stage.functions)


def function_claims(state: OpenBars, changes: Mapping[int, FactChange]) -> list[Claim]:
    """Return which functions came and went where the operators are the same."""
    return fact_claims(state, changes, kind="plan_changed", phrase=_phrase)


def _phrase(change: FactChange) -> str:
    lost, gained = _called(change.lost), _called(change.gained)
    if lost and gained:
        return f"now calls {gained} in place of {lost}"
    return f"no longer calls {lost}" if lost else f"now calls {gained} as well"


def _called(names: tuple[str, ...]) -> str:
    return ", ".join(f"{name}()" for name in names[:4]) + (", …" if len(names) > 4 else "")
