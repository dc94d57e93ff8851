"""What is told of an alert's event: its line for people, and its facts for programs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lm_assets.alerts import wording
from lm_assets.alerts.wording import slack_code, slack_text
from lm_assets.model.addresses import Addresses
from lm_assets.model.alert import Alert, AlertEventKind, AlertState, StoredEvent
from lm_assets.model.metric import MetricCatalogue
from lm_assets.model.verdict import Verdict

Kind = AlertEventKind

DAGSTER_PAGE = "Campaign in Dagster"
WORDS: Mapping[str, str] = {
    Kind.OPENED: "New",
    Kind.WORSENED: "Worse",
    Kind.REOPENED: "Back again",
    Kind.EXPIRED: "Open again, its acknowledgement has ended",
    Kind.REMINDED: "Nobody has answered yet",
    Kind.RECOVERED: "Recovered",
    Kind.WITHDRAWN: "Withdrawn, judged anew it is not there",
}
_SIGNS: Mapping[str, str] = {
    Kind.RECOVERED: ":white_check_mark:",
    Kind.WITHDRAWN: ":white_check_mark:",
    Kind.REMINDED: ":bell:",
    Kind.EXPIRED: ":bell:",
}
_SIGNS_OF_VERDICTS = {
    Verdict.REGRESSED: ":red_circle:",
    Verdict.SUSPECTED: ":large_orange_circle:",
    Verdict.DATA_FAULT: ":warning:",
}
_MOST_PLACE_CHARACTERS = 200
_MOST_MESSAGE_CHARACTERS = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """An event and its alert as it is now; None for an event about no alert in particular."""

    event: StoredEvent
    alert: Alert | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Teller:
    """What every message needs to know: the metrics' names, and where to read on."""

    metrics: MetricCatalogue | None = None
    addresses: Addresses = field(default_factory=Addresses)

    def links(self, campaign: str | None) -> Mapping[str, str]:
        """Return addresses about a campaign by title; none where none is known."""
        if not campaign:
            return {}
        links = {
            "Summary": self.addresses.report(campaign, "executive.md"),
            "Technical report": self.addresses.report(campaign, "technical.html"),
            "Detailed report": self.addresses.report(campaign, "detailed.pdf"),
            DAGSTER_PAGE: self.addresses.campaign(campaign),
        }
        return {title: address for title, address in links.items() if address}


def slack_line(told: Told, teller: Teller) -> str:
    """Return one alert for people: what, where, how much, since when, who has it, what to do."""
    alert, event = told.alert, told.event.event
    if alert is None:
        return ""
    seen = alert.sighting
    sign = _SIGNS.get(event) or _SIGNS_OF_VERDICTS.get(seen.verdict, ":grey_question:")
    what = wording.metric_label(teller.metrics, seen.metric) or wording.verdict_words(seen.verdict)
    words = WORDS.get(event, alert.state.value)
    size = f" {wording.change_phrase(seen)}" if seen.change is not None else ""
    parts = [f"{sign} *{words}:* {slack_text(what, limit=100)}{size} in {_place(alert)}"]
    if len(seen.metrics) > 1:
        parts.append(f"{len(seen.metrics)} metrics")
    if seen.change is None and seen.message:
        parts.append(slack_text(seen.message, limit=_MOST_MESSAGE_CHARACTERS))
    parts.append(f"since {_moment(alert.opened_at)} ({slack_code(alert.first_campaign)})")
    if worsened_at := told.event.details.get("worsened_at"):
        parts.append(f"worse since {_moment(datetime.fromisoformat(worsened_at))}")
    parts.append(_who(alert))
    cause = str(told.event.details.get("likely_cause") or "")
    if cause:
        parts.append(f"likely cause: {slack_text(cause, limit=_MOST_MESSAGE_CHARACTERS)}")
    line = "; ".join(parts)
    if alert.state is AlertState.OPEN:
        command = f"lm alerts ack {alert.alert_id} --by YOU --reason WHY"
        return f"{line}\n        {slack_code(command)}"
    return f"{line}; alert {slack_code(alert.alert_id)}"


def _place(alert: Alert) -> str:
    seen = alert.sighting
    where = ", ".join(f"{name}={value}" for name, value in seen.where.items())
    count = len(seen.combinations)
    if where:
        size = f", {seen.cells} cells" if seen.cells > 1 else ""
        return f"{slack_code(where, limit=_MOST_PLACE_CHARACTERS)}{size}"
    if not count:
        return "the campaign" if seen.kind == "campaign" else "the whole matrix"
    first = slack_code(seen.combinations[0], limit=_MOST_PLACE_CHARACTERS)
    return first if count == 1 else f"{first} and {count - 1} more combinations"


def _who(alert: Alert) -> str:
    owner = f"owner {slack_text(alert.owner, limit=100)}" if alert.owner else ""
    if alert.state is AlertState.ACKNOWLEDGED and alert.acknowledged_until is not None:
        by = slack_text(alert.acknowledged_by or "", limit=100)
        has = f"{by} has it until {_moment(alert.acknowledged_until)}"
        return f"{has}, {owner}" if owner else has
    return owner or ("nobody has it yet" if alert.is_live else "it has ended")


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def alert_json(alert: Alert) -> dict[str, Any]:
    """Return an alert for programs: stable keys, JSON values only."""
    seen = alert.sighting
    return {
        "alert_id": alert.alert_id,
        "fingerprint": alert.fingerprint,
        "stage": alert.stage,
        "state": alert.state.value,
        "kind": seen.kind,
        "metric": seen.metric,
        "metrics": list(seen.metrics),
        "where": dict(seen.where),
        "combinations": list(seen.combinations),
        "verdict": seen.verdict.value,
        "change": seen.change,
        "change_ci95": None if seen.change_ci95 is None else list(seen.change_ci95),
        "change_unit": seen.change_unit,
        "cells": seen.cells,
        "message": seen.message,
        "first_campaign": alert.first_campaign,
        "last_campaign": alert.last_campaign,
        "opened_at": _iso(alert.opened_at),
        "last_seen_at": _iso(alert.last_seen_at),
        "clean_campaigns": alert.clean_campaigns,
        "acknowledged_by": alert.acknowledged_by,
        "acknowledged_at": _iso(alert.acknowledged_at),
        "acknowledged_until": _iso(alert.acknowledged_until),
        "resolution": alert.resolution and alert.resolution.value,
        "reason": alert.reason,
        "resolved_by": alert.resolved_by,
        "resolved_at": _iso(alert.resolved_at),
        "owner": alert.owner,
        "reference": alert.reference,
        "duplicate_of": alert.duplicate_of,
        "reopened_count": alert.reopened_count,
    }


def event_json(event: StoredEvent) -> dict[str, Any]:
    """Return an event for programs; the figures of its moment are its alert's until the next."""
    return {
        "event_id": event.event_id,
        "event": event.event,
        "at": _iso(event.at),
        "from_state": event.from_state,
        "to_state": event.to_state,
        "by": event.by,
        "reason": event.reason,
        "campaign": event.campaign,
        "worsened_at": event.details.get("worsened_at"),
        "likely_cause": event.details.get("likely_cause") or None,
    }


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
