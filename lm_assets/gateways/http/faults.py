"""What can go wrong with another server's answer, by name."""

import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

import requests
import urllib3

from lm_assets.model.errors import LmError, cut, frames_of

_LOG = logging.getLogger(__name__)
_QUOTED_CHARACTERS = 160


class RemoteFault(StrEnum):
    """Why a server gave no usable answer."""

    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed_out"
    NOT_FOUND = "not_found"
    REFUSED = "refused"
    OVERLOADED = "overloaded"
    SERVER_ERROR = "server_error"
    NOT_JSON = "not_json"
    CUT = "cut"
    TOO_LARGE = "too_large"
    REDIRECTED = "redirected"
    UNEXPECTED_SHAPE = "unexpected_shape"
    UNREADABLE = "unreadable"


class RemoteError(LmError):
    """A server gave no usable answer; names the server, what was asked, the fault and the value."""

    def __init__(
        self, *, asked: str, fault: RemoteFault, detail: str, retry_after_s: float | None = None
    ) -> None:
        self.asked = cut(asked)
        self.fault = fault
        self.detail = cut(detail)
        super().__init__(f"{self.asked}: {fault}: {self.detail}")
        self.retry_after_s = retry_after_s


@contextmanager
def named_faults(asked: str) -> Iterator[None]:
    """Turn whatever the block raises into a `RemoteError` that names the fault."""
    try:
        yield
    except RemoteError:
        raise
    # The messages of both libraries quote the URL, and with it what may be a secret: only types
    # are told, and no error is chained to another.
    except Exception as error:  # noqa: BLE001 - a server may do anything
        fault, detail = _fault_of(error)
        if fault is RemoteFault.UNREADABLE:
            _LOG.warning("%s: unreadable answer\n%s", asked, frames_of(error))
        raise RemoteError(asked=asked, fault=fault, detail=detail) from None


def _fault_of(error: Exception) -> tuple[RemoteFault, str]:
    kind = type(error).__name__
    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError):
        return RemoteFault.TIMED_OUT, kind
    if isinstance(error, urllib3.exceptions.ProtocolError):
        return RemoteFault.CUT, "connection closed within the answer"
    if isinstance(error, urllib3.exceptions.DecodeError):
        return RemoteFault.CUT, "compressed answer is damaged"
    if isinstance(error, requests.exceptions.InvalidURL | urllib3.exceptions.LocationValueError):
        return RemoteFault.REDIRECTED, "to an address that is none; not followed"
    if isinstance(error, requests.RequestException | urllib3.exceptions.HTTPError | OSError):
        return RemoteFault.UNREACHABLE, kind
    return RemoteFault.UNREADABLE, f"the answer is no HTTP that can be read ({kind})"


def refuse_status(asked: str, response: requests.Response, body: bytes) -> None:
    """Raise where an answer's status says that it is none."""
    status = response.status_code
    if status < 300:
        return
    faults = {404: RemoteFault.NOT_FOUND, 429: RemoteFault.OVERLOADED, 503: RemoteFault.OVERLOADED}
    fault = faults.get(status, RemoteFault.SERVER_ERROR if status >= 500 else RemoteFault.REFUSED)
    raise RemoteError(
        asked=asked,
        fault=fault,
        detail=f"status {status}: {quoted(body.decode('utf-8', errors='replace'))}",
        retry_after_s=_retry_after_s(response.headers.get("Retry-After", "")),
    )


def _retry_after_s(text: str) -> float | None:
    # The other form, a date, would need the server's clock to agree with ours.
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds > 0 else None


def quoted(text: str) -> str:
    """Return the beginning of what a server said, on one line."""
    return repr(" ".join(text.split())[:_QUOTED_CHARACTERS])
