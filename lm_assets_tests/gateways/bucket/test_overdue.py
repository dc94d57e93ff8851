"""What a server should have expired and did not: found whole campaigns at a time, and removed."""

from datetime import UTC, datetime, timedelta

import pytest

from lm_assets.gateways.bucket.overdue import GRACE, overdue_objects, remove_overdue_objects
from lm_assets.model.retention import RetentionPolicy
from lm_assets_tests.fakes.object_store import InMemoryObjectStore

POLICY = RetentionPolicy(raw_days=30, aggregated_days=365)
NOW = datetime(2026, 11, 22, 3, 30, tzinfo=UTC)


def a_store(ages: dict[str, float]) -> InMemoryObjectStore:
    store = InMemoryObjectStore()
    for key, days in ages.items():
        store.now = lambda days=days: NOW - timedelta(days=days)
        store.write(key, key.encode())
    return store


def overdue(ages: dict[str, float]) -> list[str]:
    found = overdue_objects(a_store(ages), POLICY, now=NOW)
    return [item.key for prefix in found for item in prefix.objects]


@pytest.mark.parametrize(
    ("key", "days"),
    [
        ("incoming/c/x/1.jsonl", 30),
        ("raw/c/x.jsonl", 30),
        ("quarantine/c/x.jsonl", 30),
        ("aggregated/c/verdicts.jsonl", 365),
        ("reports/c/executive.md", 365),
        ("confirmations/c.json", 365),
        ("proposals/c/pull-request.md", 365),
    ],
)
def test_an_object_is_overdue_two_days_after_its_time(key, days):
    limit = days + GRACE.days
    assert overdue({key: limit}) == []
    assert overdue({key: limit + 0.01}) == [key]


def test_what_is_not_the_platforms_is_never_overdue():
    assert overdue({"baselines/c.yaml": 5000, "elsewhere": 5000, "rawish/c/x": 5000}) == []


def test_of_a_campaign_whose_newest_object_is_not_overdue_nothing_is():
    ages = {"raw/c/a.jsonl": 40, "raw/c/b.jsonl": 31, "raw/c-other/a.jsonl": 40}
    assert overdue(ages) == ["raw/c-other/a.jsonl"]


def test_objects_of_no_campaign_go_one_by_one():
    ages = {"incoming/%2e%2e/a": 40, "incoming/%2e%2e/b": 1, "incoming/stray": 40}
    assert overdue(ages) == ["incoming/%2e%2e/a", "incoming/stray"]


def test_verdicts_go_after_everything_that_they_speak_of():
    ages = {f"{prefix}/c/x": 400 for prefix in ("aggregated", "incoming", "raw", "reports")}
    assert overdue(ages)[-1] == "aggregated/c/x"


def test_they_are_removed_and_a_repeat_finds_nothing():
    store = a_store({"raw/c/x.jsonl": 40, "raw/d/x.jsonl": 1})
    found = overdue_objects(store, POLICY, now=NOW)
    assert sum(prefix.bytes for prefix in found) == len("raw/c/x.jsonl")
    assert remove_overdue_objects(store, found) == 1
    assert list(store.objects) == ["raw/d/x.jsonl"]
    assert remove_overdue_objects(store, overdue_objects(store, POLICY, now=NOW)) == 0


def test_what_was_delivered_anew_or_has_gone_since_it_was_listed_is_left():
    store = a_store({"raw/c/anew.jsonl": 40, "raw/c/gone.jsonl": 40})
    found = overdue_objects(store, POLICY, now=NOW)
    store.now = lambda: NOW
    store.write("raw/c/anew.jsonl", b"new")
    store.delete("raw/c/gone.jsonl")
    assert remove_overdue_objects(store, found) == 0
    assert store.read("raw/c/anew.jsonl") == b"new"
