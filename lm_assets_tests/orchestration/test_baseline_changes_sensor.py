"""A changed catalogue judges the kept campaigns anew, a change taken back judges them again."""

import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from lm_assets.gateways.baseline_file.file import content_digest
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.clock import Clock, SystemClock
from lm_assets.gateways.configuration import load_configuration
from lm_assets.orchestration.partitions import CAMPAIGN_DIMENSION
from lm_assets.orchestration.sensors import baseline_changes
from lm_assets_tests.conftest import PROJECT
from lm_assets_tests.fakes.clock import FixedClock
from lm_assets_tests.fakes.notifier import RecordingNotifier
from lm_assets_tests.fakes.object_store import InMemoryObjectStore


class DeliveriesOnly:
    """What the sensor asks of the warehouse: who was told what."""

    def __init__(self) -> None:
        self.delivered: set[tuple[str, str, str]] = set()

    def was_delivered(self, *message: str) -> bool:
        return message in self.delivered

    def record_delivery(self, *message: str) -> None:
        self.delivered.add(message)


class Catalogue:
    """A catalogue's file, and the sensor that looks at it again and again."""

    def __init__(self, folder: Path, instance: dg.DagsterInstance) -> None:
        self.instance = instance
        shipped = load_configuration(PROJECT / "config")
        self.settings = dataclasses.replace(shipped, directory=folder)
        self.path = self.settings.baselines_path
        self.path.parent.mkdir(exist_ok=True)
        self.bucket = CampaignBucket(InMemoryObjectStore())
        self.clock: Clock = SystemClock()
        for campaign in ("nightly-1", "nightly-2"):
            self.bucket.store.write(f"incoming/{campaign}/x/results.jsonl", b"")
            self.bucket.store.write(f"raw/{campaign}/x.jsonl", b"")
        instance.add_dynamic_partitions(CAMPAIGN_DIMENSION, ["nightly-1", "nightly-2"])
        self.cursor: str | None = None
        self.skipped: str | None = None
        self.notifier = RecordingNotifier("webhook")
        self.warehouse = DeliveriesOnly()
        self.observed: list[dg.AssetObservation] = []

    def look_at(self, content: str) -> list[dg.RunRequest]:
        """Look at a catalogue that is told from others by a comment; at ``{…`` it is broken."""
        broken = content.startswith("{")
        self.path.write_text(
            content if broken else f"# {content}\nformat: 1\nbaselines: {{}}\n", encoding="utf-8"
        )
        resources = {
            "bucket": self.bucket,
            "settings": self.settings,
            "clock": self.clock,
            "notifiers": (self.notifier,),
            "warehouse": self.warehouse,
        }
        context = dg.build_sensor_context(
            instance=self.instance, cursor=self.cursor, resources=resources
        )
        result = baseline_changes(context)
        self.observed = list(result.asset_events)
        self.skipped = result.skip_reason and result.skip_reason.skip_message
        self.cursor = result.cursor or self.cursor
        return list(result.run_requests or [])


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield Catalogue(tmp_path, instance)


def test_the_first_look_judges_nothing(catalogue):
    assert catalogue.look_at("one") == []


def test_a_change_judges_each_kept_campaign_once(catalogue):
    catalogue.look_at("one")
    changed = catalogue.look_at("two")
    assert sorted(str(r.partition_key) for r in changed) == ["nightly-1", "nightly-2"]
    assert catalogue.look_at("two") == []


def test_a_change_taken_back_and_made_again_has_keys_of_its_own(catalogue):
    catalogue.look_at("one")
    requests = [r for content in ("two", "one", "two") for r in catalogue.look_at(content)]
    assert len({r.run_key for r in requests}) == len(requests) == 6


def test_the_cursor_of_an_earlier_version_is_understood(catalogue):
    catalogue.look_at("one")
    catalogue.cursor = str(catalogue.cursor).partition(":")[0]
    assert catalogue.look_at("one") == []
    assert len(catalogue.look_at("two")) == 2


def test_every_content_is_observed_as_the_catalogues_data_version(catalogue):
    for content in ("one", "two"):
        catalogue.look_at(content)
        (observed,) = catalogue.observed
        assert observed.tags["dagster/data_version"] == content_digest(catalogue.path)


def test_a_campaign_that_has_just_landed_goes_before_those_that_are_judged_anew(catalogue):
    catalogue.look_at("one")
    assert {r.tags["dagster/priority"] for r in catalogue.look_at("two")} == {"-10"}


def test_a_campaign_that_dagster_no_longer_knows_is_left_as_it_was_judged(catalogue):
    catalogue.look_at("one")
    catalogue.instance.delete_dynamic_partition(CAMPAIGN_DIMENSION, "nightly-1")
    assert [r.partition_key for r in catalogue.look_at("two")] == ["nightly-2"]


def test_a_campaign_whose_results_expire_is_left_as_it_was_judged(catalogue):
    catalogue.look_at("one")
    catalogue.clock = FixedClock(catalogue.clock.now() + timedelta(days=60))
    assert catalogue.look_at("two") == []


def test_a_broken_catalogue_starts_nothing_and_is_told_once(catalogue):
    catalogue.look_at("one")
    for _ in range(3):
        assert catalogue.look_at("{broken") == []
    assert "load-test-baselines.yaml:2" in str(catalogue.skipped)
    (message,) = catalogue.notifier.sent
    assert "The baselines cannot be used" in str(message["text"])
    assert "load-test-baselines.yaml:2" in str(message["text"])
    catalogue.look_at("{broken otherwise")
    assert len(catalogue.notifier.sent) == 2


def test_a_catalogue_that_was_mended_judges_anew_and_one_that_was_put_back_does_not(catalogue):
    catalogue.look_at("one")
    catalogue.look_at("{broken")
    assert catalogue.look_at("one") == []
    catalogue.look_at("{broken")
    assert len(catalogue.look_at("two")) == 2
