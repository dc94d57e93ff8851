"""Messages for Slack, within its real limits, with nothing obeyed from outside."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lm_assets.alerts.operations import overdue_notice
from lm_assets.alerts.slack import MOST_SLACK_CHARACTERS, slack_message
from lm_assets.alerts.wording import (
    change_phrase,
    signed_change,
    slack_code,
    slack_link,
    slack_text,
)
from lm_assets.model.alert import AlertState, Resolution, Sighting
from lm_assets.model.verdict import Verdict
from lm_assets_tests.alerts.lives import a_sighting, night
from lm_assets_tests.alerts.tellings import CAMPAIGN, TELLER, an_alert, told
from lm_assets_tests.builders import a_cell
from lm_assets_tests.fakes.slack import refusal

HOSTILE = "<!channel> & <http://evil|click> `*_~ @here :boom:\n> quote \u200b"


def whole(message: dict) -> str:
    texts = []
    for block in message["blocks"]:
        texts += [block["text"]["text"]] if "text" in block else [block["elements"][0]["text"]]
    return "\n".join(texts)


class TestSlack:
    def test_says_what_where_how_much_since_when_who_why_and_what_to_do(self):
        cause = told(details={"likely_cause": "jdk 17 → 21"})
        message = slack_message([cause], TELLER)
        text = whole(message)
        assert message["text"] == f"1 new: {CAMPAIGN}"
        assert "*New:* Duration +31 % [+26 %, +36 %] in `group=a`, 2 cells" in text
        assert f"since 2026-11-02 06:00 UTC (`{CAMPAIGN}`); nobody has it yet" in text
        assert "likely cause: jdk 17 → 21" in text
        assert "`lm alerts ack 3f9a1c77aa --by YOU --reason WHY`" in text
        assert f"<https://reports.invalid/{CAMPAIGN}/technical.html|Technical report>" in text
        assert "<https://dagster.invalid/assets/regression_verdicts?view=partitions&amp;" in text

    def test_says_who_has_it_and_until_when(self):
        alert = an_alert(
            state=AlertState.ACKNOWLEDGED,
            acknowledged_by="ada",
            acknowledged_until=night(7),
            owner="team-io",
        )
        text = whole(slack_message([told("worsened", alert)], TELLER))
        assert "*Worse:*" in text
        assert "ada has it until 2026-11-09 06:00 UTC, owner team-io" in text
        assert "lm alerts ack" not in text

    def test_says_what_got_worse_while_somebody_had_it(self):
        event = told("expired", details={"worsened_at": "2026-11-05T06:00:00Z"})
        text = whole(slack_message([event], TELLER))
        assert "*Open again, its acknowledgement has ended:*" in text
        assert "worse since 2026-11-05 06:00 UTC" in text

    def test_tells_of_a_recovery(self):
        alert = an_alert(state=AlertState.RESOLVED, resolution=Resolution.RECOVERED)
        message = slack_message([told("recovered", alert)], TELLER)
        assert message["text"] == f"1 recovered: {CAMPAIGN}"
        assert ":white_check_mark: *Recovered:* Duration" in whole(message)

    def test_counts_what_happened_in_one_campaign(self):
        message = slack_message([told(), told(), told("recovered")], TELLER)
        assert message["text"] == f"2 new, 1 recovered: {CAMPAIGN}"

    @pytest.mark.parametrize("count", [1, 7, 50, 1000])
    @pytest.mark.parametrize("length", [1, 190, 4000])
    def test_is_taken_however_many_alerts_and_however_long_their_names(self, count, length):
        sighting = a_sighting(
            *(f"{'<' * length}{n}" for n in range(3)),
            where={"&" * length: "v" * length},
            message="m" * length,
        )
        alert = an_alert(sighting=sighting, owner="o" * length)
        message = slack_message([told(alert=alert)] * count, TELLER)
        assert refusal(message) == ""
        assert len(json.dumps(message["blocks"], ensure_ascii=False)) <= MOST_SLACK_CHARACTERS
        lines = len(re.findall("lm alerts ack", whole(message)))
        more = re.findall(r"… and (\d+) more", whole(message))
        assert lines + sum(map(int, more)) == count

    def test_shows_hostile_names_and_obeys_none(self):
        sighting = a_sighting("a", "b", where={HOSTILE: HOSTILE}, metric=HOSTILE, message=HOSTILE)
        alert = an_alert(sighting=sighting, owner=HOSTILE)
        message = slack_message([told(alert=alert, details={"likely_cause": HOSTILE})], TELLER)
        for text in (message["text"], whole(message)):
            outside_code = re.sub(r"`[^`]*`", "", text)
            assert not re.search(r"<(?!https://(?:reports|dagster)\.invalid/)", text)
            assert "@here" not in outside_code
            assert ":boom:" not in outside_code
            assert "\n> quote" not in text

    @pytest.mark.parametrize("name", ["evil.example", "https://evil.example/x", "#general"])
    def test_links_no_name_by_itself(self, name):
        alert = an_alert(sighting=a_sighting("a", "b", where={name: name}, message=name))
        for message in (
            slack_message([told(alert=alert)], TELLER),
            overdue_notice(name, 3)["slack"],
        ):
            texts = [block.get("text") or block["elements"][0] for block in message["blocks"]]
            shown = [text for text in texts if text["type"] == "mrkdwn"]
            assert shown
            assert all(text["verbatim"] is True for text in shown)
            assert not any(f"<{name}" in text["text"] for text in shown)

    @pytest.mark.parametrize("sign", ["\u202e", "\u2066", "\x1b", "\x00"])
    def test_turns_no_text_around_and_says_that_it_would_have_been(self, sign):
        alert = an_alert(sighting=a_sighting("a", "b", message=f"x{sign}y", metric=f"m{sign}n"))
        message = slack_message([told(alert=alert, campaign=f"c{sign}d")], TELLER)
        assert sign not in json.dumps(message, ensure_ascii=False)
        assert "m�n" in whole(message)
        assert "c�d" in message["blocks"][0]["text"]["text"]

    def test_a_digest_lists_what_is_live(self):
        live = [an_alert(), an_alert(alert_id="b", state=AlertState.ACKNOWLEDGED)]
        text = whole(slack_message([told("digest")], TELLER, live=live))
        assert "*Digest:* 1 alerts are open, 1 acknowledged" in text
        assert "3f9a1c77aa" in text

    def test_of_a_whole_campaign_says_its_fault(self):
        sighting = Sighting(
            kind="campaign", metric="", verdict=Verdict.DATA_FAULT, message="no runs"
        )
        text = whole(slack_message([told(alert=an_alert(sighting=sighting))], TELLER))
        assert ":warning: *New:* data fault in the campaign; no runs" in text


@given(st.text())
def test_text_and_code_hold_nothing_that_slack_obeys_and_nothing_without_width(text):
    for made in (slack_text(text), slack_code(text)):
        assert not re.search(r"[<>\n\r]", made)
        assert not set("\u200b\u200c\u200d\u2060\ufeff") & set(made)
        outside_code = re.sub(r"`[^`]*`", "", made)
        assert not re.search(r"[*~]|@\w|:[\w+-]+:", outside_code)
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
