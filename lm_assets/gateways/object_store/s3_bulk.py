"""Small whole objects to and from S3 by a compiled client: a campaign is thousands of them.

boto3 spends 3 to 4 ms of CPU on a request, under the interpreter's lock; obstore spends a tenth of
it, outside the lock. It does the plain requests and nothing else. Whatever it does not take, or
fails at, is asked again of boto3, so that there is one account of errors, retries and conditions.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import obstore
from boto3.session import Session
from obstore.auth.boto3 import Boto3CredentialProvider
from obstore.exceptions import BaseError
from obstore.store import S3Store

if TYPE_CHECKING:
    from obstore.store import S3Config

# Every key that the platform makes. Other names may mean something to the client's own paths.
_PLAIN_KEY = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9._+=-]*/)*[A-Za-z0-9_][A-Za-z0-9._+=-]*")
# A server that it cannot talk to (behind a proxy, with an authority of its own) must not be asked
# everything twice for ever.
_FAILURES_BORNE = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchedObject:
    """An object's content, and the metadata that was kept with it."""

    content: bytes
    metadata: dict[str, str]


class BulkTransfer:
    """The fast way for plain reads and writes of one bucket. Safe to share between threads.

    ``None`` is the answer to everything that is to be asked of the reference client instead.
    """

    def __init__(
        self,
        session: Session,
        *,
        endpoint: str | None,
        bucket: str,
        region: str,
        connect_timeout_s: float,
        read_timeout_s: float,
    ) -> None:
        self._failures_borne = _FAILURES_BORNE
        # Without credentials there is nothing to sign with; boto3 says so best.
        if session.get_credentials() is None:
            self._failures_borne = 0
            return
        settings: S3Config = {
            "bucket": bucket,
            "region": region,
            "virtual_hosted_style_request": False,
            # The server compares it with what arrived.
            "checksum_algorithm": "SHA256",
        }
        if endpoint is not None:
            settings["endpoint"] = endpoint
        self._store = S3Store(
            config=settings,
            credential_provider=Boto3CredentialProvider(session),
            retry_config={"max_retries": 0},
            client_options={
                "allow_http": True,
                "connect_timeout": timedelta(seconds=connect_timeout_s),
                "timeout": timedelta(seconds=read_timeout_s),
            },
        )

    def write(self, key: str, data: bytes, described: Mapping[str, Any]) -> str | None:
        """Store the object in place of any other and return its entity tag, as S3 quotes it.

        ``described`` holds what boto3 calls ``ContentType`` and ``Metadata``.
        """
        if not self._takes(key):
            return None
        attributes: Any = {"Content-Type": described["ContentType"], **described["Metadata"]}
        try:
            put = obstore.put(self._store, key, data, attributes=attributes, use_multipart=False)
        except (BaseError, OSError):
            self._failures_borne -= 1
            return None
        return put["e_tag"]

    def read(self, key: str, *, max_bytes: int | None) -> FetchedObject | None:
        """Return the whole object."""
        if not self._takes(key):
            return None
        try:
            found = obstore.get(self._store, key)
            if max_bytes is not None and found.meta["size"] > max_bytes:
                return None
            return FetchedObject(
                content=bytes(found.bytes()),
                metadata={str(name): value for name, value in found.attributes.items()},
            )
        except FileNotFoundError:
            return None
        except (BaseError, OSError):
            self._failures_borne -= 1
            return None

    def _takes(self, key: str) -> bool:
        return self._failures_borne > 0 and _PLAIN_KEY.fullmatch(key) is not None
