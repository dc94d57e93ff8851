"""The raw layer is for programs: every line JSON with a type, sorted, complete, repeatable."""

import json
import math

import pytest

from lm_assets.model.verdict import Verdict
from lm_assets.reports.raw_data import raw_jsonl
from lm_assets_tests.builders import (
    a_cell,
    a_finding,
    a_quarantined_line,
    a_report_material,
    a_summary,
    a_verdict,
)


def lines(material):
    return [json.loads(line) for line in raw_jsonl(material).splitlines()]


def test_every_cell_finding_and_summary_is_there_once():
    material = a_report_material(
        combination_count=3, verdict=a_verdict([a_cell()] * 2, findings=(a_finding(),))
    )
    kinds = [line["type"] for line in lines(material)]
    assert kinds[0] == "campaign"
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {
        "campaign": 1,
        "finding": 1,
        "cell": 2,
        "summary": len(material.summaries),
        "missing": 1,
        "quarantined": 1,
    }


def test_a_cell_keeps_its_numbers_exactly():
    cell = a_cell(change=0.1 + 0.2, p=1.23456789012345e-7, flags=("scale_conflict",))
    found = next(
        line
        for line in lines(a_report_material(verdict=a_verdict([cell])))
        if line["type"] == "cell"
    )
    assert found["change"] == 0.1 + 0.2
    assert found["p"] == 1.23456789012345e-7
    assert found["change_ci95"] == [0.71, 0.90]
    assert found["flags"] == ["scale_conflict"]
    assert found["verdict"] == "regressed"
    assert found["campaign"] == "nightly-2026-11-22-1a2b3c4"


def test_the_campaign_line_says_what_was_under_test_and_by_which_rule():
    campaign = lines(a_report_material())[0]
    assert campaign["schema_version"] == 1
    assert campaign["manifest"]["subject"]["git_sha"] == "1a2b3c4d5e6f"
    assert campaign["rule"]["relative_threshold"] == 0.2
    assert campaign["exit_code"] == 2


def test_a_missing_number_is_null_and_never_zero():
    material = a_report_material(
        verdict=a_verdict([a_cell(change_ci95=None, q=None)]), summaries=[a_summary(cv=None)]
    )
    found = {line["type"]: line for line in lines(material)}
    assert found["cell"]["change_ci95"] is None
    assert found["cell"]["q"] is None
    assert found["summary"]["cv"] is None


def test_lines_are_sorted_whatever_the_order_of_the_material():
    cells = [a_cell(combination=c, metric=m) for c in ("b", "a") for m in ("y_s", "x_s")]
    forward = a_report_material(verdict=a_verdict(cells))
    backward = a_report_material(verdict=a_verdict(cells[::-1]))
    found = [(x["combination"], x["metric"]) for x in lines(forward) if x["type"] == "cell"]
    assert found == [("a", "x_s"), ("a", "y_s"), ("b", "x_s"), ("b", "y_s")]
    assert raw_jsonl(forward) == raw_jsonl(backward)


def test_quarantine_is_counted_by_rule():
    quarantined = [a_quarantined_line()] * 3
    assert lines(a_report_material(quarantined=quarantined))[-1] == {
        "type": "quarantined",
        "rule": "unknown_combination",
        "lines": 3,
    }


def test_an_explanation_may_hold_anything_json_can():
    cell = a_cell(explanation={"decided_by": Verdict.REGRESSED, "deep": {"list": [1, math.nan]}})
    found = lines(a_report_material(verdict=a_verdict([cell])))[1]
    assert found["explanation"] == {"decided_by": "regressed", "deep": {"list": [1, None]}}


def test_what_json_cannot_hold_is_refused_by_name():
    material = a_report_material(verdict=a_verdict([a_cell(explanation={"bad": object()})]))
    with pytest.raises(TypeError, match="object has no form in JSON"):
        raw_jsonl(material)
