"""What stands around the combinations in the detailed report: its cover and its appendix."""

from collections.abc import Iterator, Sequence

from lm_assets.model.verdict import Verdict
from lm_assets.reports import formatting, phrases
from lm_assets.reports.charts import counts_bar_svg
from lm_assets.reports.escaping import one_line
from lm_assets.reports.formatting import VERDICT_SIGNS, VERDICT_WORDS, plural
from lm_assets.reports.insight import WorstCombination, told_findings, worst_combinations
from lm_assets.reports.material import ReportMaterial
from lm_assets.reports.rendering import rendered
from lm_assets.reports.why import why_sections

_COVER_FINDINGS, _COVER_WORST, _COVER_HINTS, _COVER_NOTES = 6, 6, 3, 3
_LONGEST_COVER_LINE = 230
_LISTING_LINES, _LISTING_WIDTH = 49, 190
_MOST_QUARANTINED = 400


def cover(material: ReportMaterial) -> str:
    """Return the body of the first page: the verdict, and what it rests on."""
    verdict, metrics = material.verdict, material.metrics
    worst = worst_combinations(material, (Verdict.REGRESSED, Verdict.SUSPECTED))
    findings = told_findings(material)
    facts = phrases.campaign_facts(material.manifest, verdict, material.runs)
    return rendered(
        "detailed_cover.html.jinja",
        campaign=one_line(verdict.campaign),
        key=verdict.verdict.value,
        sign=VERDICT_SIGNS[verdict.verdict],
        words=VERDICT_WORDS[verdict.verdict],
        headline=phrases.headline(verdict),
        facts=[(name, one_line(value, limit=90)) for name, value in facts],
        rule=phrases.rule_in_words(material.rule),
        counts=counts_bar_svg(verdict.counts, width=900),
        notes=[_line(note) for note in phrases.campaign_notes(verdict)[:_COVER_NOTES]],
        environment=_line(phrases.environment_phrase(material.changed_environment())),
        findings=[
            f"{VERDICT_SIGNS[f.severity]} {_line(phrases.finding_sentence(f, metrics))}"
            for f in findings[:_COVER_FINDINGS]
        ],
        findings_more=max(0, len(findings) - _COVER_FINDINGS),
        worst=[_worst(material, item) for item in worst[:_COVER_WORST]],
        worst_more=max(0, len(worst) - _COVER_WORST),
    )


def appendix_pages(material: ReportMaterial) -> Iterator[tuple[str, str]]:
    """Yield the appendix page by page: its title, empty where a listing goes on, and its body."""
    rule = phrases.rule_in_words(material.rule)
    yield "Method", rendered("detailed_method.html.jinja", rule=rule, alpha=material.rule.alpha)
    yield from _listing("Findings", _finding_lines(material))
    yield from _listing("Why", _why_lines(material))
    yield from _listing("Environment", _environment_lines(material))
    yield from _listing("Not measured", _missing_lines(material))
    yield from _listing("Quarantine", _quarantine_lines(material))


def _listing(title: str, lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    for start in range(0, len(lines), _LISTING_LINES):
        text = "\n".join(
            one_line(line, limit=_LISTING_WIDTH) for line in lines[start : start + _LISTING_LINES]
        )
        heading = title if start == 0 else f"{title} (continued)"
        body = rendered("detailed_listing.html.jinja", heading=heading, text=text)
        yield title if start == 0 else "", body


def _finding_lines(material: ReportMaterial) -> list[str]:
    findings = told_findings(material)
    return [
        f"{VERDICT_SIGNS[f.severity]} {phrases.finding_words(f):18} "
        f"{phrases.finding_sentence(f, material.metrics)}"
        for f in findings
    ]


def _why_lines(material: ReportMaterial) -> list[str]:
    lines = []
    for section in why_sections(material):
        lines += ["", f"{section['combination']}: {section['summary']}"]
        lines += [f"  - {cause['line']}" for cause in section.get("causes", ())]
        lines += [
            f"    {part['change']:>10}  {part['share']:>6}  {part['kind']:11} {part['label']}"
            for part in section.get("parts", ())
        ]
        lines += [
            f"    {s['relation']}: {s['name']}  {s['baseline']} -> {s['current']}"
            for s in section.get("settings", ())
        ]
    return lines[1:]


def _environment_lines(material: ReportMaterial) -> list[str]:
    changed = material.changed_environment()
    lines = [f"{key:28} {value}" for key, value in sorted(material.manifest.environment.items())]
    for key, (before, after) in changed.items():
        stated = " / ".join(value or "not stated" for value in before)
        lines.append(f"differs from the baseline: {key}: {stated} -> {after or 'not stated'}")
    return lines


def _missing_lines(material: ReportMaterial) -> list[str]:
    ranked = sorted(material.missing.items(), key=lambda item: (-item[1], item[0]))
    return [
        f"{phrases.metric_label(material.metrics, metric):24} {plural(runs, 'run'):>12}  {reason}"
        for (metric, reason), runs in ranked
    ]


def _quarantine_lines(material: ReportMaterial) -> list[str]:
    counts = material.quarantine_counts()
    lines = [f"{plural(count, 'line'):>12}  {rule}" for rule, count in counts.items()]
    for line in material.quarantined[:_MOST_QUARANTINED]:
        number = formatting.NOT_AVAILABLE if line.line is None else str(line.line)
        lines.append(f"{line.rule}: {line.key} line {number}: {line.detail}")
    if (more := len(material.quarantined) - _MOST_QUARANTINED) > 0:
        lines.append(f"… and {more} more")
    return lines


def _worst(material: ReportMaterial, worst: WorstCombination) -> tuple[str, str, str]:
    lead = worst.lead
    what = f"{phrases.metric_label(material.metrics, lead.metric)} " + phrases.change_with_interval(
        lead.change, lead.change_ci95, lead.change_unit
    )
    hints = [phrases.hint_phrase(hint, material.metrics) for hint in worst.hints[:_COVER_HINTS]]
    head = f"{VERDICT_SIGNS[lead.verdict]} {what}"
    return head, one_line(worst.combination, limit=110), _line("; ".join(hints))


def _line(text: str) -> str:
    return one_line(text, limit=_LONGEST_COVER_LINE)
