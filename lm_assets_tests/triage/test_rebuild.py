"""Lost rows of alerts come back from the bucket, with every word of people, and nobody is told."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings

from lm_assets.gateways.bucket.alert_objects import write_statement
from lm_assets.gateways.warehouse import Warehouse
from lm_assets.gateways.warehouse.alerts import alerts, events_of, pending
from lm_assets.model.alert import AlertEventKind
from lm_assets.triage.keeping import Stores, keep_up, record_campaign
from lm_assets.triage.rebuild import rebuild_alerts
from lm_assets_tests.alerts.lives import (
    NIGHTS,
    POLICY,
    STATEMENTS,
    a_night,
    a_sighting,
    a_statement,
    night,
)
from lm_assets_tests.fakes.object_store import InMemoryObjectStore

pytestmark = pytest.mark.integration

NOW = night(12)
LOSE = "TRUNCATE alerts, alert_events, deliveries"


@pytest.fixture
def warehouse(warehouse_url: str) -> Iterator[Warehouse]:
    with Warehouse(warehouse_url) as opened:
        yield opened


def live(stores: Stores, nights, statements) -> None:
    for statement in statements:
        write_statement(stores.objects, statement)
    for seen in nights:
        record_campaign(stores, seen, policy=POLICY, channels=["slack"], now=seen.at)
    keep_up(stores, "nightly", policy=POLICY, channels=["slack"], now=NOW)


def rows(warehouse: Warehouse) -> tuple[list[object], set[str]]:
    found = sorted(alerts(warehouse), key=lambda alert: alert.alert_id)
    return found, {e.event_id for a in found for e in events_of(warehouse, a.alert_id)}


@settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(nights=NIGHTS, statements=STATEMENTS)
def test_lost_rows_come_back_and_nobody_is_told_again(warehouse, nights, statements):
    warehouse.run(lambda c: c.execute(LOSE))
    stores = Stores(objects=InMemoryObjectStore(), warehouse=warehouse)
    live(stores, nights, statements)
    before = rows(warehouse)
    warehouse.run(lambda c: c.execute(LOSE))
    rebuild_alerts(stores, "nightly", policy=POLICY, now=NOW)
    assert rows(warehouse) == before
    assert pending(warehouse, "slack") == []


def test_what_is_still_to_be_told_stays_so(warehouse):
    stores = Stores(objects=InMemoryObjectStore(), warehouse=warehouse)
    live(stores, [a_night(11.9, a_sighting("a_x"))], [])
    rebuild_alerts(stores, "nightly", policy=POLICY, now=NOW)
    assert [event.event for event in pending(warehouse, "slack")] == ["opened"]


def test_a_word_without_an_alert_is_a_row_all_the_same(warehouse):
    stores = Stores(objects=InMemoryObjectStore(), warehouse=warehouse)
    said = a_statement(1, AlertEventKind.ACCEPTED, a_sighting("a_x"), alert_id="gone")
    write_statement(stores.objects, said)
    result = rebuild_alerts(stores, "nightly", policy=POLICY, now=NOW)
    assert result.statements == 1
    (event,) = events_of(warehouse, "gone")
    assert (event.event, event.by, event.reason) == ("accepted", said.by, said.reason)


def test_a_dry_run_counts_and_writes_nothing(warehouse):
    stores = Stores(objects=InMemoryObjectStore(), warehouse=warehouse)
    live(stores, [a_night(0, a_sighting("a_x"))], [])
    warehouse.run(lambda c: c.execute(LOSE))
    result = rebuild_alerts(stores, "nightly", policy=POLICY, now=NOW, dry_run=True)
    assert (result.campaigns, result.alerts) == (1, 1)
    assert alerts(warehouse) == []
