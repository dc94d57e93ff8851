"""A page of the index: campaigns with their verdicts, findings and links, and trend lines."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from lm_assets.model.campaign_card import CampaignCard
from lm_assets.model.verdict import Verdict
from lm_assets.reports.escaping import one_line
from lm_assets.reports.formatting import (
    VERDICT_RANK,
    VERDICT_SIGNS,
    VERDICT_WORDS,
    plural,
)
from lm_assets.reports.index.trend import stages_of, trend_lines
from lm_assets.reports.phrases import SELF_COMPARED
from lm_assets.reports.rendering import packaged_digest, packaged_text, rendered

_LAYER_WORDS = {
    "executive.md": "summary",
    "technical.html": "cells",
    "detailed.pdf": "PDF",
    "raw.jsonl": "data",
}
_MOST_LABELS = 4
_LONGEST_SUBJECT = 120

PAGE_VERSION = packaged_digest("index.html.jinja", "index.css", "index.js")
"""Of how pages look: pages of another version are made anew."""


def index_page(
    cards: Sequence[CampaignCard],
    *,
    title: str,
    to_reports: str,
    links: Sequence[tuple[str, str]],
    campaigns: int,
) -> bytes:
    """Return a page as one self-contained HTML file; the same cards give the same bytes.

    Parameters
    ----------
    cards : sequence of CampaignCard
        The page's campaigns, the oldest first; they are shown with the newest first.
    title : str
    to_reports : str
        What leads from the page to the folder of the reports: empty, or ``../``.
    links : sequence of (str, str)
        Text and address of the pages that this one leads to.
    campaigns : int
        How many campaigns the whole index has.
    """
    css, script = packaged_text("index.css"), packaged_text("index.js")
    return rendered(
        "index.html.jinja",
        csp=_content_security_policy(css, script),
        css=css,
        script=script,
        title=title,
        shown=_shown(len(cards), campaigns),
        links=links,
        stages=stages_of(cards),
        verdicts=_verdicts(cards),
        trends=trend_lines(cards),
        rows=[_row(card, to_reports) for card in reversed(cards)],
    ).encode()


def _shown(campaigns: int, of: int) -> str:
    return plural(of, "campaign") if campaigns == of else f"{campaigns} of {of} campaigns"


def _verdicts(cards: Sequence[CampaignCard]) -> list[Mapping[str, object]]:
    found = [card.verdict for card in cards]
    return [{**_words(v), "count": found.count(v)} for v in VERDICT_RANK if v in found]


def _row(card: CampaignCard, to_reports: str) -> Mapping[str, object]:
    def address(name: str) -> str:
        return f"{to_reports}{quote(card.campaign)}/{quote(name)}"

    moment = card.started_at
    worst = [v for v in VERDICT_RANK if card.counts.get(v.value)]
    return {
        **_words(card.verdict),
        **({"words": SELF_COMPARED} if card.is_own_baseline else {}),
        "campaign": card.campaign,
        "address": address("technical.html") if "technical.html" in card.reports else "",
        "stage": card.stage,
        "when": "" if moment is None else f"{moment:%Y-%m-%d %H:%M}",
        "subject": _subject(card),
        "headline": card.headline,
        "size": _size(card),
        "counts": [{**_words(v), "count": card.counts[v.value]} for v in worst],
        "findings": [{**_words(f.severity), "sentence": f.sentence} for f in card.findings],
        "left_out": card.left_out,
        "layers": [
            (words, address(name)) for name, words in _LAYER_WORDS.items() if name in card.reports
        ],
    }


def _subject(card: CampaignCard) -> str:
    labels = [f"{name} {value}" for name, value in sorted(card.version_labels.items())]
    text = ", ".join(filter(None, [card.git_sha[:10], *labels[:_MOST_LABELS]]))
    return one_line(text, limit=_LONGEST_SUBJECT)


def _size(card: CampaignCard) -> str:
    parts = [plural(card.combinations, "combination")]
    if card.runs is not None:
        parts.append(plural(card.runs, "run"))
    if card.failed_runs:
        parts.append(f"{card.failed_runs} failed")
    return ", ".join(parts)


def _words(verdict: Verdict) -> Mapping[str, str]:
    return {
        "key": verdict.value,
        "sign": VERDICT_SIGNS[verdict],
        "words": VERDICT_WORDS[verdict],
    }


def _content_security_policy(css: str, script: str) -> str:
    def digest(text: str) -> str:
        return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

    return (
        f"default-src 'none'; style-src 'sha256-{digest(css)}'; "
        f"script-src 'sha256-{digest(script)}'; base-uri 'none'; form-action 'none'"
    )
