"""The executive layer: one screen of Markdown, the verdict first."""

from collections.abc import Iterator, Sequence

from lm_assets.model.verdict import CellVerdict, Finding, Verdict
from lm_assets.regression.verdict.phrases import confirmation_phrase
from lm_assets.reports import formatting, phrases
from lm_assets.reports.advice import next_steps
from lm_assets.reports.decision import decision_phrase
from lm_assets.reports.escaping import markdown_code, markdown_text
from lm_assets.reports.formatting import VERDICT_RANK, VERDICT_SIGNS, VERDICT_WORDS, plural
from lm_assets.reports.insight import (
    UNDECIDED,
    WorstCombination,
    exact_findings,
    runs_needed,
    told_findings,
    undecided_counts,
    worst_combinations,
)
from lm_assets.reports.material import ReportMaterial
from lm_assets.reports.sign_table import sign_table

_MOST_FINDINGS = 3
_MOST_COMBINATIONS = 3
_MOST_ALSO_WORSE = 3
_MOST_HINTS = 3
_MOST_BETTER = 3
_MOST_NOTES = 3
_MOST_REASONS = 2
_MOST_RULES = 4
_MOST_UNDECIDED = 4
_LEAST_POINTS, _MOST_SIGNS = 3, 14
_NOT_JUDGED = "·"
_NO_OWNERS = " (nobody is named to act: `alerts.owners` of regression.yaml)"
_WHERE_COMMANDS_RUN = "in a shell with the platform's addresses, as after `source .lm/env`"
_NOISE_NOTE = "noise shared over"

_WHY_UNDECIDED = {
    Verdict.CONFOUNDED: "worse, and not to be told from the node that they ran on",
    Verdict.NOT_COMPARABLE: "the environment is another than the baseline's",
    Verdict.INCONCLUSIVE: "neither worse nor shown to be the same",
    Verdict.INSUFFICIENT_DATA: "too few usable runs",
    Verdict.NO_BASELINE: "nothing accepted to compare with",
    Verdict.DATA_FAULT: "values that cannot be judged",
    Verdict.NOT_RUN: "expected, and nothing of it landed",
    Verdict.SOURCE_CHANGED: "measured by sources that mean different things",
}


def executive_markdown(material: ReportMaterial) -> str:
    """Return the executive summary of a campaign as Markdown.

    It fits one screen whatever the campaign's size: lists are cut, and say by how much.
    """
    sections = (
        _head(material),
        _counts(material),
        _matrix(material),
        _findings(material),
        _worse(material),
        _exact(material),
        _better(material),
        _not_decided(material),
        _next_steps(material),
    )
    return "\n\n".join("\n".join(lines) for lines in map(list, sections) if lines) + "\n"


def _head(material: ReportMaterial) -> Iterator[str]:
    verdict = material.verdict
    words = phrases.verdict_words(verdict).upper()
    yield f"# {VERDICT_SIGNS[verdict.verdict]} {words}: {markdown_code(verdict.campaign)}"
    yield ""
    yield f"**{phrases.headline(verdict)}**"
    facts = phrases.campaign_facts(material.manifest, verdict, material.runs)
    stated = " · ".join(f"{name} {markdown_text(value)}" for name, value in facts)
    rule = phrases.rule_in_words(material.rule)
    yield f"{stated.rstrip('.')}. Rule: {rule}. [All campaigns](../index.html)."
    changed = material.changed_environment()
    # How noise was modelled is for the technical report.
    notes = [note for note in verdict.notes if _NOISE_NOTE not in note]
    confirmation = confirmation_phrase(verdict)
    if changed or notes or confirmation:
        yield ""
    if confirmation:
        yield f"- **Confirmation**: {markdown_text(confirmation)}"
    if changed:
        text = phrases.environment_phrase(changed, markdown_text)
        yield f"- **Environment differs from the baseline's**: {text}. A likely cause of changes."
    if notes:
        yield "- Notes: " + "; ".join(markdown_text(note) for note in notes[:_MOST_NOTES])


def _counts(material: ReportMaterial) -> Iterator[str]:
    counted = [v for v in VERDICT_RANK if material.verdict.counts.get(v.value)]
    if not counted:
        return
    yield "| cells | " + " | ".join(VERDICT_WORDS[v] for v in counted) + " |"
    yield "|---|" + "---:|" * len(counted)
    counts = [material.verdict.counts[v.value] for v in counted]
    yield f"| {sum(counts)} | " + " | ".join(map(str, counts)) + " |"


def _findings(material: ReportMaterial) -> Iterator[str]:
    yield from _listed("## Findings", told_findings(material), material)


def _exact(material: ReportMaterial) -> Iterator[str]:
    """Yield what is counted exactly: it stands after what has a verdict, having none."""
    found = exact_findings(material)
    yield from _listed("## Counted exactly, no verdict of its own", found, material)


def _listed(title: str, found: Sequence[Finding], material: ReportMaterial) -> Iterator[str]:
    if not found:
        return
    yield title
    yield ""
    for finding in found[:_MOST_FINDINGS]:
        sentence = phrases.finding_sentence(finding, material.metrics, markdown_text)
        yield f"- **{phrases.finding_words(finding)}**: {sentence}"
    if len(found) > _MOST_FINDINGS:
        yield f"- … and {len(found) - _MOST_FINDINGS} more"


def _worse(material: ReportMaterial) -> Iterator[str]:
    worst = worst_combinations(material, (Verdict.REGRESSED, Verdict.SUSPECTED))
    if not worst:
        return
    is_established = any(cell.lead.verdict is Verdict.REGRESSED for cell in worst)
    heading = "What got worse" if is_established else "What may have got worse"
    yield f"## {heading}{'' if material.owners else _NO_OWNERS}"
    yield ""
    for place, combination in enumerate(worst[:_MOST_COMBINATIONS], start=1):
        yield f"{place}. {_cell_sentence(material, combination.lead)}"
        if course := _course(material, combination):
            yield f"   {course}"
        if why := material.why(combination.combination):
            yield f"   **Why**: {markdown_text(why)}."
        if beside := _beside(material, combination):
            yield f"   {beside}"
        if owner := material.owner(combination.combination):
            yield f"   **Who**: {markdown_text(owner)}."
    if len(worst) > _MOST_COMBINATIONS:
        more = plural(len(worst) - _MOST_COMBINATIONS, "combination")
        yield f"- … and {more} more in technical.html."


def _course(material: ReportMaterial, worst: WorstCombination) -> str:
    """Return what the campaigns said of the leading cell, as a line of signs."""
    trend = material.trends.get((worst.combination, worst.lead.metric))
    if trend is None or len(trend.points) < _LEAST_POINTS:
        return ""
    told = [p.verdict for p in trend.points[-_MOST_SIGNS:]]
    signs = " ".join(_NOT_JUDGED if v is None else VERDICT_SIGNS[v] for v in told)
    words = ", ".join(
        f"{VERDICT_SIGNS[v]} {VERDICT_WORDS[v]}" for v in VERDICT_RANK if v in set(told)
    )
    return f"Campaigns, the oldest first: {signs} ({words or f'{_NOT_JUDGED} not judged'})."


def _cell_sentence(material: ReportMaterial, cell: CellVerdict) -> str:
    unit = phrases.metric_unit(material.metrics, cell.metric)
    label = markdown_text(phrases.metric_label(material.metrics, cell.metric))
    size = phrases.change_with_interval(cell.change, cell.change_ci95, cell.change_unit)
    before = formatting.quantity(cell.baseline_mean, markdown_text(unit))
    after = formatting.quantity(cell.current_mean, markdown_text(unit))
    confirmed = phrases.confirmed_phrase(cell)
    return (
        f"**{label} {size}** in {markdown_code(cell.combination)}: {before} → {after}, "
        f"runs {cell.n_baseline} : {cell.n_current}, {decision_phrase(cell, markdown_text)}"
        + (f"; {markdown_text(confirmed)}" if confirmed else "")
    )


def _beside(material: ReportMaterial, worst: WorstCombination) -> str:
    hinted = {hint.metric for hint in worst.hints[:_MOST_HINTS]}
    others = [
        f"{markdown_text(phrases.metric_label(material.metrics, cell.metric))} "
        f"{formatting.change(cell.change, cell.change_unit)}"
        for cell in worst.others
        if cell.metric not in hinted
    ]
    parts = []
    # Where a cause is known, a quantity that moved along is no news.
    if worst.hints and not material.why(worst.combination):
        seen = [
            phrases.hint_phrase(hint, material.metrics, markdown_text)
            for hint in worst.hints[:_MOST_HINTS]
        ]
        parts.append(f"Seen together: {'; '.join(seen)}.")
    if others:
        more = len(others) - _MOST_ALSO_WORSE
        cut = f" and {more} more" if more > 0 else ""
        parts.append(f"Also worse: {', '.join(others[:_MOST_ALSO_WORSE])}{cut}.")
    return " ".join(parts)


def _better(material: ReportMaterial) -> Iterator[str]:
    better = worst_combinations(material, (Verdict.IMPROVED,))
    if not better:
        return
    named = [
        f"{markdown_text(phrases.metric_label(material.metrics, best.lead.metric))} "
        f"{formatting.change(best.lead.change, best.lead.change_unit)} "
        f"in {markdown_code(best.combination)}"
        for best in better[:_MOST_BETTER]
    ]
    more = len(better) - _MOST_BETTER
    cut = f"; and {more} more" if more > 0 else ""
    yield f"**Improved**, {plural(len(better), 'combination')}: {'; '.join(named)}{cut}."


def _not_decided(material: ReportMaterial) -> Iterator[str]:
    counts = undecided_counts(material.verdict.cells)
    lines = []
    for verdict in UNDECIDED:
        if verdict in counts:
            needed = _runs_phrase(material) if verdict is Verdict.INCONCLUSIVE else ""
            cells = plural(counts[verdict], "cell")
            lines.append(f"{VERDICT_WORDS[verdict]}, {cells}: {_WHY_UNDECIDED[verdict]}{needed}")
    if len(lines) > _MOST_UNDECIDED:
        kept = _MOST_UNDECIDED - 1
        lines[kept:] = ["; ".join(lines[kept:])]
    lines = [f"- {line}" for line in lines] + list(_gaps(material))
    if lines:
        yield "## Not decided, and why"
        yield ""
        yield from lines


def _runs_phrase(material: ReportMaterial) -> str:
    needed = runs_needed(material.verdict.cells)
    if not needed:
        return ""
    median, most = needed[len(needed) // 2], needed[-1]
    return f"; {median} runs per side would decide half of them, {most} all that can be"


def _gaps(material: ReportMaterial) -> Iterator[str]:
    if material.missing:
        ranked = sorted(material.missing.items(), key=lambda item: (-item[1], item[0]))
        named = [
            f"{markdown_text(phrases.metric_label(material.metrics, metric))} "
            f"({markdown_text(reason)}, {plural(runs, 'run')})"
            for (metric, reason), runs in ranked[:_MOST_REASONS]
        ]
        more = len(ranked) - _MOST_REASONS
        cut = f"; {more} more in detailed.pdf" if more > 0 else ""
        yield f"- not measured: {'; '.join(named)}{cut}"
    if counts := material.quarantine_counts():
        told = list(counts.items())[:_MOST_RULES]
        rules = ", ".join(f"{markdown_text(rule)} {count}" for rule, count in told)
        if rest := len(material.quarantined) - sum(count for _, count in told):
            rules += f" and {rest} more"
        yield f"- quarantined, {plural(len(material.quarantined), 'line')}: {rules}"


def _matrix(material: ReportMaterial) -> Iterator[str]:
    yield from sign_table(material)


def _next_steps(material: ReportMaterial) -> Iterator[str]:
    steps = next_steps(material)
    if steps:
        yield f"## What to do next ({_WHERE_COMMANDS_RUN})"
        yield ""
        yield from (
            f"- {markdown_text(step.text)}: {markdown_code(step.command)}" for step in steps
        )
