"""Channels that take a message: Slack's incoming webhook, and a generic signed webhook."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol
from urllib.parse import urlsplit

import requests

from lm_assets.gateways.clock import Clock, SystemClock
from lm_assets.gateways.retrying import RetryPolicy
from lm_assets.model.errors import LmError

SLACK = "slack"
WEBHOOK = "webhook"
SLACK_VARIABLE = "LM_SLACK_WEBHOOK_URL"
WEBHOOK_VARIABLE = "LM_WEBHOOK_URL"
SECRET_VARIABLE = "LM_WEBHOOK_SECRET"  # noqa: S105 - the name of a variable

TIMEOUT_S = (5.0, 15.0)
LONGEST_RETRY_AFTER_S = 60.0
DEFAULT_RETRY = RetryPolicy(attempts=4, first_delay_s=1.0, longest_delay_s=8.0)
_ANSWER_BYTES = 200
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_TOO_MANY_REQUESTS = 429


class DeliveryError(LmError):
    """A channel did not take a message. Never names the channel's URL: it is a secret."""


class Notifier(Protocol):
    """One channel to tell people."""

    @property
    def channel(self) -> str:
        """Its name, such as ``slack``."""
        ...

    def send(self, message: Mapping[str, object]) -> None:
        """Deliver a message; returns when the channel has taken it.

        A message may arrive twice when an answer gets lost; it carries a digest by which the
        receiver can tell.

        Raises
        ------
        DeliveryError
            When it was not taken, after bounded retries.
        """
        ...


class HttpNotifier:
    """Posts messages as JSON to one address.

    Parameters
    ----------
    channel : str
        Name of the channel.
    url : str
        Where to; never shown. ``https``, or ``http`` where ``is_plain_http_allowed``.
    variable : str
        The environment variable to name in messages.
    secret : str, optional
        Signs every message: ``X-LM-Signature-256`` is ``sha256=`` and the hexadecimal HMAC-SHA-256
        of ``X-LM-Timestamp``, a dot and the body.
    """

    def __init__(
        self,
        *,
        channel: str,
        url: str,
        variable: str,
        secret: str | None = None,
        is_plain_http_allowed: bool = False,
        clock: Clock | None = None,
        retry: RetryPolicy = DEFAULT_RETRY,
    ) -> None:
        self.channel = channel
        self._url = url
        self._variable = variable
        self._secret = secret
        self._clock = clock or SystemClock()
        self._retry = retry
        _check_url(url, variable, is_plain_http_allowed=is_plain_http_allowed)

    def send(self, message: Mapping[str, object]) -> None:
        """Deliver a message. See `Notifier`."""
        body = json.dumps(message, sort_keys=True, ensure_ascii=False).encode()
        headers = self._headers(body)
        outcome = self._post(body, headers)
        for delay_s in self._retry.delays_s():
            if not outcome.is_transient:
                break
            self._retry.sleep(max(delay_s, outcome.retry_after_s))
            outcome = self._post(body, headers)
        if outcome.problem:
            raise DeliveryError(f"{self.channel}: {outcome.problem}; check {self._variable}")

    def _headers(self, body: bytes) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "lm-assets",
            "X-LM-Delivery": hashlib.sha256(body).hexdigest(),
        }
        if self._secret:
            timestamp = str(int(self._clock.now().timestamp()))
            signed = timestamp.encode() + b"." + body
            digest = hmac.new(self._secret.encode(), signed, hashlib.sha256).hexdigest()
            headers |= {"X-LM-Timestamp": timestamp, "X-LM-Signature-256": f"sha256={digest}"}
        return headers

    def _post(self, body: bytes, headers: Mapping[str, str]) -> "_Outcome":
        try:
            with requests.post(
                self._url,
                data=body,
                headers=dict(headers),
                timeout=TIMEOUT_S,
                allow_redirects=False,
                stream=True,
                # Without one, requests would look for credentials of this host in ~/.netrc.
                auth=_no_credentials,
            ) as answer:
                return _outcome(answer, now=self._clock.now())
        except requests.RequestException as error:
            # Its text names the URL, and so does the traceback of any error raised from it.
            kind = type(error).__name__
        return _Outcome(problem=f"no answer ({kind})", is_transient=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Outcome:
    problem: str = ""
    is_transient: bool = False
    retry_after_s: float = 0.0


def notifiers_from_environment(
    environment: Mapping[str, str],
    *,
    clock: Clock | None = None,
    retry: RetryPolicy = DEFAULT_RETRY,
) -> list[HttpNotifier]:
    """Return a notifier for each channel whose address is set: none, one or two.

    Raises
    ------
    DeliveryError
        When an address is not a usable URL.
    """
    notifiers = []
    if url := environment.get(SLACK_VARIABLE):
        notifiers.append(
            HttpNotifier(channel=SLACK, url=url, variable=SLACK_VARIABLE, clock=clock, retry=retry)
        )
    if url := environment.get(WEBHOOK_VARIABLE):
        notifiers.append(
            HttpNotifier(
                channel=WEBHOOK,
                url=url,
                variable=WEBHOOK_VARIABLE,
                secret=environment.get(SECRET_VARIABLE) or None,
                is_plain_http_allowed=True,
                clock=clock,
                retry=retry,
            )
        )
    return notifiers


def retry_after_s(header: str | None, *, now: datetime) -> float:
    """Return the wait that a Retry-After header asks for, in seconds, within 0 and a minute.

    Reads both forms, a number of seconds and a date; what is neither asks for no wait.
    """
    if not header:
        return 0.0
    if header.strip().isdecimal():
        wait_s = float(header.strip()[:6])
    else:
        try:
            moment = parsedate_to_datetime(header)
        except ValueError:
            return 0.0
        wait_s = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        wait_s -= now.timestamp()
    return min(max(wait_s, 0.0), LONGEST_RETRY_AFTER_S)


def _outcome(answer: requests.Response, *, now: datetime) -> _Outcome:
    status = answer.status_code
    if 300 <= status < 400:
        return _Outcome(problem=f"answered {status}, a redirect, which is not followed")
    if answer.ok:
        return _Outcome()
    said = answer.raw.read(_ANSWER_BYTES, decode_content=True).decode("utf-8", "replace")
    is_busy = status == _TOO_MANY_REQUESTS
    return _Outcome(
        problem=f"answered {status} {said.strip()!a}",
        is_transient=is_busy or status >= requests.codes.server_error,
        retry_after_s=retry_after_s(answer.headers.get("Retry-After"), now=now),
    )


def _check_url(url: str, variable: str, *, is_plain_http_allowed: bool) -> None:
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    is_safe = parts.scheme == "https" or is_plain_http_allowed or parts.hostname in _LOOPBACK
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise DeliveryError(f"{variable} must be an http or https URL")
    if not is_safe:
        raise DeliveryError(f"{variable} must be an https URL: it is a secret in itself")


def _no_credentials(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
