"""The object store on any S3: SeaweedFS, MinIO, AWS."""

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from typing import Any, BinaryIO, Self, TypeVar, cast

from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.handlers import add_expect_header

from lm_assets.gateways.object_store import s3_errors, s3_listing
from lm_assets.gateways.object_store.multipart import PART_BYTES, upload
from lm_assets.gateways.object_store.protocol import (
    Children,
    ObjectChangedError,
    ObjectCorruptedError,
    ObjectInfo,
    ObjectNotFoundError,
    ObjectTooLargeError,
)
from lm_assets.gateways.object_store.quoting import quoted
from lm_assets.gateways.object_store.s3_answers import object_info, required, whole
from lm_assets.gateways.object_store.s3_bulk import BulkTransfer
from lm_assets.gateways.object_store.s3_errors import error_code, is_transient
from lm_assets.gateways.object_store.s3_session import endpoint_of, s3_session, shown_origin
from lm_assets.gateways.retrying import RetryPolicy

T = TypeVar("T")

DEFAULT_BUCKET = "load-metrics"
IN_MEMORY_BYTES = 8 * 1024 * 1024
_CHUNK_BYTES = 1024 * 1024
_DIGEST = "sha256"


class S3ObjectStore:
    """Objects in one bucket of an S3 server, addressed path style.

    Satisfies `ObjectStore`. Content is sent with its checksum, which the server checks, and stored
    with its SHA-256 as metadata, which every reading checks. Safe to share between threads.

    Parameters
    ----------
    endpoint : str or None
        URL of the server; None for AWS itself.
    bucket : str
        The bucket that holds every object.
    access_key_id, secret_access_key, session_token : str or None
        None leaves the search for credentials to boto3 (profiles, roles of a pod or machine).
    region : str
        Any name will do for a server that has none.
    retry : RetryPolicy, optional
        How an outage is waited for.
    connect_timeout_s, read_timeout_s : float
        Patience of one attempt.
    """

    def __init__(
        self,
        *,
        endpoint: str | None,
        bucket: str = DEFAULT_BUCKET,
        access_key_id: str | None = None,
        secret_access_key: str | None = None,
        session_token: str | None = None,
        region: str = "us-east-1",
        retry: RetryPolicy | None = None,
        connect_timeout_s: float = 5.0,
        read_timeout_s: float = 30.0,
    ) -> None:
        self.endpoint = endpoint
        self.place = "AWS S3" if endpoint is None else shown_origin(endpoint)
        self.bucket = bucket
        self._retry = retry or RetryPolicy()
        session = s3_session(
            access_key_id=access_key_id,
            secret_access_key=secret_access_key,
            session_token=session_token,
            region=region,
        )
        self._client: Any = session.client(
            "s3",
            endpoint_url=endpoint,
            config=Config(
                s3={"addressing_style": "path"},
                # The newer default sends checksums as trailers, which many S3 servers refuse.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                retries={"total_max_attempts": 1},
                connect_timeout=connect_timeout_s,
                read_timeout=read_timeout_s,
                max_pool_connections=32,
            ),
        )
        # Asking first whether a body may be sent costs a round trip for each object.
        self._client.meta.events.unregister("before-call.s3", add_expect_header)
        self._bulk = BulkTransfer(
            session,
            endpoint=endpoint,
            bucket=bucket,
            region=region,
            connect_timeout_s=connect_timeout_s,
            read_timeout_s=read_timeout_s,
        )

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str], *, retry: RetryPolicy | None = None
    ) -> Self:
        """Return the store that ``LM_S3_ENDPOINT``, ``LM_S3_BUCKET`` and ``AWS_*`` describe."""
        region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
        return cls(
            endpoint=endpoint_of(environment.get("LM_S3_ENDPOINT") or None),
            bucket=environment.get("LM_S3_BUCKET") or DEFAULT_BUCKET,
            access_key_id=environment.get("AWS_ACCESS_KEY_ID") or None,
            secret_access_key=environment.get("AWS_SECRET_ACCESS_KEY") or None,
            session_token=environment.get("AWS_SESSION_TOKEN") or None,
            region=region or "us-east-1",
            retry=retry,
        )

    @property
    def client(self) -> Any:
        """The boto3 client, for the bucket's own settings such as its lifecycle rules."""
        return self._client

    def ensure_bucket(self) -> None:
        """Make the bucket unless it is there already."""
        try:
            self.ask("looking for", "", lambda: self._client.head_bucket(Bucket=self.bucket))
        except ObjectNotFoundError:
            self.ask("making", "", self._create_bucket)

    def _create_bucket(self) -> None:
        region = self._client.meta.region_name
        # AWS wants the region spelled out everywhere but in its first one, and refuses it there.
        elsewhere = self.endpoint is None and region != "us-east-1"
        extra = {"CreateBucketConfiguration": {"LocationConstraint": region}} if elsewhere else {}
        try:
            self._client.create_bucket(Bucket=self.bucket, **extra)
        except ClientError as error:
            if error_code(error) != "BucketAlreadyOwnedByYou":
                raise

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Give every object under the prefix, page by page. See `ObjectStore`."""
        for page in self._pages(prefix):
            yield from s3_listing.objects_of(page)

    def children(self, folder: str) -> Children:
        """Give what lies directly in a folder. See `ObjectStore`."""
        listed = tuple(self._pages(folder, Delimiter="/"))
        return Children(
            folders=tuple(name for page in listed for name in s3_listing.folders_of(page)),
            objects=tuple(item for page in listed for item in s3_listing.objects_of(page)),
        )

    def _pages(self, prefix: str, **how: str) -> Iterator[s3_listing.Page]:
        def ask(token: str | None) -> s3_listing.Page:
            position = {"ContinuationToken": token} if token else {}
            return self.ask("listing", prefix, partial(self._page, prefix, how | position))

        return s3_listing.pages(ask)

    def _page(self, prefix: str, how: Mapping[str, str]) -> s3_listing.Page:
        return s3_listing.whole_page(
            self._client.list_objects_v2(Bucket=self.bucket, Prefix=prefix, **how)
        )

    def head(self, key: str) -> ObjectInfo:
        """Tell what is known of one object. See `ObjectStore`."""
        return self._head(key)[0]

    def _head(self, key: str) -> tuple[ObjectInfo, Mapping[str, str]]:
        def attempt() -> tuple[ObjectInfo, Mapping[str, str]]:
            answer = self._client.head_object(Bucket=self.bucket, Key=key)
            return object_info(key, answer), answer["Metadata"]

        return self.ask("looking for", key, attempt)

    def exists(self, key: str) -> bool:
        """Tell whether there is an object with this key."""
        try:
            self.head(key)
        except ObjectNotFoundError:
            return False
        return True

    def read(self, key: str, *, max_bytes: int | None = None) -> bytes:
        """Give the whole content, checked. See `ObjectStore`."""

        def attempt() -> bytes:
            if (found := self._bulk.read(key, max_bytes=max_bytes)) is not None:
                self._check(key, found.metadata, hashlib.sha256(found.content).hexdigest())
                return found.content
            answer = self._client.get_object(Bucket=self.bucket, Key=key)
            with closing(answer["Body"]) as body:
                size = required(answer, "ContentLength")
                if max_bytes is not None and size > max_bytes:
                    told = f"has {size} bytes, more than the {max_bytes} that are read"
                    raise ObjectTooLargeError(f"object {quoted(key)} {told}")
                content = cast("bytes", body.read())
            self._check(key, answer["Metadata"], hashlib.sha256(content).hexdigest())
            return content

        return self.ask("reading", key, attempt)

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        """Give the content as a file, on disk when it is large. See `ObjectStore`."""
        with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES) as file:

            def attempt() -> None:
                file.seek(0)
                file.truncate()
                digest = hashlib.sha256()
                answer = self._client.get_object(Bucket=self.bucket, Key=key)
                # Not the body's own `with`: that gives the bare stream, which takes half an answer.
                with closing(answer["Body"]) as body:
                    required(answer, "ContentLength")
                    while chunk := body.read(_CHUNK_BYTES):
                        digest.update(chunk)
                        file.write(chunk)
                self._check(key, answer["Metadata"], digest.hexdigest())

            self.ask("reading", key, attempt)
            file.seek(0)
            yield cast("BinaryIO", file)

    def _check(self, key: str, metadata: Mapping[str, str], digest: str) -> None:
        kept = metadata.get(_DIGEST)
        if kept is not None and kept != digest:
            raise ObjectCorruptedError(
                f"object {quoted(key)} in bucket {self.bucket} has the SHA-256 {digest}, "
                f"it was written with {kept}; write it again from its source"
            )

    def write(
        self,
        key: str,
        data: bytes,
        *,
        content_type: str = "application/octet-stream",
        if_etag: str | None = None,
        if_absent: bool = False,
    ) -> str:
        """Store the whole object, in parts when it is large. See `ObjectStore`."""
        digest = hashlib.sha256(data).hexdigest()
        described = {"ContentType": content_type, "Metadata": {_DIGEST: digest}}
        condition: dict[str, str] = {}
        if if_absent:
            condition["IfNoneMatch"] = "*"
        if if_etag is not None:
            condition["IfMatch"] = f'"{if_etag}"'

        attempts = 0

        def attempt() -> str:
            nonlocal attempts
            attempts += 1
            return self._put(key, data, described, condition)

        try:
            return self.ask("writing", key, attempt).strip('"')
        except ObjectChangedError:
            # The answer to an earlier attempt may have been lost after the write took place.
            if attempts == 1 or not self._holds(key, digest):
                raise
        return self.head(key).etag

    def _put(
        self, key: str, data: bytes, described: Mapping[str, Any], condition: Mapping[str, str]
    ) -> str:
        is_plain = not condition and len(data) <= PART_BYTES
        if is_plain and (tag := self._bulk.write(key, data, described)) is not None:
            return tag
        target = (self._client, self.bucket, key, data)
        return upload(*target, described=described, condition=condition)

    def _holds(self, key: str, digest: str) -> bool:
        try:
            return bool(self._head(key)[1].get(_DIGEST) == digest)
        except ObjectNotFoundError:
            return False

    def delete(self, key: str) -> None:
        """Remove the object if there is one."""
        self.ask("deleting", key, lambda: self._client.delete_object(Bucket=self.bucket, Key=key))

    def ask(self, doing: str, key: str, call: Callable[[], T]) -> T:
        """Make one request, with the retries and errors that every method of the store has."""
        try:
            return self._retry.run(partial(whole, call), is_transient=is_transient)
        except s3_errors.UNANSWERED as error:
            subject = f"{quoted(key)} in bucket {self.bucket}" if key else f"bucket {self.bucket}"
            what = f"{doing} {subject} at {self.place}"
            raise s3_errors.translated(error, what=what, attempts=self._retry.attempts) from error
