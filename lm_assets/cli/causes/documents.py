"""Explanations as JSON documents and as text for a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from lm_assets.cli.terminal_text import in_markup, literal, print_whole
from lm_assets.model.explanation import CombinationCauses, Explanation, PlanChange

_EVIDENCE_STYLE = {"exact": "bold", "statistical": "cyan", "observed": "yellow"}


def explanation_document(explanation: Explanation) -> dict[str, Any]:
    """Return an explanation as the one document that scripts read."""
    document: dict[str, Any] = msgspec.to_builtins(explanation)
    document["change"]["change_s"] = explanation.change.change_s
    for part, built in zip(explanation.parts, document["parts"], strict=True):
        built["change_s"] = part.change_s
    return document


def campaign_document(campaign: str, rows: Sequence[CombinationCauses]) -> dict[str, Any]:
    """Return the explanations of a campaign's combinations."""
    return {"campaign": campaign, "combinations": [combination_document(row) for row in rows]}


def combination_document(row: CombinationCauses) -> dict[str, Any]:
    """Return one combination's explanation, or the reason why there is none."""
    said = {"combination": row.combination, "metrics": list(row.metrics), "reason": row.reason}
    if row.explanation is None:
        return {**said, "causes": [], "settings": [], "plans": [], "unknown": [row.reason]}
    return {**said, **explanation_document(row.explanation)}


def print_explanation(console: Console, explanation: Explanation) -> None:
    """Print the sentence, the causes, the waterfall, changed plans and settings."""
    _say(console, f"[bold]{in_markup(explanation.summary)}[/]")
    if explanation.coverage is not None:
        kinds = ", ".join(
            f"{share:.1%} {kind.replace('_', '-')}"
            for kind, share in explanation.coverage_by_kind.items()
        )
        _say(console, f"  [dim]{explanation.coverage:.1%} of run time is compared ({kinds})[/]")
    _print_causes(console, explanation)
    _print_waterfall(console, explanation)
    for change in explanation.plans:
        _print_plan(console, change)
    if explanation.settings:
        _say(console, "\nSettings, versions and resources that differ:")
        for setting in explanation.settings:
            values = f"{setting.baseline or 'not set'} → {setting.current or 'not set'}"
            relation = setting.relation.replace("_", " ")
            _say(console, f"  {relation}: {in_markup(setting.name)}  {in_markup(values)}")
    if explanation.unknown:
        _say(console, "\nNot known:")
    for text in explanation.unknown:
        _say(console, f"  {in_markup(text)}")


def _print_causes(console: Console, explanation: Explanation) -> None:
    for number, cause in enumerate(explanation.causes, start=1):
        share = "" if cause.share is None else f"  {cause.share:.0%}"
        if cause.share is not None and cause.share_ci95 is not None:
            share += f" [{cause.share_ci95[0]:.0%}, {cause.share_ci95[1]:.0%}]"
        style = _EVIDENCE_STYLE.get(cause.evidence, "")
        sure = f"[{style}]{cause.evidence}[/]" if style else cause.evidence
        q = "" if cause.q is None else f"  q {cause.q:.2g}"
        _say(
            console,
            f"  {number}. {in_markup(cause.statement)}  ({sure}{in_markup(share)}{q})",
        )
        for detail in cause.details[:6]:
            _say(console, f"       [dim]{in_markup(detail)}[/]")


def _print_waterfall(console: Console, explanation: Explanation) -> None:
    table = Table(box=None, header_style="bold")
    table.add_column("part", no_wrap=True)
    table.add_column("stage", no_wrap=True)
    for name in ("baseline s", "current s", "change s", "95 % interval", "share", "q"):
        table.add_column(name, justify="right", no_wrap=True)
    for part in sorted(explanation.parts, key=lambda p: -abs(p.change_s)):
        interval = part.change_ci95_s
        table.add_row(
            part.kind.replace("_", "-"),
            literal(part.label[:60]),
            f"{part.baseline_s:.2f}",
            f"{part.current_s:.2f}",
            f"{part.change_s:+.2f}",
            "n/a" if interval is None else rf"\[{interval[0]:+.2f}, {interval[1]:+.2f}]",
            "n/a" if part.share is None else f"{part.share:.0%}",
            "n/a" if part.q is None else f"{part.q:.2g}",
        )
    console.print()
    print_whole(console, table)


def _print_plan(console: Console, change: PlanChange) -> None:
    _say(console, f"\nPlan of {in_markup(change.execution)}, changed operators:")
    for line in (*change.baseline, *change.current):
        if line.mark:
            rows = "" if line.rows_out is None else f"  [dim]{line.rows_out} rows[/]"
            style = "red" if line.mark == "-" else "green"
            text = in_markup(line.detail or line.operator)
            _say(console, f"  [{style}]{line.mark}[/] {'  ' * line.depth}{text}{rows}")


def _say(console: Console, text: str) -> None:
    console.print(text, highlight=False, soft_wrap=True, emoji=False)


def json_text(document: Mapping[str, Any]) -> str:
    """Return a document on one line."""
    return msgspec.json.encode(document).decode()
