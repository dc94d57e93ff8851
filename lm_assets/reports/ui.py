"""What the asset pages of the UI show of a verdict: small Markdown tables and a chart."""

from collections.abc import Mapping, Sequence

from lm_assets.model.metric import MetricCatalogue
from lm_assets.model.record import QuarantinedLine
from lm_assets.model.verdict import CampaignVerdict, Verdict
from lm_assets.reports import decision, formatting, phrases
from lm_assets.reports.escaping import markdown_code, markdown_text
from lm_assets.reports.formatting import VERDICT_RANK, VERDICT_SIGNS, VERDICT_WORDS, plural
from lm_assets.reports.insight import by_severity
from lm_assets.reports.material import CellKey, DecisionRule
from lm_assets.reports.pictures.canvas import data_uri
from lm_assets.reports.pictures.forest import forest_svg

_COLUMNS = (
    *("verdict", "combination", "metric", "baseline", "current", "change", "95 % interval"),
    *("test", "p", "q", "plain rule"),
)
_NOT_SHOWN = (Verdict.NO_BASELINE, Verdict.UNCHANGED)


def worst_changes_markdown(
    verdict: CampaignVerdict, metrics: MetricCatalogue, *, limit: int = 10
) -> str:
    """Return the cells that most deserve a look, as a Markdown table, worst first."""
    worst = by_severity(cell for cell in verdict.cells if cell.verdict not in _NOT_SHOWN)
    if not worst:
        return f"No cell changed ({plural(len(verdict.cells), 'cell')})."
    lines = [
        f"| {' | '.join(_COLUMNS)} |",
        "|---|---|---|---:|---:|---:|---:|---|---:|---:|---|",
    ]
    for cell in worst[:limit]:
        unit = markdown_text(phrases.metric_unit(metrics, cell.metric))
        row = (
            f"{VERDICT_SIGNS[cell.verdict]} {decision.verdict_words(cell)}",
            markdown_code(cell.combination),
            markdown_text(phrases.metric_label(metrics, cell.metric)),
            formatting.quantity(cell.baseline_mean, unit),
            formatting.quantity(cell.current_mean, unit),
            formatting.change(cell.change, cell.change_unit),
            decision.deciding_interval(cell),
            decision.deciding_test(cell),
            formatting.p_value(decision.deciding_p(cell)),
            formatting.p_value(decision.deciding_q(cell)),
            decision.plain_rule(cell),
        )
        lines.append(f"| {' | '.join(row)} |")
    if len(worst) > limit:
        lines += ["", f"… and {plural(len(worst) - limit, 'cell')} more."]
    return "\n".join(lines)


def summary_markdown(verdict: CampaignVerdict, metrics: MetricCatalogue) -> str:
    """Return the campaign's verdict, its counts and its findings as Markdown."""
    words = phrases.verdict_words(verdict)
    counts = " · ".join(
        f"{VERDICT_SIGNS[v]} {VERDICT_WORDS[v]} {verdict.counts[v.value]}"
        for v in VERDICT_RANK
        if verdict.counts.get(v.value)
    )
    answer = f"**{VERDICT_SIGNS[verdict.verdict]} {words}** (exit code {verdict.exit_code})"
    lines = [f"{answer}: {phrases.headline(verdict)}", "", counts or "no cells"]
    findings = [f for f in verdict.findings if f.kind != "cell"]
    if findings:
        lines.append("")
    for finding in findings[:10]:
        sentence = phrases.finding_sentence(finding, metrics, markdown_text)
        lines.append(f"- **{phrases.finding_words(finding)}**: {sentence}")
    return "\n".join(lines)


def coverage_markdown(
    missing: Mapping[CellKey, int],
    quarantined: Sequence[QuarantinedLine] = (),
    *,
    limit: int = 20,
) -> str:
    """Return which metrics have no value and why, and what was quarantined, as Markdown."""
    parts = []
    if missing:
        ranked = sorted(missing.items(), key=lambda item: (-item[1], item[0]))
        rows = [
            f"| {markdown_code(metric)} | {markdown_text(reason)} | {runs} |"
            for (metric, reason), runs in ranked[:limit]
        ]
        parts.append("\n".join(["| metric | missing because | runs |", "|---|---|---:|", *rows]))
        if len(ranked) > limit:
            parts.append(f"… and {plural(len(ranked) - limit, 'reason')} more.")
    if quarantined:
        rows = [
            f"| {markdown_text(line.rule)} | {markdown_code(line.key)} | "
            f"{formatting.NOT_AVAILABLE if line.line is None else line.line} | "
            f"{markdown_text(line.detail)} |"
            for line in quarantined[:limit]
        ]
        parts.append("\n".join(["| rule | object | line | detail |", "|---|---|---:|---|", *rows]))
        if len(quarantined) > limit:
            parts.append(f"… and {plural(len(quarantined) - limit, 'line')} more.")
    return "\n\n".join(parts) or "Every metric has a value in every run; nothing was quarantined."


def changes_chart_markdown(
    verdict: CampaignVerdict, metrics: MetricCatalogue, rule: DecisionRule, *, limit: int = 20
) -> str:
    """Return the worst changes with their intervals as an image in Markdown."""
    shown = [cell for cell in verdict.cells if cell.change is not None]
    if not shown:
        return "No cell has a change to draw."
    svg = forest_svg(shown, metrics, rule, limit=limit)
    return f"![Worst changes with 95 % intervals]({data_uri(svg)})"
