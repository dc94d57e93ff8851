"""Prometheus: queries and seconds for a campaign of 320 combinations × 5 runs.

    python -m benchmarks.collect_prometheus [--combinations 320] [--runs 5] [--json]

A real Prometheus (Debian's) holds the campaign, back-filled by promtool: a namespace per
combination, its runs one after another, four minutes each, a driver and two executors, scraped
every 30 s. Counted are the queries that all the runs' metrics cost, and the seconds until every
record is computed.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from lm_assets.collect.collection_config import parse_collection_config
from lm_assets.collect.prometheus.batches import RunWindow
from lm_assets.collect.prometheus.metrics import ask_prometheus
from lm_assets.gateways.engines.processes import free_port
from lm_assets.gateways.http.prometheus import Prometheus, QueryAnswer
from lm_assets_tests.fakes.cluster_exposition import Exposition, constant, line
from lm_assets_tests.integration.ended import end_for_certain

PROJECT = Path(__file__).parents[1]
START = datetime(2026, 11, 22, tzinfo=UTC)
EVERY, LASTS, SCRAPES = timedelta(minutes=5), timedelta(minutes=4), range(8)
GIB = 2**30


def campaign(combinations: int, runs: int) -> tuple[str, list[RunWindow]]:
    windows, lines = [], []
    for number in range(combinations):
        for run in range(runs):
            begin = START + run * EVERY + timedelta(seconds=number % 30)
            namespace = f"lm-{number:04d}"
            windows.append(
                RunWindow(
                    run=f"{namespace}/{run}",
                    namespace=namespace,
                    started_at=begin,
                    ended_at=begin + LASTS,
                )
            )
            lines += pods(namespace, run, int(begin.timestamp()))
    return "\n".join([*lines, "# EOF", ""]), windows


def pods(namespace: str, run: int, start_s: int) -> list[str]:
    told = Exposition(start_s=start_s)
    for pod in (f"driver-{run}", f"exec-{run}-1", f"exec-{run}-2"):
        told.ksm("status_restarts_total", namespace, pod, constant(SCRAPES, 0))
        for resource, value in (("cpu", 2), ("memory", 4 * GIB)):
            told.ksm("resource_limits", namespace, pod, constant(SCRAPES, value), resource=resource)
        cpu = line(0, 7, start=3, step=20)
        told.cadvisor("cpu_usage_seconds_total", namespace, pod, cpu, cpu="total")
        told.cadvisor("memory_working_set_bytes", namespace, pod, constant(SCRAPES, GIB))
    return told.lines


@contextmanager
def server(exposition: str) -> Iterator[str]:
    for name in ("prometheus", "promtool"):
        if shutil.which(name) is None:
            sys.exit(f"no {name}: install the package prometheus")
    with tempfile.TemporaryDirectory() as folder:
        text, data, config = (Path(folder) / name for name in ("c.om", "data", "prometheus.yml"))
        text.write_text(exposition)
        config.write_text("{}\n")
        backfill = ["promtool", "tsdb", "create-blocks-from", "--max-block-duration=168h"]
        subprocess.run([*backfill, "openmetrics", text, data, "-q"], check=True)
        port = free_port()
        command = ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={data}"]
        command += ["--storage.tsdb.retention.time=100y", f"--web.listen-address=127.0.0.1:{port}"]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            url = f"http://127.0.0.1:{port}"
            while not is_ready(url):
                if process.poll() is not None:
                    sys.exit("Prometheus ended by itself")
                time.sleep(0.1)
            yield url
        finally:
            end_for_certain(process)


def is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/-/ready"):
            return True
    except urllib.error.URLError:
        return False


class Counting(Prometheus):
    """Counts the queries that it passes on."""

    queries = 0

    def query_range(self, promql: str, **options: Any) -> QueryAnswer:
        self.queries += 1
        return super().query_range(promql, **options)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--combinations", type=int, default=320)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    content = yaml.safe_load((PROJECT / "config" / "collection.yaml").read_text())
    config = parse_collection_config(content).prometheus or sys.exit("no Prometheus configured")
    exposition, windows = campaign(options.combinations, options.runs)
    with server(exposition) as url:
        prometheus = Counting(url)
        now = START + timedelta(days=1)
        started = time.perf_counter()
        answers = ask_prometheus(prometheus, windows, config=config, now=now)
        took_s = time.perf_counter() - started
        prometheus.close()
    values = sum(len(answer.measurements.values) for answer in answers.values())
    if values != 6 * len(windows):
        sys.exit(f"{values} values instead of {6 * len(windows)}")
    figures = {
        "runs": len(windows),
        "samples": exposition.count("\n") - 2,
        "queries": prometheus.queries,
        "seconds": round(took_s, 2),
        "values": values,
    }
    if options.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:10} {value}")


if __name__ == "__main__":
    main()
