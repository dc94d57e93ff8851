"""Event logs read by several processes, and by several pods: Dagster's own executors, really.

Records and profiles are held beside those of one process.
"""

import json
import multiprocessing
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import dagster as dg
import pytest
import yaml

from lm_assets.collect.collector import collect_campaign
from lm_assets.collect.run_sources import RunSources
from lm_assets.collect.shards import logs_read_ahead
from lm_assets.definitions import build_definitions
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.record_json import to_jsonl
from lm_assets.gateways.configuration import load_configuration
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.orchestration.partitions import CAMPAIGN_DIMENSION
from lm_assets_tests.cli.platform.test_demo_baselines import DEMO, demo_configuration
from lm_assets_tests.fakes.kubernetes_api import KubernetesApi, RunningJob
from lm_assets_tests.integration.killable_platform import KillablePlatform, waited_for
from lm_assets_tests.integration.own_cluster import IMAGE, SECRET, own_cluster

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

CAMPAIGN = "nightly-2026-11-23-same"
COMBINATION = "3.5.9_local_read_250k"
LOGS = 5
SHARD = "event_log_readings.event_log_shard"


def sharded_job() -> dg.JobDefinition:
    """Return the job of whatever process makes it."""
    matrix = load_configuration(Path(os.environ["LM_CONFIG_DIR"])).matrix
    return build_definitions(matrix).resolve_job_def("sharded_campaign_job")


def read_logs() -> str:
    """Read the event logs as the executor of the environment does it; return the run."""
    with (
        dg.DagsterInstance.from_config(os.environ["DAGSTER_HOME"]) as instance,
        dg.execute_job(
            dg.reconstructable(sharded_job),
            instance=instance,
            tags={"dagster/partition": CAMPAIGN},
            asset_selection=[dg.AssetKey("event_log_readings")],
        ) as result,
    ):
        assert result.success
        return result.run_id


def read_logs_apart() -> str:
    """Do so in a process of its own: those it starts know the environment as it is now."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(read_logs).result()


class LargeCampaign:
    """A campaign whose event logs are two shards, on a platform with a cluster."""

    def __init__(self, platform: KillablePlatform, api: KubernetesApi, folder: Path) -> None:
        self.api = api
        self.instance = platform.instance
        self.environment = platform.environment
        self.store = S3ObjectStore.from_environment(platform.environment)
        recorded = DEMO / "campaigns" / CAMPAIGN
        for path in (p for p in (recorded / COMBINATION).rglob("*") if p.is_file()):
            key = f"incoming/{CAMPAIGN}/{path.relative_to(recorded).as_posix()}"
            self.store.write(key, path.read_bytes())
        logs = [item.size for item in self.store.list("incoming/") if "/eventlog/" in item.key]
        assert len(logs) == LOGS
        configuration = demo_configuration(folder)
        collection = yaml.safe_load((configuration / "collection.yaml").read_text())
        collection["shard_bytes"] = -(-sum(logs) // 2)
        (configuration / "collection.yaml").write_text(yaml.safe_dump(collection))
        platform.environment["LM_CONFIG_DIR"] = str(configuration)
        platform.environment["DAGSTER_HOME"] = str(platform.home)
        self.instance.add_dynamic_partitions(CAMPAIGN_DIMENSION, [CAMPAIGN])

    def collected(self, run: str = "") -> tuple[bytes, dict[str, bytes]]:
        """Return records and profiles as stored, with the logs that a run has read."""
        settings = load_configuration(Path(os.environ["LM_CONFIG_DIR"]))
        read = logs_read_ahead(self.store, CAMPAIGN, run) if run else {}
        assert len(read) == (LOGS if run else 0)
        records = collect_campaign(
            CAMPAIGN,
            bucket=CampaignBucket(self.store),
            matrix=settings.matrix,
            metrics=settings.metrics,
            now=next(iter(self.store.list("incoming/"))).last_modified,
            sources=RunSources(store=self.store, logs_read=read),
        ).records
        profiles = {item.key: self.store.read(item.key) for item in self.store.list("profiles/")}
        assert len(profiles) == LOGS
        return to_jsonl(records), profiles


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LargeCampaign]:
    with own_cluster() as (platform, api):
        yield LargeCampaign(platform, api, tmp_path_factory.mktemp("config"))


@pytest.fixture
def campaign(landed: LargeCampaign, monkeypatch: pytest.MonkeyPatch) -> LargeCampaign:
    for name, value in landed.environment.items():
        monkeypatch.setenv(name, value)
    return landed


def test_processes_read_what_one_process_reads(campaign, monkeypatch):
    alone = campaign.collected()
    monkeypatch.setenv("LM_EXECUTOR", "multiprocess")
    assert campaign.collected(read_logs_apart()) == alone


def test_pods_read_the_same_and_the_shard_of_a_lost_pod_is_read_again_alone(campaign, monkeypatch):
    alone = campaign.collected()
    monkeypatch.setenv("LM_EXECUTOR", "kubernetes")

    def first_pod() -> RunningJob | None:
        jobs = list(campaign.api.jobs.values())
        return next((job for job in jobs if f"{SHARD}[0]" in json.dumps(job.body)), None)

    killer = threading.Thread(target=lambda: waited_for(first_pod, "a pod").kill())
    killer.start()
    run = read_logs()
    killer.join()
    again = campaign.instance.all_logs(run, of_type=dg.DagsterEventType.STEP_RESTARTED)
    assert [entry.step_key for entry in again] == [f"{SHARD}[0]"]
    assert campaign.collected(run) == alone
    for job in campaign.api.jobs.values():
        # As a run's pod, and with no right to make others.
        assert job.container["image"] == IMAGE
        assert {"secretRef": {"name": SECRET}} in job.container["envFrom"]
        assert job.body["spec"]["template"]["spec"]["automountServiceAccountToken"] is False
