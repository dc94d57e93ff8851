"""The comment of a pull request: found again, within its limits, cleared, harmless."""

import html
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given

from lm_assets.model.verdict import Verdict
from lm_assets.reports.gate.comment import (
    MOST_CHARACTERS,
    comment_markdown,
    comment_marker,
    unjudged_markdown,
)
from lm_assets_tests.builders import COMBINATION, a_cell, a_finding
from lm_assets_tests.reports.gate.materials import (
    CAMPAIGN,
    HOSTILE,
    a_gate_material,
    an_alert,
    an_unjudged,
    materials,
    unchanged,
)

CODE = re.compile(r"<code>.*?</code>|`[^`\n]*`")
KNOWN_TAGS = {"code", "details", "summary", "sub"}


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.comments: list[str] = []

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.found.append(tag)
        assert attrs == []

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


def section(text: str, title: str) -> str:
    return text.partition(f"#### {title}")[2].partition("####")[0].partition("<details>")[0]


def test_a_finding_of_one_combination_is_not_said_to_be_of_the_whole_matrix():
    finding = a_finding(kind="limit", metric="failed_runs", where={}, combinations=(COMBINATION,))
    text = comment_markdown(a_gate_material([unchanged()], findings=[finding]))
    assert f"`{COMBINATION}`" in section(text, "Findings")
    assert "the whole matrix" not in text


def test_the_marker_is_the_first_line_and_one_for_each_stage_and_matrix():
    text = comment_markdown(a_gate_material())
    marker = comment_marker("nightly", "load-metrics")
    assert text.splitlines()[0] == marker
    assert marker == "<!-- lm-assets gate: stage=nightly matrix=load-metrics -->"
    markers = {comment_marker(stage, m) for stage in ("ci", "nightly") for m in ("a", "b")}
    assert len(markers) == 4


@pytest.mark.parametrize("name", [HOSTILE, "-->", "--", "->", ""])
def test_no_name_ends_the_marker(name):
    marker = comment_marker(name, name)
    assert re.fullmatch(r"<!-- lm-assets gate: stage=[\w.+=-]+ matrix=[\w.+=-]+ -->", marker)
    assert "--" not in marker.removeprefix("<!--").removesuffix("-->")


def test_a_finding_has_its_row_with_numbers_and_what_people_said():
    text = comment_markdown(a_gate_material())
    row = section(text, "Findings")
    for part in ("▲ regressed", "`Duration`", "12.3", "22.1", "[+71, +90]"):
        assert part in row, row
    assert "Known" not in text


def test_what_is_known_stands_apart_and_does_not_block():
    text = comment_markdown(a_gate_material(alerts=[an_alert()]))
    assert "### ✓ Nothing new" in text
    assert "Exit code 0." in text
    assert "#### Findings" not in text
    known = section(text, "Known, not blocking")
    assert "acknowledged by jo until 2026-12-01" in known
    assert "a fix is on its way" in known


def test_a_clean_campaign_takes_the_place_of_what_was_said_before():
    before = comment_markdown(a_gate_material())
    after = comment_markdown(a_gate_material([unchanged()]))
    assert before.splitlines()[0] == after.splitlines()[0]
    assert "### ✓ All clear" in after
    assert "regressed" not in after


def test_a_campaign_without_a_verdict_says_that_it_is_no_pass():
    text = unjudged_markdown(an_unjudged())
    assert text.splitlines()[0] == comment_marker("ci", "default")
    assert "no pass" in text
    assert "All clear" not in text


def test_undecided_cells_say_how_many_runs_would_decide():
    cell = a_cell(verdict=Verdict.INCONCLUSIVE, runs_needed=9)
    undecided = section(comment_markdown(a_gate_material([cell])), "Not decided, 1 cell")
    assert "9 runs a side would decide" in undecided


def test_a_campaign_of_any_size_has_room_and_says_what_is_left_out():
    cells = [
        a_cell(combination=HOSTILE * 3 + str(place), metric=metric)
        for place in range(800)
        for metric in ("duration_s", "gc_time_pct")
    ]
    text = comment_markdown(a_gate_material(cells))
    assert len(text) <= MOST_CHARACTERS
    assert "… and 1580 more in the reports." in text
    assert re.search(r"… \d+ lines are left out for want of room\.", text)
    assert text.count("<details>") == text.count("</details>") == 1
    assert "[technical.html](https://reports.example/technical.html)" in text


def test_at_most_twenty_findings_stand_in_the_table():
    found = [a_finding(where={"extension": str(place)}) for place in range(30)]
    rows = section(comment_markdown(a_gate_material(findings=found)), "Findings")
    assert rows.count("| ▲") == 20
    assert "… and 11 more in the reports." in rows


@given(material=materials())
def test_no_name_mentions_links_or_marks_up(material):
    text = comment_markdown(material)
    assert len(text) <= MOST_CHARACTERS
    tags = Tags()
    tags.feed(text)
    assert set(tags.found) <= KNOWN_TAGS
    assert len(tags.comments) == 1
    outside = CODE.sub("", "\n".join(text.splitlines()[1:]))
    assert not re.search(r"[@#`\\]", re.sub(r"^#{3,4} ", "", outside, flags=re.MULTILINE))
    assert "::" not in outside
    text.encode()


def test_what_was_refused_of_the_delivery_is_said_where_all_is_clear():
    clear = a_gate_material([unchanged()], quarantined={"naive_timestamp": 3, "not_json": 1})
    text = html.unescape(comment_markdown(clear))
    assert "All clear" in text
    assert f"quarantined: 3 × naive_timestamp, 1 × not_json; lm quarantine {CAMPAIGN}" in text
    assert "quarantined" not in comment_markdown(a_gate_material([unchanged()]))
