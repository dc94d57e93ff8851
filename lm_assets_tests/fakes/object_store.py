"""Objects in a dictionary, held to the same contract as S3."""

import hashlib
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO

from lm_assets.gateways.bucket.object_keys import MAX_KEY_BYTES
from lm_assets.gateways.object_store.protocol import (
    Children,
    ObjectChangedError,
    ObjectInfo,
    ObjectNotFoundError,
    ObjectStoreRefusedError,
    ObjectTooLargeError,
)
from lm_assets.gateways.object_store.quoting import quoted


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredObject:
    data: bytes
    content_type: str
    info: ObjectInfo


class InMemoryObjectStore:
    """Satisfies `ObjectStore`. ``now`` gives the time of change of what is written."""

    def __init__(
        self, *, now: Callable[[], datetime] = lambda: datetime(2026, 11, 22, tzinfo=UTC)
    ) -> None:
        self.objects: dict[str, StoredObject] = {}
        self.now = now

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        for key in sorted(self.objects, key=str.encode):
            is_folder_marker = key.endswith("/") and not self.objects[key].data
            if key.startswith(prefix) and not is_folder_marker:
                yield self.objects[key].info

    def children(self, folder: str) -> Children:
        below = [
            (item, item.key.removeprefix(folder)) for item in InMemoryObjectStore.list(self, folder)
        ]
        names = dict.fromkeys(name.partition("/")[0] for _, name in below if "/" in name)
        return Children(
            folders=tuple(f"{folder}{name}/" for name in names),
            objects=tuple(item for item, name in below if "/" not in name),
        )

    def head(self, key: str) -> ObjectInfo:
        return self._found(key).info

    def exists(self, key: str) -> bool:
        return key in self.objects

    def read(self, key: str, *, max_bytes: int | None = None) -> bytes:
        data = self._found(key).data
        if max_bytes is not None and len(data) > max_bytes:
            raise ObjectTooLargeError(f"object {quoted(key)} has {len(data)} bytes")
        return data

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        yield io.BytesIO(self.read(key))

    def write(
        self,
        key: str,
        data: bytes,
        *,
        content_type: str = "application/octet-stream",
        if_etag: str | None = None,
        if_absent: bool = False,
    ) -> str:
        if len(key.encode()) > MAX_KEY_BYTES:
            raise ObjectStoreRefusedError(f"key {quoted(key)} is too long")
        present = self.objects.get(key)
        is_expected = present is not None and present.info.etag == if_etag
        if (if_absent and present) or (if_etag is not None and not is_expected):
            raise ObjectChangedError(f"another object is at {quoted(key)} than the one expected")
        info = ObjectInfo(
            key=key,
            etag=hashlib.md5(data, usedforsecurity=False).hexdigest(),
            size=len(data),
            last_modified=self.now(),
        )
        self.objects[key] = StoredObject(data=bytes(data), content_type=content_type, info=info)
        return info.etag

    def delete(self, key: str) -> None:
        self.objects.pop(key, None)

    def _found(self, key: str) -> StoredObject:
        try:
            return self.objects[key]
        except KeyError:
            raise ObjectNotFoundError(f"looking for {quoted(key)}: there is none") from None
