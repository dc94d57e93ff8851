"""Channels that take a message: Slack's incoming webhook, and a generic signed webhook."""

import base64
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
from lm_assets.gateways.http.deadline import Deadline, WatchedSession
from lm_assets.gateways.retrying import RetryPolicy
from lm_assets.gateways.server_url import Confidential, origin_of
from lm_assets.model.errors import LmError

SLACK = "slack"
WEBHOOK = "webhook"
SLACK_VARIABLE = "LM_SLACK_WEBHOOK_URL"
WEBHOOK_VARIABLE = "LM_WEBHOOK_URL"
SECRET_VARIABLE = "LM_WEBHOOK_SECRET"  # noqa: S105 - the name of a variable
_STANDARD_SECRET = "whsec_"  # noqa: S105 - a prefix

TIMEOUT_S = (5.0, 15.0)
DEADLINE_S = 60.0
LONGEST_RETRY_AFTER_S = 60.0
DEFAULT_RETRY = RetryPolicy(attempts=4, first_delay_s=1.0, longest_delay_s=8.0)
_BRIEF_S = 5.0
_ANSWER_BYTES = 200
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
# What is wrong with it is its form or its size; of an address or a secret other answers tell.
_OF_MESSAGE = frozenset({400, 413, 415, 422})
_TOO_MANY_REQUESTS = 429


class DeliveryError(LmError):
    """A channel did not take a message. Never names the channel's URL: it is a secret."""


class MessageRefusedError(DeliveryError):
    """A channel is there, and does not want this very message: the next one it may take."""


class Notifier(Protocol):
    """One channel to tell people."""

    @property
    def channel(self) -> str:
        """Its name, such as ``slack``."""
        ...

    def send(
        self, message: Mapping[str, object], *, message_id: str = "", is_patient: bool = True
    ) -> None:
        """Deliver a message; returns when the channel has taken it.

        A message may arrive twice when an answer gets lost; it carries an id and a digest by which
        the receiver can tell.

        Parameters
        ----------
        message_id : str
            What the receiver knows the message by: the same however often it is sent. The digest
            of the message unless given.
        is_patient : bool
            Wait for a channel that does not answer. Who is not is back later anyway, and only
            heeds a busy channel that asks for a few seconds.

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
        of ``X-LM-Timestamp``, a dot and the body. Beside it stand the headers of Standard Webhooks
        1.0, ``webhook-id``, ``webhook-timestamp`` and ``webhook-signature``; a secret that begins
        with ``whsec_`` is, for the latter, what stands in base64 behind it.
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
        self._confidential = Confidential(url, secret)

    def send(
        self, message: Mapping[str, object], *, message_id: str = "", is_patient: bool = True
    ) -> None:
        """Deliver a message. See `Notifier`."""
        body = json.dumps(message, sort_keys=True, ensure_ascii=False).encode()
        headers = self._headers(body, message_id)
        outcome = self._post(body, headers)
        for delay_s in self._retry.delays_s():
            is_worth_it = outcome.is_transient if is_patient else outcome.is_brief
            if not is_worth_it:
                break
            self._retry.sleep(max(delay_s, outcome.retry_after_s))
            outcome = self._post(body, headers)
        if outcome.problem:
            kind = MessageRefusedError if outcome.is_of_message else DeliveryError
            raise kind(f"{self.channel}: {outcome.problem}; check {self._variable}")

    def _headers(self, body: bytes, message_id: str) -> dict[str, str]:
        digest = hashlib.sha256(body).hexdigest()
        timestamp = str(int(self._clock.now().timestamp()))
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "lm-assets",
            "X-LM-Delivery": digest,
            "webhook-id": message_id or digest,
            "webhook-timestamp": timestamp,
        }
        if self._secret:
            signature = _hmac(self._secret.encode(), timestamp.encode(), body).hex()
            headers |= {"X-LM-Timestamp": timestamp, "X-LM-Signature-256": f"sha256={signature}"}
            parts = (headers["webhook-id"].encode(), timestamp.encode(), body)
            standard = base64.b64encode(_hmac(_signing_key(self._secret), *parts)).decode()
            headers["webhook-signature"] = f"v1,{standard}"
        return headers

    def _post(self, body: bytes, headers: Mapping[str, str]) -> "_Outcome":
        try:
            with (
                WatchedSession(max_concurrent=1) as session,
                Deadline(DEADLINE_S),
                session.post(
                    self._url,
                    data=body,
                    headers=dict(headers),
                    timeout=TIMEOUT_S,
                    allow_redirects=False,
                    stream=True,
                    # Without one, requests would look for credentials of this host in ~/.netrc.
                    auth=_no_credentials,
                ) as answer,
            ):
                return self._outcome(answer)
        # Its text names the URL, and so does the traceback of any error raised from it.
        except Exception as error:  # noqa: BLE001 - whatever a receiver does is no delivery
            kind = type(error).__name__
            is_address = not isinstance(error, ValueError)
        return _Outcome(problem=f"no answer ({kind})", is_transient=is_address)

    def _outcome(self, answer: requests.Response) -> "_Outcome":
        status = answer.status_code
        if 300 <= status < 400:
            return _Outcome(problem=f"answered {status}, a redirect, which is not followed")
        if answer.ok:
            return _Outcome()
        said = self._confidential.quotable(_beginning(answer))
        is_busy = status == _TOO_MANY_REQUESTS
        return _Outcome(
            problem=f"answered {status} {said.strip()!a}",
            is_busy=is_busy,
            is_transient=is_busy or status >= requests.codes.server_error,
            is_of_message=status in _OF_MESSAGE,
            retry_after_s=retry_after_s(answer.headers.get("Retry-After"), now=self._clock.now()),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Outcome:
    problem: str = ""
    is_transient: bool = False
    is_busy: bool = False
    is_of_message: bool = False
    retry_after_s: float = 0.0

    @property
    def is_brief(self) -> bool:
        """Whether the channel only asks for a few seconds."""
        return self.is_busy and self.retry_after_s <= _BRIEF_S


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


def _beginning(answer: requests.Response) -> str:
    # The status is known, and decides; the words beside it may be damaged, cut or endless.
    try:
        beginning: bytes = answer.raw.read1(_ANSWER_BYTES, decode_content=True)
    except Exception as error:  # noqa: BLE001 - of three libraries, and none of them matters
        return f"(unreadable: {type(error).__name__})"
    return beginning[:_ANSWER_BYTES].decode("utf-8", "replace")


def _check_url(url: str, variable: str, *, is_plain_http_allowed: bool) -> None:
    try:
        parts = urlsplit(url)
        origin_of(url)
    except ValueError:
        parts = urlsplit("")
    is_safe = parts.scheme == "https" or is_plain_http_allowed or parts.hostname in _LOOPBACK
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise DeliveryError(f"{variable} must be an http or https URL")
    if not is_safe:
        raise DeliveryError(f"{variable} must be an https URL: it is a secret in itself")


def _hmac(key: bytes, *parts: bytes) -> bytes:
    return hmac.new(key, b".".join(parts), hashlib.sha256).digest()


def _signing_key(secret: str) -> bytes:
    """Return the key of Standard Webhooks: theirs is base64 behind a prefix, any other as it is."""
    if not secret.startswith(_STANDARD_SECRET):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(_STANDARD_SECRET), validate=True)
    except ValueError as error:
        raise DeliveryError(
            f"{SECRET_VARIABLE} begins with {_STANDARD_SECRET} and must go on in base64"
        ) from error


def _no_credentials(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
