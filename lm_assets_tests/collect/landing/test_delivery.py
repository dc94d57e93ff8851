"""What landed of a campaign as a whole: nothing that landed and became no record is lost."""

import json

import pytest

from lm_assets.collect.collector import collect_campaign
from lm_assets.collect.landing.due import landings
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.deliveries import read_delivery, write_delivery
from lm_assets.gateways.configuration import load_configuration
from lm_assets.model.delivery import Delivery
from lm_assets_tests.conftest import PROJECT
from lm_assets_tests.fakes.object_store import InMemoryObjectStore
from lm_assets_tests.integration.result_files import STARTED, land, result_line

CAMPAIGN = "ci-2026-11-22-1a2b3c4"
GOOD = "3.5.0_connect_kubernetes_none_read_1gb"
OTHER = "4.0.0_connect_kubernetes_none_join_1gb"
SETTINGS = load_configuration(PROJECT / "config")


@pytest.fixture
def bucket() -> CampaignBucket:
    return CampaignBucket(InMemoryObjectStore())


def delivered(bucket: CampaignBucket) -> Delivery:
    return collect_campaign(
        CAMPAIGN, bucket=bucket, matrix=SETTINGS.matrix, metrics=SETTINGS.metrics, now=STARTED
    ).delivery


def naive(run: int) -> str:
    line = json.loads(result_line(OTHER, run, 10.0))
    return json.dumps({**line, "start_time": "2026-11-22T01:00:00"})


def test_a_combination_of_which_every_line_was_refused_is_named_with_the_reasons(bucket):
    lines = {OTHER: [naive(run) for run in range(1, 6)]}
    land(bucket.store, CAMPAIGN, {GOOD: [10.0], OTHER: []}, extra_lines=lines)
    delivery = delivered(bucket)
    assert list(delivery.unusable) == [OTHER]
    (reason,) = delivery.unusable[OTHER]
    assert reason.startswith("5 × time: start_time must say its time zone")
    assert delivery.quarantined == {"time": 5}


def test_a_folder_that_is_no_combination_is_not_nothing(bucket):
    land(bucket.store, CAMPAIGN, {GOOD: [10.0]})
    bucket.store.write(
        f"incoming/{CAMPAIGN}/3.5.0_conect/r.jsonl", result_line(OTHER, 1, 9).encode()
    )
    delivery = delivered(bucket)
    assert list(delivery.unusable) == ["3.5.0_conect"]
    assert "unknown_combination" in delivery.unusable["3.5.0_conect"][0]


def test_an_empty_file_is_no_run(bucket):
    land(bucket.store, CAMPAIGN, {GOOD: [10.0], OTHER: []})
    assert delivered(bucket).unusable == {OTHER: ("no result line landed",)}


def test_a_folder_with_another_spelling_of_a_combination_that_has_runs_is_that_combination(bucket):
    land(bucket.store, CAMPAIGN, {GOOD: [10.0]})
    bucket.store.write(f"incoming/{CAMPAIGN}/p1_{GOOD}/run-9/pods.json", b"{}")
    assert delivered(bucket).unusable == {}


def test_result_lines_in_no_folder_and_a_broken_manifest_are_faults_of_the_campaign(bucket):
    land(bucket.store, CAMPAIGN, {GOOD: [10.0]})
    bucket.store.write(f"incoming/{CAMPAIGN}/manifest.json", b"{")
    bucket.store.write(f"incoming/{CAMPAIGN}/results.jsonl", b"{}\n")
    manifest, loose = delivered(bucket).faults
    assert manifest.startswith("manifest.json was refused: not_json")
    assert loose.startswith(f"no line of incoming/{CAMPAIGN}/results.jsonl is usable")
    assert "a result file lies in the folder of its combination" in loose


def test_the_digest_is_the_one_that_the_sensor_knows_the_campaign_by(bucket):
    land(bucket.store, CAMPAIGN, {GOOD: [10.0]})
    (landing,) = landings((CAMPAIGN, item) for item in bucket.landed(CAMPAIGN))
    delivery = delivered(bucket)
    assert (delivery.digest, delivery.objects) == (landing.digest, landing.objects)
    assert delivery.is_complete


def test_it_is_stored_and_read_back_and_unknown_where_an_earlier_version_collected(bucket):
    assert read_delivery(bucket.store, CAMPAIGN) == Delivery(campaign=CAMPAIGN)
    land(bucket.store, CAMPAIGN, {GOOD: [10.0], OTHER: []})
    delivery = delivered(bucket)
    write_delivery(bucket.store, delivery)
    assert read_delivery(bucket.store, CAMPAIGN) == delivery
