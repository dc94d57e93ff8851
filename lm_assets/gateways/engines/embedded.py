"""Both engines of one state folder, and the environment variables that lead to them."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Self

from lm_assets.gateways.engines.databases import ensure_database, sibling_url
from lm_assets.gateways.engines.postgres import PostgresServer
from lm_assets.gateways.engines.processes import (
    STOP_GRACE_S,
    EngineError,
    ProcessIdentity,
    stop,
    tail,
    undisturbed,
)
from lm_assets.gateways.engines.seaweedfs import SeaweedServer, remove_sockets
from lm_assets.gateways.engines.state import StateFolder
from lm_assets.gateways.object_store.s3 import DEFAULT_BUCKET, S3ObjectStore

WAREHOUSE_DATABASE = "load_metrics"
DAGSTER_DATABASE = "dagster"
ACCESS_KEY_ID = "load-metrics"
_STOP_SIGNALS = {"s3": signal.SIGTERM, "postgres": signal.SIGINT}
_TITLES = {"s3": "SeaweedFS", "postgres": "Postgres"}
_OTHERS_START_S = 90.0
_POLL_S = 0.1
_S3_VARIABLES = (
    "LM_S3_ENDPOINT",
    "LM_S3_BUCKET",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
)


class EmbeddedEngines:
    """An S3 server and a Postgres for as long as a ``with`` block lasts.

    The first command on a state folder starts and stops the servers; a second one, at the same
    time, uses the first one's. A server that a killed command left behind is stopped before a new
    one is started. What the environment already names (``LM_S3_ENDPOINT``, ``LM_POSTGRES_URL``)
    is used as it is and not started.

    Start it from a thread that lives as long as the servers should: they end with it.

    Parameters
    ----------
    directory : Path
        The state folder: data, logs, generated keys. Made when it is not there.
    environment : mapping, optional
        Where a user's own servers are looked up; the process's environment when not given.
    postgres_settings : mapping, optional
        Server settings for the embedded Postgres, beside its defaults.
    """

    def __init__(
        self,
        directory: Path,
        *,
        environment: Mapping[str, str] | None = None,
        postgres_settings: Mapping[str, str] | None = None,
    ) -> None:
        self._state = StateFolder(directory)
        self._given = dict(os.environ if environment is None else environment)
        self._stack = ExitStack()
        self._postgres_settings = dict(postgres_settings or {})
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._others: dict[str, ProcessIdentity] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> dict[str, str]:
        """Start what is needed and return the variables for this process and its children.

        Returns
        -------
        dict of str to str
            ``LM_S3_ENDPOINT``, ``LM_S3_BUCKET``, ``AWS_ACCESS_KEY_ID``, ``AWS_SECRET_ACCESS_KEY``,
            ``AWS_REGION``, ``LM_POSTGRES_URL`` and ``LM_DAGSTER_POSTGRES_URL``; those of a user's
            own server as they were given. The bucket and both databases are there.
        """
        self._state.prepare()
        if self._stack.enter_context(self._state.ownership()):
            try:
                self._end_left_over()
                return self._start_own()
            except BaseException:
                self.stop()
                raise
        return self._join()

    def check_alive(self) -> None:
        """Raise when a server that this object uses has ended, its own or another command's.

        Raises
        ------
        EngineError
            Naming the server, how it ended and the last lines of its log.
        """
        for name, process in self._processes.items():
            if process.poll() is not None:
                log = self._state.directory / name / "server.log"
                how = f"ended by itself (exit status {process.returncode})"
                raise EngineError(f"{_TITLES[name]} {how}; {tail(log)}")
        for name, identity in self._others.items():
            if not identity.is_running():
                raise EngineError(
                    f"{_TITLES[name]} of {self._state.directory} was another command's, and has "
                    "ended with it; start this one again"
                )

    def stop(self) -> None:
        """Stop what this object started; what another command started is left running."""
        with undisturbed():
            self._stop()

    def _stop(self) -> None:
        for name, process in self._processes.items():
            if process.poll() is None:
                process.send_signal(_STOP_SIGNALS[name])
        for process in self._processes.values():
            try:
                process.wait(STOP_GRACE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if "s3" in self._processes:
            remove_sockets(self._state.directory / "s3", self._ports())
        if self._processes:
            self._state.record_running({"ports": self._ports()})
            self._processes = {}
        self._stack.close()

    def _start_own(self) -> dict[str, str]:
        s3 = None if self._given.get("LM_S3_ENDPOINT") else self._s3_server()
        postgres = None if self._given.get("LM_POSTGRES_URL") else self._postgres_server()
        # Both are launched before either is waited for: they come up at the same time.
        if s3:
            self._processes["s3"] = s3.launch()
            self._record(ports=s3.ports)
        if postgres:
            self._processes["postgres"] = postgres.launch()
            self._record(ports=s3.ports if s3 else [])
        for server in (postgres, s3):
            if server:
                server.wait()
        environment = {**self._s3_variables(s3), **self._postgres_variables(postgres)}
        self._record(ports=s3.ports if s3 else [], environment=environment)
        return environment

    def _record(self, **facts: object) -> None:
        identities = {n: ProcessIdentity.of(p.pid) for n, p in self._processes.items()}
        known = {name: asdict(identity) for name, identity in identities.items() if identity}
        self._state.record_running({"processes": known, **facts})

    def _s3_server(self) -> SeaweedServer:
        return SeaweedServer(
            self._state.directory / "s3",
            access_key_id=ACCESS_KEY_ID,
            secret_access_key=self._state.secret("s3_secret_access_key"),
            bucket=self._given.get("LM_S3_BUCKET") or DEFAULT_BUCKET,
            ports=self._ports(),
        )

    def _postgres_server(self) -> PostgresServer:
        return PostgresServer(
            self._state.directory / "postgres",
            password=self._state.secret("postgres_password"),
            settings=self._postgres_settings,
        )

    def _s3_variables(self, server: SeaweedServer | None) -> dict[str, str]:
        if server is None:
            S3ObjectStore.from_environment(self._given).ensure_bucket()
            return {name: self._given[name] for name in _S3_VARIABLES if name in self._given}
        return {
            "LM_S3_ENDPOINT": server.endpoint,
            "LM_S3_BUCKET": server.bucket,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
            "AWS_SECRET_ACCESS_KEY": self._state.secret("s3_secret_access_key"),
            "AWS_REGION": "us-east-1",
        }

    def _postgres_variables(self, server: PostgresServer | None) -> dict[str, str]:
        if server:
            warehouse = server.url(WAREHOUSE_DATABASE)
            ensure_database(server.url("postgres"), WAREHOUSE_DATABASE)
        else:
            warehouse = self._given["LM_POSTGRES_URL"]
        dagster = self._given.get("LM_DAGSTER_POSTGRES_URL")
        if not dagster:
            dagster = sibling_url(warehouse, DAGSTER_DATABASE)
            ensure_database(warehouse, DAGSTER_DATABASE)
        return {"LM_POSTGRES_URL": warehouse, "LM_DAGSTER_POSTGRES_URL": dagster}

    def _end_left_over(self) -> None:
        running = self._state.running.get("processes", {})
        for name, identity in running.items():
            stop(ProcessIdentity(**identity), first=_STOP_SIGNALS[name])
        if "s3" in running:
            remove_sockets(self._state.directory / "s3", self._ports())

    def _ports(self) -> list[int]:
        """Return the object store's ports of this start, or of the last one."""
        ports: list[int] = self._state.running.get("ports", [])
        return ports

    def _join(self) -> dict[str, str]:
        """Return the variables of the engines that another command has started."""
        deadline = time.monotonic() + _OTHERS_START_S
        while time.monotonic() < deadline:
            environment: dict[str, str] = self._state.running.get("environment", {})
            if environment:
                found = self._state.running.get("processes", {})
                self._others = {n: ProcessIdentity(**known) for n, known in found.items()}
                return environment
            time.sleep(_POLL_S)
        raise EngineError(
            f"another command holds {self._state.directory} and has not started its engines "
            f"within {_OTHERS_START_S:.0f} s; stop it, or name another state folder"
        )
