"""Messages over real HTTP: taken, refused, delayed, redirected, signed."""

import base64
import hashlib
import hmac
import json
import socket
import traceback
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lm_assets.gateways.http import notifier
from lm_assets.gateways.http.notifier import (
    LONGEST_RETRY_AFTER_S,
    DeliveryError,
    HttpNotifier,
    MessageRefusedError,
    Notifier,
    notifiers_from_environment,
    retry_after_s,
)
from lm_assets.gateways.retrying import RetryPolicy
from lm_assets_tests.fakes.clock import FixedClock
from lm_assets_tests.fakes.notifier import RecordingNotifier
from lm_assets_tests.fakes.webhook import Answer, WebhookServer

SECRET_PATH = "/services/T000/B000/the-secret-part"
NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


@pytest.fixture
def waits() -> list[float]:
    return []


def slack(server: WebhookServer, waits: list[float]) -> Notifier:
    retry = RetryPolicy(attempts=3, first_delay_s=1.0, sleep=waits.append)
    environment = {"LM_SLACK_WEBHOOK_URL": server.address + SECRET_PATH}
    (found,) = notifiers_from_environment(environment, clock=FixedClock(NOW), retry=retry)
    return found


class TestContract:
    """Held by the fake and by the real notifier alike."""

    @pytest.fixture(params=["fake", "http"])
    def taking(self, request, waits):
        if request.param == "fake":
            fake = RecordingNotifier()
            yield fake, lambda: fake.sent
        else:
            with WebhookServer() as server:
                real = slack(server, waits)
                yield real, lambda: [json.loads(r.body) for r in server.received]

    @pytest.fixture(params=["fake", "http"])
    def refusing(self, request, waits):
        if request.param == "fake":
            yield RecordingNotifier(failures=1)
        else:
            with WebhookServer(Answer(status=404, body=b"no_service")) as server:
                yield slack(server, waits)

    def test_a_message_arrives_as_it_was_sent(self, taking):
        channel, arrived = taking
        message = {"text": "ü <script> \u2028", "blocks": [{"n": 1.5, "none": None}]}
        channel.send(message)
        assert channel.channel == "slack"
        assert arrived() == [message]

    def test_a_refused_message_is_an_error_and_the_next_one_can_succeed(self, refusing):
        with pytest.raises(DeliveryError, match="slack: "):
            refusing.send({"text": "x"})
        refusing.send({"text": "x"})

    def test_a_message_that_is_not_json_is_an_error_of_the_caller(self, taking):
        channel, arrived = taking
        with pytest.raises(TypeError):
            channel.send({"text": object()})
        assert arrived() == []


@pytest.mark.parametrize(
    "passing",
    [Answer(status=500), Answer(status=503), Answer(status=None)],
    ids=["500", "503", "hung_up"],
)
def test_an_outage_that_ends_is_waited_for(passing, waits):
    with WebhookServer(passing, passing) as server:
        slack(server, waits).send({"text": "x"})
        assert len(server.received) == 3
        deliveries = {received.headers["X-LM-Delivery"] for received in server.received}
    assert deliveries == {hashlib.sha256(b'{"text": "x"}').hexdigest()}
    assert waits == [1.0, 2.0]


def test_an_outage_that_lasts_is_an_error_after_bounded_attempts(waits):
    with WebhookServer(*[Answer(status=503, body=b"busy")] * 9) as server:
        with pytest.raises(DeliveryError, match=r"503 'busy'.*LM_SLACK_WEBHOOK_URL"):
            slack(server, waits).send({"text": "x"})
        assert len(server.received) == 3


@pytest.mark.parametrize("status", [400, 403, 404, 410])
def test_a_refusal_is_not_repeated(status, waits):
    with WebhookServer(Answer(status=status, body=b"invalid_payload")) as server:
        with pytest.raises(DeliveryError, match=f"{status} 'invalid_payload'"):
            slack(server, waits).send({"text": "x"})
        assert len(server.received) == 1
    assert waits == []


@pytest.mark.parametrize(("status", "is_of_message"), [(400, True), (413, True), (403, False)])
def test_a_refusal_of_the_message_is_told_from_one_of_the_channel(status, is_of_message, waits):
    with WebhookServer(Answer(status=status, body=b"no")) as server:
        with pytest.raises(DeliveryError) as caught:
            slack(server, waits).send({"text": "x"})
        assert isinstance(caught.value, MessageRefusedError) is is_of_message


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status, waits):
    with WebhookServer() as elsewhere:
        moved = Answer(status=status, headers={"Location": elsewhere.address})
        with WebhookServer(moved) as server, pytest.raises(DeliveryError, match="not followed"):
            slack(server, waits).send({"text": "x"})
        assert elsewhere.received == []


def test_a_busy_channel_is_given_the_time_it_asks_for(waits):
    busy = Answer(status=429, headers={"Retry-After": "7"})
    with WebhookServer(busy) as server:
        slack(server, waits).send({"text": "x"})
    assert waits == [7.0]


def test_a_silent_channel_is_given_up(waits, monkeypatch):
    monkeypatch.setattr(notifier, "TIMEOUT_S", (0.2, 0.2))
    silent = [Answer(delay_s=0.6)] * 3
    no_answer = pytest.raises(DeliveryError, match=r"no answer \(ReadTimeout\)")
    with WebhookServer(*silent) as server, no_answer:
        slack(server, waits).send({"text": "x"})


def test_an_endless_answer_is_not_read_to_its_end(waits):
    endless = Answer(status=400, body=b"x" * 5_000_000)
    with WebhookServer(endless) as server, pytest.raises(DeliveryError) as failure:
        slack(server, waits).send({"text": "x"})
    assert len(str(failure.value)) < 400


def test_no_error_shows_the_address(waits):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{probe.getsockname()[1]}{SECRET_PATH}"
        environment = {"LM_SLACK_WEBHOOK_URL": nobody}
        retry = RetryPolicy(attempts=1)
        (channel,) = notifiers_from_environment(environment, retry=retry)
        with pytest.raises(DeliveryError) as failure:
            channel.send({"text": "x"})
    shown = "".join(traceback.format_exception(failure.value))
    assert "the-secret-part" not in shown + repr(failure.value)
    assert failure.value.__context__ is None


def test_a_generic_webhook_is_signed(waits):
    with WebhookServer() as server:
        environment = {"LM_WEBHOOK_URL": f"{server.address}/hook", "LM_WEBHOOK_SECRET": "key"}
        (channel,) = notifiers_from_environment(environment, clock=FixedClock(NOW))
        channel.send({"verdict": "regressed"})
        (received,) = server.received
    assert channel.channel == "webhook"
    assert received.headers["X-LM-Timestamp"] == str(int(NOW.timestamp()))
    signed = received.headers["X-LM-Timestamp"].encode() + b"." + received.body
    expected = "sha256=" + hmac.new(b"key", signed, "sha256").hexdigest()
    assert received.headers["X-LM-Signature-256"] == expected


def test_without_a_secret_there_is_no_signature(waits):
    with WebhookServer() as server:
        (channel,) = notifiers_from_environment({"LM_WEBHOOK_URL": server.address})
        channel.send({"verdict": "regressed"})
        assert "X-LM-Signature-256" not in server.received[0].headers


def test_a_receiver_that_repeats_its_address_is_not_quoted(waits):
    answer = Answer(status=404, body=f"no such path: {SECRET_PATH}".encode())
    with WebhookServer(answer) as server, pytest.raises(DeliveryError) as refused:
        slack(server, waits).send({"text": "x"})
    assert "answered 404 '(it repeats a part of its address" in str(refused.value)
    assert "the-secret-part" not in str(refused.value)


def test_credentials_of_the_home_folder_are_not_sent(waits, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password something\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with WebhookServer() as server:
        slack(server, waits).send({"text": "x"})
        assert "Authorization" not in server.received[0].headers


def test_channels_are_those_whose_address_is_set():
    both = {"LM_SLACK_WEBHOOK_URL": "https://a.example/x", "LM_WEBHOOK_URL": "http://b.example"}
    assert notifiers_from_environment({}) == []
    assert notifiers_from_environment({"LM_SLACK_WEBHOOK_URL": ""}) == []
    assert [n.channel for n in notifiers_from_environment(both)] == ["slack", "webhook"]


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a.example",
        "file:///etc/passwd",
        "a.example/x",
        "https:///x",
        "https://[x",
        "http://a.example/x",
    ],
)
def test_an_address_that_cannot_be_used_is_refused_without_being_shown(url):
    with pytest.raises(DeliveryError, match="LM_SLACK_WEBHOOK_URL must be") as failure:
        notifiers_from_environment({"LM_SLACK_WEBHOOK_URL": url + "-secret"})
    assert "-secret" not in str(failure.value)


@pytest.mark.parametrize(
    ("header", "expected_s"),
    [
        (None, 0.0),
        ("", 0.0),
        ("5", 5.0),
        ("86400", LONGEST_RETRY_AFTER_S),
        ("-5", 0.0),
        ("soon", 0.0),
        ("Sun, 22 Nov 2026 03:00:20 GMT", 20.0),
        ("Sun, 22 Nov 2026 02:00:00 GMT", 0.0),
    ],
)
def test_a_wait_is_read_in_seconds_or_as_a_date(header, expected_s):
    assert retry_after_s(header, now=NOW) == pytest.approx(expected_s)


@given(st.text(max_size=60))
def test_any_wait_that_is_asked_for_is_bounded(header):
    assert 0.0 <= retry_after_s(header, now=NOW) <= LONGEST_RETRY_AFTER_S


class TestStandardWebhooks:
    def test_is_signed_over_id_time_and_body(self):
        with WebhookServer() as server:
            signed_with = "whsec_" + base64.b64encode(b"key").decode()
            a_webhook(server, secret=signed_with).send({"text": "x"}, message_id="event-1")
        (received,) = server.received
        stamp = received.headers["webhook-timestamp"]
        signed = b".".join((b"event-1", stamp.encode(), received.body))
        expected = base64.b64encode(hmac.new(b"key", signed, hashlib.sha256).digest()).decode()
        assert received.headers["webhook-id"] == "event-1"
        assert received.headers["webhook-signature"] == f"v1,{expected}"

    def test_known_answer_of_the_specification(self):
        # The example of the specification, as its own libraries have it in their tests.
        key = notifier._signing_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        body = b'{"test": 2432232314}'
        parts = (b"msg_p5jXN8AQM9LWM0D4loKWxJek", b"1614265330", body)
        made = base64.b64encode(notifier._hmac(key, *parts)).decode()
        assert made == "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

    def test_a_secret_that_is_no_base64_is_refused(self):
        with WebhookServer() as server, pytest.raises(DeliveryError, match="go on in base64"):
            a_webhook(server, secret="whsec_!").send({"text": "x"})


class TestImpatience:
    def test_leaves_a_channel_that_fails_at_once(self):
        with WebhookServer(Answer(status=500)) as server, pytest.raises(DeliveryError):
            a_webhook(server).send({"text": "x"}, is_patient=False)
        assert len(server.received) == 1

    def test_heeds_a_busy_channel_that_asks_for_a_second(self):
        busy = Answer(status=429, headers={"Retry-After": "1"})
        waits: list[float] = []
        with WebhookServer(busy) as server:
            a_webhook(server, sleep=waits.append).send({"text": "x"}, is_patient=False)
        assert len(server.received) == 2
        assert waits == [1.0]

    def test_leaves_one_that_asks_for_a_minute(self):
        busy = Answer(status=429, headers={"Retry-After": "60"})
        with WebhookServer(busy) as server, pytest.raises(DeliveryError, match="429"):
            a_webhook(server).send({"text": "x"}, is_patient=False)
        assert len(server.received) == 1


def a_webhook(
    server: WebhookServer, *, secret: str | None = None, sleep: Callable[[float], None] = float
) -> HttpNotifier:
    return HttpNotifier(
        channel="webhook",
        url=server.address,
        variable="LM_WEBHOOK_URL",
        secret=secret,
        is_plain_http_allowed=True,
        retry=RetryPolicy(attempts=3, first_delay_s=0.1, sleep=sleep),
    )


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Content-Encoding": "gzip"}, id="bad gzip"),
        pytest.param({"Content-Length": "999"}, id="fewer bytes than promised"),
        pytest.param({"Transfer-Encoding": "chunked"}, id="bad chunks"),
        pytest.param({"Location": "http://["}, id="an address that is none"),
        pytest.param({"Retry-After": "\u00b2"}, id="a wait that is none"),
    ],
)
@pytest.mark.parametrize("status", [400, 500, 503])
def test_whatever_is_wrong_with_an_error_answer_is_a_delivery_error(status, headers, waits):
    told = Answer(status=status, body=b"\xff\xfe no", headers=headers)
    with WebhookServer(*[told] * 3) as server, pytest.raises(DeliveryError, match="slack: "):
        slack(server, waits).send({"text": "x"})
    assert len(waits) == (0 if status == 400 else 2)


@pytest.mark.parametrize("host", ["http://%zz.example/", "http://.example:1/", "http://a..b/"])
def test_a_host_that_is_none_is_a_delivery_error_without_its_address(host, waits):
    retry = RetryPolicy(attempts=3, first_delay_s=1.0, sleep=waits.append)

    def deliver() -> None:
        (found,) = notifiers_from_environment({"LM_WEBHOOK_URL": host + "S3CRET"}, retry=retry)
        found.send({"text": "x"})

    with pytest.raises(DeliveryError) as caught:
        deliver()
    assert "S3CRET" not in str(caught.value)
