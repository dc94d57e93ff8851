"""How a message words a verdict: short phrases, with nothing that a chat could take for markup."""

import re

from lm_assets.model.alert import Sighting
from lm_assets.model.metric import MetricCatalogue
from lm_assets.model.verdict import CellVerdict, Finding, Verdict
from lm_assets.model.visible_text import visible_text

_MARKUP = re.compile(r"(?<![A-Za-z0-9])[*_~]|[*_~](?![A-Za-z0-9])|\*|~|:[\w+-]+:|@\w")
_WEB_ADDRESS = re.compile(r"https?://[^\s<>|]+")


def slack_text(text: str, *, limit: int = 1500) -> str:
    """Return text that Slack shows literally: no mention, emphasis or entity survives.

    What could open emphasis, an emoji or a mention becomes code, where nothing does. So every
    character is the text's own, and what people copy is what there was. That addresses and
    channels become no links is up to the message, which says ``verbatim``.
    """
    if _MARKUP.search(text):
        return slack_code(text, limit=limit)
    return _literal(text, limit)


def slack_code(text: str, *, limit: int = 300) -> str:
    """Return text as inline code; Slack has no way to write a backtick inside one."""
    text = _literal(text, limit)
    return f"`{text}`" if text else ""


def _literal(text: str, limit: int) -> str:
    text = visible_text(text).replace("`", "'").strip()
    text = text if len(text) <= limit else f"{text[: limit - 1]}…"
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def slack_link(title: str, address: str) -> str:
    """Return a link to a web address; any other address, such as ``s3://…``, as its text."""
    if _WEB_ADDRESS.fullmatch(address):
        return f"<{address.replace('&', '&amp;')}|{slack_text(title)}>"
    return f"{slack_text(title)} {slack_code(address, limit=500)}"


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


def change_phrase(noun: Finding | CellVerdict | Sighting) -> str:
    """Return the change of a finding, cell or sighting with its interval."""
    text = signed_change(noun.change, noun.change_unit)
    if noun.change_ci95 is None:
        return text
    low, high = (signed_change(bound, noun.change_unit) for bound in noun.change_ci95)
    return f"{text} [{low}, {high}]"


def metric_label(metrics: MetricCatalogue | None, name: str) -> str:
    """Return what a person reads for a metric."""
    return metrics[name].label if metrics is not None and name in metrics else name


def subject(seen: Sighting) -> str:
    """Return what is worse: the leading metric, and of how many more; the verdict without any."""
    if not seen.metric:
        return seen.verdict.value
    more = len(set(seen.metrics) - {seen.metric})
    return f"{seen.metric} and {more} more" if more else seen.metric


def verdict_words(verdict: Verdict) -> str:
    """Return a verdict as a person reads it."""
    return verdict.value.replace("_", " ")
