"""Listing of 10,000 objects in 8 campaigns: the store's, with keys taken apart, against bare boto3.

Run: python benchmarks/storage_list.py
"""

import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3

from lm_assets.gateways.bucket.object_keys import INCOMING, parse_incoming_key, result_key
from lm_assets.gateways.engines import EmbeddedEngines
from lm_assets.gateways.object_store.s3 import S3ObjectStore

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


def bare_client(environment: Mapping[str, str]) -> Any:
    """Return boto3's client as anyone makes it."""
    return boto3.client(
        "s3",
        endpoint_url=environment["LM_S3_ENDPOINT"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        region_name="us-east-1",
    )


def bare(client: Any, bucket: str) -> int:
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=INCOMING)
    return sum(len(page["Contents"]) for page in pages)


def platform(store: S3ObjectStore) -> int:
    return sum(1 for item in store.list(INCOMING) if parse_incoming_key(item.key))


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="lm-bench-") as folder:
        # Only the object store is needed: an address keeps Postgres from being started.
        given = {"LM_POSTGRES_URL": "postgresql://unused", "LM_DAGSTER_POSTGRES_URL": "unused"}
        with EmbeddedEngines(Path(folder), environment=given) as engines:
            environment = engines.start()
            store, client = S3ObjectStore.from_environment(environment), bare_client(environment)
            fill(store)
            steps = {
                "bare": lambda: bare(client, store.bucket),
                "platform": lambda: platform(store),
            }
            best = {"bare": float("inf"), "platform": float("inf")}
            for _ in range(REPEATS):
                for name, listing in steps.items():
                    began = time.perf_counter()
                    assert listing() == OBJECTS
                    best[name] = min(best[name], time.perf_counter() - began)
    ratio = best["platform"] / best["bare"]
    print(f"{OBJECTS} objects, best of {REPEATS}: bare {best['bare']:.3f} s, ", end="")
    print(f"platform {best['platform']:.3f} s, ratio {ratio:.2f} (target 1.5 or less)")


if __name__ == "__main__":
    main()
