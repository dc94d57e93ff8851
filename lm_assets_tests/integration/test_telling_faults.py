"""A hundred faults between an alert and its receiver: nothing is lost, nothing counts twice."""

import json
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

import psycopg
import pytest

from lm_assets.alerts.telling import Teller
from lm_assets.gateways.http.notifier import HttpNotifier
from lm_assets.gateways.retrying import RetryPolicy
from lm_assets.gateways.warehouse import Warehouse
from lm_assets.gateways.warehouse.alerts import pending
from lm_assets.triage.keeping import Stores, record_campaign
from lm_assets.triage.telling import tell_pending
from lm_assets_tests.alerts.lives import POLICY, a_night, a_sighting
from lm_assets_tests.fakes.object_store import InMemoryObjectStore
from lm_assets_tests.fakes.webhook import Answer, WebhookServer

pytestmark = pytest.mark.integration

FAULTS = 100
PLACES = ("a_x", "a_y", "b_x", "b_y")
ANSWERS: Mapping[str, Answer] = {
    "500": Answer(status=500),
    "429": Answer(status=429, headers={"Retry-After": "60"}),
    "cut after the body": Answer(status=None),
    "slow": Answer(delay_s=0.05),
}


class Killed(BaseException):
    """The run's process is gone."""


class Channel(HttpNotifier):
    """A real notifier whose run is killed around one of its requests, or cut off before it."""

    fault: str = ""

    def send(
        self, message: Mapping[str, object], *, message_id: str = "", is_patient: bool = True
    ) -> None:
        fault, self.fault = self.fault, ""
        if fault == "killed before":
            raise Killed
        super().send(message, message_id=message_id, is_patient=is_patient)
        if fault == "killed after":
            raise Killed


@pytest.fixture
def warehouse(warehouse_url: str) -> Iterator[Warehouse]:
    with Warehouse(warehouse_url, retry=RetryPolicy(attempts=3, first_delay_s=0.01)) as opened:
        yield opened


def drop_connections(url: str) -> None:
    """Do what a restart of Postgres does to whoever is connected, to others that do so too."""
    with (
        suppress(psycopg.errors.AdminShutdown),
        psycopg.connect(url, autocommit=True) as connection,
    ):
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_every_event_arrives_and_counts_once_where_its_id_is_heeded(
    warehouse: Warehouse, report_count: Callable[[str], None]
):
    dice = random.Random(16)
    stores = Stores(objects=InMemoryObjectStore(), warehouse=warehouse)
    kinds = [*ANSWERS, "killed before", "killed after", "postgres gone", "refused"]
    faults = [kinds[n % len(kinds)] for n in range(FAULTS)]
    dice.shuffle(faults)
    due: set[str] = set()
    gone: list[threading.Thread] = []
    with WebhookServer() as server:
        channel = Channel(
            channel="webhook",
            url=server.address,
            variable="LM_WEBHOOK_URL",
            is_plain_http_allowed=True,
            retry=RetryPolicy(attempts=1),
        )
        refusing = Channel(
            channel="webhook",
            url="http://127.0.0.1:9",
            variable="LM_WEBHOOK_URL",
            is_plain_http_allowed=True,
            retry=RetryPolicy(attempts=1),
        )
        for night, fault in enumerate(faults):
            # A cause a night comes, gets worse or goes, so that there is always news.
            sightings = [
                a_sighting(place, size=dice.choice((0.3, 0.9)))
                for place in PLACES
                if dice.random() < 0.5
            ]
            seen = a_night(night, *sightings)
            record_campaign(stores, seen, policy=POLICY, channels=["webhook"], now=seen.at)
            due |= {event.event_id for event in pending(warehouse, "webhook")}
            if fault in ANSWERS:
                server._answers.append(ANSWERS[fault])
            elif fault == "postgres gone":
                gone.append(threading.Thread(target=drop_connections, args=[warehouse.url]))
                gone[-1].start()
            channel.fault = fault if fault.startswith("killed") else ""
            with suppress(Killed):
                told_by = refusing if fault == "refused" else channel
                tell_pending(warehouse, [told_by], teller=Teller())
        for thread in gone:
            thread.join()
        channel.fault = ""
        while pending(warehouse, "webhook"):
            tell_pending(warehouse, [channel], teller=Teller())
        received = [
            (request.headers["webhook-id"], json.loads(request.body)["data"]["event"]["event_id"])
            for request in server.received
        ]
    arrived = Counter(identity for identity, _ in received)
    assert all(identity == event for identity, event in received)
    assert set(arrived) == due, "each due event has arrived, and no other"
    twice = sum(count > 1 for count in arrived.values())
    report_count(
        f"{FAULTS} faults between alert and receiver: {len(due)} events, {len(due - set(arrived))}"
        f" lost, {twice} sent again under the same id, {len(arrived)} counted once"
    )
