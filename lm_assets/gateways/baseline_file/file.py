"""The baseline catalogue on disk: read whole and checked, written whole or not at all."""

import contextlib
import dataclasses
import errno
import fcntl
import glob
import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from lm_assets.gateways.baseline_file.behaviour import (
    behaviour_text,
    side_file,
    with_behaviour,
)
from lm_assets.gateways.baseline_file.decode import decode_catalogue
from lm_assets.gateways.baseline_file.format import catalogue_text
from lm_assets.gateways.baseline_file.revision import file_revision
from lm_assets.model.baseline import BaselineCatalogue
from lm_assets.model.errors import ConfigurationError, LmError

__all__ = [
    "CatalogueLockedError",
    "CatalogueNotWrittenError",
    "StaleCatalogueError",
    "catalogue_fault",
    "catalogue_text",
    "content_digest",
    "read_catalogue",
    "replace_file",
    "write_catalogue",
]

# Ten times the largest matrix this was measured with; more is a mistake, not a catalogue.
MAX_BYTES = 64 * 1024 * 1024


class StaleCatalogueError(LmError):
    """The file changed between reading it and writing it; nothing was written."""


class CatalogueNotWrittenError(LmError):
    """The disk did not take the file; the old content is in place."""


class CatalogueLockedError(LmError):
    """Another process is writing the file at this moment; nothing was written."""


def read_catalogue(path: Path) -> BaselineCatalogue:
    """Return the catalogue in a file; a missing or empty file holds no baseline.

    What the baselines' runs counted is read from the side file, where there is one.

    Raises
    ------
    ConfigurationError
        Naming the file, the line, the path inside it and the rule that is broken.
    """
    content = _content(path)
    entries = decode_catalogue(_text(content, path), str(path))
    beside = side_file(path)
    if entries and (counted := _content(beside)):
        entries = with_behaviour(entries, _text(counted, beside), str(beside))
    revision = file_revision(path) if content else None
    return BaselineCatalogue(entries=entries, digest=_digest(content), revision=revision or "")


def _text(content: bytes, path: Path) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        rule = f"must be UTF-8: {error.reason} at byte {error.start}"
        raise ConfigurationError(file=f"{path}:{line}", path="$", rule=rule) from error


def content_digest(path: Path) -> str:
    """Return the SHA-256 of the file's bytes, without reading any meaning into them."""
    return _digest(_content(path))


def catalogue_fault(path: Path) -> str:
    """Return why a file cannot be used as a catalogue, with its line; empty when it can."""
    try:
        read_catalogue(path)
    except ConfigurationError as error:
        return str(error)
    return ""


def write_catalogue(
    path: Path, catalogue: BaselineCatalogue, expected_digest: str
) -> BaselineCatalogue:
    """Replace the file's content and return the catalogue with its new digest.

    The new content is complete on the disk before it takes the old one's place in one step: an
    interruption at any moment leaves one of the two, whole. The side file is written before: what
    it says of baselines that did not land belongs to none.

    Parameters
    ----------
    path : Path
        The catalogue file; its folder is made when it is not there.
    catalogue : BaselineCatalogue
        What the file will hold.
    expected_digest : str
        Digest of the content that the change was made from.

    Raises
    ------
    StaleCatalogueError
        When the file no longer has that content.
    CatalogueLockedError
        When another process is writing it.
    CatalogueNotWrittenError
        When the disk is full, or the folder cannot be written.
    """
    target = path.resolve()
    content = catalogue_text(catalogue).encode("utf-8")
    # What is written is read first: a catalogue that could not be loaded again never lands.
    decode_catalogue(content.decode("utf-8"), str(path))
    with _exclusive(target):
        found = content_digest(target)
        if found != expected_digest:
            raise StaleCatalogueError(
                f"{path}: the file changed while this change was made (its digest is {found[:12]}, "
                f"expected {expected_digest[:12]}); nothing was written: look at it and run again"
            )
        try:
            _write_side_file(target, catalogue)
            replace_file(target, content)
        except OSError as error:
            raise _not_written(path, error) from error
    return dataclasses.replace(catalogue, digest=_digest(content), revision="")


def _write_side_file(target: Path, catalogue: BaselineCatalogue) -> None:
    beside = side_file(target)
    if text := behaviour_text(catalogue.entries.values()):
        replace_file(beside, text.encode("utf-8"))
    else:
        beside.unlink(missing_ok=True)


def _not_written(path: Path, error: OSError) -> CatalogueNotWrittenError:
    return CatalogueNotWrittenError(
        f"{path}: cannot be written: {error.strerror}; the old content is in place"
    )


def _content(path: Path) -> bytes:
    try:
        if path.exists() and not path.is_file():
            raise OSError(errno.EINVAL, "it is no regular file")
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return b""
    except OSError as error:
        rule = f"cannot be read: {error.strerror}"
        raise ConfigurationError(file=str(path), path="$", rule=rule) from error
    if len(content) > MAX_BYTES:
        rule = f"must be {MAX_BYTES} bytes or smaller"
        raise ConfigurationError(file=str(path), path="$", rule=rule)
    return content


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def replace_file(target: Path, content: bytes) -> None:
    """Put a file's new content in place of the old in one step, for one writer at a time.

    Raises
    ------
    OSError
        When the disk is full or the folder cannot be written; the old file is in place.
    """
    # Only the holder of the lock writes such files: what lies there is a killed writer's.
    for debris in target.parent.glob(f".{glob.escape(target.name)}.*.tmp"):
        debris.unlink(missing_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), target.stat().st_mode if target.exists() else 0o644)
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _exclusive(target: Path) -> Iterator[None]:
    """Hold the lock file beside the target; it ends with the process, however that ends."""
    lock = target.with_name(f".{target.name}.lock")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise _not_written(target, error) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CatalogueLockedError(
                f"{target}: another process is writing it; nothing was written: run again"
            ) from error
        if not _is_same_file(descriptor, lock):
            # The one before us finished and removed the file we had opened.
            raise CatalogueLockedError(
                f"{target}: another process has just written it; nothing was written: run again"
            )
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def _is_same_file(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
