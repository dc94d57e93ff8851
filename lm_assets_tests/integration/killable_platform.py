"""The real daemon on servers of a test's own, every part of which can be killed by itself."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self, TypeVar

import dagster as dg
import pytest
import yaml

from lm_assets.gateways.dagster_services import DagsterHome, DagsterServices
from lm_assets.gateways.warehouse import Warehouse
from lm_assets_tests.conftest import PROJECT
from lm_assets_tests.integration.fault_trials import CampaignRuns
from lm_assets_tests.integration.own_servers import OwnObjectStore, OwnPostgres

T = TypeVar("T")

# Dagster's own 20 s between two looks at a run would be most of a test.
LOOKS_OFTEN: Mapping[str, object] = {
    "run_monitoring": {
        "enabled": True,
        "poll_interval_seconds": 2,
        "start_timeout_seconds": 300,
        "max_resume_run_attempts": 0,
    }
}
# A machine that does other things as well takes its time.
_LONGEST_S = 400.0
_ENDED = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)


class KillablePlatform:
    """One Dagster instance with its daemons, one S3 server, one Postgres.

    ``instance`` replaces parts of the project's dagster.yaml, ``more`` goes into the environment.
    """

    def __init__(
        self,
        folder: Path,
        *,
        instance: Mapping[str, object] | None = None,
        more: Mapping[str, str] | None = None,
        postgres: OwnPostgres | None = None,
        object_store: OwnObjectStore | None = None,
    ) -> None:
        self.postgres = postgres or OwnPostgres(folder / "postgres")
        self.object_store = object_store or OwnObjectStore(folder / "s3")
        self._home = DagsterHome.prepare(folder / "state", project=PROJECT)
        self.home, self.logs = self._home.directory, self._home.logs
        settings = yaml.safe_load((self.home / "dagster.yaml").read_text(encoding="utf-8"))
        (self.home / "dagster.yaml").write_text(yaml.safe_dump({**settings, **(instance or {})}))
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "LM_CONFIG_DIR": str(PROJECT / "config"),
            "PYTHONPATH": str(PROJECT),
            **self.postgres.environment,
            **self.object_store.environment,
            **(more or {}),
        }
        with Warehouse.from_environment(self.environment) as warehouse:
            warehouse.migrate()
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.environment.items():
                patch.setenv(name, value)
            self.instance = dg.DagsterInstance.from_config(str(self._home.directory))
            self.instance.get_runs(limit=1)
        self._daemons: list[DagsterServices] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.instance.dispose()
        # A daemon ends by itself within half a minute; nothing is to be seen of it any more.
        for pid in processes_that_name(str(self._home.workspace)):
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
        for daemon in self._daemons:
            daemon.stop()
        self.object_store.stop()
        self.postgres.stop()

    def runs_of(self, campaign: str) -> CampaignRuns:
        return CampaignRuns(self.environment, campaign)

    def start_daemon(self) -> DagsterServices:
        """Start one more daemon; it is at work when this returns."""
        before = self._daemons_that_began()
        daemon = DagsterServices(self._home, self.environment)
        self._daemons.append(daemon)
        daemon.start_daemon()
        waited_for(lambda: self._daemons_that_began() > before or None, "the daemon")
        return daemon

    def _daemons_that_began(self) -> int:
        log = self._home.logs / "daemon.log"
        return log.read_text().count("configured with the following daemons") if log.exists() else 0

    def stop_daemon(self, daemon: DagsterServices) -> None:
        daemon.stop()
        self._daemons.remove(daemon)

    def kill_everything_of(self, run_id: str) -> None:
        """Kill the daemon, its code server and a run's process, without any goodbye."""
        run = self.instance.get_run_by_id(run_id)
        assert run is not None
        servers = processes_that_name(json.loads(run.tags[".dagster/grpc_info"])["socket"])
        daemons = processes_that_name(str(self._home.workspace))
        assert servers
        assert daemons
        for pid in (*daemons, *servers, self.worker(run_id)):
            os.kill(pid, signal.SIGKILL)
        for daemon in self._daemons:
            daemon.stop()
        self._daemons.clear()

    def runs(self, campaign: str, *, since: float) -> list[dg.DagsterRun]:
        """Return a campaign's runs that were made after a moment, the newest first."""
        records = self.instance.get_run_records(dg.RunsFilter(tags={"dagster/partition": campaign}))
        return [r.dagster_run for r in records if r.create_timestamp.timestamp() >= since]

    def run_in_step(self, campaign: str, step: int, *, since: float) -> tuple[dg.DagsterRun, int]:
        """Wait until a run has begun so many steps; return it, and its process, which is halted."""

        def under_way() -> tuple[dg.DagsterRun, int] | None:
            for run in self.runs(campaign, since=since):
                begun = self.instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_START)
                if len(begun) >= step and run.status not in _ENDED:
                    pid = self.worker(run.run_id)
                    # It may end before it is halted.
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGSTOP)
                        return run, pid
            return None

        return waited_for(under_way, f"a run of {campaign} in step {step}")

    def worker(self, run_id: str) -> int:
        """Return the number of a run's process."""
        for entry in self.instance.all_logs(run_id, of_type=dg.DagsterEventType.ENGINE_EVENT):
            event = entry.dagster_event
            if event and "pid" in event.engine_event_data.metadata:
                return int(str(event.engine_event_data.metadata["pid"].value))
        raise AssertionError(f"run {run_id} has no process yet")

    def ended_well(self, campaign: str, *, since: float) -> list[dg.DagsterRun]:
        """Wait until the newest run has succeeded and no other is under way; return all."""

        def well() -> list[dg.DagsterRun] | None:
            for daemon in self._daemons:
                daemon.check_alive()
            runs = self.runs(campaign, since=since)
            done = runs and all(run.status in _ENDED for run in runs)
            return runs if done and runs[0].status is dg.DagsterRunStatus.SUCCESS else None

        return waited_for(well, f"the good end of {campaign}")


@contextmanager
def killable_platform(
    folder: Path, *, instance: Mapping[str, object] | None = None
) -> Iterator[KillablePlatform]:
    folder.mkdir(mode=0o711)
    with KillablePlatform(folder, instance=instance) as platform:
        yield platform


def waited_for(look: Callable[[], T | None], what: str) -> T:
    """Return what a look finds as soon as it does; an outage of Postgres is no answer."""
    deadline = time.monotonic() + _LONGEST_S
    while time.monotonic() < deadline:
        if (found := look()) is not None:
            return found
        time.sleep(0.1)
    raise AssertionError(f"waited {_LONGEST_S:.0f} s in vain for {what}")


def processes_that_name(argument: str) -> list[int]:
    """Return the processes that have this text in their command line."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                command = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if argument.encode() in command:
                found.append(int(folder.name))
    return found
