"""GitLab's reports: every issue has its place and its own fingerprint; figures are figures."""

import json
import re

from hypothesis import given

from lm_assets.model.verdict import Verdict
from lm_assets.reports.gate.gitlab import (
    code_quality_json,
    metrics_report,
    unjudged_code_quality,
    unjudged_metrics,
)
from lm_assets_tests.builders import a_cell
from lm_assets_tests.reports.gate.materials import (
    a_gate_material,
    an_alert,
    an_unjudged,
    materials,
    unchanged,
)

SEVERITIES = ("info", "minor", "major", "critical", "blocker")
SAMPLE = re.compile(r'[a-z_]+\{(?:[a-z]+="(?:[^"\\\n]|\\["\\n])*",?)+\} -?[0-9.e+-]+')


def issues(text: str) -> list[dict]:
    found = json.loads(text)
    for issue in found:
        assert set(issue) == {"description", "check_name", "severity", "fingerprint", "location"}
        assert issue["severity"] in SEVERITIES
        assert issue["location"]["lines"]["begin"] >= 1
        assert not issue["location"]["path"].startswith(("/", "./"))
    return found


def test_a_regression_is_critical_and_what_somebody_has_is_information():
    (found,) = issues(code_quality_json(a_gate_material()))
    assert (found["severity"], found["check_name"]) == ("critical", "Duration")
    (known,) = issues(code_quality_json(a_gate_material(alerts=[an_alert()])))
    assert known["severity"] == "info"
    assert known["description"].startswith("known, not blocking")


def test_a_clean_campaign_has_no_issue_and_one_without_a_verdict_has_one():
    assert issues(code_quality_json(a_gate_material([unchanged()]))) == []
    (found,) = issues(unjudged_code_quality(an_unjudged()))
    assert found["severity"] == "blocker"


def test_thousands_of_issues_are_cut_and_say_so():
    cells = [a_cell(combination=f"c{place}", verdict=Verdict.SUSPECTED) for place in range(5100)]
    found = issues(code_quality_json(a_gate_material(cells)))
    assert len(found) == 5000
    assert found[-1]["description"].startswith("101 more")


def test_the_metrics_say_how_the_gate_ends_and_how_much_moved():
    lines = metrics_report(a_gate_material()).splitlines()
    assert 'lm_gate_exit_code{stage="nightly"} 2' in lines
    assert 'lm_gate_cells{stage="nightly",verdict="regressed"} 1' in lines
    assert any(line.startswith("lm_gate_change_ratio{") and line.endswith(" 0.8") for line in lines)
    assert lines[-1] == "# EOF"
    assert "5" in unjudged_metrics(an_unjudged()).splitlines()[0]


@given(material=materials())
def test_any_name_keeps_both_documents_readable(material):
    issues(code_quality_json(material))
    *lines, end, last = metrics_report(material).split("\n")
    assert (end, last) == ("# EOF", "")
    for line in lines:
        assert SAMPLE.fullmatch(line), line
