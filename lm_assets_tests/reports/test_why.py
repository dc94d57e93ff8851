"""Why combinations changed, in the reports: a sentence, bars that join up, operators, settings."""

import dataclasses

import pytest

from lm_assets.model.explanation import CombinationCauses
from lm_assets.regression.causes.explain import explain_change
from lm_assets.reports.detailed_content import detailed_content
from lm_assets.reports.technical import technical_html
from lm_assets.reports.why import why_sections
from lm_assets_tests.builders import a_report_material
from lm_assets_tests.regression.causes.profiles import (
    a_stage,
    an_application,
    some_runs,
    with_settings,
)

SCAN = ("Filter", "Scan parquet")
HOSTILE = "x_<script>alert(1)</script>"


def explained(name, *, slower, plan=("SortMergeJoin", "Scan parquet")):
    def usual(noise):
        stages = [
            a_stage("scan", 1_000.0),
            a_stage("broadcast", 3_000.0 * noise, operators=("Broadcast", *SCAN)),
        ]
        return an_application(stages, plan=("BroadcastHashJoin", "Scan parquet"))

    def changed(noise):
        stages = [
            a_stage("scan", 1_000.0),
            a_stage("merge", 3_000.0 * slower * noise, operators=("Merge", *SCAN)),
        ]
        return with_settings(an_application(stages, plan=plan), spark__sql__adaptive__enabled="no")

    found = explain_change(some_runs(usual), some_runs(changed))
    return CombinationCauses(combination=name, metrics=("duration_s",), explanation=found)


def plain(text):
    return text.replace("\N{NO-BREAK SPACE}", " ")


@pytest.fixture(scope="module")
def material():
    rows = (
        explained("small", slower=1.5),
        explained(HOSTILE, slower=3.0),
        CombinationCauses(combination="unknown", metrics=("duration_s",), reason="no profile"),
    )
    return dataclasses.replace(a_report_material(), causes=rows)


def test_the_largest_change_stands_first_and_what_is_not_known_last(material):
    assert [s["combination"] for s in why_sections(material)] == [HOSTILE, "small", "unknown"]


def test_the_table_says_what_the_bars_come_to(material):
    (section, *_) = why_sections(material)
    assert plain(section["whole"]) == "+6 s"
    assert plain(section["words"]).endswith("s.")


def test_what_rounds_to_nothing_leans_to_neither_side(material):
    (section, *_) = why_sections(material)
    nothing = [part for part in section["parts"] if plain(part["change"]) == "0 s"]
    assert nothing
    assert {(part["share"], part["inside"]) for part in nothing} == {("0%", "")}


def test_only_changed_operators_are_set_side_by_side(material):
    (section, *_) = why_sections(material)
    (plan,) = section["plans"]
    assert [line["text"] for line in plan["baseline"]] == ["BroadcastHashJoin"]
    assert [line["text"] for line in plan["current"]] == ["SortMergeJoin"]


def test_the_page_has_the_causes_with_their_evidence_and_settings_and_no_markup_of_others(material):
    page = technical_html(material)
    assert "now SortMergeJoin in place of BroadcastHashJoin" in page
    assert '<span class="evidence e-exact">exact</span>' in page
    assert "100% of run time is compared with the baseline" in page
    assert "86% re-planned)" in page
    assert "<code>spark.sql.adaptive.enabled</code>" in page
    assert "<script>alert(1)" not in page


def test_the_pdf_has_a_section_of_them(material):
    told = {section["combination"]: section for section in detailed_content(material)["why"]}
    assert "now SortMergeJoin in place of BroadcastHashJoin" in told["small"]["causes"][0]
    assert told["unknown"]["summary"] == "no profile"
    assert told["unknown"]["picture"] is None
