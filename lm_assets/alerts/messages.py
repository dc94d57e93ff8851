"""One message per campaign: for Slack's incoming webhooks, and for any other receiver.

Whether and to whom a message goes is decided elsewhere; here it only gets its words.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lm_assets.alerts import wording
from lm_assets.alerts.wording import slack_code, slack_text
from lm_assets.model.campaign import Manifest, confirmation_campaign
from lm_assets.model.metric import MetricCatalogue
from lm_assets.model.verdict import CampaignVerdict, CellVerdict, Finding, Verdict
from lm_assets.regression.verdict.phrases import confirmation_phrase

SCHEMA_VERSION = 1

_MOST_HEADER_CHARACTERS = 150
_MOST_SECTION_CHARACTERS = 3000
_MOST_CELLS_IN_WEBHOOK = 50
_MOST_COMBINATIONS_IN_FINDING = 20

_EMOJI = {
    Verdict.REGRESSED: ":red_circle:",
    Verdict.SUSPECTED: ":large_orange_circle:",
    Verdict.DATA_FAULT: ":warning:",
    Verdict.IMPROVED: ":large_blue_circle:",
    Verdict.UNCHANGED: ":white_check_mark:",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class AlertLinks:
    """Where to read on: report addresses by title, and the page of the platform's run."""

    reports: Mapping[str, str] = field(default_factory=dict)
    run: str = ""


def slack_message(
    verdict: CampaignVerdict,
    manifest: Manifest,
    links: AlertLinks | None = None,
    *,
    metrics: MetricCatalogue | None = None,
    limit: int = 8,
) -> dict[str, Any]:
    """Return the campaign's message as an incoming webhook of Slack takes it.

    ``text`` is what notifications show; ``blocks`` stay within Slack's limits whatever the
    campaign's size, at most ``limit`` findings and as many cells.
    """
    links = links or AlertLinks()
    words = wording.verdict_words(verdict.verdict)
    fallback = f"{words.upper()}: {verdict.campaign} ({wording.counts_phrase(verdict)})"
    emoji = _EMOJI.get(verdict.verdict, ":grey_question:")
    header = f"{words.capitalize()}: {verdict.campaign}"
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": _plain(header, _MOST_HEADER_CHARACTERS)},
        _section([f"{emoji} {slack_text(wording.counts_phrase(verdict))}"]),
    ]
    if confirmation := confirmation_phrase(verdict):
        blocks.append(_section([slack_text(confirmation)]))
    if findings := list(_finding_lines(verdict, metrics, limit)):
        blocks.append(_section(["*Findings*", *findings]))
    if cells := list(_cell_lines(verdict, metrics, limit)):
        blocks.append(_section(["*Worst cells*", *cells]))
    if addresses := list(_link_lines(links)):
        blocks.append(_section(addresses))
    context = {"type": "mrkdwn", "text": _cut(_facts(verdict, manifest), _MOST_SECTION_CHARACTERS)}
    blocks.append({"type": "context", "elements": [context]})
    return {"text": slack_text(fallback), "blocks": blocks}


def webhook_message(
    verdict: CampaignVerdict, manifest: Manifest, links: AlertLinks | None = None
) -> dict[str, Any]:
    """Return the campaign's message for any receiver: stable keys, JSON values only.

    At most 50 of the worst cells are listed; ``worse_cells`` is how many there are.
    """
    links = links or AlertLinks()
    worst = wording.worst_cells(verdict)
    return {
        "schema_version": SCHEMA_VERSION,
        "event": "campaign_judged",
        "campaign": verdict.campaign,
        "stage": verdict.stage,
        "priority": manifest.priority,
        "created_at": manifest.created_at,
        "verdict": verdict.verdict.value,
        "exit_code": verdict.exit_code,
        "is_simulated": manifest.is_simulated,
        "subject": {
            "git_sha": manifest.subject.git_sha,
            "version_labels": dict(manifest.subject.version_labels),
        },
        "baseline_version": verdict.baseline_version,
        "counts": dict(verdict.counts),
        "findings": [_finding_json(finding) for finding in verdict.findings],
        "worse_cells": len(worst),
        "worst_cells": [_cell_json(cell) for cell in worst[:_MOST_CELLS_IN_WEBHOOK]],
        "notes": list(verdict.notes),
        "confirmation": _confirmation_json(verdict),
        "links": {"run": links.run or None, "reports": dict(links.reports)},
    }


def _finding_lines(
    verdict: CampaignVerdict, metrics: MetricCatalogue | None, limit: int
) -> Iterator[str]:
    findings = [f for f in verdict.findings if f.kind != "cell"]
    for finding in findings[:limit]:
        where = wording.where_phrase(finding)
        kind = finding.kind.replace("_", " ")
        label = wording.metric_label(metrics, finding.metric) or kind
        size = "" if finding.change is None else f" {wording.change_phrase(finding)}"
        # With a change the message would say the same once more.
        message = f": {slack_text(finding.message)}" if finding.change is None else ""
        yield (
            f"• *{slack_text(label)}*{size} in {slack_code(where)}, "
            f"{finding.cells} cells ({slack_text(kind)}, "
            f"{wording.verdict_words(finding.severity)}){message}"
        )
    if len(findings) > limit:
        yield f"… and {len(findings) - limit} more findings"


def _cell_lines(
    verdict: CampaignVerdict, metrics: MetricCatalogue | None, limit: int
) -> Iterator[str]:
    worst = wording.worst_cells(verdict)
    for cell in worst[:limit]:
        label = slack_text(wording.metric_label(metrics, cell.metric))
        yield (
            f"• *{label}* {wording.change_phrase(cell)} in {slack_code(cell.combination)} "
            f"({wording.verdict_words(cell.verdict)})"
        )
    if len(worst) > limit:
        yield f"… and {len(worst) - limit} more cells"


def _link_lines(links: AlertLinks) -> Iterator[str]:
    for title, address in links.reports.items():
        yield wording.slack_link(title, address)
    if links.run:
        yield wording.slack_link("Run", links.run)


def _facts(verdict: CampaignVerdict, manifest: Manifest) -> str:
    facts = {
        "stage": verdict.stage,
        "priority": manifest.priority,
        "git": manifest.subject.git_sha,
        "baseline": verdict.baseline_version[:12],
        "exit code": str(verdict.exit_code),
        "data": "simulated" if manifest.is_simulated else "",
    }
    return " · ".join(f"{name} {slack_text(value)}" for name, value in facts.items() if value)


def _section(lines: list[str]) -> dict[str, Any]:
    """Return a section of whole lines: cutting one could leave half a link or half an entity."""
    kept: list[str] = []
    for line in lines:
        if sum(map(len, kept)) + len(kept) + len(line) > _MOST_SECTION_CHARACTERS - 2:
            kept.append("…")
            break
        kept.append(line)
    return {"type": "section", "text": {"type": "mrkdwn", "text": "\n".join(kept)}}


def _plain(text: str, limit: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": _cut(text, limit), "emoji": False}


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _confirmation_json(verdict: CampaignVerdict) -> dict[str, Any] | None:
    state = verdict.confirmation
    if state is None:
        return None
    return {
        "is_open": state.is_open,
        "asked_cells": state.asked,
        "left_out_cells": state.left_out,
        "outcomes": dict(state.outcomes),
        "results_campaign": confirmation_campaign(verdict.campaign),
    }


def _finding_json(finding: Finding) -> dict[str, Any]:
    return {
        "kind": finding.kind,
        "metric": finding.metric,
        "severity": finding.severity.value,
        "where": dict(finding.where),
        **_change_json(finding),
        "cells": finding.cells,
        "combinations": list(finding.combinations[:_MOST_COMBINATIONS_IN_FINDING]),
        "message": finding.message,
    }


def _cell_json(cell: CellVerdict) -> dict[str, Any]:
    return {
        "combination": cell.combination,
        "metric": cell.metric,
        "verdict": cell.verdict.value,
        **_change_json(cell),
        "degradation": cell.degradation,
        "p": cell.p,
        "q": cell.q,
        "n_baseline": cell.n_baseline,
        "n_current": cell.n_current,
    }


def _change_json(noun: Finding | CellVerdict) -> dict[str, Any]:
    bounds = noun.change_ci95
    return {
        "change": noun.change,
        "change_ci95": None if bounds is None else list(bounds),
        "change_unit": noun.change_unit,
    }
