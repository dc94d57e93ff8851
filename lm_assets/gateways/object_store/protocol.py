"""What the platform asks of an object store, seen from the caller's side."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Protocol

from lm_assets.model.errors import LmError


class ObjectStoreError(LmError):
    """The object store could not do what was asked."""


class ObjectNotFoundError(ObjectStoreError):
    """No object has this key."""


class ObjectChangedError(ObjectStoreError):
    """A conditional write found another object than the one its caller had seen."""


class ObjectTooLargeError(ObjectStoreError):
    """An object is larger than its reader is ready to hold."""


class ObjectCorruptedError(ObjectStoreError):
    """The content that was read does not have the checksum that was kept when it was written."""


class ObjectStoreUnavailableError(ObjectStoreError):
    """The store did not answer, or answered with its own failure, for as long as it was tried."""


class ObjectStoreRefusedError(ObjectStoreError):
    """The store answered that this request is not allowed or not valid; a retry is no use."""


class BucketMissingError(ObjectStoreRefusedError):
    """The bucket itself has not been made yet, or has another name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectInfo:
    """One stored object: its whole key, entity tag (no quotes), size in bytes, and last change.

    The entity tag changes with the content and says nothing else; it is not always a checksum.
    """

    key: str
    etag: str
    size: int
    last_modified: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Children:
    """What lies directly in a folder: the folders in it (prefixes that end with ``/``), objects."""

    folders: tuple[str, ...]
    objects: tuple[ObjectInfo, ...]


class ObjectStore(Protocol):
    """Whole objects under keys, in one bucket.

    Every method raises `ObjectStoreUnavailableError` when the store stays out of reach and
    `ObjectStoreRefusedError` when it refuses; both name the endpoint and the environment variable
    to look at, and never a credential.
    """

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Give every object whose key starts with the prefix, in the order of the keys.

        Read page by page as it is consumed, so a caller may stop early. Folder markers (empty
        objects whose key ends with ``/``) are left out. Nothing there gives nothing, no error.
        """
        ...

    def children(self, folder: str) -> Children:
        """Give what lies directly in a folder, both in the order of the keys.

        ``folder`` is empty or ends with ``/``. What is further down costs nothing.
        """
        ...

    def head(self, key: str) -> ObjectInfo:
        """Tell what is known of one object.

        Raises
        ------
        ObjectNotFoundError
            When there is none.
        """
        ...

    def exists(self, key: str) -> bool:
        """Tell whether there is an object with this key."""
        ...

    def read(self, key: str, *, max_bytes: int | None = None) -> bytes:
        """Give the whole content: all of it or an error, never a part.

        Raises
        ------
        ObjectNotFoundError
            When there is none.
        ObjectTooLargeError
            When it is larger than ``max_bytes``; the content is then not fetched.
        ObjectCorruptedError
            When it does not have the checksum kept at its writing.
        """
        ...

    def open(self, key: str) -> AbstractContextManager[BinaryIO]:
        """Give the content as a binary file positioned at its start, held on disk when large.

        The same guarantees and errors as `read`; for objects that should not be held in memory.
        """
        ...

    def write(
        self,
        key: str,
        data: bytes,
        *,
        content_type: str = "application/octet-stream",
        if_etag: str | None = None,
        if_absent: bool = False,
    ) -> str:
        """Store the whole object in place of any other; readers see the old or the new one.

        A write that raises may or may not have taken place; writing again is safe. Returns the
        entity tag of what is then there.

        Parameters
        ----------
        if_etag : str, optional
            Write only over the object with this entity tag.
        if_absent : bool
            Write only where there is no object yet.

        Raises
        ------
        ObjectChangedError
            When the condition does not hold; nothing is written.
        """
        ...

    def delete(self, key: str) -> None:
        """Remove the object; it is no error when there is none."""
        ...
