"""Real servers of a test's own, that can be stopped, killed and started again where they were."""

import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from lm_assets.gateways.engines.databases import ensure_database, sibling_url
from lm_assets.gateways.engines.postgres import PostgresServer
from lm_assets.gateways.engines.processes import free_ports
from lm_assets.gateways.engines.seaweedfs import PORT_FLAGS, SeaweedServer, weed_executable
from lm_assets_tests.integration.ended import end_for_certain

_PASSWORD = "only-for-tests"
BUCKET = "load-metrics"


class OwnPostgres:
    """A Postgres of the test's own, with a database for the warehouse and one for Dagster."""

    def __init__(
        self,
        folder: Path,
        *,
        settings: Mapping[str, str] | None = None,
        password: str = _PASSWORD,
    ) -> None:
        self._folder = folder
        self._settings = settings
        self._password = password
        self.start()
        self.server_url = self._server.url("postgres")
        for name in ("load_metrics", "dagster"):
            ensure_database(self.server_url, name)
        self.url = sibling_url(self.server_url, "load_metrics")
        self.environment = {
            "LM_POSTGRES_URL": self.url,
            "LM_DAGSTER_POSTGRES_URL": sibling_url(self.server_url, "dagster"),
        }

    def start(self) -> None:
        self._server = PostgresServer(
            self._folder, password=self._password, settings=self._settings
        )
        self._process = self._server.launch()
        self._server.wait()

    def is_running(self) -> bool:
        return self._process.poll() is None

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        _end(self._process, number)


class OwnObjectStore:
    """A SeaweedFS of the test's own, always on the same ports."""

    def __init__(self, folder: Path, *, password: str = _PASSWORD) -> None:
        self._folder = folder
        self._keys = {"access_key_id": "id", "secret_access_key": password}
        self._ports = free_ports(len(PORT_FLAGS))
        self.start()
        self.environment = {
            "LM_S3_ENDPOINT": self._server.endpoint,
            "LM_S3_BUCKET": BUCKET,
            "AWS_ACCESS_KEY_ID": self._keys["access_key_id"],
            "AWS_SECRET_ACCESS_KEY": self._keys["secret_access_key"],
            "AWS_REGION": "us-east-1",
        }

    def start(self) -> None:
        self._server = SeaweedServer(self._folder, bucket=BUCKET, ports=self._ports, **self._keys)
        assert self._server.ports == self._ports, "another process took the server's ports"
        self._process = self._server.launch()
        self._server.wait()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        _end(self._process, number)

    def shell(self, *commands: str) -> str:
        """Give commands to the server's own shell, which is let in by the server's certificate."""
        ports = dict(zip(PORT_FLAGS, self._ports, strict=True))
        master, filer = (
            f"127.0.0.1:{ports[f'{part}.port']}.{ports[f'{part}.port.grpc']}"
            for part in ("master", "filer")
        )
        done = subprocess.run(
            [weed_executable(), "shell", f"-master={master}", f"-filer={filer}"],
            input="\n".join([*commands, "exit", ""]),
            cwd=next(self._folder.rglob("security.toml")).parent,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout + done.stderr


def _end(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    end_for_certain(process, first=number, grace_s=30 if number is signal.SIGINT else 5)
