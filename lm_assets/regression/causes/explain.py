"""Profiles of both sides to an explanation: the change taken apart, its causes in their order."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from lm_assets.model.application_profile import ApplicationProfile
from lm_assets.model.behaviour import FEWEST_RUNS
from lm_assets.model.explanation import (
    EXACT,
    EXPLAINS,
    OBSERVED,
    Cause,
    CounterChange,
    Explanation,
    SettingChange,
)
from lm_assets.regression.causes.claims import exact_claims
from lm_assets.regression.causes.counters import CounterDifference, counter_differences
from lm_assets.regression.causes.functions import function_changes
from lm_assets.regression.causes.kept_data import kept_data_changes
from lm_assets.regression.causes.matching import MatchedRuns, match_runs
from lm_assets.regression.causes.open_bars import Claim
from lm_assets.regression.causes.plan_changes import changed_plans
from lm_assets.regression.causes.setting_changes import (
    CombinationDifference,
    related_by_contrast,
    related_to_causes,
    setting_changes,
    told_of,
)
from lm_assets.regression.causes.statements import (
    counter_name,
    setting_phrase,
    summary_sentence,
    with_settings,
)
from lm_assets.regression.causes.timed_claims import timed_claims
from lm_assets.regression.causes.waterfall import Thresholds, Waterfall, waterfall

_DEFAULTS = Thresholds()
# Exact evidence that carries less stands behind a timed cause that carries more.
_FIRST_BY_EXACTNESS = 0.20
_LEAST_SHARE = 0.05


def explain_change(
    baseline: Sequence[ApplicationProfile],
    current: Sequence[ApplicationProfile],
    *,
    metric: str = "duration_s",
    thresholds: Thresholds = _DEFAULTS,
    contrast: Mapping[str, CombinationDifference] | None = None,
    hide_settings: bool = False,
) -> Explanation:
    """Return why a combination's runs differ from its baseline's.

    Parameters
    ----------
    baseline, current : sequence of ApplicationProfile
        At least one run a side; exact evidence needs three of the baseline.
    metric : str
        The judged metric: it decides whether time on the clock, executor run time or CPU time is
        taken apart.
    contrast : mapping, optional
        What differs in every combination of the campaign, this one among them. Without it a
        setting is related by what it acts on.
    hide_settings : bool
        Take causes from what ran alone, as if nothing were known of the settings.

    Raises
    ------
    ValueError
        When a side has no run.
    """
    for name, side in (("baseline", baseline), ("current", current)):
        if not side:
            raise ValueError(f"{name} must have at least one run, got none")
    matched = match_runs(baseline, current)
    fall = waterfall(matched, metric=metric, thresholds=thresholds)
    differences = counter_differences(matched)
    plans = changed_plans(matched)
    changes_s = [part.change_s for part in fall.parts[: len(matched.rows)]]
    counted, taken = exact_claims(
        matched,
        differences,
        plans,
        kept=kept_data_changes(matched),
        functions=function_changes(matched),
        changes_s=changes_s,
    )
    timed, said = timed_claims(matched, fall, taken)
    causes = _ranked([_cause(claim, fall) for claim in (*counted, *timed)], fall)
    settings = () if hide_settings else setting_changes(baseline, current)
    settings = _related(settings, causes, fall, contrast)
    causes = _with_settings(causes, settings, fall)
    explanation = Explanation(
        change=fall.change,
        coverage=matched.coverage,
        coverage_by_kind=matched.shares(),
        causes=tuple(causes),
        parts=fall.parts,
        counters=tuple(_counter_change(d, matched) for d in differences),
        settings=settings,
        plans=tuple(plan.change for plan in plans),
        unknown=(*said, *_unknown(matched)),
    )
    return replace(explanation, summary=summary_sentence(fall.change, causes))


def _cause(claim: Claim, fall: Waterfall) -> Cause:
    share, interval = fall.share_of(claim.bars)
    return Cause(
        kind=claim.kind,
        statement=claim.statement,
        evidence=claim.evidence,
        share=share,
        share_ci95=interval,
        stage=claim.stage,
        operators=claim.operators,
        q=claim.q,
        details=claim.details,
    )


def _ranked(causes: Sequence[Cause], fall: Waterfall) -> list[Cause]:
    """Return the causes that carry something of a clear change, exact before timed, large first."""
    has_slow_host = any(cause.kind == "slow_host" for cause in causes)

    def rank(cause: Cause) -> tuple[bool, bool, float]:
        share = cause.share or 0.0
        # Copies of tasks are what Spark does about a slow host.
        is_symptom = has_slow_host and cause.kind in {"speculation", "straggler"}
        is_first = cause.evidence in {EXACT, OBSERVED} and (
            share >= _FIRST_BY_EXACTNESS or not fall.change.is_clear
        )
        return is_symptom, not is_first, -share

    kept = [
        cause
        for cause in causes
        if cause.share is None or cause.share >= _LEAST_SHARE or cause.kind == "slow_host"
    ]
    return sorted(kept, key=rank)


def _related(
    settings: tuple[SettingChange, ...],
    causes: Sequence[Cause],
    fall: Waterfall,
    contrast: Mapping[str, CombinationDifference] | None,
) -> tuple[SettingChange, ...]:
    if contrast is not None:
        return related_by_contrast(settings, contrast)
    return related_to_causes(settings, causes, is_changed=fall.change.is_clear or bool(causes))


def _with_settings(
    causes: Sequence[Cause], settings: Sequence[SettingChange], fall: Waterfall
) -> list[Cause]:
    """Return the causes with the settings that explain them; a setting alone where none is left."""
    told = [
        replace(c, statement=with_settings(c.statement, told_of(settings, c.kind))) for c in causes
    ]
    explaining = [s for s in settings if s.relation == EXPLAINS]
    if not told and explaining and fall.change.is_clear:
        statement = ", ".join(setting_phrase(setting) for setting in explaining[:3])
        told = [
            Cause(
                kind="setting",
                statement=f"{statement}; no single stage carries the change",
                evidence="statistical",
                q=fall.change.p,
            )
        ]
    return told


def _counter_change(difference: CounterDifference, matched: MatchedRuns) -> CounterChange:
    where = difference.query.rsplit(" (", 1)[0]
    if difference.row is not None:
        where = matched.rows[difference.row].label
    return CounterChange(
        name=counter_name(difference.name),
        where=where,
        baseline=difference.baseline,
        current=difference.current,
        evidence=difference.evidence,
        direction="more" if difference.current > difference.baseline else "fewer",
    )


def _unknown(matched: MatchedRuns) -> list[str]:
    said: list[str] = []
    if len(matched.baseline) < FEWEST_RUNS:
        said.append(
            f"the baseline has {len(matched.baseline)} runs: whether a counter is exact takes "
            f"{FEWEST_RUNS} that agree, so what differs is observed, not exact"
        )
    if len(matched.baseline) < 2:
        said.append("one baseline run has no spread: no interval, and no change is called clear")
    for side, runs in (("baseline", matched.baseline), ("current", matched.current)):
        for text in dict.fromkeys(text for run in runs for text in (*run.unknown, *run.incomplete)):
            said.append(f"{side}: {text}")
    return said
