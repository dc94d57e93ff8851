"""Alerts on a real Postgres: rows, words of people, and what each channel is told, once."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

import pytest

from lm_assets.alerts.telling import Teller
from lm_assets.gateways.warehouse import Warehouse
from lm_assets.gateways.warehouse.alerts import alerts, events_of
from lm_assets.gateways.warehouse.known_alerts import known_alerts
from lm_assets.model.alert import Alert, AlertEventKind, AlertState, Observation, Resolution
from lm_assets.model.verdict import Verdict
from lm_assets.triage.keeping import Stores, keep_up, record_campaign
from lm_assets.triage.saying import AlertError, Word, named_alert, say
from lm_assets.triage.telling import Delivery, tell_pending
from lm_assets_tests.alerts.lives import POLICY, a_night, a_sighting, night
from lm_assets_tests.fakes.notifier import RecordingNotifier
from lm_assets_tests.fakes.object_store import InMemoryObjectStore

pytestmark = pytest.mark.integration

Kind = AlertEventKind
CELL = a_sighting("a_x")


@dataclass
class Desk:
    """A stage's alerts, two channels, and a time that goes on."""

    warehouse: Warehouse
    store: InMemoryObjectStore = field(default_factory=InMemoryObjectStore)
    slack: RecordingNotifier = field(default_factory=lambda: RecordingNotifier("slack"))
    webhook: RecordingNotifier = field(default_factory=lambda: RecordingNotifier("webhook"))

    @property
    def stores(self) -> Stores:
        return Stores(objects=self.store, warehouse=self.warehouse)

    def judge(self, seen: Observation, *, now: datetime | None = None) -> None:
        record_campaign(
            self.stores,
            seen,
            policy=POLICY,
            channels=["slack", "webhook"],
            now=now or seen.at,
        )

    def wait_until(self, number: float) -> None:
        keep_up(
            self.stores,
            "nightly",
            policy=POLICY,
            channels=["slack", "webhook"],
            now=night(number),
        )

    def say(self, says: AlertEventKind, number: float, **changes: object) -> Alert:
        word = Word(**{"says": says, "by": "ada", "reason": "known", **changes})
        (alert,) = alerts(self.warehouse, is_live=None)[:1]
        return say(
            self.stores,
            alert.alert_id,
            word,
            policy=POLICY,
            channels=["slack", "webhook"],
            now=night(number),
        )

    def tell(self) -> list[Delivery]:
        return tell_pending(self.warehouse, [self.slack, self.webhook], teller=Teller())

    def told(self) -> list[str]:
        """Return what the webhook has been told so far, in order."""
        self.tell()
        return [str(message["type"]).removeprefix("alert.") for message in self.webhook.sent]

    def rows(self) -> list[Alert]:
        return alerts(self.warehouse)


@pytest.fixture
def desk(warehouse_url: str) -> Iterator[Desk]:
    with Warehouse(warehouse_url) as opened:
        yield Desk(opened)


def test_a_message_that_a_channel_refuses_holds_up_no_other_and_is_not_lost(desk):
    desk.webhook.unwanted = {"alert.opened"}
    desk.judge(a_night(0, CELL))
    desk.judge(a_night(1))
    desk.judge(a_night(2))
    assert desk.told() == ["recovered"]
    _, webhook = desk.tell()
    assert (webhook.pending, webhook.problem) == (1, "webhook: answered 400 by the test")
    desk.webhook.unwanted.clear()
    assert desk.told() == ["recovered", "opened"]
    assert len(set(desk.webhook.refused)) == 1


def test_a_channel_that_refuses_one_message_after_the_other_is_left_alone(desk):
    desk.webhook.unwanted = {"alert.opened"}
    desk.judge(a_night(0, *(a_sighting(f"{n}_x") for n in range(30))))
    _, webhook = desk.tell()
    assert webhook.pending == 30
    assert len(desk.webhook.refused) == 11


def test_a_channel_that_takes_others_between_is_told_all_that_it_takes(desk):
    desk.webhook.unwanted = {"alert.opened"}
    for first in (0, 3):
        desk.judge(a_night(first, *(a_sighting(f"{n}_{first}") for n in range(8))))
        desk.judge(a_night(first + 1))
        desk.judge(a_night(first + 2))
    _, webhook = desk.tell()
    assert webhook.told == len(desk.webhook.sent) > 0
    assert webhook.pending == len(desk.webhook.refused) == 16


def test_a_life_is_told_once_from_beginning_to_end(desk):
    desk.judge(a_night(0, CELL))
    assert desk.told() == ["opened"]
    desk.judge(a_night(1, CELL))
    assert desk.told() == ["opened"]
    desk.say(Kind.ACKNOWLEDGED, 1.5)
    for number in range(2, 8):
        desk.judge(a_night(number, CELL))
    assert desk.told() == ["opened"], "nothing after an acknowledgement"
    desk.wait_until(8.6)
    assert desk.told() == ["opened", "expired"]
    desk.judge(a_night(9))
    desk.judge(a_night(10))
    assert desk.told() == ["opened", "expired", "recovered"]
    desk.judge(a_night(11, CELL))
    assert desk.told() == ["opened", "expired", "recovered", "reopened"]
    (alert,) = desk.rows()
    assert (alert.state, alert.reopened_count) == (AlertState.OPEN, 1)
    events = [event.event for event in events_of(desk.warehouse, alert.alert_id)]
    assert events[:3] == ["opened", "seen", "acknowledged"]


def test_what_gets_worse_in_an_acknowledgement_is_told_at_its_end(desk):
    desk.judge(a_night(0, CELL))
    desk.say(Kind.ACKNOWLEDGED, 0.5)
    desk.judge(a_night(2, a_sighting("a_x", size=0.9, likely_cause="a slow host")))
    assert desk.told() == ["opened"]
    (known,) = known_alerts(desk.warehouse, "nightly")
    assert not known.excuses, "the gate passes no more than what was acknowledged"
    desk.wait_until(8)
    assert desk.told() == ["opened", "expired"]
    said = desk.webhook.sent[-1]["data"]
    assert said["event"]["worsened_at"] == "2026-11-04T06:00:00Z"
    assert said["event"]["likely_cause"] == "a slow host"
    assert said["alert"]["change"] == 0.9
    assert "worse since 2026-11-04 06:00 UTC; nobody has it yet; likely cause: a slow host" in str(
        desk.slack.sent[-1]
    )


def test_a_loss_that_grew_in_a_campaign_of_an_earlier_time_is_not_what_was_acknowledged(desk):
    desk.judge(a_night(0, CELL))
    desk.say(Kind.ACKNOWLEDGED, 1.5)
    (known,) = known_alerts(desk.warehouse, "nightly")
    assert not known.has_worsened
    desk.judge(a_night(1, a_sighting("a_x", size=0.9)), now=night(1.6))
    (known,) = known_alerts(desk.warehouse, "nightly")
    assert known.has_worsened, "it landed after they spoke, whatever the clock of its runs says"
    assert desk.told() == ["opened"], "they have it already"
    desk.wait_until(9)
    assert desk.told() == ["opened", "expired"]
    assert desk.webhook.sent[-1]["data"]["alert"]["change"] == 0.9


def test_whoever_answers_is_not_reminded_of_what_was_overdue_before(desk):
    desk.judge(a_night(0, CELL))
    assert desk.told() == ["opened"]
    desk.say(Kind.ACKNOWLEDGED, 4)
    assert desk.told() == ["opened"]
    events = {event.event for event in events_of(desk.warehouse, desk.rows()[0].alert_id)}
    assert "reminded" in events


def test_a_recovery_is_told_once_although_a_clean_campaign_of_an_earlier_time_lands_later(desk):
    for seen in (a_night(0, CELL), a_night(1), a_night(4), a_night(3), a_night(2)):
        desk.judge(seen)
        desk.tell()
    assert desk.told() == ["opened", "recovered"]


def test_everything_applied_twice_is_told_once(desk):
    nights = [a_night(0, CELL), a_night(1), a_night(1.5)]
    for seen in [*nights, *nights, *reversed(nights)]:
        desk.judge(seen)
        desk.tell()
    assert desk.told() == ["opened", "recovered"]
    assert len(desk.slack.sent) == 2
    assert len(set(desk.webhook.ids)) == len(desk.webhook.ids)


def test_a_channel_that_is_down_holds_up_no_other_and_is_told_later_in_order(desk):
    desk.slack.failures = 2
    desk.judge(a_night(0, CELL))
    slack, webhook = desk.tell()
    assert (slack.pending, webhook.pending) == (1, 0)
    assert "refused by the test" in str(slack)
    desk.judge(a_night(1, a_sighting("a_x", size=0.9)))
    slack, webhook = desk.tell()
    assert (slack.pending, webhook.told) == (2, 1)
    slack, _ = desk.tell()
    assert (slack.told, slack.pending) == (2, 0)
    assert [m["text"].partition(":")[0] for m in desk.slack.sent] == ["1 new", "1 worse"]


def test_nobody_is_told_of_a_past_that_becomes_known_late(desk):
    desk.judge(a_night(10))
    for number in (1, 2, 3):
        desk.judge(a_night(number, *([CELL] if number == 1 else [])), now=night(10))
    assert desk.told() == []
    assert [alert.resolution for alert in desk.rows()] == [Resolution.RECOVERED]


def test_a_late_campaign_that_finds_what_is_still_there_is_told(desk):
    desk.judge(a_night(10, a_sighting("b_x")))
    desk.judge(a_night(9, CELL), now=night(10))
    assert desk.told() == ["opened", "opened"]


def test_a_late_campaign_is_told_although_its_reminder_is_overdue_as_well(desk):
    """More than two working days late it was opened and reminded of at once, and never told."""
    desk.judge(a_night(10, a_sighting("b_x"), otherwise="-"))
    desk.judge(a_night(1, CELL), now=night(10))
    assert desk.told() == ["opened", "opened"]


def test_a_cause_that_began_earlier_than_was_known_is_not_told_again(desk):
    desk.judge(a_night(5, CELL))
    known = desk.rows()[0].alert_id
    assert desk.told() == ["opened"]
    desk.judge(a_night(4, CELL), now=night(5))
    assert desk.told() == ["opened"]
    live = [alert for alert in desk.rows() if alert.is_live]
    assert [alert.first_campaign for alert in live] == ["nightly-4"]
    assert named_alert(desk.warehouse, known).alert_id == live[0].alert_id


def test_a_message_that_had_to_wait_names_the_alert_as_it_is_called_by_then(desk):
    desk.webhook.failures = desk.slack.failures = 1
    desk.judge(a_night(5, CELL))
    desk.tell()
    desk.judge(a_night(4, CELL), now=night(5))
    assert desk.told() == ["opened"]
    (live,) = [alert for alert in desk.rows() if alert.is_live]
    said = desk.webhook.sent[-1]["data"]["alert"]
    assert (said["alert_id"], said["state"]) == (live.alert_id, "open")
    assert f"lm alerts ack {live.alert_id}" in str(desk.slack.sent[-1])


def test_a_judgement_that_is_taken_back_withdraws_its_alert_and_says_so(desk):
    desk.judge(a_night(0, CELL))
    desk.tell()
    desk.judge(a_night(0))
    assert desk.told() == ["opened", "withdrawn"]
    (alert,) = desk.rows()
    assert (alert.state, alert.resolution) == (AlertState.RESOLVED, Resolution.WITHDRAWN)


def test_verdicts_that_the_stage_does_not_want_told_are_kept_and_not_told(desk):
    behaviour = a_sighting("a_x", verdict=Verdict.NO_BASELINE)
    desk.judge(a_night(0, behaviour))
    assert desk.told() == []
    assert len(desk.rows()) == 1


class TestWords:
    def test_need_a_name_and_a_reason(self, desk):
        desk.judge(a_night(0, CELL))
        with pytest.raises(AlertError, match="--by must say something"):
            desk.say(Kind.ACKNOWLEDGED, 0.5, by=" ")
        with pytest.raises(AlertError, match="--reason must say something"):
            desk.say(Kind.ACKNOWLEDGED, 0.5, reason="")

    @pytest.mark.parametrize("until", [0.4, 31], ids=["the past", "beyond 30 days"])
    def test_do_not_hold_for_ever(self, desk, until):
        desk.judge(a_night(0, CELL))
        with pytest.raises(AlertError, match="--until must lie ahead, and by at most 30 days"):
            desk.say(Kind.ACKNOWLEDGED, 0.5, until=night(until))

    def test_that_the_state_does_not_allow_are_refused_with_those_that_it_does(self, desk):
        desk.judge(a_night(0, CELL))
        with pytest.raises(AlertError, match="is open and cannot be reopened"):
            desk.say(Kind.REOPENED, 0.5)
        desk.say(Kind.ACCEPTED, 0.5)
        with pytest.raises(AlertError, match="only what is acknowledged, open can"):
            desk.say(Kind.ACKNOWLEDGED, 0.6)
        assert desk.say(Kind.REOPENED, 0.7).state is AlertState.OPEN

    def test_of_an_alert_that_is_not_there_are_refused(self, desk):
        desk.judge(a_night(0, CELL))
        with pytest.raises(AlertError, match="there is no alert 'none'"):
            named_alert(desk.warehouse, "none")

    def test_are_an_object_before_they_are_a_row(self, desk):
        desk.judge(a_night(0, CELL))
        desk.say(Kind.DISMISSED, 0.5, resolution=Resolution.NOISE, reference="OPS-1")
        (key,) = (key for key in desk.store.objects if key.startswith("alerts/events/nightly/"))
        assert b'"reference":"OPS-1"' in desk.store.read(key)


def test_of_two_alerts_with_the_same_beginning_the_longer_name_is_asked_for(desk):
    desk.judge(a_night(0, *(a_sighting(name) for name in ("a_x", "a_y", "b_x"))))
    with pytest.raises(AlertError, match="there is no alert ''"):
        named_alert(desk.warehouse, "")
    one = desk.rows()[0]
    assert named_alert(desk.warehouse, one.alert_id[:6]).alert_id == one.alert_id


def test_a_digest_is_told_once_a_campaign(desk):
    policy = replace(POLICY, alerts=replace(POLICY.alerts, digest=True))
    for seen in (a_night(0, CELL), a_night(1, CELL), a_night(1, CELL)):
        record_campaign(
            desk.stores, seen, policy=policy, channels=["slack", "webhook"], now=seen.at
        )
    assert desk.told() == ["opened", "digest", "digest"]
    assert [len(m["data"].get("alerts", ())) for m in desk.webhook.sent] == [0, 1, 1]
    assert "Digest:* 1 alerts are open, 0 acknowledged" in str(desk.slack.sent[1])
