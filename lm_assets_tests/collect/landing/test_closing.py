"""A campaign whose objects expire one by one is not judged by what is left of it."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lm_assets.collect.landing.closing import ClosingRule, refuse_expired
from lm_assets.collect.landing.due import Tick, landings, plan_tick
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.model.errors import DataFaultError
from lm_assets.model.record import SourceObject
from lm_assets.model.retention import RetentionPolicy
from lm_assets_tests.builders import CAMPAIGN, COMBINATION, a_record
from lm_assets_tests.fakes.object_store import InMemoryObjectStore

LANDED = datetime(2026, 10, 1, 12, 0, tzinfo=UTC)
QUIET = timedelta(minutes=30)
POLICY = RetentionPolicy(raw_days=30, aggregated_days=365)


@dataclass
class Bucket:
    """Objects of one campaign by name, each with the day it landed and its content's tag."""

    objects: dict[str, tuple[float, str]] = field(default_factory=dict)
    judged_on_day: float | None = None
    cursor: dict = field(default_factory=dict)

    def put(self, *names: str, day: float, tag: str = "first") -> None:
        for name in names:
            self.objects[name] = (day, tag)

    def expire(self, *, day: float) -> None:
        """Do what a lifecycle rule of 30 days does."""
        kept = {n: (at, tag) for n, (at, tag) in self.objects.items() if day - at < 30}
        self.objects = kept

    def tick(self, day: float) -> Tick:
        """Evaluate twice: the second time a campaign without its end has been quiet."""
        listed = [
            ("c", Item(f"incoming/c/{name}", tag, LANDED + timedelta(days=at)))
            for name, (at, tag) in self.objects.items()
        ]
        rule = ClosingRule(
            closing_after=POLICY.closing_after,
            results_since=lambda _: self.judged_on_day and LANDED + timedelta(self.judged_on_day),
        )
        seen: list[Tick] = []
        for now in (LANDED + timedelta(days=day), LANDED + timedelta(days=day) + QUIET):
            seen.append(
                plan_tick(
                    landings(listed), self.cursor, now=now, quiet_period=QUIET, closing_rule=rule
                )
            )
            self.cursor = dict(seen[-1].cursor)
        first, second = seen
        return Tick(
            due=first.due + second.due,
            waiting=second.waiting,
            late=first.late + second.late,
            expiring=first.expiring + second.expiring,
        )

    def is_due(self, day: float) -> bool:
        return bool(self.tick(day).due)


@dataclass(frozen=True)
class Item:
    key: str
    etag: str
    last_modified: datetime
    size: int = 1


@pytest.fixture
def bucket() -> Bucket:
    started = Bucket()
    started.put("a/1.jsonl", day=0)
    started.put("b/1.jsonl", day=2)
    started.put("c/1.jsonl", "_SUCCESS", day=3)
    assert started.is_due(3)
    started.judged_on_day = 3
    return started


def test_it_loses_its_objects_one_by_one_and_is_never_started_again(bucket):
    for day in (30, 32, 32.9, 33):
        bucket.expire(day=day)
        tick = bucket.tick(day)
        assert not tick.due
        assert not tick.late
    assert bucket.objects == {}


def test_what_was_lost_is_said(bucket):
    bucket.expire(day=30)
    assert [c.campaign for c in bucket.tick(30).expiring] == ["c"]


def test_not_even_when_the_cursor_was_lost(bucket):
    bucket.expire(day=30)
    bucket.cursor = {}
    assert not bucket.is_due(30)
    bucket.expire(day=32)
    assert not bucket.is_due(32)


def test_not_even_with_a_cursor_of_an_earlier_version(bucket):
    bucket.cursor = {"c": replace(bucket.cursor["c"], started_with=None)}
    bucket.expire(day=30)
    assert not bucket.is_due(30)


def test_a_late_object_of_an_old_campaign_starts_nothing_and_is_said_to_be_late(bucket):
    bucket.put("a/late.jsonl", day=24)
    tick = bucket.tick(24)
    assert not tick.due
    assert [c.campaign for c in tick.late] == ["c"]
    assert not bucket.tick(25).late, "once"


def test_a_late_object_of_a_campaign_that_has_wholly_expired_starts_nothing(bucket):
    bucket.objects = {}
    assert not bucket.is_due(34)
    assert bucket.cursor["c"].started_with is None
    for day in (40, 41):
        bucket.put(f"a/late-{day}.jsonl", day=day)
        tick = bucket.tick(day)
        assert not tick.due
        assert tick.late


def test_a_late_object_of_a_young_campaign_starts_it(bucket):
    bucket.put("a/late.jsonl", day=20)
    assert bucket.is_due(20)


def test_an_object_that_was_deleted_from_a_young_campaign_starts_it(bucket):
    del bucket.objects["b/1.jsonl"]
    assert bucket.is_due(4)


def test_an_old_campaign_that_is_delivered_anew_and_whole_is_started_once(bucket):
    names = list(bucket.objects)
    bucket.put(names[0], day=25, tag="second")
    assert not bucket.is_due(25), "half of it is the old delivery"
    bucket.put(*names[1:], day=25.1, tag="second")
    assert bucket.is_due(25.1)
    assert not bucket.is_due(26)


def test_half_of_a_new_delivery_is_not_a_new_delivery(bucket):
    bucket.objects = {}
    bucket.put("a/1.jsonl", "_SUCCESS", day=31, tag="second")
    assert not bucket.is_due(31)


def test_a_campaign_that_nobody_has_started_is_started_however_old_it_is():
    bucket = Bucket()
    bucket.put("a/1.jsonl", "_SUCCESS", day=0)
    assert bucket.is_due(29)


def test_results_delivered_today_of_runs_of_last_year_are_young():
    bucket = Bucket()
    bucket.put("a/1.jsonl", "_SUCCESS", day=400)
    assert bucket.is_due(400)


@given(
    landed=st.lists(st.floats(0, 6, width=32), min_size=2, max_size=8),
    days=st.lists(st.floats(29.5, 37, width=32), max_size=12),
    forgotten=st.booleans(),
)
def test_whatever_expires_when_a_started_campaign_is_not_started_again(landed, days, forgotten):
    bucket = Bucket()
    for number, day in enumerate(landed):
        bucket.put(f"a/{number}.jsonl", day=day)
    bucket.put("_SUCCESS", day=max(landed))
    assert bucket.is_due(max(landed))
    bucket.judged_on_day = max(landed) + 0.01
    for day in sorted(days):
        bucket.expire(day=day)
        if forgotten:
            bucket.cursor = {}
        assert not bucket.is_due(day)


@pytest.mark.parametrize(("raw_days", "hours"), [(30, 23 * 24), (14, 7 * 24), (4, 48), (1, 12)])
def test_the_age_follows_the_days_of_retention(raw_days, hours):
    assert RetentionPolicy(raw_days=raw_days).closing_after == timedelta(hours=hours)


class TestCollectingByHand:
    @pytest.fixture
    def store(self) -> InMemoryObjectStore:
        store = InMemoryObjectStore(now=lambda: LANDED)
        bucket = CampaignBucket(store)
        keys = [f"incoming/{CAMPAIGN}/{COMBINATION}/{n}.jsonl" for n in (1, 2)]
        for key in keys:
            store.write(key, b"{}")
        bucket.write_records(
            CAMPAIGN,
            [
                a_record(run_id=key, source_object=SourceObject(key=key, etag="t", line=1))
                for key in keys
            ],
        )
        return store

    def collect(self, store: InMemoryObjectStore, *, day: float) -> None:
        bucket = CampaignBucket(store)
        refuse_expired(
            CAMPAIGN,
            bucket.landed(CAMPAIGN),
            bucket=bucket,
            now=LANDED + timedelta(days=day),
            closing_after=POLICY.closing_after,
        )

    def test_a_campaign_that_is_whole_is_allowed_at_any_age(self, store):
        self.collect(store, day=1)
        self.collect(store, day=29)

    def test_a_part_of_an_old_one_is_refused_with_what_is_gone(self, store):
        gone = f"incoming/{CAMPAIGN}/{COMBINATION}/2.jsonl"
        store.delete(gone)
        with pytest.raises(DataFaultError, match=f"1 of the 2 objects .*{gone}"):
            self.collect(store, day=30)

    def test_a_part_of_a_young_one_is_what_somebody_wanted(self, store):
        store.delete(f"incoming/{CAMPAIGN}/{COMBINATION}/2.jsonl")
        self.collect(store, day=5)

    def test_nothing_at_all_is_refused_while_there_are_records_or_results(self, store):
        for item in list(store.list("incoming/")):
            store.delete(item.key)
        with pytest.raises(DataFaultError, match="begun to expire"):
            self.collect(store, day=31)
        for item in list(store.list("raw/")):
            store.delete(item.key)
        self.collect(store, day=31)
        store.write(f"aggregated/{CAMPAIGN}/verdicts.jsonl", b"")
        with pytest.raises(DataFaultError, match="has expired"):
            self.collect(store, day=31)
