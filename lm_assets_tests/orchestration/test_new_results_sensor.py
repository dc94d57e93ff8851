"""The sensor's own evaluation on a bucket: first landing, nothing new, partial, both."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from dagster._daemon.sensor import MIN_INTERVAL_LOOP_TIME

from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.object_store.protocol import ObjectInfo, ObjectStoreRefusedError
from lm_assets.model.retention import RetentionPolicy
from lm_assets.orchestration.executors import ShardLimit
from lm_assets.orchestration.sensors import QUIET_PERIOD, new_results
from lm_assets_tests.fakes.clock import FixedClock
from lm_assets_tests.fakes.object_store import InMemoryObjectStore

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
NO_SHARDS = ShardLimit()


@pytest.fixture
def bucket() -> CampaignBucket:
    return CampaignBucket(InMemoryObjectStore())


def evaluate(
    bucket: CampaignBucket,
    *,
    cursor: str | None = None,
    now: datetime = NOW,
    shard_limit: ShardLimit = NO_SHARDS,
) -> dg.SensorResult:
    context = dg.build_sensor_context(
        cursor=cursor,
        resources={
            "bucket": bucket,
            "clock": FixedClock(now),
            "retention": RetentionPolicy(raw_days=30),
            "shard_limit": shard_limit,
        },
    )
    return new_results(context)


def land(bucket: CampaignBucket, campaign: str, *names: str) -> None:
    for name in names:
        bucket.store.write(f"incoming/{campaign}/{name}", name.encode())


def requested(result: dg.SensorResult) -> list[str]:
    return [request.partition_key for request in result.run_requests or []]


def test_an_empty_bucket_starts_nothing_and_says_so(bucket):
    result = evaluate(bucket)
    assert requested(result) == []
    assert "nothing is due" in result.skip_reason.skip_message


def test_a_complete_campaign_starts_one_run_and_becomes_a_partition(bucket):
    land(bucket, "nightly-1", "a/1.jsonl", "_SUCCESS")
    result = evaluate(bucket)
    assert requested(result) == ["nightly-1"]
    assert result.dynamic_partitions_requests[0].partition_keys == ["nightly-1"]
    assert [event.partition for event in result.asset_events] == ["nightly-1"]


def test_a_second_look_starts_nothing(bucket):
    land(bucket, "nightly-1", "a/1.jsonl", "_SUCCESS")
    first = evaluate(bucket)
    assert requested(evaluate(bucket, cursor=first.cursor)) == []


def test_only_what_changed_is_started_again_under_a_new_run_key(bucket):
    land(bucket, "nightly-1", "a/1.jsonl", "_SUCCESS")
    land(bucket, "nightly-2", "a/1.jsonl", "_SUCCESS")
    first = evaluate(bucket)
    land(bucket, "nightly-2", "a/late.jsonl")
    second = evaluate(bucket, cursor=first.cursor)
    assert requested(second) == ["nightly-2"]
    assert second.run_requests[0].run_key not in {r.run_key for r in first.run_requests}


def test_an_expiring_campaign_starts_nothing_and_late_objects_are_seen_in_the_ui(bucket):
    land(bucket, "nightly-1", "a/1.jsonl", "b/1.jsonl", "_SUCCESS")
    first = evaluate(bucket)
    bucket.store.delete("incoming/nightly-1/a/1.jsonl")
    month = NOW + timedelta(days=30)
    second = evaluate(bucket, cursor=first.cursor, now=month)
    assert requested(second) == []
    assert "expiring: ['nightly-1']" in second.skip_reason.skip_message
    bucket.store.now = lambda: month
    land(bucket, "nightly-1", "a/late.jsonl")
    third = evaluate(bucket, cursor=second.cursor, now=month)
    assert requested(third) == []
    (event,) = third.asset_events
    assert (event.partition, event.description[:20]) == ("nightly-1", "Objects came after t")


def test_a_campaign_without_its_end_waits_until_it_has_been_quiet(bucket):
    land(bucket, "nightly-1", "a/1.jsonl")
    first = evaluate(bucket)
    assert requested(first) == []
    assert requested(evaluate(bucket, cursor=first.cursor, now=NOW + QUIET_PERIOD)) == ["nightly-1"]


def test_a_campaign_name_that_could_be_a_path_starts_nothing_and_is_quarantined(bucket):
    names = ["incoming/../x/_SUCCESS", "incoming/%2e%2e/_SUCCESS", f"incoming/{'x' * 900}/_SUCCESS"]
    for name in names:
        bucket.store.write(name, b"")
    assert requested(evaluate(bucket, now=NOW + timedelta(days=1))) == []
    reasons = [bucket.store.read(item.key) for item in bucket.store.list("quarantine/_unknown/")]
    assert len(reasons) == 3
    assert all(b'"rule": "campaign_id"' in reason for reason in reasons)


def test_an_unusable_name_that_was_removed_leaves_the_quarantine(bucket):
    bucket.store.write("incoming/%2e%2e/_SUCCESS", b"")
    evaluate(bucket)
    bucket.store.delete("incoming/%2e%2e/_SUCCESS")
    evaluate(bucket)
    assert list(bucket.store.list("quarantine/_unknown/")) == []


class CountingStore(InMemoryObjectStore):
    """Counts what is written, and can refuse the quarantine."""

    written = 0
    refuses = False

    def write(self, key: str, data: bytes, **options) -> ObjectInfo:
        if key.startswith("quarantine/"):
            if self.refuses:
                raise ObjectStoreRefusedError(f"{key}: the disk is full")
            self.written += 1
        return super().write(key, data, **options)


def test_the_reason_of_an_unusable_object_is_written_once_and_not_at_every_tick():
    store = CountingStore()
    bucket = CampaignBucket(store)
    for number in range(700):
        store.write(f"incoming/nightly 2026/{number}.jsonl", b"{}")
    for expected in (500, 700, 700):
        evaluate(bucket)
        assert store.written == expected


def test_a_reason_that_cannot_be_written_stops_no_campaign():
    store = CountingStore()
    store.refuses = True
    bucket = CampaignBucket(store)
    store.write("incoming/nightly 2026/1.jsonl", b"{}")
    land(bucket, "nightly-1", "a/1.jsonl", "_SUCCESS")
    assert requested(evaluate(bucket)) == ["nightly-1"]
    store.refuses = False
    evaluate(bucket)
    assert store.written == 1


def jobs(result: dg.SensorResult) -> list[tuple[str, str]]:
    return [(request.job_name, request.partition_key) for request in result.run_requests or []]


def test_fresh_runs_start_a_judgement_of_the_campaign_that_asked_and_no_partition_of_their_own(
    bucket,
):
    land(bucket, "nightly-1", "a/1.jsonl", "_SUCCESS")
    first = evaluate(bucket)
    land(bucket, "nightly-1-confirm", "a/1.jsonl", "_SUCCESS")
    second = evaluate(bucket, cursor=first.cursor)
    assert jobs(first) == [("campaign_job", "nightly-1")]
    assert jobs(second) == [("confirmation_job", "nightly-1")]
    assert second.dynamic_partitions_requests[0].partition_keys == ["nightly-1"]
    assert [(e.asset_key.to_user_string(), e.partition) for e in second.asset_events] == [
        ("incoming_confirmations", "nightly-1")
    ]


def test_event_logs_beyond_a_shard_are_read_by_the_sharded_job_and_fresh_runs_never_are(bucket):
    log = "a/run-1/eventlog/app-1"
    land(bucket, "nightly-1", "a/1.jsonl", log, "_SUCCESS")
    land(bucket, "nightly-2", "a/1.jsonl", "_SUCCESS")
    land(bucket, "nightly-1-confirm", "a/1.jsonl", log, "_SUCCESS")
    at_the_limit = evaluate(bucket, shard_limit=ShardLimit(shard_bytes=len(log)))
    beyond_it = evaluate(bucket, shard_limit=ShardLimit(shard_bytes=len(log) - 1))
    fresh = ("confirmation_job", "nightly-1")
    small = ("campaign_job", "nightly-2")
    assert jobs(at_the_limit) == [("campaign_job", "nightly-1"), fresh, small]
    assert jobs(beyond_it) == [("sharded_campaign_job", "nightly-1"), fresh, small]


def test_the_same_fresh_runs_start_nothing_a_second_time(bucket):
    land(bucket, "nightly-1-confirm", "a/1.jsonl", "_SUCCESS")
    first = evaluate(bucket)
    assert jobs(evaluate(bucket, cursor=first.cursor)) == []


def test_one_side_waits_for_the_other_and_is_judged_alone_only_after_the_quiet_period(bucket):
    land(bucket, "nightly-1-confirm", "a/baseline.jsonl")
    first = evaluate(bucket)
    assert jobs(first) == []
    alone = evaluate(bucket, cursor=first.cursor, now=NOW + QUIET_PERIOD)
    assert jobs(alone) == [("confirmation_job", "nightly-1")]
    land(bucket, "nightly-1-confirm", "a/current.jsonl", "_SUCCESS")
    both = evaluate(bucket, cursor=alone.cursor, now=NOW + QUIET_PERIOD)
    assert jobs(both) == [("confirmation_job", "nightly-1")]
    assert both.run_requests[0].run_key != alone.run_requests[0].run_key


def test_a_campaign_and_its_fresh_runs_in_one_tick_are_one_partition_and_two_runs(bucket):
    land(bucket, "nightly-1", "a/1.jsonl", "_SUCCESS")
    land(bucket, "nightly-1-confirm", "a/1.jsonl", "_SUCCESS")
    result = evaluate(bucket)
    assert jobs(result) == [("campaign_job", "nightly-1"), ("confirmation_job", "nightly-1")]
    assert result.dynamic_partitions_requests[0].partition_keys == ["nightly-1"]


class WatchedStore(InMemoryObjectStore):
    """Remembers which prefixes were listed."""

    def __init__(self) -> None:
        super().__init__()
        self.listed: list[str] = []

    def list(self, prefix):
        self.listed.append(prefix)
        return super().list(prefix)


@pytest.fixture
def settled() -> tuple[CampaignBucket, WatchedStore, str]:
    """A bucket with a campaign of some hours ago, and the cursor after a look at it."""
    store = WatchedStore()
    bucket = CampaignBucket(store)
    land(bucket, "nightly-1", "a/1.jsonl", "_SUCCESS")
    early = NOW - timedelta(hours=3)
    cursor = evaluate(bucket, cursor=evaluate(bucket, now=early).cursor, now=NOW).cursor
    store.listed.clear()
    return bucket, store, cursor


def test_a_settled_campaign_is_not_listed_and_a_new_one_starts_at_once(settled):
    bucket, store, cursor = settled
    land(bucket, "nightly-2", "a/1.jsonl", "_SUCCESS")
    store.listed.clear()
    result = evaluate(bucket, cursor=cursor, now=NOW + timedelta(seconds=5))
    assert requested(result) == ["nightly-2"]
    assert not any(prefix in {"incoming/", "incoming/nightly-1/"} for prefix in store.listed)


def test_a_late_object_of_a_settled_campaign_is_seen_within_ten_minutes(settled):
    bucket, _, cursor = settled
    land(bucket, "nightly-1", "a/late.jsonl")
    soon = evaluate(bucket, cursor=cursor, now=NOW + timedelta(seconds=5))
    assert requested(soon) == []
    later = evaluate(bucket, cursor=soon.cursor, now=NOW + timedelta(minutes=10))
    assert requested(later) == ["nightly-1"]


def test_a_settled_campaign_that_is_taken_away_and_delivered_again_is_run_again(settled):
    bucket, store, cursor = settled
    for item in list(store.list("incoming/nightly-1/")):
        store.delete(item.key)
    gone = evaluate(bucket, cursor=cursor, now=NOW + timedelta(seconds=5))
    land(bucket, "nightly-1", "a/1.jsonl", "_SUCCESS")
    again = evaluate(bucket, cursor=gone.cursor, now=NOW + timedelta(seconds=10))
    assert requested(again) == ["nightly-1"]


def test_what_lies_in_no_campaigns_folder_is_named_while_others_are_passed_over(settled):
    bucket, store, cursor = settled
    store.write("incoming/stray.jsonl", b"{}")
    store.write("incoming/..%2f/x.jsonl", b"{}")
    evaluate(bucket, cursor=cursor, now=NOW + timedelta(seconds=5))
    reasons = [key for key in store.objects if key.startswith("quarantine/")]
    assert len(reasons) == 2


def test_no_turn_of_the_daemon_comes_too_early_for_it():
    assert new_results.minimum_interval_seconds <= MIN_INTERVAL_LOOP_TIME - 1
