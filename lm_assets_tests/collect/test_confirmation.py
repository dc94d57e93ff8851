"""Fresh runs from what landed: both sides, or none, and never a part of what was there."""

from datetime import UTC, datetime, timedelta

import pytest

from lm_assets.collect.confirmation import FreshRuns, collect_confirmation
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.configuration import load_configuration
from lm_assets.model.errors import DataFaultError
from lm_assets_tests.conftest import PROJECT
from lm_assets_tests.fakes.object_store import InMemoryObjectStore
from lm_assets_tests.integration.result_files import land, result_line

CAMPAIGN = "nightly-2026-11-22-1a2b3c4"
FRESH = f"{CAMPAIGN}-confirm"
READ = "3.5.0_connect_kubernetes_none_read_1gb"
JOIN = READ.replace("_read_", "_join_")
NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
CLOSING_AFTER = timedelta(days=23)
SETTINGS = load_configuration(PROJECT / "config")


@pytest.fixture
def bucket() -> CampaignBucket:
    return CampaignBucket(InMemoryObjectStore(now=lambda: NOW))


def land_fresh(bucket: CampaignBucket, *run_ids: str, combinations=(READ,)) -> None:
    lines = [result_line("{}", n, 10.0, run_id=run) for n, run in enumerate(run_ids, start=1)]
    land(
        bucket.store,
        FRESH,
        dict.fromkeys(combinations, ()),
        extra_lines={name: [line.replace("{}", name) for line in lines] for name in combinations},
    )


def collected(bucket: CampaignBucket, *, now: datetime = NOW) -> FreshRuns:
    return collect_confirmation(
        CAMPAIGN,
        bucket=bucket,
        now=now,
        closing_after=CLOSING_AFTER,
        matrix=SETTINGS.matrix,
        metrics=SETTINGS.metrics,
    )


def test_nothing_landed_is_no_runs_and_no_fault(bucket):
    assert collected(bucket) == FreshRuns(landed_as=FRESH, records=(), quarantined=())


def test_both_sides_are_collected_under_the_name_they_landed_as(bucket):
    land_fresh(bucket, "baseline-1", "current-1")
    fresh = collected(bucket)
    assert [record.run_id for record in fresh.records] == ["baseline-1", "current-1"]
    assert {record.campaign for record in fresh.records} == {FRESH}


@pytest.mark.parametrize("run_id", ["run-1", "baseline", "Current-1", "my-baseline-1"])
def test_a_run_that_is_of_no_side_is_quarantined(bucket, run_id):
    land_fresh(bucket, "baseline-1", run_id)
    fresh = collected(bucket)
    assert [record.run_id for record in fresh.records] == ["baseline-1"]
    (refused,) = fresh.quarantined
    assert (refused.rule, refused.campaign, refused.line) == ("confirmation_side", FRESH, 2)
    assert run_id in refused.detail


def test_a_second_delivery_of_a_run_is_quarantined_as_in_any_campaign(bucket):
    land_fresh(bucket, "baseline-1", "baseline-1")
    assert [line.rule for line in collected(bucket).quarantined] == ["duplicate_run"]


def test_collected_runs_stay_when_all_that_was_delivered_is_gone(bucket):
    land_fresh(bucket, "baseline-1", "current-1")
    records = collected(bucket).records
    bucket.write_confirmation_runs(CAMPAIGN, records)
    for item in list(bucket.store.list("incoming/")):
        bucket.store.delete(item.key)
    assert collected(bucket, now=NOW + timedelta(days=40)).records == records


def test_a_part_that_has_not_expired_yet_does_not_replace_the_whole(bucket):
    land_fresh(bucket, "baseline-1", "current-1", combinations=(READ, JOIN))
    bucket.write_confirmation_runs(CAMPAIGN, collected(bucket).records)
    bucket.store.delete(f"incoming/{FRESH}/{JOIN}/results.jsonl")
    with pytest.raises(DataFaultError, match="has begun to expire"):
        collected(bucket, now=NOW + timedelta(days=29))
    assert len(collected(bucket).records) == 2  # withdrawn while it was young
