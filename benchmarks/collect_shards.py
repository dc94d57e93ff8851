"""Event logs in two shards on two cores, beside one process: the same campaign, the same records.

    python -m benchmarks.collect_shards [--gigabytes 8] [--shards 2]

The largest recorded log of the demo is repeated to 200 MB and packed with zstd, Spark's default;
that log is delivered for as many load runs as make the wanted size, uncompressed, in a real
SeaweedFS. Both ways are runs of Dagster's, from their start to the campaign's records: one process
(`in_process`), and processes of Dagster's own multiprocess executor. Records must be the same
bytes. Nothing else should run meanwhile: the load of the machine is printed.
"""

import argparse
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import dagster as dg
import yaml

from benchmarks.collect_event_log import largest_recorded_log, plain, write_repeated
from benchmarks.simulated_campaign import PROJECT
from lm_assets.definitions import build_definitions
from lm_assets.gateways.bucket import object_keys
from lm_assets.gateways.configuration import load_configuration
from lm_assets.gateways.dagster_services import DagsterHome
from lm_assets.gateways.engines import EmbeddedEngines
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.gateways.warehouse import Warehouse
from lm_assets.orchestration.partitions import CAMPAIGN_DIMENSION
from lm_assets_tests.integration.result_files import land, result_line

CAMPAIGN = "nightly-2026-11-22-shards"
COMBINATION = "3.5.0_connect_kubernetes_none_read_1gb"
LOG_MEGABYTES = 200


def sharded_job() -> dg.JobDefinition:
    """Return the job of whatever process makes it."""
    return _job("sharded_campaign_job")


def job_of_one_process() -> dg.JobDefinition:
    """Return the job that reads everything in one process."""
    return _job("campaign_job")


def _job(name: str) -> dg.JobDefinition:
    matrix = load_configuration(Path(os.environ["LM_CONFIG_DIR"])).matrix
    return build_definitions(matrix).resolve_job_def(name)


def deliver(store: S3ObjectStore, folder: Path, gigabytes: float) -> tuple[int, int]:
    """Land the campaign; return the bytes of its logs as stored, and uncompressed."""
    packed = folder / "log.zstd"
    size = write_repeated(plain(largest_recorded_log()), LOG_MEGABYTES, packed)
    runs = range(1, int(gigabytes * 1e9 // size) + 1)
    lines = [result_line(COMBINATION, run, 10.0) for run in runs]
    for run in runs:
        key = object_keys.run_file_key(CAMPAIGN, COMBINATION, f"run-{run}", "eventlog/app.zstd")
        store.write(key, packed.read_bytes())
    land(store, CAMPAIGN, {COMBINATION: []}, extra_lines={COMBINATION: lines})
    return packed.stat().st_size * len(runs), size * len(runs)


def configured(folder: Path, shard_bytes: int) -> Path:
    """Write the shipped configuration with shards of so many bytes."""
    folder.mkdir()
    for path in (PROJECT / "config").glob("*.yaml"):
        (folder / path.name).write_bytes(path.read_bytes())
    collection = yaml.safe_load((folder / "collection.yaml").read_text())
    collection["shard_bytes"] = shard_bytes
    (folder / "collection.yaml").write_text(yaml.safe_dump(collection))
    return folder


def seconds_of(
    job: Callable[[], dg.JobDefinition], instance: dg.DagsterInstance, *assets: str
) -> float:
    """Run a job's assets; return the time from the run's start to the campaign's records."""
    with dg.execute_job(
        dg.reconstructable(job),
        instance=instance,
        tags={"dagster/partition": CAMPAIGN},
        asset_selection=[dg.AssetKey(name) for name in assets],
        run_config={"loggers": {"console": {"config": {"log_level": "ERROR"}}}},
    ) as result:
        if not result.success:
            raise SystemExit("the run failed")
        run = result.run_id
    (began,) = instance.all_logs(run, of_type=dg.DagsterEventType.RUN_START)
    made = instance.all_logs(run, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    ended = max(entry.timestamp for entry in made if entry.step_key == "raw_metrics")
    return ended - began.timestamp


def records(store: S3ObjectStore) -> Mapping[str, bytes]:
    """Return the campaign's stored records by key."""
    keys = [item.key for item in store.list(object_keys.raw_prefix(CAMPAIGN))]
    return {key: store.read(key) for key in keys}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--gigabytes", type=float, default=8.0, help="of logs, uncompressed")
    parser.add_argument("--shards", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lm-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with EmbeddedEngines(folder / "engines", environment={}) as engines:
            os.environ.update(engines.start())
            store = S3ObjectStore.from_environment(os.environ)
            with Warehouse.from_environment(os.environ) as warehouse:
                warehouse.migrate()
            stored, plain_bytes = deliver(store, folder, options.gigabytes)
            config = configured(folder / "config", -(-stored // options.shards))
            os.environ["LM_CONFIG_DIR"] = str(config)
            home = DagsterHome.prepare(folder / "state", project=PROJECT)
            with dg.DagsterInstance.from_config(str(home.directory)) as instance:
                instance.add_dynamic_partitions(CAMPAIGN_DIMENSION, [CAMPAIGN])
                load = os.getloadavg()[0]
                os.environ["LM_EXECUTOR"] = "in_process"
                alone = seconds_of(job_of_one_process, instance, "raw_metrics")
                before = records(store)
                os.environ["LM_EXECUTOR"] = "multiprocess"
                sharded = seconds_of(sharded_job, instance, "event_log_readings", "raw_metrics")
                same = before == records(store)
    print(f"event logs: {plain_bytes / 1e9:.1f} GB, {stored / 1e9:.2f} GB as stored")
    print(f"load before: {load:.1f} on {os.cpu_count()} cores")
    print(f"one process: {alone:.1f} s; {options.shards} shards: {sharded:.1f} s")
    print(f"ratio: {alone / sharded:.2f} (to reach: 1.7 on 2 cores); same records: {same}")
    if not same:
        raise SystemExit("the records differ")


if __name__ == "__main__":
    main()
