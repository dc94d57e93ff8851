"""SARIF: taken by its schema, followed by stable fingerprints, within GitHub's limits."""

import gzip
import json
from dataclasses import replace

from hypothesis import given
from jsonschema import Draft202012Validator, FormatChecker

from lm_assets.model.verdict import Verdict
from lm_assets.reports.gate.sarif import sarif_json, unjudged_sarif
from lm_assets_tests.architecture.project import PROJECT
from lm_assets_tests.builders import a_cell, a_finding
from lm_assets_tests.reports.gate.materials import (
    a_gate_material,
    an_alert,
    an_unjudged,
    materials,
    unchanged,
)

FILE = PROJECT / "lm_assets_tests" / "reference_values" / "ci" / "sarif.schema.json"
SCHEMA = Draft202012Validator(
    json.loads(FILE.read_text(encoding="utf-8")), format_checker=FormatChecker()
)


def run(text: str) -> dict:
    document = json.loads(text)
    SCHEMA.validate(document)
    return document["runs"][0]


def test_the_schema_of_these_tests_refuses_what_the_standard_refuses():
    document = json.loads(sarif_json(a_gate_material()))
    result = document["runs"][0]["results"][0]
    for broken in ({"level": "fatal"}, {"message": {}}, {"locations": []}, {"colour": "red"}):
        spoilt = {**document, "runs": [{**document["runs"][0], "results": [{**result, **broken}]}]}
        assert list(SCHEMA.iter_errors(spoilt)), broken


def test_a_result_stands_at_its_baseline_with_its_numbers():
    (result,) = run(sarif_json(a_gate_material()))["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "config/baselines/load-test-baselines.yaml"
    assert place["region"] == {"startLine": 42}
    assert result["ruleId"] == "duration_s"
    assert result["level"] == "error"
    assert result["properties"]["change_ci95"] == [0.71, 0.9]


def test_a_fingerprint_stays_from_campaign_to_campaign_and_with_the_size():
    first = run(sarif_json(a_gate_material()))["results"][0]
    later = a_gate_material([a_cell(change=1.9, change_ci95=(1.2, 2.8))])
    later = replace(later, verdict=replace(later.verdict, campaign="nightly-2026-11-29-9f8e7d6"))
    again = run(sarif_json(later))["results"][0]
    other = run(sarif_json(a_gate_material([a_cell(combination="other")])))["results"][0]
    assert first["partialFingerprints"] == again["partialFingerprints"]
    assert first["partialFingerprints"] != other["partialFingerprints"]


def test_every_result_of_a_campaign_has_a_fingerprint_of_its_own():
    cells = [
        a_cell(combination=name, metric=metric)
        for name in ("a", "b", "c")
        for metric in ("duration_s", "gc_time_pct")
    ]
    found = [a_finding(), a_finding(metric="gc_time_pct"), a_finding(kind="common_shift", where={})]
    material = a_gate_material(cells, findings=[*found, *a_gate_material(cells).verdict.findings])
    prints = [
        r["partialFingerprints"]["lmAssetsFinding/v1"] for r in run(sarif_json(material))["results"]
    ]
    assert len(prints) == len(set(prints)) == 9


def test_the_alerts_fingerprint_goes_with_it_and_what_somebody_has_is_suppressed():
    (result,) = run(sarif_json(a_gate_material(alerts=[an_alert()])))["results"]
    assert result["partialFingerprints"]["lmAssetsAlert/v1"] == "0123456789abcdef"
    assert result["level"] == "note"
    (suppression,) = result["suppressions"]
    assert "acknowledged by jo" in suppression["justification"]
    assert "a fix is on its way" in suppression["justification"]


def test_thousands_of_results_stay_within_the_limits_and_say_what_is_left_out():
    cells = [a_cell(combination=f"c{place}", verdict=Verdict.SUSPECTED) for place in range(6000)]
    text = sarif_json(a_gate_material(cells))
    found = run(text)
    assert len(found["results"]) == 5000
    (note,) = found["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"] == "1000 more results are in the reports"
    assert len(gzip.compress(text.encode())) < 10_000_000


def test_nothing_to_tell_is_a_run_without_results_that_succeeded():
    found = run(sarif_json(a_gate_material([unchanged()])))
    assert found["results"] == []
    assert found["invocations"][0]["executionSuccessful"] is True


def test_a_campaign_without_a_verdict_is_a_run_that_did_not_succeed():
    (invocation,) = run(unjudged_sarif(an_unjudged()))["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["exitCode"] == 5


@given(material=materials())
def test_any_name_keeps_the_document_valid_and_each_rule_known(material):
    found = run(sarif_json(material))
    rules = [rule["id"] for rule in found["tool"]["driver"]["rules"]]
    for result in found["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert "](" not in result["message"]["text"]
