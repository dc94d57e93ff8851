"""Why combinations changed, as the reports show it: a sentence, a waterfall, plans, settings."""

from collections.abc import Mapping, Sequence
from typing import Any

from lm_assets.model.explanation import (
    Cause,
    ChangePart,
    CombinationCauses,
    Explanation,
    PlanChange,
)
from lm_assets.reports.material import ReportMaterial
from lm_assets.reports.pictures.waterfall import (
    LEAST_SECONDS,
    seconds,
    shown_parts,
    waterfall_svg,
    waterfall_words,
)

_MOST_SECTIONS = 60
_MOST_PLANS = 4


def why_sections(material: ReportMaterial) -> list[Mapping[str, Any]]:
    """Return a section for each explained combination, the largest change first."""
    rows = sorted(material.causes, key=lambda row: -_size(row))
    return [
        {"anchor": f"why-{place}", **_section(row)}
        for place, row in enumerate(rows[:_MOST_SECTIONS], start=1)
    ]


def _size(row: CombinationCauses) -> float:
    return abs(row.explanation.change.change or 0.0) if row.explanation else 0.0


def _section(row: CombinationCauses) -> Mapping[str, Any]:
    explanation = row.explanation
    if explanation is None:
        return {"combination": row.combination, "summary": row.reason, "is_known": False}
    return {
        "combination": row.combination,
        "metrics": ", ".join(row.metrics),
        "summary": explanation.summary,
        "is_known": True,
        "coverage": _coverage(explanation),
        "causes": [
            {"line": _cause_line(cause), "evidence": cause.evidence, "details": cause.details}
            for cause in explanation.causes
        ],
        "parts": [_part(part) for part in shown_parts(explanation)],
        "whole": seconds(explanation.change.change_s, is_signed=True),
        "picture": waterfall_svg(explanation, title=f"Where the time went in {row.combination}"),
        "words": waterfall_words(explanation),
        "plans": [_plan(change) for change in explanation.plans[:_MOST_PLANS]],
        "settings": [
            {
                "relation": s.relation.replace("_", " "),
                "name": s.name,
                "baseline": s.baseline or "not set",
                "current": s.current or "not set",
            }
            for s in explanation.settings
        ],
        "unknown": explanation.unknown,
    }


def _coverage(explanation: Explanation) -> str:
    """Say how much of the run time is compared with the other side's, and as what."""
    if explanation.coverage is None:
        return "how much of run time is compared is not known"
    kinds = ", ".join(
        f"{share:.0%} {kind.replace('_', '-')}"
        for kind, share in explanation.coverage_by_kind.items()
    )
    return f"{explanation.coverage:.0%} of run time is compared with the baseline's ({kinds})"


def _cause_line(cause: Cause) -> str:
    if cause.share is None:
        return f"{cause.statement} ({cause.evidence})"
    carried = f"{cause.share:.0%} of the change"
    if cause.share_ci95 is not None:
        low, high = cause.share_ci95
        carried += f" [{low:.0%}, {high:.0%}]"
    return f"{cause.statement} ({cause.evidence}, {carried})"


def _part(part: ChangePart) -> Mapping[str, Any]:
    interval = ""
    if part.change_ci95_s is not None:
        low, high = (seconds(end, is_signed=True) for end in part.change_ci95_s)
        interval = f"[{low}, {high}]"
    return {
        "kind": part.kind.replace("_", "-"),
        "label": part.label,
        "change": seconds(part.change_s, is_signed=True),
        "interval": interval,
        "share": "" if part.share is None else _percent(part.share),
        "q": "" if part.q is None else f"{part.q:.2g}",
        "inside": "; ".join(
            f"{i.name} {seconds(i.change_s, is_signed=True)}"
            for i in part.inside[:4]
            if abs(i.change_s) >= LEAST_SECONDS
        ),
    }


def _percent(share: float) -> str:
    text = f"{share:.0%}"
    return "0%" if text == "-0%" else text


def _plan(change: PlanChange) -> Mapping[str, Any]:
    return {
        "execution": change.execution,
        "baseline": _lines(change.baseline),
        "current": _lines(change.current),
    }


def _lines(lines: Sequence[Any]) -> list[Mapping[str, Any]]:
    """Return the changed operators alone, each with the rows that came out of it."""
    return [
        {
            "text": line.detail or line.operator,
            "indent": "· " * min(line.depth, 12),
            "rows": "" if line.rows_out is None else f"{line.rows_out:,} rows".replace(",", " "),
        }
        for line in lines
        if line.mark
    ]
