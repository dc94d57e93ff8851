"""Canonical records into objects and Postgres, against the floor: parse and COPY alone.

1,280 combinations × 5 runs × 15 metrics. All sides start from the same JSONL in memory and run in
turn in one process, so that the ratios hold on any machine. The platform's side is its own storage,
from the frame that an asset hands over to objects and rows that are there. A row of its own shows
what the object store takes for the same objects from the fastest client that there is.

Run: python -m benchmarks storage_ingest
"""

import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import dagster as dg
import obstore
import psycopg
from obstore.store import S3Store

from lm_assets.gateways.campaign_bucket import CampaignBucket
from lm_assets.gateways.engines import EmbeddedEngines
from lm_assets.gateways.record_json import record_from_json, to_jsonl
from lm_assets.gateways.s3_object_store import S3ObjectStore
from lm_assets.gateways.warehouse import Warehouse
from lm_assets.gateways.warehouse.rows import RUN_METRICS, RUNS, run_metric_rows, run_rows
from lm_assets.model.record import RunRecord, SourceObject
from lm_assets.orchestration.io_managers import CampaignTables
from lm_assets.orchestration.tables_of_campaigns import RECORDS

CAMPAIGN = "nightly-2026-11-22-bench"
COMBINATIONS = 1_280
RUNS_EACH = 5
METRICS = [f"metric_{n:02}_s" for n in range(15)]
REPEATS = 3
START = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)


def records() -> list[RunRecord]:
    return [
        RunRecord(
            campaign=CAMPAIGN,
            combination=f"3.5.0_connect_kubernetes_none_read_{cell:05}gb",
            dimensions={"spark_version": "3.5.0", "operation": "read", "size": str(cell)},
            run_id=f"run-{run}",
            started_at=START + timedelta(seconds=cell),
            ended_at=START + timedelta(seconds=cell + 30),
            tier3_performance={m: 1.0 + cell / (n + run + 1) for n, m in enumerate(METRICS)},
            provenance=dict.fromkeys(METRICS, "event_log"),
            source_object=SourceObject(key=f"incoming/{CAMPAIGN}/{cell}", etag="e", line=run),
            exit_code=0,
        )
        for cell in range(COMBINATIONS)
        for run in range(RUNS_EACH)
    ]


def floor(lines: list[bytes], connection: psycopg.Connection) -> None:
    """Parse the lines and copy their values into tables of the same columns, without indexes."""
    parsed = [record_from_json(line) for line in lines]
    for target, source in ((RUNS, run_rows(parsed)), (RUN_METRICS, run_metric_rows(parsed))):
        connection.execute(f"CREATE TEMPORARY TABLE floor (LIKE {target.table})")
        columns = list(target.columns)
        statement = f"COPY floor ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)"
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types(list(target.columns.values()))
            for row in source:
                copy.write_row(row)
        connection.execute("DROP TABLE floor")
    connection.commit()


def bare_puts(store: S3Store, objects: list[bytes]) -> None:
    """Put the same objects by obstore alone, from as many threads as the platform has."""

    def put(item: tuple[int, bytes]) -> None:
        obstore.put(store, f"bare/{item[0]:05}.jsonl", item[1], use_multipart=False)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, enumerate(objects)))


def ingest(lines: list[bytes], tables: CampaignTables) -> None:
    """Store the lines as the asset ``raw_metrics`` does."""
    context = dg.build_output_context(asset_key="raw_metrics", partition_key=CAMPAIGN)
    tables.handle_output(context, RECORDS.frame(record_from_json(line) for line in lines))


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


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measure(folder: Path, lines: list[bytes]) -> dict[str, float]:
    """Return the best time of each step, in seconds."""
    best: dict[str, float] = {}
    parsed = [record_from_json(line) for line in lines]
    objects = [to_jsonl(runs) for _, runs in groupby(parsed, attrgetter("combination"))]
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
            steps: dict[str, Callable[[], object]] = {
                "floor: parse + COPY": lambda: floor(lines, connection),
                "bare PUTs": lambda: bare_puts(store, objects),
                "rows alone": lambda: warehouse.replace_runs(CAMPAIGN, parsed),
                "objects alone": lambda: bucket.write_records(CAMPAIGN, parsed),
                "ingest": lambda: ingest(lines, tables),
            }
            for _ in range(REPEATS):
                for name, work in steps.items():
                    best[name] = min(best.get(name, float("inf")), timed(work))
            assert len(bucket.records(CAMPAIGN)) == len(lines)
    return best


def main() -> None:
    lines = to_jsonl(records()).splitlines()
    with tempfile.TemporaryDirectory(prefix="lm-bench-") as folder:
        best = measure(Path(folder), lines)
    for name, seconds in best.items():
        print(f"{name:20} {seconds:6.2f} s")
    floor_s, whole = best["floor: parse + COPY"], best["ingest"]
    print(f"ingest: {whole / floor_s:.2f} × the floor (target 3 or less)")
    print(f"ingest: {whole / (floor_s + best['bare PUTs']):.2f} × (the floor + bare PUTs)")


if __name__ == "__main__":
    main()
