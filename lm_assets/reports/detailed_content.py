"""What the detailed report says, as plain data for its template: texts and pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from lm_assets.model.verdict import Finding, Verdict
from lm_assets.reports import formatting, phrases
from lm_assets.reports.advice import next_steps
from lm_assets.reports.detailed_sections import combination_sections, metrics_without_events
from lm_assets.reports.escaping import one_line
from lm_assets.reports.formatting import VERDICT_SIGNS, VERDICT_WORDS, plural
from lm_assets.reports.insight import (
    WorstCombination,
    exact_findings,
    told_findings,
    worst_combinations,
)
from lm_assets.reports.material import ReportMaterial
from lm_assets.reports.measured_by import metrics_by_source
from lm_assets.reports.method import PICTURES, method_halves
from lm_assets.reports.overview import campaign_map, telling_metrics
from lm_assets.reports.pictures.distribution import distribution_svg, distribution_words
from lm_assets.reports.pictures.heat_map import heat_map_svg
from lm_assets.reports.pictures.trend import trend_svg, trend_words
from lm_assets.reports.rows import cell_threshold
from lm_assets.reports.why import why_sections

_MOST_FINDINGS, _MOST_WORST, _MOST_HINTS, _MOST_MAPS, _MOST_WHY = 24, 10, 3, 4, 60
_MOST_QUARANTINED = 400
_MOST_TRENDS, _LEAST_POINTS = 8, 3
# To number the pages of more costs a twelfth of a report's time: its sections stand in the order of
# the alphabet, every page says at its head where it is, and the index and the outline lead there.
_MOST_NUMBERED = 100
_LONGEST = 300
# Pixels: a page is 1,008 wide and 676 high, and the map leaves room for the verdict above it.
_MAP_WIDTH, _MAP_HEIGHT, _SMALL_MAP_WIDTH, _SMALL_MAP_HEIGHT = 1008, 430, 490, 290
_RUNS_WIDTH = 480
_CONTENTS_COLUMNS, _CONTENTS_LINES = 3, 46

Content = Mapping[str, Any]


def detailed_content(material: ReportMaterial) -> Content:
    """Return everything the document shows, in its order."""
    verdict = material.verdict
    return {
        "title": f"{verdict.campaign}: {phrases.verdict_words(verdict)}",
        "baseline": f"baseline {verdict.baseline_version[:12] or 'none'}",
        "created_at": material.manifest.created_at,
        "campaign": one_line(verdict.campaign),
        "verdict": verdict_tag(verdict.verdict, phrases.verdict_words(verdict)),
        "headline": phrases.headline(verdict),
        "facts": phrases.campaign_facts(material.manifest, verdict, material.runs),
        "rule": f"{phrases.rule_in_words(material.rule)}.",
        "notes": [one_line(note, limit=_LONGEST) for note in phrases.campaign_notes(verdict)],
        "environment_changes": phrases.environment_phrase(material.changed_environment()),
        **_pictures(material),
        **_story(material),
        "why": _why(material),
        "legend": PICTURES,
        "measured_by": [
            [source, ", ".join(phrases.metric_label(material.metrics, m) for m in metrics)]
            for source, metrics in metrics_by_source(material).items()
        ],
        "no_events": ", ".join(
            phrases.metric_label(material.metrics, name)
            for name in metrics_without_events(material)
        ),
        "sections": combination_sections(material),
        "contents": _contents(material.combinations),
        "is_numbered": len(material.combinations) <= _MOST_NUMBERED,
        **_appendix(material),
        "method_halves": method_halves(phrases.rule_in_words(material.rule), material.rule.alpha),
    }


def verdict_tag(verdict: Verdict, words: str = "") -> Content:
    """Return a verdict as the template shows it: colour by key, sign and words."""
    return {
        "key": verdict.value,
        "sign": VERDICT_SIGNS[verdict],
        "words": words or VERDICT_WORDS[verdict],
    }


def _contents(combinations: Sequence[str]) -> list[list[list[tuple[int, str]]]]:
    """Return the numbered combinations in columns of nearly one height, page by page."""
    entries = list(enumerate(combinations))
    pages = _shares(entries, _CONTENTS_COLUMNS * _CONTENTS_LINES)
    return [_shares(page, -(-len(page) // _CONTENTS_COLUMNS)) for page in pages]


def _shares(entries: Sequence[tuple[int, str]], size: int) -> list[Any]:
    return [list(entries[start : start + size]) for start in range(0, len(entries), size)]


def _pictures(material: ReportMaterial) -> Content:
    grid = campaign_map(material)
    drawn = heat_map_svg(grid, title="The matrix", width=_MAP_WIDTH, height=_MAP_HEIGHT)
    maps = [(name, campaign_map(material, metric=name)) for name in telling_metrics(material)]
    return {
        "map": {"svg": drawn, "alt": grid.words, "caption": grid.caption},
        "maps": [
            {
                "title": phrases.metric_label(material.metrics, name),
                "where": "",
                "svg": heat_map_svg(
                    of_metric, title=name, width=_SMALL_MAP_WIDTH, height=_SMALL_MAP_HEIGHT
                ),
                "alt": of_metric.words,
            }
            for name, of_metric in maps[:_MOST_MAPS]
        ],
        "trends": _trends(material),
    }


def _trends(material: ReportMaterial) -> list[Content]:
    """Return the courses of what got worse, one a combination."""
    worst = worst_combinations(material, (Verdict.REGRESSED, Verdict.SUSPECTED))
    found: list[Content] = []
    for item in worst:
        trend = material.trends.get((item.combination, item.lead.metric))
        if trend is not None and len(trend.values) >= _LEAST_POINTS:
            drawn = replace(trend, threshold=cell_threshold(material, item.lead))
            told = {"svg": trend_svg(drawn), "alt": trend_words(drawn)}
            found.append({"title": trend.label, "where": item.combination, **told})
    return found[:_MOST_TRENDS]


def _story(material: ReportMaterial) -> Content:
    judged, exact = told_findings(material), exact_findings(material)
    worst = worst_combinations(material, (Verdict.REGRESSED, Verdict.SUSPECTED))
    return {
        "findings": [_finding(material, finding) for finding in judged[:_MOST_FINDINGS]],
        "exact": [_finding(material, finding) for finding in exact[:_MOST_FINDINGS]],
        "worst": [_worst(material, item) for item in worst[:_MOST_WORST]],
        "runs": [_runs(material, item) for item in worst[:_MOST_WORST]],
        "worst_more": max(0, len(worst) - _MOST_WORST),
        "steps": [[step.text, step.command] for step in next_steps(material)],
    }


def _finding(material: ReportMaterial, finding: Finding) -> Content:
    return {
        "verdict": verdict_tag(finding.severity, phrases.finding_words(finding)),
        "sentence": phrases.finding_sentence(finding, material.metrics),
    }


def _worst(material: ReportMaterial, worst: WorstCombination) -> Content:
    lead = worst.lead
    label = phrases.metric_label(material.metrics, lead.metric)
    size = phrases.change_with_interval(lead.change, lead.change_ci95, lead.change_unit)
    why = material.why(worst.combination)
    hints = [phrases.hint_phrase(hint, material.metrics) for hint in worst.hints[:_MOST_HINTS]]
    return {
        "verdict": verdict_tag(lead.verdict),
        "what": f"{label} {size}",
        "where": worst.combination,
        "why": why,
        # Where a cause is known, a quantity that moved along is no news.
        "hints": "" if why else "; ".join(hints),
    }


def _runs(material: ReportMaterial, worst: WorstCombination) -> Content:
    """Return the runs of a combination's leading cell, both sides, as a picture with its words."""
    lead = worst.lead
    baseline = material.baseline_samples(worst.combination, lead.metric)
    samples = material.current_samples.get((worst.combination, lead.metric), ())
    current = tuple(value for _, value in samples)
    unit = phrases.metric_unit(material.metrics, lead.metric)
    label = phrases.metric_label(material.metrics, lead.metric)
    threshold = cell_threshold(material, lead)
    return {
        "title": label,
        "where": worst.combination,
        "svg": distribution_svg(
            baseline, current, label=label, unit=unit, threshold=threshold, width=_RUNS_WIDTH
        ),
        "alt": distribution_words(baseline, current, unit=unit, threshold=threshold),
    }


def _why(material: ReportMaterial) -> list[Content]:
    return [
        {
            "combination": section["combination"],
            "summary": section["summary"],
            "causes": [cause["line"] for cause in section.get("causes", ())],
            "picture": {"svg": section["picture"], "alt": section["words"]}
            if section.get("parts")
            else None,
            "caption": f"Where the time went ({section.get('metrics', '')}); "
            f"{section.get('coverage', '')}. The bars sum to the change.",
            "settings": [
                [s["relation"], s["name"], s["baseline"], s["current"]]
                for s in section.get("settings", ())
            ],
        }
        for section in why_sections(material)[:_MOST_WHY]
    ]


def _appendix(material: ReportMaterial) -> Content:
    counts = material.quarantine_counts()
    more = len(material.quarantined) - _MOST_QUARANTINED
    by_rule = ", ".join(f"{rule} {count}" for rule, count in counts.items())
    note = f"{plural(len(material.quarantined), 'line')}: {by_rule}."
    return {
        "environment": _environment(material),
        "missing": [
            [phrases.metric_label(material.metrics, metric), str(runs), reason]
            for (metric, reason), runs in sorted(
                material.missing.items(), key=lambda item: (-item[1], item[0])
            )
        ],
        "quarantine_note": f"{note} The first {_MOST_QUARANTINED} are listed."
        if more > 0
        else note,
        "quarantined": [
            [
                line.rule,
                line.key,
                formatting.NOT_AVAILABLE if line.line is None else str(line.line),
                one_line(line.detail),
            ]
            for line in material.quarantined[:_MOST_QUARANTINED]
        ],
    }


def _environment(material: ReportMaterial) -> Sequence[Sequence[str]]:
    changed = material.changed_environment()
    mine = material.manifest.environment
    rows = []
    for key in sorted({*mine, *changed}):
        before = changed[key][0] if key in changed else ()
        stated = " / ".join(value or "not stated" for value in before)
        rows.append([key, mine.get(key) or "not stated", stated])
    return rows
