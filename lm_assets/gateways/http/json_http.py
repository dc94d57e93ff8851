"""JSON over HTTP from a server that may be down, slow, wrong or hostile: bounded and named."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urljoin

import msgspec
import requests

from lm_assets.gateways.http.deadline import Deadline, WatchedSession
from lm_assets.gateways.http.faults import (
    RemoteError,
    RemoteFault,
    named_faults,
    quoted,
    refuse_status,
)
from lm_assets.gateways.http.outage import OutageMemory
from lm_assets.gateways.retrying import RetryPolicy
from lm_assets.gateways.server_url import Confidential, origin_of, server_url
from lm_assets.model.whole_numbers import whole_numbers

T = TypeVar("T")
_CHUNK_BYTES = 1 << 16
_MAX_REDIRECTS = 3


_TRANSIENT = frozenset(
    {
        RemoteFault.UNREACHABLE,
        RemoteFault.TIMED_OUT,
        RemoteFault.OVERLOADED,
        RemoteFault.SERVER_ERROR,
        RemoteFault.CUT,
    }
)


_NO_ANSWER = frozenset({RemoteFault.UNREACHABLE, RemoteFault.TIMED_OUT})


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpLimits:
    """What one call to a server may cost.

    ``deadline_s`` bounds a call as a whole, with all its tries, so that a server that sends a byte
    now and then does not hold the caller; ``longest_retry_after_s`` bounds what a server may ask
    for.
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
        variable: str,
        limits: HttpLimits | None = None,
        retry: RetryPolicy = DEFAULT_RETRY,
        monotonic_s: Callable[[], float] = time.monotonic,
        outage: OutageMemory | None = None,
    ) -> None:
        address = server_url(url, variable=variable)
        self._base = address.base
        self._shown = f"{server} {address.shown}"
        self._limits = limits or HttpLimits()
        self._retry = retry
        self._monotonic_s = monotonic_s
        self._outage = outage or OutageMemory()
        self._turn = threading.BoundedSemaphore(self._limits.max_concurrent)
        self._session = WatchedSession(max_concurrent=self._limits.max_concurrent)
        self._session.auth = address.credentials
        self._confidential = Confidential(url)

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
        asked = f"{self._shown}: {method} /{path}"
        begun_s = self._monotonic_s()
        until_s = begun_s + self._limits.deadline_s

        def once() -> T:
            try:
                with self._turn:
                    body = self._body(asked, method, urljoin(self._base, path), request, until_s)
                return decoded(asked, body, answer)
            except RemoteError as error:
                raise self._without_secrets(error) from None

        if (reason := self._outage.reason_not_to_ask()) is not None:
            raise RemoteError(asked=asked, fault=RemoteFault.UNREACHABLE, detail=reason)
        try:
            given = self._retried(once, until_s)
        except RemoteError as error:
            if error.fault in _NO_ANSWER:
                self._outage.no_answer(error.fault, self._monotonic_s() - begun_s)
            else:
                self._outage.answered()
            raise
        self._outage.answered()
        return given

    def quotable(self, said: str) -> str:
        """Return what the server said, unless it repeats what nobody may be shown."""
        return self._confidential.quotable(said)

    def _without_secrets(self, error: RemoteError) -> RemoteError:
        return RemoteError(
            asked=error.asked,
            fault=error.fault,
            detail=self.quotable(error.detail),
            retry_after_s=error.retry_after_s,
        )

    def _retried(self, once: Callable[[], T], until_s: float) -> T:
        for delay_s in self._retry.delays_s():
            try:
                return once()
            except RemoteError as error:
                wait_s = max(delay_s, self._bounded(error.retry_after_s))
                if error.fault not in _TRANSIENT or self._monotonic_s() + wait_s >= until_s:
                    raise
                self._retry.sleep(wait_s)
        return once()

    def _bounded(self, retry_after_s: float | None) -> float:
        return min(retry_after_s or 0.0, self._limits.longest_retry_after_s)

    def _body(
        self, asked: str, method: str, url: str, request: Mapping[str, Any], until_s: float
    ) -> bytes:
        for _ in range(_MAX_REDIRECTS + 1):
            with Deadline(until_s - self._monotonic_s()) as deadline:
                try:
                    with named_faults(asked), self._response(method, url, request) as response:
                        if not response.is_redirect:
                            body = self._bounded_body(asked, response, until_s)
                            self._refuse_late(asked, deadline)
                            refuse_status(asked, response, body)
                            return body
                        url = _same_origin(asked, url, response.headers["Location"])
                except RemoteError:
                    self._refuse_late(asked, deadline)
                    raise
            request = {name: value for name, value in request.items() if name != "params"}
        raise RemoteError(
            asked=asked, fault=RemoteFault.REDIRECTED, detail=f"more than {_MAX_REDIRECTS} times"
        )

    def _response(self, method: str, url: str, request: Mapping[str, Any]) -> requests.Response:
        return self._session.request(
            method,
            url,
            **request,
            stream=True,
            allow_redirects=False,
            timeout=(self._limits.connect_timeout_s, self._limits.read_timeout_s),
            headers={"Accept": "application/json"},
        )

    def _refuse_late(self, asked: str, deadline: Deadline) -> None:
        if deadline.is_over:
            detail = f"answer not complete after {self._limits.deadline_s:g} s"
            raise RemoteError(asked=asked, fault=RemoteFault.TIMED_OUT, detail=detail)

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


def _same_origin(asked: str, url: str, location: str) -> str:
    # As urljoin and urlsplit read it: what they cannot is caught as unreadable.
    target = urljoin(url, location)
    if origin_of(target) != origin_of(url):
        scheme, host, port = origin_of(target)
        detail = f"to another origin, {quoted(f'{scheme}://{host}:{port}')}; not followed"
        raise RemoteError(asked=asked, fault=RemoteFault.REDIRECTED, detail=detail)
    return target


def _read(body: bytes, answer: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=answer)
    except msgspec.ValidationError:
        # What passed through other hands may say 3.0 for 3.
        return msgspec.convert(whole_numbers(msgspec.json.decode(body)), answer)


def decoded(asked: str, body: bytes, answer: type[T]) -> T:
    """Return a body as what was asked for; any other is a named fault."""
    try:
        return _read(body, answer)
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
            detail=f"{len(body)} bytes beginning {quoted(body[:80].decode('utf-8', 'replace'))}",
        ) from error
