"""The raw layer is for programs: every line JSON with a type, sorted, complete, repeatable."""

import json
import math

import pytest
from jsonschema import Draft202012Validator

from lm_assets.model.explanation import CombinationCauses
from lm_assets.model.verdict import ConfirmationState, Verdict
from lm_assets.reports.raw_data import raw_jsonl
from lm_assets.reports.raw_schema import raw_schema
from lm_assets_tests.builders import (
    a_cell,
    a_finding,
    a_quarantined_line,
    a_record,
    a_report_material,
    a_summary,
    a_verdict,
)
from lm_assets_tests.conftest import PROJECT


def lines(material):
    return [json.loads(line) for line in raw_jsonl(material).splitlines()]


def of_type(kind, material):
    """Return the first line of a type."""
    return next(line for line in lines(material) if line["type"] == kind)


def whole_material():
    """Return a material that has a line of every type."""
    records = [a_record(run_id="run-1"), a_record(run_id="run-2", exit_code=1, started_at=None)]
    return a_report_material(
        combination_count=3,
        records=records,
        causes=[CombinationCauses(combination="x", metrics=("duration_s",), reason="no profile")],
        verdict=a_verdict(
            [a_cell(), a_cell(metric="gc_time_pct", change_ci95=None, q=None)],
            findings=(a_finding(),),
            confirmation=ConfirmationState(asked=1),
        ),
    )


def test_every_line_is_as_the_schema_says_and_has_no_key_that_it_does_not_name():
    schema = json.loads((PROJECT / "schemas" / "raw.schema.json").read_text())
    validator = Draft202012Validator(schema)
    named = {branch["properties"]["type"]["const"]: branch for branch in schema["oneOf"]}
    found = lines(whole_material())
    assert {line["type"] for line in found} == set(named)
    for line in found:
        branch = named[line["type"]]
        assert [
            e.message
            for e in validator.evolve(schema={**schema, "oneOf": [branch]}).iter_errors(line)
        ] == []
        assert set(line) <= set(branch["properties"])


def test_the_schema_is_that_of_the_types():
    kept = json.loads((PROJECT / "schemas" / "raw.schema.json").read_text())
    assert kept == json.loads(json.dumps(raw_schema())), (
        "python -m lm_assets.reports.raw_schema > schemas/raw.schema.json"
    )


def test_samples_have_their_runs_units_and_sources():
    record = a_record()
    key = (record.combination, "duration_s")
    material = a_report_material(
        combination_count=0, records=[record], current_samples={key: (("run-1", 12.3),)}
    )
    found = next(x for x in lines(material) if x["type"] == "samples" and x["metric"] == key[1])
    assert found["current"] == [{"run_id": "run-1", "value": 12.3, "source": "result_line"}]
    assert found["unit"] == "s"
    run = of_type("run", material)
    assert (run["run_id"], run["source_object"]["line"]) == ("run-1", 1)


def test_every_cell_finding_and_summary_is_there_once():
    material = a_report_material(
        combination_count=3, verdict=a_verdict([a_cell()] * 2, findings=(a_finding(),))
    )
    kinds = [line["type"] for line in lines(material)]
    assert kinds[0] == "campaign"
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {
        "campaign": 1,
        "metric": len(material.metrics.names),
        "combination": 3,
        "samples": 3 * 16,
        "finding": 1,
        "cell": 2,
        "summary": len(material.summaries),
        "missing": 1,
        "quarantined": 1,
        "quarantined_line": 1,
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
    assert campaign["schema_version"] == 2
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
    found = lines(a_report_material(quarantined=quarantined))
    assert found[-4] == {"type": "quarantined", "rule": "unknown_combination", "lines": 3}
    assert [line["line"] for line in found[-3:]] == [7, 7, 7]


def test_an_explanation_may_hold_anything_json_can():
    cell = a_cell(explanation={"decided_by": Verdict.REGRESSED, "deep": {"list": [1, math.nan]}})
    found = of_type("cell", a_report_material(verdict=a_verdict([cell])))
    assert found["explanation"] == {"decided_by": "regressed", "deep": {"list": [1, None]}}


def test_what_json_cannot_hold_is_refused_by_name():
    material = a_report_material(verdict=a_verdict([a_cell(explanation={"bad": object()})]))
    with pytest.raises(TypeError, match="object has no form in JSON"):
        raw_jsonl(material)
