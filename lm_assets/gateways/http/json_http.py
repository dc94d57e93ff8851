"""JSON over HTTP from a server that may be down, slow, wrong or hostile: bounded and named."""

import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

import msgspec
import requests
import urllib3
from requests.adapters import HTTPAdapter

from lm_assets.gateways.http.outage import OutageMemory
from lm_assets.gateways.retrying import RetryPolicy
from lm_assets.model.errors import ConfigurationError, LmError

T = TypeVar("T")
_CHUNK_BYTES = 1 << 16
_MAX_REDIRECTS = 3
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


_TRANSIENT = frozenset(
    {
        RemoteFault.UNREACHABLE,
        RemoteFault.TIMED_OUT,
        RemoteFault.OVERLOADED,
        RemoteFault.SERVER_ERROR,
        RemoteFault.CUT,
    }
)


class RemoteError(LmError):
    """A server gave no usable answer; names the server, what was asked, the fault and the value."""

    def __init__(
        self, *, asked: str, fault: RemoteFault, detail: str, retry_after_s: float | None = None
    ) -> None:
        super().__init__(f"{asked}: {fault}: {detail}")
        self.asked = asked
        self.fault = fault
        self.detail = detail
        self.retry_after_s = retry_after_s


_NO_ANSWER = frozenset({RemoteFault.UNREACHABLE, RemoteFault.TIMED_OUT})


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpLimits:
    """What one call to a server may cost.

    ``deadline_s`` bounds one attempt as a whole, so that a server that sends a byte now and then
    does not hold the caller; ``longest_retry_after_s`` bounds what a server may ask for.
    """

    connect_timeout_s: float = 5.0
    read_timeout_s: float = 60.0
    deadline_s: float = 300.0
    max_answer_bytes: int = 64 * 2**20
    max_concurrent: int = 8
    longest_retry_after_s: float = 60.0


DEFAULT_RETRY = RetryPolicy(attempts=4, first_delay_s=0.5)


class JsonHttpClient:
    """Asks one server for JSON, with pooled connections, retries and limits.

    May be used by several threads; no more than ``limits.max_concurrent`` calls are under way at
    one time. A redirect to another origin is refused: whoever answers there was not configured. A
    server that is out of reach again and again is left alone for a while (:class:`OutageMemory`).
    """

    def __init__(
        self,
        url: str,
        *,
        server: str,
        limits: HttpLimits | None = None,
        retry: RetryPolicy = DEFAULT_RETRY,
        monotonic_s: Callable[[], float] = time.monotonic,
        outage: OutageMemory | None = None,
    ) -> None:
        self._base = _checked_url(url, server)
        self._server = server
        self._limits = limits or HttpLimits()
        self._retry = retry
        self._monotonic_s = monotonic_s
        self._outage = outage or OutageMemory()
        self._turn = threading.BoundedSemaphore(self._limits.max_concurrent)
        self._session = requests.Session()
        adapter = HTTPAdapter(pool_maxsize=self._limits.max_concurrent, pool_block=True)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def close(self) -> None:
        """Close the pooled connections."""
        self._session.close()

    def get(self, path: str, params: Mapping[str, Any] | None = None, *, answer: type[T]) -> T:
        """Return the answer to a GET, decoded as ``answer``."""
        return self._ask("GET", path, answer, params=params)

    def post_form(self, path: str, form: Mapping[str, Any], *, answer: type[T]) -> T:
        """Return the answer to a POST of form fields, decoded as ``answer``."""
        return self._ask("POST", path, answer, data=form)

    def _ask(self, method: str, path: str, answer: type[T], **request: Any) -> T:
        asked = f"{self._server} {_without_credentials(self._base)}: {method} /{path}"

        def once() -> T:
            with self._turn:
                body = self._body(asked, method, urljoin(self._base, path), request)
            return _decoded(asked, body, answer)

        if (reason := self._outage.reason_not_to_ask()) is not None:
            raise RemoteError(asked=asked, fault=RemoteFault.UNREACHABLE, detail=reason)
        try:
            given = self._retried(once)
        except RemoteError as error:
            if error.fault in _NO_ANSWER:
                self._outage.no_answer(error.fault)
            else:
                self._outage.answered()
            raise
        self._outage.answered()
        return given

    def _retried(self, once: Callable[[], T]) -> T:
        for delay_s in self._retry.delays_s():
            try:
                return once()
            except RemoteError as error:
                if error.fault not in _TRANSIENT:
                    raise
                self._retry.sleep(max(delay_s, self._bounded(error.retry_after_s)))
        return once()

    def _bounded(self, retry_after_s: float | None) -> float:
        return min(retry_after_s or 0.0, self._limits.longest_retry_after_s)

    def _body(self, asked: str, method: str, url: str, request: Mapping[str, Any]) -> bytes:
        limits = self._limits
        until_s = self._monotonic_s() + limits.deadline_s
        for _ in range(_MAX_REDIRECTS + 1):
            with _named_faults(asked):
                response = self._session.request(
                    method,
                    url,
                    **request,
                    stream=True,
                    allow_redirects=False,
                    timeout=(limits.connect_timeout_s, limits.read_timeout_s),
                    headers={"Accept": "application/json"},
                )
            with response, _named_faults(asked):
                if not response.is_redirect:
                    body = self._bounded_body(asked, response, until_s)
                    _refuse_status(asked, response, body)
                    return body
                url = self._same_origin(asked, url, response.headers["Location"])
                request = {name: value for name, value in request.items() if name != "params"}
        raise RemoteError(
            asked=asked, fault=RemoteFault.REDIRECTED, detail=f"more than {_MAX_REDIRECTS} times"
        )

    def _same_origin(self, asked: str, url: str, location: str) -> str:
        target = urljoin(url, location)
        if urlsplit(target)[:2] != urlsplit(url)[:2]:
            detail = f"to another origin, {_quoted(_without_credentials(target))}; not followed"
            raise RemoteError(asked=asked, fault=RemoteFault.REDIRECTED, detail=detail)
        return target

    def _bounded_body(self, asked: str, response: requests.Response, until_s: float) -> bytes:
        limit = self._limits.max_answer_bytes
        chunks, size = [], 0
        # read1 gives what is there; iter_content would wait for a whole chunk past the deadline.
        while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=True):
            size += len(chunk)
            if size > limit:
                detail = f"more than {limit} bytes; ask for less or raise max_answer_bytes"
                raise RemoteError(asked=asked, fault=RemoteFault.TOO_LARGE, detail=detail)
            if self._monotonic_s() > until_s:
                detail = f"answer not complete after {self._limits.deadline_s:g} s"
                raise RemoteError(asked=asked, fault=RemoteFault.TIMED_OUT, detail=detail)
            chunks.append(chunk)
        return b"".join(chunks)


@contextmanager
def _named_faults(asked: str) -> Iterator[None]:
    try:
        yield
    # The messages of both libraries quote the URL, and with it credentials: only types are told.
    except (requests.Timeout, urllib3.exceptions.TimeoutError) as error:
        raise RemoteError(
            asked=asked, fault=RemoteFault.TIMED_OUT, detail=type(error).__name__
        ) from error
    except urllib3.exceptions.ProtocolError as error:
        raise RemoteError(
            asked=asked, fault=RemoteFault.CUT, detail="connection closed within the answer"
        ) from error
    except urllib3.exceptions.DecodeError as error:
        raise RemoteError(
            asked=asked, fault=RemoteFault.CUT, detail="compressed answer is damaged"
        ) from error
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise RemoteError(
            asked=asked, fault=RemoteFault.UNREACHABLE, detail=type(error).__name__
        ) from error


def _refuse_status(asked: str, response: requests.Response, body: bytes) -> None:
    status = response.status_code
    if status < 300:
        return
    faults = {404: RemoteFault.NOT_FOUND, 429: RemoteFault.OVERLOADED, 503: RemoteFault.OVERLOADED}
    fault = faults.get(status, RemoteFault.SERVER_ERROR if status >= 500 else RemoteFault.REFUSED)
    raise RemoteError(
        asked=asked,
        fault=fault,
        detail=f"status {status}: {_quoted(body.decode('utf-8', errors='replace'))}",
        retry_after_s=_retry_after_s(response.headers.get("Retry-After", "")),
    )


def _retry_after_s(text: str) -> float | None:
    # The other form, a date, would need the server's clock to agree with ours.
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds > 0 else None


def _decoded(asked: str, body: bytes, answer: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=answer)
    except msgspec.ValidationError as error:
        raise RemoteError(
            asked=asked, fault=RemoteFault.UNEXPECTED_SHAPE, detail=str(error)
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        # What begins as JSON and is not was cut on the way, and may be whole the next time.
        is_cut = body.lstrip()[:1] in (b"{", b"[")
        raise RemoteError(
            asked=asked,
            fault=RemoteFault.CUT if is_cut else RemoteFault.NOT_JSON,
            detail=f"{len(body)} bytes beginning {_quoted(body[:80].decode('utf-8', 'replace'))}",
        ) from error


def _checked_url(url: str, server: str) -> str:
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        is_usable = False
    if not is_usable:
        raise ConfigurationError(
            file="environment", path=server, rule="URL must be http://host[:port] or https://…"
        )
    return url.rstrip("/") + "/"


def _without_credentials(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl().rstrip("/")


def _quoted(text: str) -> str:
    return repr(" ".join(text.split())[:_QUOTED_CHARACTERS])
