"""The exporter and the dashboards' SQL over a year of history, on a real Postgres.

A year is 365 nightly campaigns of 1,280 combinations × 17 metrics (8 million summaries, as many
verdicts), made by Postgres itself. Measured in one process: the CPU of a scrape after a change and
of one without, memory, the size of the answer; and every query of the dashboards, three times, with
the time range of a year.

Run: python -m benchmarks exporter_scrape
"""

import argparse
import resource
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

from lm_assets.exporter.exposition import Exposition
from lm_assets.exporter.settings import ExporterSettings
from lm_assets.gateways.clock import SystemClock
from lm_assets.gateways.configuration import load_configuration
from lm_assets.gateways.engines import EmbeddedEngines
from lm_assets.gateways.warehouse import Warehouse
from lm_assets.gateways.warehouse.standing import StandingReader
from lm_assets_tests.dashboards.boards import sql_queries
from lm_assets_tests.dashboards.grafana_macros import expanded, interpolated

CONFIGURATION = Path(__file__).parents[1] / "config"
FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
COMBINATIONS = "INSERT INTO combinations SELECT name, dimensions FROM combination"
MATRIX = """
CREATE TEMP TABLE combination AS
SELECT format('3.%%s.0_m%%s_x%%s_o%%s_1gb', v, m, x, o) AS name,
       jsonb_build_object('spark_version', '3.' || v || '.0', 'mode', 'm' || m, 'extension',
       'x' || x, 'operation', 'o' || o, 'data_size', '1gb', 'orchestrator', 'connect') AS dimensions
FROM generate_series(1, 4) v, generate_series(1, 8) m, generate_series(1, 8) x,
     generate_series(1, 5) o ORDER BY 1 LIMIT %s"""
CAMPAIGNS = """
INSERT INTO campaigns (campaign, stage, git_sha, started_at, ended_at, first_stored_at, judged_at,
  combinations, runs, failed_runs, verdict, exit_code, verdict_counts, baseline_version)
SELECT stage || '-' || to_char(night, 'FM000'), stage, md5(night::text), at, at, at, at, %(count)s,
  %(count)s * 5, 0, 'regressed', 2, '{"regressed": 12, "unchanged": 19000}', 'b' || night / 30
FROM generate_series(0, %(nights)s - 1) night, unnest(ARRAY['nightly', 'weekly']) stage,
  LATERAL (SELECT now() - night * interval '1 day' - interval '1 hour') t(at)
WHERE stage = 'nightly' OR night = 0"""
SUMMARIES = """
INSERT INTO summaries SELECT campaign, name, metric, 's', 5, 0, v, v, v * 0.05, 0.05, v * 0.95,
  v * 1.05, v * 0.9, v * 0.95, v * 1.05, v * 1.1, v * 0.9, v * 1.1, '{}'
FROM campaigns, combination, unnest(%s::text[]) metric,
  LATERAL (SELECT 10 + hashtext(campaign || name || metric) %% 5) t(v)"""
VERDICTS = """
INSERT INTO verdicts SELECT campaign, name, metric,
  CASE WHEN h %% 200 = 0 THEN 'regressed' WHEN h %% 50 = 0 THEN 'improved' ELSE 'unchanged' END,
  'welch', 'relative', 10, 10 + h %% 5, (h %% 40) / 100.0, -0.1, 0.3, (h %% 40) / 100.0, 0.01, 0.01,
  0.04, 5, 5, 0.1, 0.01, '{}', 7, '{}'
FROM campaigns, combination, unnest(%s::text[]) metric,
  LATERAL (SELECT abs(hashtext(campaign || metric || name))) t(h)"""
TOTALS = """
INSERT INTO campaign_totals SELECT campaign, metric, 's', %(count)s, %(count)s * 5, 1000, 10
FROM campaigns, unnest(%(metrics)s::text[]) metric"""
FINDINGS = """
INSERT INTO findings SELECT campaign, n, CASE n WHEN 0 THEN 'environment_change' ELSE 'cell' END,
  'duration_s', 'regressed', '{"extension": "x1"}', 0.3, 0.2, 0.4, 'relative', 4, '{}', 'text', '{}'
FROM campaigns, generate_series(0, 20) n"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nights", type=int, default=365)
    parser.add_argument("--combinations", type=int, default=1280)
    chosen = parser.parse_args()
    configuration = load_configuration(CONFIGURATION)
    with tempfile.TemporaryDirectory(prefix="lm-bench-") as folder:
        engines = EmbeddedEngines(
            Path(folder),
            environment={},
            postgres_settings=FAST,
        )
        with engines:
            url = engines.start()["LM_POSTGRES_URL"]
            with Warehouse(url) as warehouse:
                warehouse.migrate()
            metrics = [metric.name for metric in configuration.metrics]
            begun = time.monotonic()
            fill(url, metrics, nights=chosen.nights, combinations=chosen.combinations)
            print(f"history made in {time.monotonic() - begun:.0f} s", flush=True)
            scrapes(url, configuration)
            queries(url)


def fill(url: str, metrics: list[str], *, nights: int, combinations: int) -> None:
    asked = {"nights": nights, "count": combinations, "metrics": metrics}
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET jit = off")
        connection.execute(MATRIX, [combinations])
        connection.execute(COMBINATIONS)
        connection.execute(CAMPAIGNS, asked)
        connection.execute(SUMMARIES, [metrics])
        connection.execute(VERDICTS, [metrics])
        connection.execute(TOTALS, asked)
        connection.execute(FINDINGS)
        connection.execute("VACUUM ANALYZE")


def scrapes(url: str, configuration) -> None:
    settings = ExporterSettings.of(
        matrix=configuration.matrix,
        metrics=configuration.metrics,
        regression=configuration.regression,
        retention=configuration.retention,
    )
    names = [m.metric.name for m in settings.metrics]
    with closing(StandingReader(url, metrics=names)) as reader:
        made = Exposition(reader, settings, clock=SystemClock(), limit=60_000, version="0")
        changed, unchanged = [], []
        for _ in range(5):
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(
                    "UPDATE campaigns SET judged_at = now() WHERE campaign = 'weekly-000'"
                )
            changed.append(measured(made))
            unchanged.extend(measured(made) for _ in range(5))
        answer = made.answer()
    series = sum(part.count(b"\n") - part.count(b"# ") for part in answer.plain)
    print(
        f"{series} series, {sum(map(len, answer.plain)) / 2**20:.2f} MiB, "
        f"compressed {sum(map(len, answer.compressed)) / 2**10:.0f} KiB"
    )
    for what, found in (("after a change", changed), ("without one", unchanged)):
        cpu, wall = (min(values) for values in zip(*found, strict=True))
        print(f"scrape {what}: {cpu:.3f} s CPU, {wall:.3f} s")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


def measured(made: Exposition) -> tuple[float, float]:
    begun, cpu = time.perf_counter(), time.process_time()
    assert made.answer().is_warehouse_up, made.fault
    return time.process_time() - cpu, time.perf_counter() - begun


def queries(url: str) -> None:
    now = datetime.now(UTC)
    values = {
        "stage": "nightly",
        "campaign": "nightly-000",
        "metric": "duration_s",
        "dimension": "extension",
    }
    slowest = []
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET ROLE lm_reader")
        found = connection.execute("SELECT combination FROM combinations LIMIT 1").fetchone()
        values["combination"] = found[0]
        for asked in sql_queries():
            text = expanded(
                interpolated(asked.text, values), since=now - timedelta(days=365), until=now
            )
            times = []
            for _ in range(3):
                begun = time.perf_counter()
                rows = connection.execute(text).fetchall()
                times.append(time.perf_counter() - begun)
            slowest.append((min(times), len(rows), f"{asked.board}: {asked.by}"))
    for seconds, count, name in sorted(slowest, reverse=True)[:12]:
        print(f"{seconds * 1000:7.1f} ms  {count:5d} rows  {name}")
    over = [name for seconds, _, name in slowest if seconds > 0.2]
    print(f"{len(slowest)} queries, above 200 ms: {over or 'none'}")


if __name__ == "__main__":
    main()
