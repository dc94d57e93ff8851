"""Campaigns of the past, stored and judged in one process, as Dagster's runs record it."""

from collections.abc import Iterator

import dagster as dg
import pytest

from lm_assets.gateways.bucket import object_keys
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.configuration import Configuration, load_configuration
from lm_assets.gateways.warehouse import Warehouse
from lm_assets.orchestration.runs_here import RunsHere
from lm_assets_tests.cli.platform.test_demo_baselines import DEMO, demo_configuration
from lm_assets_tests.fakes.object_store import InMemoryObjectStore

NIGHT = "nightly-2026-11-29-night-09"


pytestmark = pytest.mark.integration


@pytest.fixture
def warehouse(warehouse_url: str) -> Iterator[Warehouse]:
    with Warehouse(warehouse_url) as opened:
        yield opened


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> Configuration:
    return load_configuration(demo_configuration(tmp_path_factory.mktemp("config")))


@pytest.fixture
def landed() -> CampaignBucket:
    bucket = CampaignBucket(InMemoryObjectStore())
    folder = DEMO / "fortnight" / NIGHT
    for path in folder.rglob("*"):
        if path.is_file():
            key = object_keys.incoming_prefix(NIGHT) + path.relative_to(folder).as_posix()
            bucket.store.write(key, path.read_bytes())
    return bucket


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def test_a_night_is_stored_judged_and_reported_and_dagster_knows_it(
    landed, warehouse, settings, instance
):
    runs = RunsHere(instance, bucket=landed, warehouse=warehouse, settings=settings)
    runs.store_as_history(NIGHT)

    assert len(landed.stored_records(NIGHT)) == 18
    assert landed.verdict_rows(NIGHT)[0].verdict == "no_baseline"
    assert NIGHT.encode() in landed.report(NIGHT, "technical.html")
    (stored,) = warehouse.read("SELECT campaign, verdict FROM campaigns")
    assert stored == (NIGHT, "no_baseline")
    for asset in ("raw_metrics", "regression_verdicts", "alert_states", "technical_report"):
        assert instance.get_materialized_partitions(dg.AssetKey(asset)) == {NIGHT}
    assert instance.get_materialized_partitions(dg.AssetKey("regression_alerts")) == set()
