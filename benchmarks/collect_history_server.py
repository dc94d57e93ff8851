"""History Server: 200 applications, ours against a bare concurrent client making the same calls.

    python -m benchmarks.collect_history_server [--spark-home DIR] [--applications 200] [--json]

A real server (pyspark's jars, Java 17) keeps 50 applications in memory, as it does by default, so
that every round has it read every log again, for either client. (Told to keep all of them it gets
slower with each, for every request then passes the handlers of all: 100 were served at 3 a second
where 40 were at 8.) The bare client asks for the very paths that ours asked for, with the same
number of threads and pooled connections, and throws the bodies away. The two take turns; the best
round of each counts. Figures are application records per second.
"""

import argparse
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter

from lm_assets.collect.spark.sources import ApplicationRef, ask_history_server_for_all
from lm_assets.gateways.engines.processes import free_port
from lm_assets.gateways.http.history_server import TASKS_PER_PAGE, HistoryServer
from lm_assets.gateways.http.json_http import HttpLimits
from lm_assets_tests.fakes.spark_events import event_lines, eventful_application
from lm_assets_tests.integration.ended import end_for_certain

CONCURRENCY = 4


def spark_home(given: Path | None) -> Path:
    if given:
        return given
    found = importlib.util.find_spec("pyspark")
    if found is None or found.origin is None:
        sys.exit("no Spark: install the extra `spark` or give --spark-home")
    return Path(found.origin).parent


@contextmanager
def server(home: Path, logs: Path, applications: int) -> Iterator[str]:
    port = free_port()
    options = {
        "spark.history.fs.logDirectory": logs.as_uri(),
        "spark.history.ui.port": str(port),
    }
    java = shutil.which("java") or sys.exit("no java: install a Java 17 runtime")
    command = [java, "-Xmx4g", *(f"-D{name}={value}" for name, value in options.items())]
    command += ["-cp", f"{home}/jars/*", "org.apache.spark.deploy.history.HistoryServer"]
    environment = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1"}
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        url = f"http://127.0.0.1:{port}"
        while listed(url) < applications:
            if process.poll() is not None:
                sys.exit("the History Server ended by itself")
            time.sleep(0.5)
        yield url
    finally:
        end_for_certain(process)


def listed(url: str) -> int:
    try:
        with urllib.request.urlopen(f"{url}/api/v1/applications") as answer:
            return int(answer.read().count(b'"attempts"'))
    except urllib.error.URLError:
        return 0


def paths_of(url: str, app_id: str) -> list[str]:
    base = f"{url}/api/v1/applications/{app_id}"
    stages = requests.get(f"{base}/stages", timeout=60).json()
    page = f"offset=0&length={TASKS_PER_PAGE}&sortBy=ID"
    rows = [
        f"{base}/stages/{s['stageId']}/{s['attemptId']}/taskList?{page}"
        for s in stages
        if s["numCompleteTasks"] + s["numFailedTasks"] + s["numKilledTasks"]
    ]
    return [
        base,
        *(f"{base}/{x}" for x in ("stages", "jobs", "allexecutors", "environment")),
        *rows,
    ]


def bare(paths: list[list[str]]) -> None:
    session = requests.Session()
    session.mount("http://", HTTPAdapter(pool_maxsize=CONCURRENCY))

    def ask(of_one: list[str]) -> None:
        for path in of_one:
            session.get(path, timeout=60).raise_for_status()

    with ThreadPoolExecutor(CONCURRENCY) as pool:
        list(pool.map(ask, paths))
    session.close()


def ours(url: str, ids: list[str]) -> None:
    history_server = HistoryServer(url, limits=HttpLimits(max_concurrent=CONCURRENCY))
    refs = [ApplicationRef(app_id=app_id) for app_id in ids]
    answers = ask_history_server_for_all(history_server, refs, concurrency=CONCURRENCY)
    history_server.close()
    if not all(a.measurements.values.get("failed_tasks") == 2 for a in answers):
        sys.exit("an application was not collected")


def seconds(run: Callable[[], None]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--spark-home", type=Path)
    parser.add_argument("--applications", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    ids = [f"app-{number:05d}" for number in range(options.applications)]
    with tempfile.TemporaryDirectory() as folder:
        for app_id in ids:
            (Path(folder) / app_id).write_bytes(event_lines(*eventful_application(app_id)))
        with server(spark_home(options.spark_home), Path(folder), len(ids)) as url:
            cold_s = seconds(lambda: ours(url, ids))
            paths = [paths_of(url, app_id) for app_id in ids]
            best_bare = best_ours = float("inf")
            for _ in range(options.rounds):
                best_bare = min(best_bare, seconds(lambda: bare(paths)))
                best_ours = min(best_ours, seconds(lambda: ours(url, ids)))
    figures = {
        "applications": len(ids),
        "calls": sum(map(len, paths)),
        "cold_applications_per_s": round(len(ids) / cold_s, 1),
        "bare_applications_per_s": round(len(ids) / best_bare, 1),
        "ours_applications_per_s": round(len(ids) / best_ours, 1),
        "share_of_bare": round(best_bare / best_ours, 2),
    }
    if options.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:26} {value}")


if __name__ == "__main__":
    main()
