"""One message per campaign, within the receiver's limits, with nothing obeyed from outside."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lm_assets.alerts.messages import AlertLinks, slack_message, webhook_message
from lm_assets.alerts.wording import (
    change_phrase,
    signed_change,
    slack_code,
    slack_link,
    slack_text,
)
from lm_assets.model.verdict import ConfirmationState, Verdict
from lm_assets_tests.builders import (
    a_cell,
    a_finding,
    a_manifest,
    a_metric_catalogue,
    a_verdict,
)

HOSTILE = "<!channel> & <http://evil|click> `*_~ @here :boom:\n> quote"
LINKS = AlertLinks(
    reports={
        "Technical report": "https://reports.invalid/t?a=1&b=2",
        "Raw": "s3://bucket/raw.jsonl",
    },
    run="https://dagster.invalid/runs/1",
)


def texts(message):
    found = []
    for block in message["blocks"]:
        found += [block["text"]] if "text" in block else block["elements"]
    return found


def whole(message):
    return "\n".join(text["text"] for text in texts(message))


def test_the_message_says_verdict_counts_worst_cell_and_where_to_read_on():
    message = slack_message(
        a_verdict([a_cell()], findings=(a_finding(),)),
        a_manifest(),
        LINKS,
        metrics=a_metric_catalogue(),
    )
    text = whole(message)
    assert message["text"] == "REGRESSED: nightly-2026-11-22-1a2b3c4 (1 regressed)"
    assert message["blocks"][0]["text"]["text"] == "Regressed: nightly-2026-11-22-1a2b3c4"
    assert "• *Duration* +31 % [+25 %, +38 %] in `extension=rapids`, 64 cells" in text
    assert "• *Duration* +80 % [+71 %, +90 %] in `3.5.0_connect_kubernetes_none_read_1gb`" in text
    assert "<https://reports.invalid/t?a=1&amp;b=2|Technical report>" in text
    assert "Raw `s3://bucket/raw.jsonl`" in text
    assert "stage nightly · priority p1 · git 1a2b3c4d5e6f · baseline 5f2c9e · exit code 2" in text


def test_without_a_catalogue_the_metric_keeps_its_name():
    assert "duration" in whole(slack_message(a_verdict(), a_manifest()))


def test_a_finding_for_every_cell_is_not_told_twice():
    verdict = a_verdict(findings=(a_finding(kind="cell"),))
    assert "Findings" not in whole(slack_message(verdict, a_manifest()))


def test_the_worst_cell_comes_first():
    cells = [
        a_cell(combination="suspected", verdict=Verdict.SUSPECTED, degradation=3.0),
        a_cell(combination="mild", degradation=0.3),
        a_cell(combination="bad", degradation=0.9),
        a_cell(combination="fine", verdict=Verdict.UNCHANGED),
    ]
    found = re.findall(r"in `(\w+)`", whole(slack_message(a_verdict(cells), a_manifest())))
    assert found == ["bad", "mild", "suspected"]


def test_a_huge_campaign_stays_within_the_limits_and_says_what_it_leaves_out():
    cells = [a_cell(combination=f"{'c' * 400}{i}") for i in range(500)]
    findings = tuple(a_finding(message="m" * 2000, change=None) for _ in range(100))
    message = slack_message(
        a_verdict(cells, findings=findings, campaign="x" * 400),
        a_manifest(),
        AlertLinks(reports={str(i): f"https://x.invalid/{'y' * 300}{i}" for i in range(50)}),
        limit=100,
    )
    assert len(message["blocks"]) <= 50
    assert len(message["blocks"][0]["text"]["text"]) <= 150
    assert all(len(text["text"]) <= 3000 for text in texts(message))
    assert "…" in whole(message)


def test_hostile_names_are_shown_and_not_obeyed():
    verdict = a_verdict(
        [a_cell(combination=HOSTILE, metric=HOSTILE)],
        campaign=HOSTILE,
        findings=(a_finding(where={HOSTILE: HOSTILE}, message=HOSTILE, change=None),),
    )
    links = AlertLinks(reports={HOSTILE: "javascript:alert(1)"}, run="https://x.invalid/>|<!here>")
    message = slack_message(verdict, a_manifest(priority=HOSTILE), links)
    marked_up = [text["text"] for text in texts(message) if text["type"] == "mrkdwn"]
    for text in [message["text"], *marked_up]:
        assert "<" not in text
        assert "\n> quote" not in text
        outside_code = re.sub(r"`[^`]*`", "", text)
        assert "@here" not in outside_code
        assert ":boom:" not in outside_code


@given(st.text())
def test_text_and_code_hold_no_angle_bracket_or_line_break(text):
    for made in (slack_text(text), slack_code(text)):
        assert not re.search(r"[<>\n\r]", made)
    assert slack_code(text).count("`") in (0, 2)


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("https://a.invalid/x", "<https://a.invalid/x|Report>"),
        ("s3://bucket/key", "Report `s3://bucket/key`"),
        ("https://a.invalid/x|y", "Report `https://a.invalid/x|y`"),
        ("javascript:alert(1)", "Report `javascript:alert(1)`"),
    ],
)
def test_only_a_web_address_becomes_a_link(address, text):
    assert slack_link("Report", address) == text


@pytest.mark.parametrize(
    ("change", "unit", "text"),
    [
        (None, "relative", "n/a"),
        (0.31, "relative", "+31 %"),
        (-0.021, "relative", "−2.1 %"),
        (45.0, "points", "+45 pp"),
        (2.0, "events/run", "+2.0 per run"),
        (0.0, "relative", "0 %"),
    ],
)
def test_a_change_is_worded_with_sign_and_unit(change, unit, text):
    assert signed_change(change, unit) == text


def test_a_change_without_an_interval_is_the_change_alone():
    assert change_phrase(a_cell(change_ci95=None)) == "+80 %"


def test_the_webhook_message_is_plain_json_with_a_schema_version():
    verdict = a_verdict([a_cell(q=None)], findings=(a_finding(),))
    message = json.loads(json.dumps(webhook_message(verdict, a_manifest(), LINKS), allow_nan=False))
    assert message["schema_version"] == 1
    assert message["campaign"] == "nightly-2026-11-22-1a2b3c4"
    assert (message["verdict"], message["exit_code"]) == ("regressed", 2)
    assert message["counts"] == {"regressed": 1}
    assert message["findings"][0]["where"] == {"extension": "rapids"}
    assert message["findings"][0]["change_ci95"] == [0.25, 0.38]
    assert message["worst_cells"][0]["degradation"] == 0.80
    assert message["worst_cells"][0]["q"] is None
    assert message["links"]["run"] == "https://dagster.invalid/runs/1"


def test_the_webhook_message_is_bounded_and_counts_what_it_leaves_out():
    cells = [a_cell(combination=f"c{i}") for i in range(60)]
    message = webhook_message(a_verdict(cells), a_manifest())
    assert len(message["worst_cells"]) == 50
    assert message["worse_cells"] == 60
    assert message["links"] == {"run": None, "reports": {}}


def test_the_same_verdict_gives_the_same_messages():
    assert slack_message(a_verdict(), a_manifest()) == slack_message(a_verdict(), a_manifest())
    assert webhook_message(a_verdict(), a_manifest()) == webhook_message(a_verdict(), a_manifest())


def test_a_suspicion_says_that_fresh_runs_are_asked_for_and_where():
    cell = a_cell(verdict=Verdict.SUSPECTED)
    verdict = a_verdict([cell], confirmation=ConfirmationState(asked=1, left_out=2))
    text = whole(slack_message(verdict, a_manifest())).replace("\u200b", "")
    assert "Fresh runs are asked for of 1 suspected cell, 2 more beyond the maximum" in text
    assert "confirmations/nightly-2026-11-22-1a2b3c4.json" in text
    assert webhook_message(verdict, a_manifest())["confirmation"] == {
        "is_open": True,
        "asked_cells": 1,
        "left_out_cells": 2,
        "outcomes": {},
        "results_campaign": "nightly-2026-11-22-1a2b3c4-confirm",
    }
    assert webhook_message(a_verdict([a_cell()]), a_manifest())["confirmation"] is None
