"""What happened to alerts as a message for Slack: one a campaign, within Slack's real limits."""

import json
from collections.abc import Sequence
from typing import Any

from lm_assets.alerts import wording
from lm_assets.alerts.telling import WORDS, Teller, Told, slack_line
from lm_assets.alerts.wording import slack_text
from lm_assets.model.alert import Alert, AlertEventKind, AlertState
from lm_assets.model.visible_text import visible_text

# Slack refuses somewhat above 13,000 (msg_blocks_too_long), whatever its pages say of each block.
MOST_SLACK_CHARACTERS = 12_000
_RESERVED_CHARACTERS = 1500
_MOST_SECTIONS = 40
_MOST_HEADER_CHARACTERS = 150
_MOST_LINE_CHARACTERS = 2900
_MOST_LINKS = 6


def slack_message(
    told: Sequence[Told], teller: Teller, *, live: Sequence[Alert] = ()
) -> dict[str, Any]:
    """Return what happened to alerts as an incoming webhook of Slack takes it.

    ``text`` is what notifications show. The whole stays within Slack's limits however many alerts
    there are: what does not fit is counted, and the links lead to it.

    Parameters
    ----------
    told : sequence of Told
        Events of one campaign, or of one look at the clock.
    live : sequence of Alert
        For a digest: every alert that is open or acknowledged.
    """
    event = told[0].event
    of_alerts = [item for item in told if item.alert is not None]
    has_digest = any(item.event.event == AlertEventKind.DIGEST for item in told)
    place = event.campaign or f"{event.stage} alerts"
    header = f"{_summary(of_alerts) or 'Digest'}: {place}"
    blocks: list[dict[str, Any]] = [{"type": "header", "text": _plain(header)}]
    lines = [slack_line(item, teller) for item in of_alerts]
    if has_digest:
        shown = {item.alert.alert_id for item in of_alerts if item.alert is not None}
        lines += [_digest_line(live), *_still_live(told, live, teller, shown=shown)]
    after = _closing(event.campaign, event.stage, teller)
    blocks += _fitting(lines, room=MOST_SLACK_CHARACTERS - _length([*blocks, *after]))
    return {"text": slack_text(header, limit=300), "blocks": [*blocks, *after]}


def _summary(told: Sequence[Told]) -> str:
    counts: dict[str, int] = {}
    for item in told:
        word = WORDS.get(item.event.event, item.event.event).partition(",")[0].lower()
        counts[word] = counts.get(word, 0) + 1
    text = ", ".join(f"{count} {word}" for word, count in counts.items())
    return text[:1].upper() + text[1:]


def _digest_line(live: Sequence[Alert]) -> str:
    open_ = sum(alert.state is AlertState.OPEN for alert in live)
    return f"*Digest:* {open_} alerts are open, {len(live) - open_} acknowledged"


def _still_live(
    told: Sequence[Told], live: Sequence[Alert], teller: Teller, *, shown: set[str]
) -> list[str]:
    (digest, *_) = [t.event for t in told if t.event.event == AlertEventKind.DIGEST]
    others = [alert for alert in live if alert.alert_id not in shown]
    return [slack_line(Told(event=digest, alert=alert), teller) for alert in others]


def _closing(campaign: str | None, stage: str, teller: Teller) -> list[dict[str, Any]]:
    links = [
        wording.slack_link(title, address)
        for title, address in list(teller.links(campaign).items())[:_MOST_LINKS]
        if len(address) < _RESERVED_CHARACTERS // _MOST_LINKS
    ]
    facts = [f"stage {slack_text(stage, limit=50)}", *links]
    return [{"type": "context", "elements": [_verbatim(" · ".join(facts))]}]


def _fitting(lines: Sequence[str], *, room: int) -> list[dict[str, Any]]:
    """Return as many whole lines as there is room for, and how many there are besides."""
    blocks: list[dict[str, Any]] = []
    for number, line in enumerate(lines):
        block = _section(line if len(line) <= _MOST_LINE_CHARACTERS else _shortened(line))
        left = len(lines) - number
        more = _section(f"… and {left} more: `lm alerts list` shows them all")
        if len(blocks) >= _MOST_SECTIONS or _length([*blocks, block, more]) > room:
            return [*blocks, more]
        blocks.append(block)
    return blocks


def _shortened(line: str) -> str:
    # Cutting could leave half a link or half an entity; the command in its last line is whole.
    _, _, command = line.rpartition("\n")
    return f"an alert with names too long to show\n{command[: _MOST_LINE_CHARACTERS // 2]}"


def text_message(text: str) -> dict[str, Any]:
    """Return one paragraph as an incoming webhook of Slack takes it; it is not escaped here."""
    return {"text": text, "blocks": [_section(text)]}


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _verbatim(text)}


def _verbatim(text: str) -> dict[str, Any]:
    """Return a text in which Slack links nothing by itself: no domain, no channel, no name."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _plain(text: str) -> dict[str, Any]:
    text = visible_text(text)
    is_short = len(text) <= _MOST_HEADER_CHARACTERS
    cut = text if is_short else f"{text[: _MOST_HEADER_CHARACTERS - 1]}…"
    return {"type": "plain_text", "text": cut, "emoji": False}


def _length(blocks: Sequence[object]) -> int:
    return len(json.dumps(blocks, ensure_ascii=False))
