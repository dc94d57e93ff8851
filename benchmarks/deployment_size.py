"""What each process of a deployment takes while a campaign is judged, and what the campaign leaves.

    python -m benchmarks.deployment_size [--combinations 320 1280]

The campaign of `campaign_daemon`, through the real daemon, with the web server and the exporter
beside it, on a real SeaweedFS and Postgres. Memory is the largest sum of a kind's processes (PSS:
pages that several share are counted once), CPU the seconds from `_SUCCESS` to the end of the run;
what a process takes while nothing happens is told apart. Then the size of the databases and of the
bucket, and both for a year of such nights at the shipped days of retention.
"""

import argparse
import os
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg

from benchmarks.campaign_daemon import PATIENCE_S, WARM_UP_S
from benchmarks.simulated_campaign import PROJECT, SimulatedPlatform, land, simulated_platform
from lm_assets.gateways.bucket import object_keys
from lm_assets.gateways.bucket.retention import wanted_days
from lm_assets.gateways.dagster_services import DagsterHome, DagsterServices, installed_script
from lm_assets.gateways.engines import EmbeddedEngines
from lm_assets.gateways.engines.processes import free_port, spawn
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.gateways.warehouse import Warehouse
from lm_assets.model.retention import RetentionPolicy
from lm_assets.orchestration.instance import make_instance_tables, wait_for_campaign

EVERY_S = 0.25
IDLE_S = 20.0
_TICKS = os.sysconf("SC_CLK_TCK")
# By what stands in the command line; the first that fits. A run is a child of the code server.
KINDS = {
    "code server": ("api grpc", "multiprocessing"),
    "daemon": ("dagster-daemon",),
    "web server": ("orchestration.web_server",),
    "exporter": ("lm exporter",),
    "Postgres": ("postgres",),
    "object store": ("weed",),
}


class Watched:
    """Memory and CPU of this process's descendants by kind, looked at four times a second."""

    def __init__(self) -> None:
        self.peak_mb: Counter[str] = Counter()
        self._cpu: dict[int, tuple[str, float]] = {}
        self._before: dict[int, float] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._before = {pid: cpu for pid, (_, cpu, _) in _descendants().items()}
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopped.set()
        self._thread.join()

    @property
    def cpu_s(self) -> Counter[str]:
        """Seconds of CPU by kind since the beginning."""
        spent: Counter[str] = Counter()
        for pid, (kind, cpu) in self._cpu.items():
            spent[kind] += cpu - self._before.get(pid, 0.0)  # type: ignore[assignment]
        return spent

    def _watch(self) -> None:
        while not self._stopped.wait(EVERY_S):
            now: Counter[str] = Counter()
            for pid, (kind, cpu, memory_mb) in _descendants().items():
                now[kind] += memory_mb  # type: ignore[assignment]
                self._cpu[pid] = (kind, cpu)
            self.peak_mb |= now


def _descendants() -> dict[int, tuple[str, float, float]]:
    """Return kind, seconds of CPU and megabytes of each process below this one, by its number."""
    parents: dict[int, int] = {}
    found: dict[int, tuple[str, float, float]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                rollup = (folder / "smaps_rollup").read_text()
            except OSError:
                continue
            pid = int(folder.name)
            parents[pid] = int(fields[1])
            pss = next((line.split()[1] for line in rollup.splitlines() if "Pss:" in line), "0")
            cpu = (int(fields[11]) + int(fields[12])) / _TICKS
            found[pid] = (_kind(command), cpu, int(pss) / 1024)
    return {pid: it for pid, it in found.items() if it[0] and _is_below(pid, parents)}


def _kind(command: str) -> str:
    return next((kind for kind, words in KINDS.items() if any(w in command for w in words)), "")


def _is_below(pid: int, parents: Mapping[int, int]) -> bool:
    while pid in parents:
        pid = parents[pid]
        if pid == os.getpid():
            return True
    return False


def watched_campaign(
    folder: Path, platform: SimulatedPlatform, environment: Mapping[str, str]
) -> tuple[Watched, Watched]:
    """Judge the campaign with everything up; return what was seen before and while it ran."""
    home = DagsterHome.prepare(folder / "state", project=PROJECT)
    variables = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "PYTHONPATH": str(PROJECT),
        "LM_CONFIG_DIR": str(platform.config),
        **environment,
    }
    os.environ.update(environment)
    make_instance_tables(home.directory)
    store = S3ObjectStore.from_environment(environment)
    exporter = spawn(
        [installed_script("lm"), "exporter", "--listen", f"127.0.0.1:{free_port()}"],
        log=folder / "exporter.log",
        environment=variables,
    )
    try:
        with DagsterServices(home, variables) as services:
            services.start_daemon()
            services.start_webserver(port=free_port())
            land(store, platform, end_mark=False)
            time.sleep(WARM_UP_S)
            with Watched() as idle:
                time.sleep(IDLE_S)
            with Watched() as busy:
                store.write(object_keys.success_key(platform.campaign), b"")
                wait_for_campaign(
                    platform.campaign,
                    home=home.directory,
                    timeout_s=PATIENCE_S,
                    check_alive=services.check_alive,
                )
    finally:
        exporter.terminate()
        exporter.wait()
    return idle, busy


def left(environment: Mapping[str, str]) -> dict[str, float]:
    """Return the megabytes of the databases and of each prefix of the bucket."""
    sizes: Counter[str] = Counter()
    store = S3ObjectStore.from_environment(environment)
    for item in store.list(""):
        sizes[item.key.partition("/")[0] + "/"] += item.size
    megabytes = {prefix: size / 1e6 for prefix, size in sizes.items()}
    for name in ("LM_POSTGRES_URL", "LM_DAGSTER_POSTGRES_URL"):
        with psycopg.connect(environment[name]) as connection:
            row = connection.execute("SELECT pg_database_size(current_database()) / 1e6").fetchone()
        megabytes[name] = float(row[0]) if row else 0.0
    return megabytes


def measure(combinations: int) -> None:
    """Measure one size and print it."""
    with tempfile.TemporaryDirectory(prefix="lm-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        platform = simulated_platform(folder, combinations=combinations)
        with EmbeddedEngines(folder / "engines", environment={}) as engines:
            environment = engines.start()
            with Warehouse.from_environment(environment) as warehouse:
                warehouse.migrate()
            empty = left(environment)
            idle, busy = watched_campaign(folder, platform, environment)
            after = left(environment)
    print(f"{combinations} combinations × 5 runs")
    print(f"  {'':14}{'idle MB':>9}{'peak MB':>9}{'idle CPU %':>12}{'CPU s':>8}")
    for kind in KINDS:
        share = 100 * idle.cpu_s[kind] / IDLE_S
        print(
            f"  {kind:14}{idle.peak_mb[kind]:9.0f}{busy.peak_mb[kind]:9.0f}"
            f"{share:12.1f}{busy.cpu_s[kind]:8.1f}"
        )
    days = wanted_days(RetentionPolicy())
    print(f"  {'left (MB)':28}{'a campaign':>12}{'a year of nights':>18}")
    for where, size in sorted(after.items()):
        grown = size - empty.get(where, 0.0)
        kept = min(days.get(where, 365), 365)
        print(f"  {where:28}{grown:12.1f}{grown * kept:18.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--combinations", type=int, nargs="+", default=[320, 1_280])
    for size in parser.parse_args().combinations:
        measure(size)


if __name__ == "__main__":
    main()
