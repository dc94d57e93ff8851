"""SARIF 2.1.0: a result a finding, which code scanning follows from campaign to campaign."""

import json
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from lm_assets.model.verdict import CellVerdict, Finding
from lm_assets.reports import decision, phrases
from lm_assets.reports.formatting import VERDICT_WORDS
from lm_assets.reports.gate.entries import Entry, alert_phrase, entries, sentence
from lm_assets.reports.gate.escaping import marker_word, sarif_text
from lm_assets.reports.gate.material import GateMaterial, Unjudged

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
# GitHub shows so many of a run and drops the others.
MOST_RESULTS = 5000
_LEVEL_OF_UNJUDGED = "error"


def sarif_json(material: GateMaterial) -> str:
    """Return the campaign's findings as one run; at most 5,000 results, the worst first.

    A rule is a metric (or a kind of finding without one), a result's place the line of the
    baseline that it is judged against, and its fingerprints are those of its place and of its
    alert. What somebody has in hand is suppressed, with who and why.
    """
    found = entries(material)
    shown = found[:MOST_RESULTS]
    rules = sorted({_rule_id(entry) for entry in shown})
    notes = dict.fromkeys(sarif_text(note) for note in material.verdict.notes[:20])
    notifications = [_notification("warning", note) for note in notes if note]
    if len(found) > len(shown):
        text = f"{len(found) - len(shown)} more results are in the reports"
        notifications.append(_notification("warning", text))
    return _document(
        material,
        rules=[_rule(material, rule, shown) for rule in rules],
        results=[_result(material, entry, rules) for entry in shown],
        notifications=notifications,
        exit_code=material.remaining.exit_code,
        is_successful=True,
    )


def unjudged_sarif(unjudged: Unjudged) -> str:
    """Return a run that did not succeed: its absent results close no finding."""
    text = f"{unjudged.campaign}: {unjudged.state}, {unjudged.reason}"
    return _document(
        unjudged,
        rules=[],
        results=[],
        notifications=[_notification(_LEVEL_OF_UNJUDGED, text)],
        exit_code=unjudged.exit_code,
        is_successful=False,
    )


def _document(
    subject: GateMaterial | Unjudged,
    *,
    rules: Sequence[dict[str, Any]],
    results: Sequence[dict[str, Any]],
    notifications: Sequence[dict[str, Any]],
    exit_code: int,
    is_successful: bool,
) -> str:
    invocation = {
        "executionSuccessful": is_successful,
        "exitCode": exit_code,
        "toolExecutionNotifications": list(notifications),
    }
    category = f"lm-assets/{marker_word(subject.stage)}/{marker_word(subject.matrix)}/"
    run = {
        "tool": {
            "driver": {
                "name": "lm-assets",
                "semanticVersion": version("lm-assets"),
                "rules": list(rules),
            }
        },
        "automationDetails": {"id": category + marker_word(subject.campaign)},
        "invocations": [invocation],
        "results": list(results),
        "columnKind": "unicodeCodePoints",
    }
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _rule_id(entry: Entry) -> str:
    return entry.metric or entry.kind


def _rule(material: GateMaterial, rule: str, shown: Sequence[Entry]) -> dict[str, Any]:
    label = phrases.metric_label(material.metrics, rule).replace("_", " ")
    blocks = any(_level(material, e) == "error" for e in shown if _rule_id(e) == rule)
    return {
        "id": rule,
        "shortDescription": {"text": sarif_text(f"{label} against its baseline")},
        "defaultConfiguration": {"level": "error" if blocks else "warning"},
    }


def _level(material: GateMaterial, entry: Entry) -> str:
    if entry.is_known:
        return "note"
    if material.blocks(entry.verdict):
        return "error"
    return "warning" if material.warns(entry.verdict) else "note"


def _result(material: GateMaterial, entry: Entry, rules: Sequence[str]) -> dict[str, Any]:
    rule = _rule_id(entry)
    words = VERDICT_WORDS[entry.verdict]
    location = {
        "physicalLocation": {
            "artifactLocation": {"uri": material.baselines_file, "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": material.line(entry.noun)},
        },
        "logicalLocations": [{"name": sarif_text(entry.where), "kind": "member"}],
    }
    result: dict[str, Any] = {
        "ruleId": rule,
        "ruleIndex": rules.index(rule),
        "level": _level(material, entry),
        "message": {"text": sarif_text(f"{words}: {sentence(material, entry)}")},
        "locations": [location],
        "partialFingerprints": _fingerprints(entry),
        "properties": _figures(entry.noun),
    }
    if entry.is_known and entry.alert is not None:
        said = entry.alert.reason or "no reason is recorded"
        why = sarif_text(f"{alert_phrase(entry.alert)}: {said}")
        suppression = {"kind": "external", "status": "accepted", "justification": why}
        result["suppressions"] = [suppression]
    return result


def _fingerprints(entry: Entry) -> dict[str, str]:
    own = {"lmAssetsFinding/v1": entry.fingerprint}
    # Several findings may be of one alert, which goes on from campaign to campaign as well.
    return own if entry.alert is None else {**own, "lmAssetsAlert/v1": entry.alert.fingerprint}


def _figures(noun: Finding | CellVerdict) -> dict[str, Any]:
    bounds = noun.change_ci95
    figures: dict[str, Any] = {
        "change": noun.change,
        "change_ci95": None if bounds is None else list(bounds),
        "change_unit": noun.change_unit,
    }
    if isinstance(noun, CellVerdict):
        figures |= {
            "test": decision.deciding_test(noun),
            "p": decision.deciding_p(noun),
            "q": decision.deciding_q(noun),
            "plain_rule": noun.explanation.get("plain_rule"),
            "n_baseline": noun.n_baseline,
            "n_current": noun.n_current,
        }
    else:
        figures |= {"kind": noun.kind, "cells": noun.cells}
    return figures


def _notification(level: str, text: str) -> dict[str, Any]:
    return {"level": level, "message": {"text": sarif_text(text)}}
