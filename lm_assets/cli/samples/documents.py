"""The JSON documents of the judging commands; their keys are a contract with scripts and CI."""

import math
from collections.abc import Sequence
from typing import Any

import msgspec

from lm_assets.model.metric import Metric
from lm_assets.model.verdict import CampaignVerdict
from lm_assets.model.version_comparison import VersionComparison
from lm_assets.stats.change_points import ChangePoints
from lm_assets.stats.level_steps import LevelStep
from lm_assets.stats.outliers import SeriesOutliers
from lm_assets.stats.trend import Trend

Document = dict[str, Any]


def judge_document(verdict: CampaignVerdict, assumed: Sequence[Metric]) -> Document:
    """Return the document of ``lm judge``."""
    document: Document = msgspec.to_builtins(verdict)
    names = {metric.name for metric in assumed}
    for cell in document["cells"]:
        if cell["metric"] in names:
            cell["flags"] = [*cell["flags"], "assumed_metric"]
    return {**document, "assumed_metrics": [msgspec.to_builtins(metric) for metric in assumed]}


def versions_document(comparisons: Sequence[VersionComparison]) -> Document:
    """Return the document of ``lm compare-versions``: one entry a metric."""
    return {comparison.metric: msgspec.to_builtins(comparison) for comparison in comparisons}


def trend_document(
    trend: Trend,
    changes: ChangePoints,
    *,
    steps: Sequence[LevelStep],
    labels: Sequence[str],
    scale: str,
) -> Document:
    """Return the document of ``lm trend``; steps count in the series as it was given.

    ``steps`` are those worth telling, ``levels`` those between all change points that were found.
    """
    return {
        "n": trend.n,
        "state": trend.state.label,
        "slope_per_step": number(trend.slope),
        "slope_ci95": [number(trend.slope_low), number(trend.slope_high)],
        "mann_kendall_p": number(trend.p_following),
        "mann_kendall_p_independent": number(trend.p),
        "autocorrelation": number(trend.autocorrelation),
        "change_points_state": changes.state.label,
        "change_points": [step.index for step in steps],
        "change_point_strengths": [step.strength for step in steps],
        "steps": [_step(step, labels) for step in steps],
        "steps_too_small_to_tell": len(changes.indices) - len(steps),
        "levels": [math.exp(level) if scale == "log" else level for level in changes.levels],
        "scale": scale,
    }


def _step(step: LevelStep, labels: Sequence[str]) -> Document:
    return {
        "index": step.index,
        "label": labels[step.index] if labels else None,
        "direction": step.direction,
        "before": step.before,
        "after": step.after,
        "change": number(step.change),
        "strength": step.strength,
    }


def outliers_document(outliers: SeriesOutliers, labels: Sequence[str]) -> Document:
    """Return the document of ``lm outliers``; a label says when or of what a value is."""
    return {
        "n": outliers.n,
        "n_missing": outliers.n_missing,
        "state": outliers.state.label,
        "lower_fence": number(outliers.lower_fence),
        "upper_fence": number(outliers.upper_fence),
        "indices": list(outliers.indices),
        "labels": [labels[index] if labels else None for index in outliers.indices],
    }


def number(value: float) -> float | None:
    """Return a finite number, else None: JSON has neither NaN nor infinity."""
    return value if math.isfinite(value) else None


def dumped(document: object) -> str:
    """Return a document as JSON text."""
    return msgspec.json.encode(document).decode()
