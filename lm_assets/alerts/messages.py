"""Messages about alerts: one a campaign for Slack, one an event for any other receiver.

Whether and to whom a message goes is decided elsewhere; here it only gets its words.
"""

import json
from collections.abc import Sequence
from typing import Any

from lm_assets.alerts import wording
from lm_assets.alerts.telling import WORDS, Teller, Told, alert_json, event_json, slack_line
from lm_assets.alerts.wording import slack_text
from lm_assets.model.alert import Alert, AlertEventKind, AlertState

SCHEMA_VERSION = 2

# Slack refuses somewhat above 13,000 (msg_blocks_too_long), whatever its pages say of each block.
MOST_SLACK_CHARACTERS = 12_000
MOST_WEBHOOK_BYTES = 20_000
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


def webhook_message(told: Told, teller: Teller, *, live: Sequence[Alert] = ()) -> dict[str, Any]:
    """Return one event for any receiver, as ``schemas/webhook.schema.json`` says.

    At most 20 kB: ``truncated`` counts the combinations, or the alerts of a digest, left out.
    """
    event, alert = told.event, told.alert
    data: dict[str, Any] = {
        "event": event_json(event),
        "alert": None if alert is None else alert_json(alert),
        "links": dict(teller.links(event.campaign or (alert.last_campaign if alert else None))),
    }
    if alert is None:
        data["alerts"] = [alert_json(each) for each in live]
    message = {
        "schema_version": SCHEMA_VERSION,
        "type": f"alert.{event.event}",
        "timestamp": event_json(event)["at"],
        "campaign": event.campaign or "",
        "stage": event.stage,
        "data": data,
        "truncated": 0,
    }
    return _within_size(message)


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
    return [{"type": "context", "elements": [{"type": "mrkdwn", "text": " · ".join(facts)}]}]


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


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def _plain(text: str) -> dict[str, Any]:
    is_short = len(text) <= _MOST_HEADER_CHARACTERS
    cut = text if is_short else f"{text[: _MOST_HEADER_CHARACTERS - 1]}…"
    return {"type": "plain_text", "text": cut, "emoji": False}


def _length(blocks: Sequence[object]) -> int:
    return len(json.dumps(blocks, ensure_ascii=False))


def _within_size(message: dict[str, Any]) -> dict[str, Any]:
    """Return the message with so much of its lists left out that it has at most 20 kB."""
    data = message["data"]
    for holder, name in ((data, "alerts"), (data["alert"] or {}, "combinations")):
        whole = holder.get(name, [])
        while holder.get(name) and _bytes(message) > MOST_WEBHOOK_BYTES:
            holder[name] = holder[name][: len(holder[name]) // 2]
            message["truncated"] = len(whole) - len(holder[name])
    for holder in (data["alert"] or {}, data["event"]):
        for name in ("message", "reason", "where", "metrics"):
            if _bytes(message) > MOST_WEBHOOK_BYTES and holder.get(name):
                text = holder[name]
                holder[name] = f"{text[:500]}…" if isinstance(text, str) else type(text)()
                message["truncated"] += 1
    return message


def _bytes(message: object) -> int:
    return len(json.dumps(message, sort_keys=True, ensure_ascii=False).encode())
