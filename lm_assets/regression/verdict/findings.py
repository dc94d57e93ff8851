"""Reported causes: one finding for what has one cause, a lone cell as a cell."""

from collections.abc import Iterable, Mapping, Sequence

from lm_assets.model.metric import Scale
from lm_assets.model.noise_policy import EnvironmentPolicy
from lm_assets.model.policy import GatePolicy, StagePolicy
from lm_assets.model.verdict import FAILED_RUNS, CellVerdict, Finding, Verdict
from lm_assets.regression.matrix.common_shift import MatrixShift, is_finding
from lm_assets.regression.verdict.campaign_context import CampaignContext
from lm_assets.regression.verdict.environment import describe_change, environment_changes
from lm_assets.regression.verdict.phrases import change_phrase, metric_phrase


def shift_findings(
    shifts: Sequence[MatrixShift],
    *,
    policy: StagePolicy,
    context: CampaignContext,
) -> list[Finding]:
    """Return the matrix-wide shift as one finding, however many metrics show it.

    It is named after the metric that got worse and people ask about first (the highest tier, then
    the catalogue's order); the others are in its explanation. It is worse when any metric is, and
    not comparable where the environment changed: then nobody can say which of the two it was.
    """
    large = [shift for shift in shifts if is_finding(shift, policy.common_shift)]
    if not large:
        return []
    worse = [s for s in large if s.degradation > 0.0]
    named = max(worse or large, key=lambda s: s.metric.tier)
    causes = [describe_change(c) for c in environment_changes(context, policy.environment)]
    others = [
        metric_phrase(s.metric.name, s.change, None, s.metric.scale.change_unit)
        for s in shifts
        if s is not named
    ]
    unit = named.metric.scale.change_unit
    phrase = metric_phrase(named.metric.name, named.change, named.change_ci95, unit)
    message = f"{phrase} in the whole matrix"
    if others:
        message += f", with {', '.join(others)}"
    if causes:
        message += f"; likely cause: {'; '.join(causes)}"
    return [
        Finding(
            kind="common_shift",
            metric=named.metric.name,
            severity=_shift_severity(is_worse=bool(worse), has_changed=bool(causes)),
            change=named.change,
            change_ci95=named.change_ci95,
            change_unit=unit,
            cells=sum(shift.cells.size for shift in shifts),
            message=message,
            explanation={
                "metrics": {shift.metric.name: _shift_figures(shift) for shift in shifts},
                "likely_causes": causes,
            },
        )
    ]


def _shift_severity(*, is_worse: bool, has_changed: bool) -> Verdict:
    if not is_worse:
        return Verdict.IMPROVED
    return Verdict.NOT_COMPARABLE if has_changed else Verdict.REGRESSED


def environment_findings(context: CampaignContext, policy: EnvironmentPolicy) -> list[Finding]:
    """Return each set of changed fingerprints: comparisons across it speak of both changes."""
    return [
        Finding(
            kind="environment_change",
            metric="",
            severity=Verdict.NOT_COMPARABLE,
            cells=0,
            combinations=change.combinations,
            message=(
                f"environment changed in {len(change.combinations)} combinations: "
                f"{describe_change(change)}; not comparable without saying so"
            ),
            explanation={"changed": {key: list(pair) for key, pair in change.changed.items()}},
        )
        for change in environment_changes(context, policy)
    ]


def limit_findings(cells: Iterable[CellVerdict]) -> list[Finding]:
    """Return one finding per metric whose hard limit was passed by any run."""
    by_metric: dict[str, list[CellVerdict]] = {}
    for cell in cells:
        if "limit" in cell.explanation and cell.verdict is not Verdict.DATA_FAULT:
            by_metric.setdefault(cell.metric, []).append(cell)
    return [
        Finding(
            kind="limit",
            metric=metric,
            severity=Verdict.REGRESSED,
            change_unit=broken[0].change_unit,
            cells=len(broken),
            combinations=tuple(cell.combination for cell in broken),
            message=f"{metric} is above its hard limit in {len(broken)} combinations",
            explanation={
                "runs": {cell.combination: cell.explanation["limit"] for cell in broken},
            },
        )
        for metric, broken in by_metric.items()
    ]


def failed_run_findings(context: CampaignContext, policy: GatePolicy) -> list[Finding]:
    """Return the combinations of whose load runs more failed than the policy allows, as one."""
    shares = {
        name: len(runs) / max(context.attempted_runs.get(name, len(runs)), len(runs), 1)
        for name, runs in sorted(context.failed_runs.items())
        if runs
    }
    broken = {
        name: share for name, share in shares.items() if share > policy.allowed_failed_run_share
    }
    if not broken:
        return []
    return [
        Finding(
            kind="limit",
            metric=FAILED_RUNS,
            severity=Verdict.REGRESSED,
            change_unit=Scale.COUNT.change_unit,
            cells=len(broken),
            combinations=tuple(broken),
            message=f"load runs failed in {len(broken)} combinations",
            explanation={
                "allowed_share": policy.allowed_failed_run_share,
                "shares": broken,
                "runs": {name: list(context.failed_runs[name]) for name in broken},
            },
        )
    ]


def cell_findings(cells: Iterable[CellVerdict], explained: set[tuple[str, str]]) -> list[Finding]:
    """Return the regressed cells that no wider finding explains, the largest first."""
    lone = [
        cell
        for cell in cells
        if cell.verdict is Verdict.REGRESSED
        and cell.decided_by != "hard_limit"
        and (cell.combination, cell.metric) not in explained
    ]
    lone.sort(key=lambda c: (-(c.degradation or 0.0), c.combination, c.metric))
    return [
        Finding(
            kind="cell",
            metric=cell.metric,
            severity=Verdict.REGRESSED,
            change=cell.change,
            change_ci95=cell.change_ci95,
            change_unit=cell.change_unit,
            combinations=(cell.combination,),
            message=(
                f"{metric_phrase(cell.metric, cell.change, cell.change_ci95, cell.change_unit)} "
                f"in {cell.combination}"
            ),
            explanation={"decided_by": cell.decided_by, "q": cell.q},
        )
        for cell in lone
    ]


def _shift_figures(shift: MatrixShift) -> Mapping[str, object]:
    estimate = shift.estimate
    return {
        "change": shift.change,
        "change_ci95": list(shift.change_ci95),
        "p": estimate.p,
        "cells": int(shift.cells.size),
        "share_following": estimate.share_following,
        "overdispersion": estimate.overdispersion,
        "summary": change_phrase(shift.change, shift.metric.scale.change_unit),
    }
