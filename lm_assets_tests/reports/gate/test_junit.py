"""JUnit XML: taken by its schemas, complete, and never green where something is lost."""

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from lxml import etree

from lm_assets.model.verdict import Verdict
from lm_assets.reports.gate.junit import junit_xml, unjudged_xml
from lm_assets_tests.architecture.project import PROJECT
from lm_assets_tests.builders import COMBINATION, a_cell, a_finding
from lm_assets_tests.reports.gate.materials import (
    a_gate_material,
    an_alert,
    an_unjudged,
    materials,
    unchanged,
)

SCHEMA = etree.XMLSchema(
    etree.parse(str(PROJECT / "lm_assets_tests" / "reference_values" / "ci" / "junit.xsd"))
)


def suite(text: str) -> ET.Element:
    SCHEMA.assertValid(etree.fromstring(text.encode()))
    (found,) = ET.fromstring(text)
    return found


def results(text: str) -> dict[str, tuple[str, str]]:
    """Each case's result and message by its name."""
    return {
        case.attrib["name"]: next(((r.tag, r.attrib["message"]) for r in case), ("passed", ""))
        for case in suite(text).iter("testcase")
    }


def of_cell(text: str) -> tuple[str, str]:
    return results(text)[f"{COMBINATION} duration_s"]


def test_a_regressed_cell_is_a_failure_with_its_numbers():
    kind, message = of_cell(junit_xml(a_gate_material()))
    assert kind == "failure"
    for figure in ("+80 %", "[+71, +90] %", "12.3", "22.1", "q <0.0001", "runs 5 : 5"):
        assert figure in message.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("verdict", "result"),
    [
        (Verdict.UNCHANGED, "passed"),
        (Verdict.IMPROVED, "passed"),
        (Verdict.ACCEPTED_TRADEOFF, "passed"),
        (Verdict.SUSPECTED, "skipped"),
        (Verdict.INCONCLUSIVE, "skipped"),
        (Verdict.NO_BASELINE, "skipped"),
        (Verdict.NOT_RUN, "skipped"),
        (Verdict.DATA_FAULT, "error"),
        (Verdict.REGRESSED, "failure"),
    ],
)
def test_each_verdict_has_its_result(verdict, result):
    kind, message = of_cell(junit_xml(a_gate_material([a_cell(verdict=verdict)])))
    assert kind == result
    assert bool(message) == (result != "passed")


def test_an_undecided_cell_says_how_many_runs_would_decide():
    cell = a_cell(verdict=Verdict.INCONCLUSIVE, runs_needed=9)
    kind, message = of_cell(junit_xml(a_gate_material([cell])))
    assert (kind, "9 runs a side" in message) == ("skipped", True)


def test_a_known_loss_is_skipped_with_who_has_it_and_the_suite_passes():
    found = junit_xml(a_gate_material(alerts=[an_alert()]))
    kind, message = of_cell(found)
    assert kind == "skipped"
    assert "known: alert a1b2c3 acknowledged by jo until 2026-12-01" in message
    assert suite(found).attrib["failures"] == suite(found).attrib["errors"] == "0"


def test_a_campaign_that_fails_without_a_failed_cell_is_not_green():
    shift = a_finding(kind="common_shift", where={})
    changes = {"verdict": Verdict.REGRESSED, "exit_code": 2}
    found = junit_xml(a_gate_material([unchanged()], findings=[shift], verdict_changes=changes))
    kinds = [kind for kind, _ in results(found).values()]
    assert kinds.count("failure") == 2
    faulty = {"verdict": Verdict.DATA_FAULT, "exit_code": 4, "notes": ("tier 1 is not covered",)}
    whole = results(junit_xml(a_gate_material([unchanged()], verdict_changes=faulty)))
    assert ("error", True) in {(kind, "tier 1" in text) for kind, text in whole.values()}


def test_a_finding_of_one_combination_is_not_said_to_be_of_the_whole_matrix():
    finding = a_finding(kind="limit", metric="failed_runs", where={}, combinations=(COMBINATION,))
    text = junit_xml(a_gate_material([unchanged()], findings=[finding]))
    assert f"limit 1: failed_runs in {COMBINATION}" in results(text)


def test_a_campaign_without_a_verdict_is_an_error():
    ((kind, message),) = results(unjudged_xml(an_unjudged())).values()
    assert (kind, message) == ("error", "its run has not ended")


@given(material=materials())
def test_any_name_keeps_the_document_valid_and_no_cell_is_lost(material):
    found = suite(junit_xml(material))
    wide = sum(finding.kind != "cell" for finding in material.verdict.findings)
    cases = list(found.iter("testcase"))
    assert len(cases) == 1 + wide + len(material.verdict.cells) == int(found.attrib["tests"])
    for kind in ("failure", "error", "skipped"):
        count = found.attrib[{"failure": "failures", "error": "errors"}.get(kind, kind)]
        assert len(list(found.iter(kind))) == int(count)
