"""Canonical records into objects and Postgres, against the floor: parse and COPY alone.

1,280 combinations × 5 runs × 15 metrics. Both sides start from the same JSONL in memory and run in
turn in one process, so that the ratio holds on any machine.

Run: python benchmarks/storage_ingest.py
"""

import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

from lm_assets.gateways.campaign_bucket import CampaignBucket
from lm_assets.gateways.engines import EmbeddedEngines
from lm_assets.gateways.record_json import record_from_json, to_jsonl
from lm_assets.gateways.s3_object_store import S3ObjectStore
from lm_assets.gateways.warehouse import Warehouse
from lm_assets.gateways.warehouse.rows import RUN_METRICS, RUNS, run_metric_rows, run_rows
from lm_assets.model.record import RunRecord, SourceObject

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


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measure(folder: Path, lines: list[bytes]) -> dict[str, float]:
    """Return the best time of each step, in seconds."""
    best: dict[str, float] = {}
    with EmbeddedEngines(folder, environment={}) as engines:
        environment = engines.start()
        bucket = CampaignBucket(S3ObjectStore.from_environment(environment))
        parsed = [record_from_json(line) for line in lines]
        with (
            Warehouse.from_environment(environment) as warehouse,
            psycopg.connect(environment["LM_POSTGRES_URL"]) as connection,
        ):
            warehouse.migrate()
            steps: dict[str, Callable[[], object]] = {
                "floor": lambda: floor(lines, connection),
                "parse": lambda: [record_from_json(line) for line in lines],
                "objects": lambda: bucket.write_records(CAMPAIGN, parsed),
                "rows": lambda: warehouse.replace_runs(CAMPAIGN, parsed),
            }
            for _ in range(REPEATS):
                for name, work in steps.items():
                    best[name] = min(best.get(name, float("inf")), timed(work))
    return best


def main() -> None:
    lines = to_jsonl(records()).splitlines()
    with tempfile.TemporaryDirectory(prefix="lm-bench-") as folder:
        best = measure(Path(folder), lines)
    for name, seconds in best.items():
        print(f"{name:8} {seconds:6.2f} s")
    rows, whole = best["parse"] + best["rows"], best["parse"] + best["objects"] + best["rows"]
    print(f"parse + rows: {rows / best['floor']:.2f} × floor")
    print(f"parse + objects + rows: {whole / best['floor']:.2f} × floor (target 3 or less)")


if __name__ == "__main__":
    main()
