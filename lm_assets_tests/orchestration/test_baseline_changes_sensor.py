"""A changed catalogue judges the kept campaigns anew, a change taken back judges them again."""

import dataclasses
from pathlib import Path

import dagster as dg
import pytest

from lm_assets.gateways.campaign_bucket import CampaignBucket
from lm_assets.gateways.clock import SystemClock
from lm_assets.gateways.configuration import load_configuration
from lm_assets.orchestration.sensors import baseline_changes
from lm_assets_tests.conftest import PROJECT
from lm_assets_tests.fakes.object_store import InMemoryObjectStore


class Catalogue:
    """A catalogue's file, and the sensor that looks at it again and again."""

    def __init__(self, folder: Path) -> None:
        shipped = load_configuration(PROJECT / "config")
        self.settings = dataclasses.replace(shipped, directory=folder)
        self.path = self.settings.baselines_path
        self.path.parent.mkdir(exist_ok=True)
        self.bucket = CampaignBucket(InMemoryObjectStore())
        self.clock = SystemClock()
        for campaign in ("nightly-1", "nightly-2"):
            self.bucket.store.write(f"incoming/{campaign}/x/results.jsonl", b"")
            self.bucket.store.write(f"raw/{campaign}/x.jsonl", b"")
        self.cursor: str | None = None

    def look_at(self, content: str) -> list[dg.RunRequest]:
        self.path.write_text(content)
        resources = {"bucket": self.bucket, "settings": self.settings, "clock": self.clock}
        result = baseline_changes(dg.build_sensor_context(cursor=self.cursor, resources=resources))
        self.cursor = result.cursor or self.cursor
        return list(result.run_requests or [])


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    return Catalogue(tmp_path)


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
