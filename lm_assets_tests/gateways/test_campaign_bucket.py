"""A campaign's objects: whole sets are replaced, and nothing of an earlier run stays behind."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from lm_assets.gateways.campaign_bucket import CampaignBucket
from lm_assets.model.errors import DataFaultError
from lm_assets_tests.builders import a_quarantined_line, a_record, combinations
from lm_assets_tests.fakes.object_store import InMemoryObjectStore

CAMPAIGN = "nightly-2026-11-22-1a2b3c4"


@pytest.fixture
def bucket() -> CampaignBucket:
    return CampaignBucket(InMemoryObjectStore())


def keys(bucket: CampaignBucket, prefix: str) -> list[str]:
    return [item.key for item in bucket.store.list(prefix)]


def test_records_come_back_as_they_were_written(bucket):
    records = [a_record(run_id="run-1"), a_record(run_id="run-2")]
    bucket.write_records(CAMPAIGN, records)
    assert bucket.records(CAMPAIGN) == records


def test_a_repeat_with_fewer_combinations_leaves_no_object_of_the_others(bucket):
    first, second = (c for c, _ in zip(combinations(2), range(2), strict=True))
    bucket.write_records(CAMPAIGN, [a_record(combination=c) for c in (first, second)])
    bucket.write_records(CAMPAIGN, [a_record(combination=first)])
    assert {record.combination for record in bucket.records(CAMPAIGN)} == {first}


def test_asking_for_records_of_a_campaign_without_any_says_what_to_look_at(bucket):
    with pytest.raises(DataFaultError, match="has it landed"):
        bucket.records(CAMPAIGN)
    assert bucket.stored_records(CAMPAIGN) == []


def test_fresh_runs_lie_apart_from_the_records_of_campaigns(bucket):
    bucket.write_records(CAMPAIGN, [a_record()])
    fresh = a_record(run_id="current-1")
    bucket.write_confirmation_runs(CAMPAIGN, [fresh])
    assert bucket.confirmation_runs(CAMPAIGN) == [fresh]
    assert bucket.records(CAMPAIGN) == [a_record()]
    assert bucket.judged_campaigns() == bucket.newest_campaigns(5) == [CAMPAIGN]


def test_fresh_runs_that_were_withdrawn_are_gone(bucket):
    bucket.write_confirmation_runs(CAMPAIGN, [a_record(run_id="current-1")])
    bucket.write_confirmation_runs(CAMPAIGN, [])
    assert bucket.confirmation_runs(CAMPAIGN) == []
    assert keys(bucket, "confirmations/") == []


def test_a_request_is_replaced_and_taken_away_when_nothing_is_asked_any_more(bucket):
    key = bucket.write_confirmation_request(CAMPAIGN, {"cells": 2, "campaign": CAMPAIGN})
    assert key == f"confirmations/{CAMPAIGN}.json"
    first = bucket.store.read(key)
    bucket.write_confirmation_request(CAMPAIGN, {"campaign": CAMPAIGN, "cells": 2})
    assert bucket.store.read(key) == first
    assert json.loads(first) == {"campaign": CAMPAIGN, "cells": 2}
    assert bucket.write_confirmation_request(CAMPAIGN, None) is None
    assert bucket.write_confirmation_request(CAMPAIGN, None) is None
    assert keys(bucket, "confirmations/") == []


def test_quarantine_keeps_the_lines_whole_and_the_reasons_beside_them(bucket):
    line = a_quarantined_line(campaign=CAMPAIGN, rule="not_json", content='{"broken')
    bucket.write_quarantine(CAMPAIGN, [line])
    stored = {key.rpartition(".")[2]: bucket.store.read(key) for key in keys(bucket, "quarantine/")}
    assert stored["jsonl"] == b'{"broken\n'
    assert json.loads(stored["json"])[0]["rule"] == "not_json"
    assert [refused.rule for refused in bucket.quarantine(CAMPAIGN)] == ["not_json"]


def test_a_campaign_that_was_mended_has_no_quarantine_any_more(bucket):
    bucket.write_quarantine(CAMPAIGN, [a_quarantined_line(campaign=CAMPAIGN)])
    bucket.write_quarantine(CAMPAIGN, [])
    assert keys(bucket, "quarantine/") == []


@pytest.mark.parametrize("name", ["../x", "a\nb", "%2e%2e", "x" * 2000, "", "a/../../b"])
def test_a_campaign_name_that_could_be_a_path_is_refused(bucket, name):
    with pytest.raises(Exception, match="campaign_id"):
        bucket.write_records(name, [])


class TestOpenCampaigns:
    DAY = datetime(2026, 11, 1, tzinfo=UTC)

    def stored(self, **landed_on_day: tuple[int, ...]) -> CampaignBucket:
        days = [0]
        store = InMemoryObjectStore(now=lambda: self.DAY + timedelta(days=days[-1]))
        bucket = CampaignBucket(store)
        for campaign, landed in landed_on_day.items():
            for day in landed:
                days.append(day)
                store.write(f"incoming/{campaign}/{day}.jsonl", b"")
            bucket.write_records(campaign, [a_record(campaign=campaign)])
        return bucket

    def test_are_those_with_records_the_newest_first(self):
        bucket = self.stored(first=(1,), second=(2,))
        bucket.store.write("incoming/no-records/1.jsonl", b"")
        assert bucket.open_campaigns(landed_since=self.DAY) == ["second", "first"]

    def test_are_none_of_which_anything_landed_so_long_ago_that_it_may_have_expired(self):
        bucket = self.stored(young=(9, 10), old=(1, 10))
        since = self.DAY + timedelta(days=5)
        assert bucket.open_campaigns(landed_since=since) == ["young"]

    def test_are_none_of_which_nothing_that_landed_is_left(self):
        bucket = self.stored(gone=(1,))
        bucket.store.delete("incoming/gone/1.jsonl")
        assert bucket.open_campaigns(landed_since=self.DAY) == []
