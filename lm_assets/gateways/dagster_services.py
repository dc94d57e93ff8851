"""Dagster's daemon and web server as child processes of a command, for one state folder."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import requests

from lm_assets.gateways.configuration import SHIPPED
from lm_assets.gateways.engines.processes import spawn, tail, undisturbed
from lm_assets.model.errors import LmError

STOP_GRACE_SECONDS = 15
# What was killed is gone when the kernel gets to it, not when the signal was sent.
KILL_GRACE_SECONDS = 5
READY_TIMEOUT_SECONDS = 90
_POLL_S = 0.05
# A run's process imports for a few seconds; on a machine with ten times its load it took more than
# the 60 that Dagster waits, and each run was given up before it began.
_PATIENCE = {"DAGSTER_GRPC_TIMEOUT_SECONDS": "300"}


_RELOAD = """
mutation {
  reloadWorkspace {
    ... on Workspace { locationEntries { locationOrLoadError { ... on PythonError { message } } } }
    ... on PythonError { message }
  }
}
"""


# Refuses other sites' pages, which Dagster's own command does not.
_WEB_SERVER = "lm_assets.orchestration.web_server"
_OWNER_ONLY = 0o700


class ServiceStartError(LmError):
    """A Dagster process did not come up; the message names its log."""


@dataclass(frozen=True, kw_only=True)
class DagsterHome:
    """A prepared DAGSTER_HOME: the instance file, the workspace file and the folder for logs."""

    directory: Path
    workspace: Path
    logs: Path

    @classmethod
    def prepare(cls, state: Path, *, project: Path = SHIPPED) -> "DagsterHome":
        """Return the home of a state folder, with the project's own instance and workspace."""
        home = cls(
            directory=state / "dagster", workspace=state / "workspace.yaml", logs=state / "logs"
        )
        for folder in (home.directory, home.logs):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(_OWNER_ONLY)
        shutil.copyfile(project / "dagster.yaml", home.directory / "dagster.yaml")
        shutil.copyfile(project / "workspace.yaml", home.workspace)
        return home


class DagsterServices:
    """Starts and stops the daemon and, when asked, the web server.

    Both get the environment given here and nothing of the caller's but what it holds. They listen
    on 127.0.0.1 only.
    """

    def __init__(self, home: DagsterHome, environment: Mapping[str, str]) -> None:
        self._home = home
        self._environment = {
            **_PATIENCE,
            **environment,
            "DAGSTER_HOME": str(home.directory.resolve()),
        }
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> "DagsterServices":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start_daemon(self) -> None:
        """Start the daemon, which evaluates sensors and schedules and launches runs."""
        program = installed_script("dagster-daemon")
        self._start("daemon", program, "run", "-w", str(self._home.workspace))

    def start_webserver(self, *, port: int) -> str:
        """Start the web server, wait until it answers, and return its address."""
        where = ("-h", "127.0.0.1", "-p", str(port), "-w", str(self._home.workspace))
        self._start("webserver", sys.executable, "-m", _WEB_SERVER, *where)
        address = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + READY_TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            self.check_alive()
            try:
                if requests.get(f"{address}/server_info", timeout=2).ok:
                    return address
            except requests.RequestException:
                time.sleep(0.25)
        raise ServiceStartError(
            f"the web server did not answer within {READY_TIMEOUT_SECONDS} s; see "
            f"{self._home.logs / 'webserver.log'}"
        )

    def reload_definitions(self, address: str) -> None:
        """Have the web server load the code location anew; runs under way go on as they began.

        Raises
        ------
        ServiceStartError
            Where the location cannot be loaded; the one of before stays.
        """
        try:
            answer = requests.post(
                f"{address}/graphql", json={"query": _RELOAD}, timeout=READY_TIMEOUT_SECONDS
            )
            answer.raise_for_status()
            entry = answer.json()["data"]["reloadWorkspace"]
        except (requests.RequestException, ValueError, KeyError, TypeError) as error:
            raise ServiceStartError(f"the definitions were not loaded anew: {error}") from error
        loaded = [entry, *(e["locationOrLoadError"] for e in entry.get("locationEntries", ()))]
        if failed := [e["message"] for e in loaded if e and e.get("message")]:
            raise ServiceStartError(f"the definitions were not loaded anew: {failed[0]}")

    def check_alive(self) -> None:
        """Raise when a started process has ended by itself."""
        for name, process in self._processes.items():
            if process.poll() is not None:
                raise ServiceStartError(
                    f"the {name} ended with exit code {process.returncode}; "
                    + tail(self._home.logs / f"{name}.log")
                )

    def stop(self) -> None:
        """Stop what was started, with all that it started itself: TERM to each group, then KILL."""
        with undisturbed():
            self._stop()

    def _stop(self) -> None:
        for process in self._processes.values():
            _signal_group(process, signal.SIGTERM)
        deadline = time.monotonic() + STOP_GRACE_SECONDS
        for process in self._processes.values():
            _wait_for_group(process, deadline=deadline)
            _signal_group(process, signal.SIGKILL)
            process.wait()
            _wait_for_group(process, deadline=time.monotonic() + KILL_GRACE_SECONDS)
        self._processes.clear()

    def _start(self, name: str, *command: str) -> None:
        self._processes[name] = spawn(
            list(command),
            log=self._home.logs / f"{name}.log",
            environment=self._environment,
        )


def installed_script(name: str) -> str:
    """Return the path of a program that a package of this environment installed."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.is_file() else shutil.which(name)
    if found is None:
        raise ServiceStartError(f"{name} is not installed beside {sys.executable}")
    return found


def _group_is_there(process: subprocess.Popen[bytes]) -> bool:
    """Tell whether the process or one that it started still runs; each was given its own group."""
    if process.poll() is not None:
        # As the first process of a container one inherits the orphans and must bury them.
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-process.pid, os.WNOHANG)[0]:
                pass
    try:
        os.killpg(process.pid, 0)
    except ProcessLookupError:
        return False
    return True


def _wait_for_group(process: subprocess.Popen[bytes], *, deadline: float) -> None:
    while _group_is_there(process) and time.monotonic() < deadline:
        time.sleep(_POLL_S)


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)
