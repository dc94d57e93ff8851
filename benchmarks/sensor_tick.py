"""One evaluation of the sensor over 10,000 new objects in 8 campaigns, against the bare listing.

The evaluation is the whole of it: cursor, listing, digests, decisions, run requests and events.

Run: python -m benchmarks sensor_tick
"""

import tempfile
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg

from benchmarks.storage_list import CAMPAIGNS, OBJECTS, bare, bare_client, fill
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.object_keys import success_key
from lm_assets.gateways.clock import SystemClock
from lm_assets.gateways.engines import EmbeddedEngines
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.model.retention import RetentionPolicy
from lm_assets.orchestration.executors import ShardLimit
from lm_assets.orchestration.sensors import new_results

REPEATS = 5


@dataclass(frozen=True)
class ClockAhead:
    """This machine's clock, put forward."""

    by: timedelta

    def now(self) -> datetime:
        return SystemClock().now() + self.by


def tick(
    store: S3ObjectStore, cursor: str | None, *, ahead: timedelta = timedelta(0)
) -> dg.SensorResult:
    context = dg.build_sensor_context(
        cursor=cursor,
        resources={
            "bucket": CampaignBucket(store),
            "clock": ClockAhead(ahead),
            "retention": RetentionPolicy(raw_days=30),
            "shard_limit": ShardLimit(),
        },
    )
    return new_results(context)


def first_tick(store: S3ObjectStore) -> str:
    result = tick(store, None)
    assert len(result.run_requests or ()) == CAMPAIGNS
    return str(result.cursor)


def measure(store: S3ObjectStore, client: Any) -> dict[str, float]:
    """Return the best time of each, in seconds."""
    best: dict[str, float] = {}
    cursor = first_tick(store)
    steps = {
        "bare listing": lambda: bare(client, store.bucket),
        "tick, all new": lambda: first_tick(store),
        "tick, nothing new": lambda: tick(store, cursor),
    }
    for _ in range(REPEATS):
        for name, work in steps.items():
            began = time.perf_counter()
            work()
            best[name] = min(best.get(name, float("inf")), time.perf_counter() - began)
    return best


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="lm-bench-") as folder:
        # Only the object store is needed: an address keeps Postgres from being started.
        given = {"LM_POSTGRES_URL": "postgresql://unused", "LM_DAGSTER_POSTGRES_URL": "unused"}
        with EmbeddedEngines(Path(folder), environment=given) as engines:
            environment = engines.start()
            store = S3ObjectStore.from_environment(environment)
            fill(store)
            for n in range(CAMPAIGNS):
                store.write(success_key(f"nightly-{n}"), b"")
            best = measure(store, bare_client(environment))
    print(f"{OBJECTS} objects in {CAMPAIGNS} campaigns, best of {REPEATS}")
    for name, seconds in best.items():
        ratio = seconds / best["bare listing"]
        print(f"{name:20} {seconds:6.3f} s  {ratio:.2f} × (target 1.5 or less)")


if __name__ == "__main__":
    main()
