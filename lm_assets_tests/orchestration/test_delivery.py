"""A message goes to each channel once, and is recorded only after it was taken."""

from collections.abc import Iterator

import pytest

from lm_assets.gateways.warehouse import Warehouse
from lm_assets.orchestration.delivery import deliver_once, undelivered
from lm_assets_tests.fakes.notifier import RecordingNotifier

pytestmark = pytest.mark.integration

NOTICE = {"slack": {"text": "regressed"}, "webhook": {"campaign": "n-1"}}


@pytest.fixture
def warehouse(warehouse_url: str) -> Iterator[Warehouse]:
    with Warehouse(warehouse_url) as opened:
        yield opened


def deliver(warehouse: Warehouse, *notifiers, notice=NOTICE) -> dict[str, str]:
    return deliver_once(notice, campaign="n-1", notifiers=notifiers, warehouse=warehouse)


def test_each_channel_gets_its_own_message(warehouse):
    slack, webhook = RecordingNotifier("slack"), RecordingNotifier("webhook")
    assert deliver(warehouse, slack, webhook) == {"slack": "delivered", "webhook": "delivered"}
    assert slack.sent == [NOTICE["slack"]]
    assert webhook.sent == [NOTICE["webhook"]]


def test_a_repeat_sends_nothing_again(warehouse):
    slack = RecordingNotifier("slack")
    deliver(warehouse, slack)
    assert deliver(warehouse, slack) == {"slack": "delivered before"}
    assert len(slack.sent) == 1


def test_another_verdict_is_another_message(warehouse):
    slack = RecordingNotifier("slack")
    deliver(warehouse, slack)
    deliver(warehouse, slack, notice={"slack": {"text": "confirmed"}})
    assert len(slack.sent) == 2


def test_a_channel_that_refuses_keeps_no_other_from_it_and_is_tried_again(warehouse):
    slack, webhook = RecordingNotifier("slack", failures=1), RecordingNotifier("webhook")
    outcome = deliver(warehouse, slack, webhook)
    assert outcome == {
        "slack": "not delivered: slack: refused by the test",
        "webhook": "delivered",
    }
    assert undelivered(outcome) == ["slack not delivered: slack: refused by the test"]
    again = deliver(warehouse, slack, webhook)
    assert again == {"slack": "delivered", "webhook": "delivered before"}
    assert (len(slack.sent), len(webhook.sent)) == (1, 1)


def test_without_a_channel_nothing_is_sent(warehouse):
    assert deliver(warehouse) == {}
