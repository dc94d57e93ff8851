"""Canonical records into objects and Postgres, against the floor: parse and COPY alone.

1,280 combinations × 5 runs × 15 metrics, a new campaign for every measurement. All sides start from
the same JSONL in memory and run in turn in one process, so that the ratios hold on any machine. The
platform's side is its own storage, from the frame that an asset hands over to objects and rows that
are there. The floor is what the shortest loader does for the same rows: parse the lines and COPY
them into the warehouse's tables. A second floor copies them into temporary tables, which have no
index and no log: nothing is kept, so it bounds from below what any loader takes. A row of its own
shows what the object store takes for the same objects from the fastest client that there is.

Run: python -m benchmarks storage_ingest
"""

import gc
import math
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Self

import dagster as dg
import obstore
import psycopg
from obstore.store import S3Store

from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.record_json import record_from_json, to_jsonl
from lm_assets.gateways.engines import EmbeddedEngines
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.gateways.warehouse import Warehouse
from lm_assets.gateways.warehouse.rows import RUN_METRICS, RUNS, run_metric_rows, run_rows
from lm_assets.model.record import RunRecord, SourceObject
from lm_assets.orchestration.io_managers import CampaignTables
from lm_assets.orchestration.tables_of_campaigns import RECORDS

COMBINATIONS = 1_280
RUNS_EACH = 5
METRICS = [f"metric_{n:02}_s" for n in range(15)]
FLOOR = "floor: parse + COPY"
UNKEPT = "parse + COPY into temporary tables"
PUTS = "bare PUTs of the objects"
INGEST = "ingest: objects and rows"
REPEATS = 5
START = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)


def made_up_records(campaign: str) -> list[RunRecord]:
    return [
        RunRecord(
            campaign=campaign,
            combination=f"3.5.0_connect_kubernetes_none_read_{cell:05}gb",
            dimensions={"spark_version": "3.5.0", "operation": "read", "size": str(cell)},
            run_id=f"run-{run}",
            started_at=START + timedelta(seconds=cell),
            ended_at=START + timedelta(seconds=cell + 30),
            tier3_performance={m: 1.0 + cell / (n + run + 1) for n, m in enumerate(METRICS)},
            provenance=dict.fromkeys(METRICS, "event_log"),
            source_object=SourceObject(key=f"incoming/{campaign}/{cell}", etag="e", line=run),
            exit_code=0,
        )
        for cell in range(COMBINATIONS)
        for run in range(RUNS_EACH)
    ]


@dataclass(frozen=True)
class Data:
    """One campaign in every form that a step starts from."""

    campaign: str
    lines: list[bytes]
    records: list[RunRecord]
    objects: list[bytes]

    @classmethod
    def of(cls, campaign: str) -> Self:
        lines = to_jsonl(made_up_records(campaign)).splitlines()
        records = [record_from_json(line) for line in lines]
        objects = [to_jsonl(runs) for _, runs in groupby(records, attrgetter("combination"))]
        return cls(campaign, lines, records, objects)


def floor(data: Data, connection: psycopg.Connection, *, temporary: bool) -> None:
    """Parse the lines and copy their values, into the warehouse's tables or temporary ones."""
    parsed = [record_from_json(line) for line in data.lines]
    for target, source in ((RUNS, run_rows(parsed)), (RUN_METRICS, run_metric_rows(parsed))):
        table = f"floor_{target.table}" if temporary else target.table
        if temporary:
            connection.execute(
                f"CREATE TEMPORARY TABLE {table} (LIKE {target.table}) ON COMMIT DROP"
            )
        statement = f"COPY {table} ({', '.join(target.columns)}) FROM STDIN (FORMAT BINARY)"
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types(list(target.columns.values()))
            for row in source:
                copy.write_row(row)
    connection.commit()


def bare_puts(data: Data, store: S3Store) -> None:
    """Put the same objects by obstore alone, from as many threads as the platform has."""

    def put(item: tuple[int, bytes]) -> None:
        key = f"bare/{data.campaign}/{item[0]:05}.jsonl"
        obstore.put(store, key, item[1], use_multipart=False)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, enumerate(data.objects)))


def ingest(data: Data, tables: CampaignTables) -> None:
    """Store the lines as the asset ``raw_metrics`` does."""
    context = dg.build_output_context(asset_key="raw_metrics", partition_key=data.campaign)
    tables.handle_output(context, RECORDS.frame(record_from_json(line) for line in data.lines))


def bare_store(environment: dict[str, str]) -> S3Store:
    return S3Store(
        environment["LM_S3_BUCKET"],
        endpoint=environment["LM_S3_ENDPOINT"],
        access_key_id=environment["AWS_ACCESS_KEY_ID"],
        secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        region="us-east-1",
        client_options={"allow_http": True},
        virtual_hosted_style_request=False,
    )


def best_times(steps: Mapping[str, Callable[[Data], object]]) -> dict[str, float]:
    """Return the best time of each step, in seconds; each in turn has a campaign of its own."""
    best: dict[str, float] = {}
    for repeat in range(REPEATS):
        for position, (name, work) in enumerate(steps.items()):
            data = Data.of(f"nightly-2026-11-22-bench{repeat}{position}")
            gc.collect()
            began = time.perf_counter()
            work(data)
            best[name] = min(best.get(name, math.inf), time.perf_counter() - began)
    return best


def measure(folder: Path) -> dict[str, float]:
    with EmbeddedEngines(folder, environment={}) as engines:
        environment = engines.start()
        bucket = CampaignBucket(S3ObjectStore.from_environment(environment))
        store = bare_store(environment)
        with (
            Warehouse.from_environment(environment) as warehouse,
            psycopg.connect(environment["LM_POSTGRES_URL"]) as connection,
        ):
            warehouse.migrate()
            tables = CampaignTables(bucket, warehouse)
            first = Data.of("nightly-2026-11-22-first")
            ingest(first, tables)  # makes the month's partition
            best = best_times(
                {
                    FLOOR: lambda data: floor(data, connection, temporary=False),
                    UNKEPT: lambda data: floor(data, connection, temporary=True),
                    PUTS: lambda data: bare_puts(data, store),
                    "rows alone": lambda data: warehouse.replace_runs(data.campaign, data.records),
                    "objects alone": lambda data: bucket.write_records(data.campaign, data.records),
                    INGEST: lambda data: ingest(data, tables),
                    "the same again": lambda _: ingest(first, tables),
                }
            )
            assert bucket.records(first.campaign) == first.records
    return best


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="lm-bench-") as folder:
        best = measure(Path(folder))
    for name, seconds in best.items():
        print(f"{name:44} {seconds:6.2f} s  {seconds / best[FLOOR]:5.2f} × the floor")
    print(f"ingest: {best[INGEST] / best[FLOOR]:.2f} × the floor (target 3 or less)")
    print(f"ingest: {best[INGEST] / best[UNKEPT]:.2f} × parse + COPY into temporary tables")
    print(f"ingest: {best[INGEST] / (best[FLOOR] + best[PUTS]):.2f} × (the floor + bare PUTs)")


if __name__ == "__main__":
    main()
