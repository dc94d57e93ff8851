"""What happened to an alert as a webhook gets it: the event, and the campaign it came with.

``schemas/webhook.schema.json`` is the contract. What receivers of the first version read of a
judged campaign stands beside the event, under the names it had.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lm_assets.alerts.telling import DAGSTER_PAGE, Teller, Told, alert_json, event_json
from lm_assets.model.alert import Alert
from lm_assets.model.campaign import Manifest, confirmation_campaign
from lm_assets.model.deciding import deciding_figures
from lm_assets.model.verdict import CampaignVerdict, CellVerdict, Finding, Verdict

SCHEMA_VERSION = 2
MOST_WEBHOOK_BYTES = 20_000

_WORSE = (Verdict.REGRESSED, Verdict.SUSPECTED)
_MOST_CELLS = 50
_MOST_COMBINATIONS_IN_FINDING = 20
_SHORT_TEXT_CHARACTERS = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class JudgedCampaign:
    """A campaign as it was judged, with what its runner said of it."""

    verdict: CampaignVerdict
    manifest: Manifest


def webhook_message(
    told: Told,
    teller: Teller,
    *,
    live: Sequence[Alert] = (),
    judged: JudgedCampaign | None = None,
) -> dict[str, Any]:
    """Return one event for any receiver, as ``schemas/webhook.schema.json`` says.

    At most 20 kB: ``truncated`` counts what was left out of lists, and the texts that were cut.

    Parameters
    ----------
    live : sequence of Alert
        For a digest: every alert that is open or acknowledged.
    judged : JudgedCampaign, optional
        The campaign that caused the event; what is said of it is None without it.
    """
    event, alert = told.event, told.alert
    links = dict(teller.links(event.campaign or (alert.last_campaign if alert else None)))
    data: dict[str, Any] = {
        "event": event_json(event),
        "alert": None if alert is None else alert_json(alert),
        "links": links,
    }
    if alert is None:
        data["alerts"] = [alert_json(each) for each in live]
    message = {
        **(_of_campaign(judged) if judged else dict.fromkeys(_CAMPAIGN_KEYS)),
        "schema_version": SCHEMA_VERSION,
        "type": f"alert.{event.event}",
        "timestamp": event_json(event)["at"],
        "campaign": event.campaign or "",
        "stage": event.stage,
        "links": {
            "run": links.get(DAGSTER_PAGE),
            "reports": {name: at for name, at in links.items() if name != DAGSTER_PAGE},
        },
        "data": data,
        "truncated": 0,
    }
    return _within_size(message)


_CAMPAIGN_KEYS = (
    *("event", "priority", "created_at", "verdict", "exit_code", "is_simulated", "subject"),
    *("baseline_version", "counts", "findings", "worse_cells", "worst_cells", "notes"),
    "confirmation",
)


def _of_campaign(judged: JudgedCampaign) -> dict[str, Any]:
    """Return a judged campaign under the names of the first version: `_CAMPAIGN_KEYS`."""
    verdict, manifest = judged.verdict, judged.manifest
    worst = _worst_first(verdict.cells)
    return {
        "event": "campaign_judged",
        "priority": manifest.priority,
        "created_at": manifest.created_at,
        "verdict": verdict.verdict.value,
        "exit_code": verdict.exit_code,
        "is_simulated": manifest.is_simulated,
        "subject": {
            "git_sha": manifest.subject.git_sha,
            "version_labels": dict(manifest.subject.version_labels),
        },
        "baseline_version": verdict.baseline_version,
        "counts": dict(verdict.counts),
        "findings": [_finding_json(finding) for finding in verdict.findings],
        "worse_cells": len(worst),
        "worst_cells": [_cell_json(cell) for cell in worst[:_MOST_CELLS]],
        "notes": list(verdict.notes),
        "confirmation": _confirmation_json(verdict),
    }


def _worst_first(cells: Sequence[CellVerdict]) -> list[CellVerdict]:
    """Return the regressed and suspected cells, worst first, relative changes before others."""
    return sorted(
        (cell for cell in cells if cell.verdict in _WORSE),
        key=lambda cell: (
            _WORSE.index(cell.verdict),
            cell.change_unit != "relative",
            -(cell.degradation or 0.0),
            cell.combination,
            cell.metric,
        ),
    )


def _confirmation_json(verdict: CampaignVerdict) -> dict[str, Any] | None:
    state = verdict.confirmation
    if state is None:
        return None
    return {
        "is_open": state.is_open,
        "asked_cells": state.asked,
        "left_out_cells": state.left_out,
        "outcomes": dict(state.outcomes),
        "results_campaign": confirmation_campaign(verdict.campaign),
    }


def _finding_json(finding: Finding) -> dict[str, Any]:
    return {
        "kind": finding.kind,
        "metric": finding.metric,
        "severity": finding.severity.value,
        "where": dict(finding.where),
        **_change_json(finding),
        "cells": finding.cells,
        "combinations": list(finding.combinations[:_MOST_COMBINATIONS_IN_FINDING]),
        "message": finding.message,
    }


def _cell_json(cell: CellVerdict) -> dict[str, Any]:
    return {
        "combination": cell.combination,
        "metric": cell.metric,
        "verdict": cell.verdict.value,
        **_change_json(cell),
        "degradation": cell.degradation,
        "p": cell.p,
        "q": cell.q,
        "deciding": _deciding_json(cell),
        "plain_rule": cell.explanation.get("plain_rule"),
        "n_baseline": cell.n_baseline,
        "n_current": cell.n_current,
    }


def _deciding_json(cell: CellVerdict) -> dict[str, Any] | None:
    figures = deciding_figures(cell)
    if figures is None:
        return None
    bounds = figures.change_ci95
    return {
        "test": figures.test.value,
        "on": figures.on.value,
        "change": figures.change,
        "change_ci95": None if bounds is None else list(bounds),
        "p": figures.p,
        "q": figures.q,
    }


def _change_json(noun: Finding | CellVerdict) -> dict[str, Any]:
    bounds = noun.change_ci95
    return {
        "change": noun.change,
        "change_ci95": None if bounds is None else list(bounds),
        "change_unit": noun.change_unit,
    }


def _within_size(message: dict[str, Any]) -> dict[str, Any]:
    """Return the message with so much left out, the campaign first, that it has at most 20 kB."""
    for holder, name in _lists(message):
        whole = len(holder.get(name) or ())
        while holder.get(name) and _bytes(message) > MOST_WEBHOOK_BYTES:
            holder[name] = holder[name][: len(holder[name]) // 2]
        message["truncated"] += whole - len(holder.get(name) or ())
    for holder, name in _texts(message):
        if _bytes(message) > MOST_WEBHOOK_BYTES and holder.get(name):
            holder[name] = _shortened(holder[name])
            message["truncated"] += 1
    return message


def _lists(message: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Give the lists that may be cut, by who holds them, in the order in which they are."""
    data = message["data"]
    yield from ((message, name) for name in ("worst_cells", "findings", "notes"))
    yield data, "alerts"
    yield data["alert"] or {}, "combinations"


def _texts(message: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Give what has no bound of its own besides, in the order in which it is cut."""
    yield from ((message, name) for name in ("subject", "counts", "created_at", "priority"))
    for holder in (message["data"]["alert"] or {}, message["data"]["event"]):
        yield from ((holder, name) for name in ("message", "reason", "where", "metrics"))


def _shortened(value: Any) -> Any:
    """Return the beginning of a text; of what has parts, nothing."""
    if isinstance(value, str):
        return f"{value[:_SHORT_TEXT_CHARACTERS]}…"
    return type(value)()


def _bytes(message: Mapping[str, Any]) -> int:
    return len(json.dumps(message, sort_keys=True, ensure_ascii=False).encode())
