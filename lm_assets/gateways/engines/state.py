"""What the embedded engines keep in their state folder: keys, ports, and who runs them."""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal, TypedDict, TypeVar

import msgspec

from lm_assets.gateways.engines.processes import EngineError

T = TypeVar("T")

_PRIVATE = 0o600
_Port = Annotated[int, msgspec.Meta(ge=1, le=65_535)]


class _Process(TypedDict):
    pid: Annotated[int, msgspec.Meta(ge=1)]
    started: str


class Running(TypedDict, total=False):
    """What a start writes down: its servers' processes and ports, and the variables they need."""

    processes: dict[Literal["s3", "postgres"], _Process]
    ports: list[_Port]
    environment: dict[str, str]


def write_private(path: Path, content: bytes) -> None:
    """Write a file in one move that its owner alone can read, whatever stood there before."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    fresh.replace(path)


class StateFolder:
    """The folder of one pair of engines. Files with secrets are readable by their owner only."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory.resolve()

    def prepare(self) -> None:
        """Make the folder; as root others may pass through it (Postgres runs as another user)."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self.directory.chmod(0o711 if os.geteuid() == 0 else 0o700)

    @contextmanager
    def ownership(self) -> Iterator[bool]:
        """Give True to the one command that may start and stop the engines, else False.

        The lock is the kernel's: it is released when its holder dies, however it dies.
        """
        descriptor = os.open(self.directory / "engines.lock", os.O_RDWR | os.O_CREAT, _PRIVATE)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                os.ftruncate(descriptor, 0)
                os.write(descriptor, f"{os.getpid()}\n".encode())
                yield True
        finally:
            os.close(descriptor)

    @property
    def owner(self) -> int | None:
        """The process of the command that has started the engines; None when none has them."""
        try:
            with self.ownership() as is_free:
                if is_free:
                    return None
            return int((self.directory / "engines.lock").read_text().strip() or 0)
        except (FileNotFoundError, ValueError):
            return None

    def secret(self, name: str) -> str:
        """Return the generated secret of this name, the same for the life of the folder."""
        path = self.directory / "secrets.json"
        kept = self._load(path, dict[str, str], otherwise={})
        if name not in kept:
            kept[name] = secrets.token_hex(20)
            self._save(path, kept)
        return kept[name]

    @property
    def running(self) -> Running:
        """What the last start wrote down; ``{}`` when nothing was, or it has been stopped."""
        return self._load(self.directory / "engines.json", Running, otherwise=Running())

    def record_running(self, facts: Mapping[str, Any]) -> None:
        """Write down what is running."""
        self._save(self.directory / "engines.json", facts)

    def _load(self, path: Path, form: type[T], *, otherwise: T) -> T:
        try:
            return msgspec.json.decode(path.read_bytes(), type=form)
        except FileNotFoundError:
            return otherwise
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise EngineError(
                f"{path} is not what a start wrote ({error}); remove it and start again"
            ) from error

    def _save(self, path: Path, content: Mapping[str, Any]) -> None:
        write_private(path, json.dumps(content, indent=1).encode())
