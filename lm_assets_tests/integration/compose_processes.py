"""The services of deploy/compose.yaml as processes of this machine, on its own settings.

What a container would have of its own is put in its place: hosts are 127.0.0.1, ports are free
ones, mounted folders are copies in the test's folder, Postgres and the object store are the test's.
The commands, the environment, the image's own variables and the databases' script are those of the
files.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

import psycopg

from lm_assets.gateways.engines.processes import free_ports, spawn
from lm_assets_tests.conftest import PROJECT
from lm_assets_tests.deploy.compose_file import DEPLOY, example_variables, filled, services
from lm_assets_tests.deploy.dockerfile import instructions
from lm_assets_tests.integration.own_servers import OwnObjectStore, OwnPostgres

_STOP_S = 20
_MOUNTS = {
    "/etc/lm-assets/config": PROJECT / "config",
    "/etc/lm-assets/dagster": DEPLOY / "dagster",
    "/etc/prometheus": PROJECT / "prometheus",
    "/etc/alertmanager": PROJECT / "prometheus",
}
_DATABASE = re.compile(r"postgresql://(?P<who>[^@]+)@postgres:5432/(?P<name>\w+)")


class ComposeProcesses:
    """Starts services by their names, and ends all of them for certain."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.postgres = OwnPostgres(folder / "postgres")
        self.object_store = OwnObjectStore(folder / "s3")
        wanted = ("4000", "3000", "9464", "9090", "9093")
        self.ports = dict(zip(wanted, map(str, free_ports(len(wanted))), strict=True))
        self.variables = {
            **example_variables(),
            **{name: f"{name.lower()}-0123" for name, v in example_variables().items() if not v},
            **{n: "" for n in example_variables() if n.startswith(("LM_HISTORY", "LM_PROM"))},
            **{n: "" for n in example_variables() if re.match("LM_(SLACK|WEBHOOK|REPORTS)", n)},
            **self.object_store.environment,
        }
        self._mounts = {inside: self._copied(source) for inside, source in _MOUNTS.items()}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._make_databases()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._processes.values()):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
        deadline = time.monotonic() + _STOP_S
        for process in self._processes.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, deadline - time.monotonic()))
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self.object_store.stop()
        self.postgres.stop()

    def start(self, *names: str) -> None:
        """Start services; their health is asked with `is_healthy`."""
        for service in names:
            self._processes[service] = spawn(
                self._command(service),
                log=self.folder / f"{service}.log",
                environment=self.environment(service),
                folder=self.folder,
            )

    def run(self, service: str) -> subprocess.CompletedProcess[str]:
        """Run a service that ends by itself."""
        return subprocess.run(
            self._command(service),
            env=self.environment(service),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    def is_healthy(self, service: str) -> bool:
        """Ask as the compose file does."""
        process = self._processes[service]
        assert process.poll() is None, f"{service} ended: {self.log(service)[-2000:]}"
        _, *check = services()[service]["healthcheck"]["test"]
        done = subprocess.run(
            [self._translated(word) for word in check],
            env=self.environment(service),
            cwd=self.folder,
            capture_output=True,
            timeout=120,
            check=False,
        )
        return done.returncode == 0

    def log(self, service: str) -> str:
        return (self.folder / f"{service}.log").read_text(errors="replace")

    def environment(self, service: str) -> dict[str, str]:
        """The image's own variables, and above them those of the service."""
        given = filled(services()[service].get("environment", {}), self.variables)
        image = dict(re.findall(r"([A-Z0-9_]+)=(\S+)", _env_lines()))
        programs = f"{Path(sys.executable).parent}:{image.pop('PATH')}"
        return {
            **{name: self._translated(value) for name, value in image.items()},
            **{name: self._translated(str(value)) for name, value in given.items()},
            "PATH": programs,
            "HOME": str(self.folder),
            "PYTHONPATH": str(PROJECT),
        }

    def platform_environment(self) -> Mapping[str, str]:
        """What a process of the platform's own has."""
        return self.environment("code-server")

    def _command(self, service: str) -> list[str]:
        command = [self._translated(word) for word in filled(_command_of(service), self.variables)]
        if service in {"prometheus", "alertmanager"}:
            port = self.ports["9090" if service == "prometheus" else "9093"]
            return [_program(service), *command, f"--web.listen-address=127.0.0.1:{port}"]
        return command

    def _translated(self, text: str) -> str:
        if found := _DATABASE.fullmatch(text):
            place = self.postgres.url.partition("@")[2].replace("load_metrics", found["name"])
            return f"postgresql://{found['who']}@{place}"
        text = text.replace("code-server", "127.0.0.1").replace("0.0.0.0", "127.0.0.1")
        for inside, copy in self._mounts.items():
            text = text.replace(inside, str(copy))
        text = re.sub(r"^(--storage[.\w]*path=)(/\w+)", rf"\1{self.folder}\2", text)
        for port, free in self.ports.items():
            text = re.sub(rf"(?<!\d){port}(?!\d)", free, text)
        return text

    def _copied(self, source: Path) -> Path:
        copy = self.folder / "mounts" / f"{source.parent.name}-{source.name}"
        if not copy.exists():
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
            for file in [*copy.glob("*.yml"), *copy.glob("*.yaml")]:
                text = file.read_text(encoding="utf-8")
                for port, free in self.ports.items():
                    text = re.sub(rf"(?<=[: ]){port}(?!\d)", free, text)
                text = text.replace("/tmp/compute-logs", str(self.folder / "compute-logs"))
                file.write_text(text, encoding="utf-8")
        return copy

    def _make_databases(self) -> None:
        """Run the script of the image of Postgres on an empty server."""

        with psycopg.connect(self.postgres.server_url, autocommit=True) as server:
            for name in ("load_metrics", "dagster"):
                server.execute(f"DROP DATABASE {name}")
            info = server.info
            connection = {
                "PGHOST": info.host, "PGPORT": str(info.port), "PGPASSWORD": info.password,
                "POSTGRES_USER": info.user, "PATH": os.environ["PATH"],
            }  # fmt: skip
        passwords = {n: self.variables[n] for n in ("LM_DB_PASSWORD", "LM_READER_PASSWORD")}
        done = subprocess.run(
            ["sh", DEPLOY / "postgres" / "10-databases.sh"],
            env={**connection, **passwords},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr


def _command_of(service: str) -> list[str]:
    command: list[str] = services()[service]["command"]
    return command


def _env_lines() -> str:
    return " ".join(
        line for name, line in instructions(DEPLOY / "Dockerfile") if name == "ENV"
    ).replace('"', "")


def _program(service: str) -> str:
    """Debian's name of a program that the image of its own has as entry point."""
    names = (service, f"prometheus-{service}")
    return next(found for name in names if (found := shutil.which(name)))
