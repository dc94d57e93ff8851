"""A campaign's objects: whole sets are replaced, and nothing of an earlier run stays behind."""

import json

import pytest

from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.kept_campaigns import kept_campaigns
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
    assert kept_campaigns(bucket) == [CAMPAIGN]


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


class TestFacts:
    def test_say_what_the_records_said_when_they_are_gone(self, bucket):
        bucket.write_records(CAMPAIGN, [a_record(run_id="1"), a_record(run_id="2", exit_code=1)])
        (key,) = keys(bucket, "raw/")
        bucket.store.delete(key)
        facts = bucket.facts(CAMPAIGN)
        assert (facts.runs, facts.failed_runs) == (2, 1)
        assert facts.subject == a_record().subject
        assert facts.started_at == a_record().started_at
        assert facts.combinations == {a_record().combination: a_record().dimensions}

    def test_keep_a_part_of_the_records_from_being_taken_for_all(self, bucket):
        bucket.write_records(CAMPAIGN, [a_record(), a_record(combination="other")])
        bucket.store.delete(f"raw/{CAMPAIGN}/other.jsonl")
        with pytest.raises(DataFaultError, match="raw/ holds 1 of the 2 records"):
            bucket.stored_records(CAMPAIGN)
        assert bucket.records_left(CAMPAIGN) == [a_record()]

    def test_are_not_known_of_campaigns_of_an_earlier_version(self, bucket):
        bucket.write_records(CAMPAIGN, [a_record()])
        bucket.store.delete(f"aggregated/{CAMPAIGN}/campaign.json")
        assert bucket.facts(CAMPAIGN) is None
        assert bucket.stored_records(CAMPAIGN) == [a_record()]

    def test_that_are_broken_are_a_fault_and_not_taken_for_none(self, bucket):
        bucket.store.write(f"aggregated/{CAMPAIGN}/campaign.json", b"")
        with pytest.raises(DataFaultError, match="must hold one line"):
            bucket.facts(CAMPAIGN)
