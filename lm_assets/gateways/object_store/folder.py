"""A folder of this machine seen as an object store: its files are read, and never written."""

import hashlib
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from lm_assets.gateways.object_store.protocol import (
    Children,
    ObjectChangedError,
    ObjectInfo,
    ObjectNotFoundError,
    ObjectTooLargeError,
)
from lm_assets.gateways.object_store.quoting import quoted


@dataclass(frozen=True, kw_only=True, slots=True)
class FolderStore:
    """Satisfies `ObjectStore`; each key is a file, or content that is held here.

    What is written is held in memory, and gone with it.
    """

    objects: Mapping[str, Path | bytes]
    written: dict[str, bytes] = field(default_factory=dict)

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Yield what lies under a prefix, in key order."""
        return (self._info(key) for key in sorted(self._all()) if key.startswith(prefix))

    def children(self, folder: str) -> Children:
        """Return what lies directly in a folder."""
        below = {k: k.removeprefix(folder) for k in sorted(self._all()) if k.startswith(folder)}
        names = dict.fromkeys(name.partition("/")[0] for name in below.values() if "/" in name)
        return Children(
            folders=tuple(f"{folder}{name}/" for name in names),
            objects=tuple(self._info(key) for key, name in below.items() if "/" not in name),
        )

    def head(self, key: str) -> ObjectInfo:
        """Return what is known of one object."""
        self._found(key)
        return self._info(key)

    def exists(self, key: str) -> bool:
        """Tell whether there is an object."""
        return key in self._all()

    def read(self, key: str, *, max_bytes: int | None = None) -> bytes:
        """Return the content of one object."""
        found = self._found(key)
        size = len(found) if isinstance(found, bytes) else found.stat().st_size
        if max_bytes is not None and size > max_bytes:
            raise ObjectTooLargeError(f"{quoted(key)} has {size} bytes; at most {max_bytes}")
        return found if isinstance(found, bytes) else found.read_bytes()

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        """Give the content of one object as a file."""
        found = self._found(key)
        if isinstance(found, bytes):
            yield io.BytesIO(found)
        else:
            with found.open("rb") as file:
                yield file

    def write(
        self,
        key: str,
        data: bytes,
        *,
        content_type: str = "",  # noqa: ARG002 - the protocol's
        if_etag: str | None = None,
        if_absent: bool = False,
    ) -> str:
        """Keep an object in memory; no file is touched."""
        there = self._info(key).etag if self.exists(key) else None
        if (if_absent and there) or (if_etag is not None and there != if_etag):
            raise ObjectChangedError(f"{quoted(key)} is not what it was taken for")
        self.written[key] = data
        return self._info(key).etag

    def delete(self, key: str) -> None:
        """Take away what was written here; files stay."""
        self.written.pop(key, None)

    def _all(self) -> Mapping[str, Path | bytes]:
        return {**self.objects, **self.written} if self.written else self.objects

    def _found(self, key: str) -> Path | bytes:
        try:
            return self._all()[key]
        except KeyError:
            raise ObjectNotFoundError(f"looking for {quoted(key)}: there is none") from None

    def _info(self, key: str) -> ObjectInfo:
        found = self._all()[key]
        if isinstance(found, bytes):
            tag, size, changed = hashlib.md5(found, usedforsecurity=False), len(found), 0.0
            return ObjectInfo(
                key=key, etag=tag.hexdigest(), size=size, last_modified=_moment(changed)
            )
        status = found.stat()
        # A tag that changes with the content: reading event logs to make one would take minutes.
        tag = hashlib.md5(f"{status.st_size}:{status.st_mtime_ns}".encode(), usedforsecurity=False)
        return ObjectInfo(
            key=key,
            etag=tag.hexdigest(),
            size=status.st_size,
            last_modified=_moment(status.st_mtime),
        )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
