"""Listing of 10,000 objects in 8 campaigns: the store's, with keys taken apart, against bare boto3.

Run: python benchmarks/storage_list.py
"""

import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lm_assets.gateways.engines import EmbeddedEngines
from lm_assets.gateways.object_keys import INCOMING, parse_incoming_key, result_key
from lm_assets.gateways.s3_object_store import S3ObjectStore

OBJECTS = 10_000
CAMPAIGNS = 8
REPEATS = 5


def fill(store: S3ObjectStore) -> None:
    keys = [
        result_key(f"nightly-{n % CAMPAIGNS}", f"cell-{n // CAMPAIGNS:05}") for n in range(OBJECTS)
    ]
    with ThreadPoolExecutor(8) as pool:
        for _ in pool.map(lambda key: store.write(key, b"{}\n"), keys):
            pass


def bare(store: S3ObjectStore) -> int:
    pages = store.client.get_paginator("list_objects_v2").paginate(
        Bucket=store.bucket, Prefix=INCOMING
    )
    return sum(len(page["Contents"]) for page in pages)


def platform(store: S3ObjectStore) -> int:
    return sum(1 for item in store.list(INCOMING) if parse_incoming_key(item.key))


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="lm-bench-") as folder:
        # Only the object store is needed: an address keeps Postgres from being started.
        given = {"LM_POSTGRES_URL": "postgresql://unused", "LM_DAGSTER_POSTGRES_URL": "unused"}
        with EmbeddedEngines(Path(folder), environment=given) as engines:
            store = S3ObjectStore.from_environment(engines.start())
            fill(store)
            best = {"bare": float("inf"), "platform": float("inf")}
            for _ in range(REPEATS):
                for name, listing in (("bare", bare), ("platform", platform)):
                    began = time.perf_counter()
                    assert listing(store) == OBJECTS
                    best[name] = min(best[name], time.perf_counter() - began)
    ratio = best["platform"] / best["bare"]
    print(f"{OBJECTS} objects, best of {REPEATS}: bare {best['bare']:.3f} s, ", end="")
    print(f"platform {best['platform']:.3f} s, ratio {ratio:.2f} (target 1.5 or less)")


if __name__ == "__main__":
    main()
