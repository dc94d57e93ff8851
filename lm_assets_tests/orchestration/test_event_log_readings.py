"""Event logs read in shards: what runs, what is tried again, and which deployment does so."""

import threading
from datetime import UTC, datetime

import dagster as dg
import msgspec
import pytest

from lm_assets.collect.run_sources import RunSources
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.configuration import load_configuration
from lm_assets.gateways.health.diagnosis import Health
from lm_assets.gateways.object_store.protocol import ObjectStoreUnavailableError
from lm_assets.model.errors import ConfigurationError
from lm_assets.orchestration.assets import event_logs
from lm_assets.orchestration.assets.event_logs import event_log_readings
from lm_assets.orchestration.assets.metrics import incoming_results, raw_metrics
from lm_assets.orchestration.executors import ShardLimit, is_distributed
from lm_assets.orchestration.health import dagster_diagnoses
from lm_assets.orchestration.partitions import CAMPAIGN_DIMENSION
from lm_assets.orchestration.resources import shard_limit_resource
from lm_assets_tests.cli.platform.test_demo_baselines import DEMO, demo_configuration
from lm_assets_tests.conftest import PROJECT
from lm_assets_tests.fakes.clock import FixedClock
from lm_assets_tests.fakes.object_store import InMemoryObjectStore

CAMPAIGN = "nightly-2026-11-23-same"
COMBINATION = "3.5.9_local_read_250k"
NOW = datetime(2026, 11, 23, tzinfo=UTC)
STEP = "event_log_readings.event_log_shard"


class FailingOnce(InMemoryObjectStore):
    """A store that is away when one log is opened for the first time; it counts what is opened."""

    def __init__(self, failing: str) -> None:
        super().__init__(now=lambda: NOW)
        self.failing = failing
        self.opened: list[str] = []
        self._lock = threading.Lock()

    def open(self, key: str):
        with self._lock:
            self.opened.append(key)
        if self.failing in key and self.opened.count(key) == 1:
            raise ObjectStoreUnavailableError("the store is away")
        return super().open(key)


@pytest.fixture
def store() -> FailingOnce:
    store = FailingOnce(failing=f"{COMBINATION}/run-3/")
    campaign = DEMO / "campaigns" / CAMPAIGN
    for path in (p for p in (campaign / COMBINATION).rglob("*") if p.is_file()):
        store.write(f"incoming/{CAMPAIGN}/{path.relative_to(campaign)}", path.read_bytes())
    store.write(f"incoming/{CAMPAIGN}/_SUCCESS", b"")
    return store


@pytest.fixture
def result(store, tmp_path, monkeypatch) -> dg.ExecuteInProcessResult:
    """The run of a campaign that is so large that every log is a shard."""
    settings = load_configuration(demo_configuration(tmp_path))
    small = msgspec.structs.replace(
        event_logs.parse_collection_config(settings.collection), shard_bytes=1, concurrency=1
    )
    monkeypatch.setattr(event_logs, "parse_collection_config", lambda _: small)
    bucket = CampaignBucket(store)
    definitions = dg.Definitions(
        assets=[incoming_results, event_log_readings, raw_metrics],
        jobs=[dg.define_asset_job("collect", executor_def=dg.in_process_executor)],
        resources={
            "settings": settings,
            "bucket": bucket,
            "sources": RunSources(store=store),
            "clock": FixedClock(NOW),
            "io_manager": dg.InMemoryIOManager(),
        },
    )
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(CAMPAIGN_DIMENSION, [CAMPAIGN])
        return definitions.resolve_job_def("collect").execute_in_process(
            instance=instance, partition_key=CAMPAIGN
        )


def test_a_failed_shard_is_tried_again_alone_and_no_log_is_read_twice(result, store):
    assert result.success
    tried_again = [e.step_key for e in result.all_events if e.is_step_restarted]
    (shard,) = tried_again
    assert shard is not None
    assert shard.startswith(STEP)
    read_twice = {key for key in store.opened if store.opened.count(key) > 1}
    assert len(read_twice) == 1
    assert store.failing in read_twice.pop()


def test_each_shard_is_a_step_and_the_asset_says_what_each_read(result):
    steps = [event.step_key or "" for event in result.get_step_success_events()]
    assert sorted(step for step in steps if step.startswith(f"{STEP}[")) == [
        f"{STEP}[{number}]" for number in range(5)
    ]
    metadata = {
        event.asset_key.to_user_string(): event.step_materialization_data.materialization.metadata
        for event in result.get_asset_materialization_events()
    }
    assert metadata["event_log_readings"]["event_logs"].value == 5


def test_one_process_reads_whatever_there_is(monkeypatch):
    monkeypatch.delenv("LM_EXECUTOR", raising=False)
    limit = shard_limit_resource(dg.build_init_resource_context())
    assert not limit.is_exceeded_by(10**15)


@pytest.mark.parametrize("executor", ["multiprocess", "kubernetes"])
def test_where_there_are_more_a_campaign_beyond_eight_gib_is_read_in_shards(monkeypatch, executor):
    monkeypatch.setenv("LM_EXECUTOR", executor)
    monkeypatch.setenv("LM_CONFIG_DIR", str(PROJECT / "config"))
    limit = shard_limit_resource(dg.build_init_resource_context())
    assert limit == ShardLimit(shard_bytes=8 * 2**30)
    assert [limit.is_exceeded_by(8 * 2**30 + more) for more in (0, 1)] == [False, True]


def test_an_executor_that_nobody_knows_is_refused_by_name():
    with pytest.raises(ConfigurationError, match=r"LM_EXECUTOR.*must be one of in_process.*'ray'"):
        is_distributed({"LM_EXECUTOR": "ray"})


def test_the_doctor_names_an_executor_that_nobody_knows(monkeypatch):
    monkeypatch.setenv("LM_EXECUTOR", "ray")
    found = {each.what: each for each in dagster_diagnoses(None)}
    assert found["Dagster, executor"].health is Health.FAILED
    assert "kubernetes" in found["Dagster, executor"].found
