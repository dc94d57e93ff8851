"""How a message words a verdict: short phrases, with nothing that a chat could take for markup."""

import re
from collections.abc import Sequence

from lm_assets.model.metric import MetricCatalogue
from lm_assets.model.verdict import CampaignVerdict, CellVerdict, Finding, Verdict

_CONTROL = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+")
_MARKUP = re.compile(r"([*_~@]|:(?=[\w+-]+:))")
_MOST_NAMED = 2
_WEB_ADDRESS = re.compile(r"https?://[^\s<>|]+")
_VERDICTS_WORST_FIRST = (
    Verdict.REGRESSED,
    Verdict.SUSPECTED,
    Verdict.CONFOUNDED,
    Verdict.DATA_FAULT,
    Verdict.NOT_RUN,
    Verdict.NOT_COMPARABLE,
    Verdict.SOURCE_CHANGED,
    Verdict.INCONCLUSIVE,
    Verdict.INSUFFICIENT_DATA,
    Verdict.NO_BASELINE,
    Verdict.ACCEPTED_TRADEOFF,
    Verdict.IMPROVED,
    Verdict.UNCHANGED,
)


def slack_text(text: str, *, limit: int = 1500) -> str:
    """Return text that Slack shows literally: no mention, link, emphasis or entity survives."""
    text = _CONTROL.sub(" ", text).replace("`", "'").strip()
    text = text if len(text) <= limit else f"{text[: limit - 1]}…"
    # A zero-width space after a sign keeps it from opening emphasis, an emoji or a mention.
    text = _MARKUP.sub("\\1\u200b", text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def slack_code(text: str, *, limit: int = 300) -> str:
    """Return text as inline code; Slack has no way to write a backtick inside one."""
    text = _CONTROL.sub(" ", text).replace("`", "'").strip()
    text = text if len(text) <= limit else f"{text[: limit - 1]}…"
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f"`{text}`" if text else ""


def slack_link(title: str, address: str) -> str:
    """Return a link to a web address; any other address, such as ``s3://…``, as its text."""
    if _WEB_ADDRESS.fullmatch(address):
        return f"<{address.replace('&', '&amp;')}|{slack_text(title)}>"
    return f"{slack_text(title)} {slack_code(address, limit=500)}"


def where_phrase(finding: Finding) -> str:
    """Return where a finding lives: dimension values, else combinations, else everywhere."""
    if finding.where:
        return ", ".join(f"{name}={value}" for name, value in finding.where.items())
    if len(finding.combinations) > _MOST_NAMED:
        return f"{len(finding.combinations)} combinations"
    return ", ".join(finding.combinations) or "the whole matrix"


def signed_change(change: float | None, change_unit: str) -> str:
    """Return a change with sign and unit; ``n/a`` where there is none."""
    if change is None:
        return "n/a"
    scaled = change * 100 if change_unit == "relative" else change
    unit = {"relative": "%", "points": "pp"}.get(change_unit, "per run")
    size = f"{abs(scaled):.0f}" if abs(scaled) >= 10 else f"{abs(scaled):.1f}"
    if float(size) == 0.0:
        return f"0 {unit}"
    return f"{'−' if scaled < 0 else '+'}{size} {unit}"


def change_phrase(noun: Finding | CellVerdict) -> str:
    """Return the change of a finding or cell with its interval."""
    text = signed_change(noun.change, noun.change_unit)
    if noun.change_ci95 is None:
        return text
    low, high = (signed_change(bound, noun.change_unit) for bound in noun.change_ci95)
    return f"{text} [{low}, {high}]"


def metric_label(metrics: MetricCatalogue | None, name: str) -> str:
    """Return what a person reads for a metric."""
    return metrics[name].label if metrics is not None and name in metrics else name


def verdict_words(verdict: Verdict) -> str:
    """Return a verdict as a person reads it."""
    return verdict.value.replace("_", " ")


def counts_phrase(verdict: CampaignVerdict) -> str:
    """Return how many cells have each verdict, worst first."""
    counts = ((v, verdict.counts.get(v.value, 0)) for v in _VERDICTS_WORST_FIRST)
    return ", ".join(f"{count} {verdict_words(v)}" for v, count in counts if count) or "no cells"


def worst_cells(verdict: CampaignVerdict) -> Sequence[CellVerdict]:
    """Return the regressed and suspected cells, worst first, relative changes before others."""
    worse = (Verdict.REGRESSED, Verdict.SUSPECTED)
    return sorted(
        (cell for cell in verdict.cells if cell.verdict in worse),
        key=lambda cell: (
            worse.index(cell.verdict),
            cell.change_unit != "relative",
            -(cell.degradation or 0.0),
            cell.combination,
            cell.metric,
        ),
    )
