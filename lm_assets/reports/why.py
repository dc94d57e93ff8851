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

_MOST_SECTIONS = 60
_MOST_PARTS = 14
_MOST_PLANS = 4
# Units of the bar's drawing.
_WIDTH = 240.0


def why_sections(material: ReportMaterial) -> list[Mapping[str, Any]]:
    """Return a section for each explained combination, the largest change first."""
    rows = sorted(material.causes, key=lambda row: -_size(row))
    return [_section(row) for row in rows[:_MOST_SECTIONS]]


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
        "parts": _bars(explanation),
        "whole": _signed(explanation.change.change_s),
        "width": _WIDTH,
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


def _bars(explanation: Explanation) -> list[Mapping[str, Any]]:
    """Return the waterfall: each bar begins where the one before it ended."""
    ranked = sorted(explanation.parts, key=lambda part: -abs(part.change_s))
    shown, rest = ranked[:_MOST_PARTS], ranked[_MOST_PARTS:]
    if rest:
        others = ChangePart(
            kind="others",
            label=f"{len(rest)} smaller parts",
            baseline_s=sum(part.baseline_s for part in rest),
            current_s=sum(part.current_s for part in rest),
        )
        shown = [*shown, others]
    ends = [0.0]
    for part in shown:
        ends.append(ends[-1] + part.change_s)
    low, high = min(ends), max(ends)
    scale = _WIDTH / ((high - low) or 1.0)
    return [
        _bar(part, start=(min(begin, end) - low) * scale, scale=scale)
        for part, begin, end in zip(shown, ends, ends[1:], strict=False)
    ]


def _bar(part: ChangePart, *, start: float, scale: float) -> Mapping[str, Any]:
    interval = ""
    if part.change_ci95_s is not None:
        interval = f"[{', '.join(map(_signed, part.change_ci95_s))}]"
    return {
        "kind": part.kind.replace("_", "-"),
        "label": part.label,
        "change": f"{_signed(part.change_s)} s",
        "interval": interval,
        "share": "" if part.share is None else _percent(part.share),
        "q": "" if part.q is None else f"{part.q:.2g}",
        "x": f"{start:.1f}",
        "width": f"{max(abs(part.change_s) * scale, 0.8):.1f}",
        "sign": "more" if part.change_s > 0 else "less",
        "inside": "; ".join(
            f"{i.name} {_signed(i.change_s)} s"
            for i in part.inside[:4]
            if _signed(i.change_s) != "0"
        ),
    }


def _signed(seconds: float) -> str:
    """Return seconds with their sign; what rounds to nothing is 0, to neither side."""
    text = f"{seconds:+.2f}"
    return "0" if float(text) == 0.0 else text


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
