"""The technical layer: one self-contained HTML file with every cell, its interval and its samples.

Nothing is fetched: the policy in the file allows its own style and its own script by digest, and
nothing else. Without JavaScript the matrix is there, and the worst rows as a plain table.
"""

import base64
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from lm_assets.model.verdict import CellVerdict, Finding, Verdict
from lm_assets.reports import decision, formatting, phrases
from lm_assets.reports.advice import next_steps
from lm_assets.reports.escaping import one_line
from lm_assets.reports.formatting import VERDICT_RANK, VERDICT_SIGNS, VERDICT_WORDS, plural
from lm_assets.reports.insight import exact_findings, severity, told_findings, worst_combinations
from lm_assets.reports.material import ReportMaterial
from lm_assets.reports.method import method_paragraphs
from lm_assets.reports.rendering import packaged_text, rendered
from lm_assets.reports.rows import NOT_JUDGED, ReportRow, all_rows
from lm_assets.reports.technical_data import browser_data
from lm_assets.reports.technical_map import map_view
from lm_assets.reports.why import why_sections

_MOST_WORST = 10
_MOST_QUARANTINED = 50
_MOST_HINTS = 4
# What a reader without JavaScript pages through; everything else is in the other layers.
_MOST_STATIC = 300


def technical_html(material: ReportMaterial) -> str:
    """Return the technical report of a campaign as one HTML file."""
    rows = sorted(all_rows(material), key=_worst_first)
    css, script = packaged_text("technical.css"), packaged_text("technical.js")
    told = [row for row in rows if row.verdict_key not in ("unchanged", NOT_JUDGED)]
    causes = why_sections(material)
    explained = {item["combination"]: item["anchor"] for item in reversed(causes)}
    rule = phrases.rule_in_words(material.rule)
    return rendered(
        "technical.html.jinja",
        csp=_content_security_policy(css, script),
        css=css,
        script=script,
        data=browser_data(material, rows, explained=explained),
        map=map_view(material),
        static_rows=[_static_row(material, row) for row in told[:_MOST_STATIC]],
        is_cut=len(told) > _MOST_STATIC,
        total_rows=len(rows),
        chips=_chips(rows),
        **_header(material),
        **_story(material),
        causes=causes,
        method=method_paragraphs(rule, material.rule.alpha),
        **_gaps(material),
    )


def _content_security_policy(css: str, script: str) -> str:
    def digest(text: str) -> str:
        return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

    return (
        f"default-src 'none'; style-src 'sha256-{digest(css)}'; "
        f"script-src 'sha256-{digest(script)}'; base-uri 'none'; form-action 'none'"
    )


def _worst_first(row: ReportRow) -> tuple[int, int, float, str, str]:
    return severity(row.cell) if row.cell else (row.rank, 0, 0.0, row.combination, row.metric)


def _header(material: ReportMaterial) -> Mapping[str, Any]:
    verdict = material.verdict
    return {
        "campaign": verdict.campaign,
        "verdict_key": verdict.verdict.value,
        "verdict_words": VERDICT_WORDS[verdict.verdict],
        "verdict_sign": VERDICT_SIGNS[verdict.verdict],
        "headline": phrases.headline(verdict),
        "facts": phrases.campaign_facts(material.manifest, verdict, material.runs),
        "rule": phrases.rule_in_words(material.rule),
        "links": _links(material),
        "baseline_version": verdict.baseline_version,
    }


def _links(material: ReportMaterial) -> list[tuple[str, str]]:
    """Return the pages beside this one that have an address; a file alone links nowhere."""
    pages = {
        "All campaigns": material.addresses.index(),
        "Its runs and checks in Dagster": material.addresses.campaign(material.verdict.campaign),
    }
    return [(name, address) for name, address in pages.items() if address]


def _story(material: ReportMaterial) -> Mapping[str, Any]:
    worst = worst_combinations(material, (Verdict.REGRESSED, Verdict.SUSPECTED))
    return {
        "notes": phrases.campaign_notes(material.verdict),
        "environment": [
            (key, " / ".join(v or "not stated" for v in before), after or "not stated")
            for key, (before, after) in material.changed_environment().items()
        ],
        "findings": [_finding(material, finding) for finding in told_findings(material)],
        "exact": [_finding(material, finding) for finding in exact_findings(material)],
        "worst": [
            {
                **_verdict_facts(item.lead.verdict),
                "combination": item.combination,
                "what": f"{phrases.metric_label(material.metrics, item.lead.metric)} "
                + phrases.change_with_interval(
                    item.lead.change, item.lead.change_ci95, item.lead.change_unit
                ),
                "why": material.why(item.combination),
                "hints": [
                    phrases.hint_phrase(hint, material.metrics) for hint in item.hints[:_MOST_HINTS]
                ],
            }
            for item in worst[:_MOST_WORST]
        ],
        "worst_more": max(0, len(worst) - _MOST_WORST),
        "steps": next_steps(material),
    }


def _finding(material: ReportMaterial, finding: Finding) -> Mapping[str, str]:
    return {
        **_verdict_facts(finding.severity),
        "words": phrases.finding_words(finding),
        "sentence": phrases.finding_sentence(finding, material.metrics),
    }


def _gaps(material: ReportMaterial) -> Mapping[str, Any]:
    ranked = sorted(material.missing.items(), key=lambda item: (-item[1], item[0]))
    return {
        "missing": [
            (phrases.metric_label(material.metrics, metric), reason, runs)
            for (metric, reason), runs in ranked
        ],
        "quarantined": [
            {"rule": q.rule, "key": q.key, "line": q.line, "detail": one_line(q.detail)}
            for q in material.quarantined[:_MOST_QUARANTINED]
        ],
        "quarantined_total": plural(len(material.quarantined), "line"),
        "quarantined_more": max(0, len(material.quarantined) - _MOST_QUARANTINED),
    }


def _verdict_facts(verdict: Verdict) -> Mapping[str, str]:
    return {
        "key": verdict.value,
        "sign": VERDICT_SIGNS[verdict],
        "words": VERDICT_WORDS[verdict],
    }


def _chips(rows: Sequence[ReportRow]) -> list[Mapping[str, object]]:
    counts = Counter(row.verdict_key for row in rows)
    chips = [{**_verdict_facts(v), "count": counts[v.value]} for v in VERDICT_RANK]
    chips.append(
        {"key": NOT_JUDGED, "sign": "·", "words": "not judged", "count": counts[NOT_JUDGED]}
    )
    return [chip for chip in chips if chip["count"]]


def _decision_texts(cell: CellVerdict | None) -> Mapping[str, str]:
    if cell is None:
        return dict.fromkeys(("interval", "test", "p", "q", "rule"), formatting.NOT_AVAILABLE)
    return {
        "interval": decision.deciding_interval(cell),
        "test": decision.deciding_test(cell),
        "p": formatting.p_value(decision.deciding_p(cell)),
        "q": formatting.p_value(decision.deciding_q(cell)),
        "rule": decision.plain_rule(cell),
    }


def _static_row(material: ReportMaterial, row: ReportRow) -> Mapping[str, str]:
    cell = row.cell
    unit = phrases.metric_unit(material.metrics, row.metric)
    change_unit = cell.change_unit if cell else ""
    return {
        "key": row.verdict_key,
        "sign": row.verdict_sign,
        "words": row.verdict_words,
        "combination": row.combination,
        "metric": phrases.metric_label(material.metrics, row.metric),
        "before": formatting.quantity(row.baseline_mean, unit),
        "after": formatting.quantity(row.current_mean, unit),
        "change": formatting.change(cell.change if cell else None, change_unit),
        **_decision_texts(cell),
        "n": "{} : {}".format(*row.run_counts),
    }
