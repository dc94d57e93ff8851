"""Event logs read in shards give the records of one process, byte for byte."""

import pytest

from lm_assets.collect.collector import collect_campaign
from lm_assets.collect.run_sources import RunSources
from lm_assets.collect.shards import Shards, logs_read_ahead
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.record_json import to_jsonl
from lm_assets.gateways.configuration import Configuration, load_configuration
from lm_assets_tests.cli.platform.test_demo_baselines import DEMO, demo_configuration
from lm_assets_tests.fakes.object_store import InMemoryObjectStore

CAMPAIGN = "nightly-2026-11-23-same"
COMBINATIONS = ("3.5.9_local_read_250k", "4.0.5_local_write_750k")
RUN = "run-of-dagster"
LOGS = 10
UNREADABLE = b'"failed_tasks":"event log: '


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Configuration:
    return load_configuration(demo_configuration(tmp_path_factory.mktemp("config")))


@pytest.fixture
def bucket() -> CampaignBucket:
    """Two recorded combinations of five runs each; one of the logs is none."""
    store = InMemoryObjectStore()
    campaign = DEMO / "campaigns" / CAMPAIGN
    for path in (p for name in COMBINATIONS for p in (campaign / name).rglob("*") if p.is_file()):
        store.write(f"incoming/{CAMPAIGN}/{path.relative_to(campaign)}", path.read_bytes())
    store.write(next(iter(log_keys(store))), b"this is no event log\n")
    store.write(f"incoming/{CAMPAIGN}/_SUCCESS", b"")
    return CampaignBucket(store)


def log_keys(store: InMemoryObjectStore) -> list[str]:
    return [item.key for item in store.list("incoming/") if "/eventlog/" in item.key]


def shards_of(bucket: CampaignBucket, settings: Configuration, run: str = RUN) -> Shards:
    return Shards(
        campaign=CAMPAIGN,
        run=run,
        bucket=bucket,
        matrix=settings.matrix,
        metrics=settings.metrics,
    )


def shard_bytes(bucket: CampaignBucket, count: int) -> int:
    total = sum(i.size for i in bucket.store.list("incoming/") if "/eventlog/" in i.key)
    return -(-total // count)


def left_by_collection(
    bucket: CampaignBucket, settings: Configuration, run: str = ""
) -> tuple[bytes, dict[str, bytes]]:
    """Return records and profiles as they are stored, logs taken from a run's shards."""
    read = logs_read_ahead(bucket.store, CAMPAIGN, run) if run else {}
    records = collect_campaign(
        CAMPAIGN,
        bucket=bucket,
        matrix=settings.matrix,
        metrics=settings.metrics,
        now=next(iter(bucket.store.list(""))).last_modified,
        sources=RunSources(store=bucket.store, logs_read=read),
    ).records
    profiles = {i.key: bucket.store.read(i.key) for i in bucket.store.list("profiles/")}
    return to_jsonl(records), profiles


def logs_cannot_be_opened(bucket: CampaignBucket, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(key: str) -> None:
        raise AssertionError(f"{key} is read twice")

    monkeypatch.setattr(bucket.store, "open", refuse)


@pytest.mark.parametrize("count", [1, 2, 3, LOGS, 1000])
def test_whatever_the_number_of_shards_records_and_profiles_are_the_same(
    bucket, settings, count, monkeypatch
):
    alone = left_by_collection(bucket, settings)
    for item in list(bucket.store.list("profiles/")):
        bucket.store.delete(item.key)
    shards = shards_of(bucket, settings)
    planned = shards.plan(shard_bytes(bucket, count))
    assert len(planned) == min(count, LOGS)
    assert [shards.read(s.number, concurrency=2) for s in planned] == [s.logs for s in planned]
    logs_cannot_be_opened(bucket, monkeypatch)
    assert left_by_collection(bucket, settings, RUN) == alone
    assert alone[0].count(UNREADABLE) == 1
    assert len(alone[1]) == LOGS - 1


def test_every_log_is_in_one_shard_and_the_shards_are_alike(bucket, settings):
    planned = shards_of(bucket, settings).plan(shard_bytes(bucket, 3))
    sizes = [shard.size_bytes for shard in planned]
    assert sum(shard.logs for shard in planned) == LOGS
    largest = max(i.size for i in bucket.store.list("incoming/") if "/eventlog/" in i.key)
    assert max(sizes) - min(sizes) <= largest


def test_a_shard_that_was_read_is_not_read_again_by_a_later_try(bucket, settings, monkeypatch):
    shards = shards_of(bucket, settings)
    first, second = shards.plan(shard_bytes(bucket, 2))
    shards.read(first.number, concurrency=1)
    assert shards.plan(1) == (first, second)
    assert shards.read(second.number, concurrency=1) == second.logs
    logs_cannot_be_opened(bucket, monkeypatch)
    assert [shards.read(s.number, concurrency=1) for s in (first, second)] == [0, 0]


def test_another_run_reads_everything_anew(bucket, settings):
    (one,) = shards_of(bucket, settings).plan(10**12)
    assert shards_of(bucket, settings).read(one.number, concurrency=1) == LOGS
    (other,) = shards_of(bucket, settings, "later").plan(10**12)
    assert shards_of(bucket, settings, "later").read(other.number, concurrency=1) == LOGS


def test_a_log_that_changed_after_it_was_read_is_read_anew(bucket, settings):
    shards = shards_of(bucket, settings)
    (shard,) = shards.plan(10**12)
    shards.read(shard.number, concurrency=1)
    broken, other, *_ = log_keys(bucket.store)
    bucket.store.write(broken, bucket.store.read(other))
    records, _ = left_by_collection(bucket, settings, RUN)
    assert UNREADABLE not in records
    assert (records, _) == left_by_collection(bucket, settings)


def test_a_campaign_without_event_logs_has_no_shards(bucket, settings):
    for key in log_keys(bucket.store):
        bucket.store.delete(key)
    assert shards_of(bucket, settings).plan(1) == ()
    assert logs_read_ahead(bucket.store, CAMPAIGN, RUN) == {}


def test_empty_logs_are_one_shard(bucket, settings):
    for key in log_keys(bucket.store):
        bucket.store.write(key, b"")
    (shard,) = shards_of(bucket, settings).plan(1)
    assert (shard.logs, shard.size_bytes) == (LOGS, 0)
