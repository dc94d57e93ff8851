"""What a webhook gets: the event, the campaign as receivers of version 1 read it, 20 kB at most."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from lm_assets.alerts.webhook import JudgedCampaign, webhook_message
from lm_assets.model.verdict import ConfirmationState, Verdict
from lm_assets_tests.alerts.lives import a_sighting
from lm_assets_tests.alerts.tellings import CAMPAIGN, TELLER, an_alert, told
from lm_assets_tests.builders import a_cell, a_finding, a_manifest, a_verdict
from lm_assets_tests.conftest import PROJECT

SCHEMA = json.loads((PROJECT / "schemas" / "webhook.schema.json").read_text(encoding="utf-8"))
# What the first version sent of a judged campaign, with its types.
VERSION_1 = {
    "schema_version": int,
    "event": str,
    "campaign": str,
    "stage": str,
    "priority": str,
    "created_at": str,
    "verdict": str,
    "exit_code": int,
    "is_simulated": bool,
    "subject": dict,
    "baseline_version": str,
    "counts": dict,
    "findings": list,
    "worse_cells": int,
    "worst_cells": list,
    "notes": list,
    "confirmation": dict,
    "links": dict,
}


def is_valid(message: dict) -> bool:
    validator = Draft202012Validator(SCHEMA, format_checker=FormatChecker())
    assert [error.message for error in validator.iter_errors(message)] == []
    return len(json.dumps(message, sort_keys=True, ensure_ascii=False).encode()) <= 20_000


class TestEvent:
    @pytest.mark.parametrize(
        "event", ["opened", "worsened", "reopened", "recovered", "expired", "reminded", "withdrawn"]
    )
    def test_is_what_the_schema_says(self, event):
        message = webhook_message(told(event), TELLER)
        assert is_valid(message)
        assert message["type"] == f"alert.{event}"
        assert message["timestamp"] == "2026-11-03T06:00:00Z"
        assert message["data"]["alert"]["combinations"] == ["a_x", "a_y"]
        assert message["truncated"] == 0

    def test_of_a_digest_has_every_live_alert(self):
        message = webhook_message(told("digest"), TELLER, live=[an_alert()] * 3)
        assert is_valid(message)
        assert len(message["data"]["alerts"]) == 3

    def test_leaves_out_what_is_beyond_20_kb_and_counts_it(self):
        names = tuple(f"3.5.0_connect_kubernetes_none_read_{n}gb" for n in range(1280))
        message = webhook_message(told(alert=an_alert(sighting=a_sighting(*names))), TELLER)
        assert is_valid(message)
        left = len(message["data"]["alert"]["combinations"])
        assert left > 100
        assert message["truncated"] == 1280 - left

    @given(st.text(max_size=60_000), st.integers(0, 100))
    def test_stays_within_20_kb_whatever_it_tells(self, text, count):
        sighting = a_sighting("a_x", message=text, metric=text[:50])
        alert = an_alert(sighting=sighting, reason=text)
        assert is_valid(webhook_message(told(alert=alert, reason=text), TELLER))
        assert is_valid(webhook_message(told("digest"), TELLER, live=[alert] * count))


class TestCampaign:
    def test_is_told_under_the_names_of_version_1(self):
        cells = [
            a_cell(combination="b", verdict=Verdict.SUSPECTED),
            a_cell(combination="c", degradation=0.9),
            a_cell(combination="a", verdict=Verdict.UNCHANGED),
        ]
        verdict = a_verdict(
            cells,
            findings=(a_finding(),),
            notes=("2 runs were quarantined",),
            confirmation=ConfirmationState(asked=3, outcomes={"regressed": 1}),
        )
        judged = JudgedCampaign(verdict=verdict, manifest=a_manifest())
        message = webhook_message(told(), TELLER, judged=judged)
        assert is_valid(message)
        assert {name: type(message[name]) for name in VERSION_1} == VERSION_1
        assert message["event"] == "campaign_judged"
        assert (message["verdict"], message["exit_code"]) == ("regressed", 2)
        assert message["worse_cells"] == 2
        assert [cell["combination"] for cell in message["worst_cells"]] == ["c", "b"]
        assert message["findings"][0]["where"] == {"extension": "rapids"}
        assert message["confirmation"]["results_campaign"] == f"{CAMPAIGN}-confirm"
        assert message["links"]["run"].startswith("https://dagster.invalid/")
        assert set(message["links"]["reports"]) == {
            "Summary",
            "Technical report",
            "Detailed report",
        }

    def test_that_caused_nothing_or_has_expired_is_null_under_every_name(self):
        message = webhook_message(told("expired", campaign=None), TELLER)
        assert is_valid(message)
        always = {"schema_version", "campaign", "stage", "links"}
        assert all(message[name] is None for name in VERSION_1.keys() - always)

    def test_gives_way_to_the_alert_within_20_kb(self):
        cells = [a_cell(combination=f"{'x' * 80}-{number}") for number in range(200)]
        findings = tuple(a_finding(message="m" * 400) for _ in range(30))
        judged = JudgedCampaign(verdict=a_verdict(cells, findings=findings), manifest=a_manifest())
        message = webhook_message(told(), TELLER, judged=judged)
        assert is_valid(message)
        assert message["worse_cells"] == 200
        left_out = 50 - len(message["worst_cells"]) + 30 - len(message["findings"])
        assert message["truncated"] == left_out > 0
        assert message["data"]["alert"]["combinations"] == ["a_x", "a_y"]
