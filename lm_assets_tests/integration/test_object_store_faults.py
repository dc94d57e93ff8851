"""Outages and hostile names, on a real S3 server."""

import random
import signal
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from boto3.session import Session

from lm_assets.gateways.bucket import object_keys
from lm_assets.gateways.engines.processes import free_port
from lm_assets.gateways.object_store.protocol import (
    ObjectCorruptedError,
    ObjectStoreRefusedError,
    ObjectStoreUnavailableError,
)
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.gateways.object_store.s3_bulk import BulkTransfer
from lm_assets.gateways.retrying import RetryPolicy
from lm_assets.model.errors import UnusableInputError
from lm_assets_tests.fakes.faulty_proxy import Fault, FaultyProxy
from lm_assets_tests.integration.own_servers import OwnObjectStore

pytestmark = pytest.mark.integration
KEY = "raw/c1/x.jsonl"
LARGE = bytes(range(256)) * 1_000
PATIENT = RetryPolicy(attempts=4, first_delay_s=0.02)


def store_behind(
    proxy: FaultyProxy,
    environment: Mapping[str, str],
    *,
    retry: RetryPolicy = PATIENT,
    read_timeout_s: float = 0.7,
) -> S3ObjectStore:
    return S3ObjectStore(
        endpoint=proxy.endpoint,
        bucket=environment["LM_S3_BUCKET"],
        access_key_id=environment["AWS_ACCESS_KEY_ID"],
        secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        retry=retry,
        read_timeout_s=read_timeout_s,
    )


def proxy_before(environment: Mapping[str, str], *faults: Fault) -> FaultyProxy:
    parts = urlsplit(environment["LM_S3_ENDPOINT"])
    return FaultyProxy(str(parts.hostname), int(parts.port or 0), *faults)


FAULTS = [fault for fault in Fault if fault is not Fault.ALTERED]
# The content of an object is not XML to begin with: there a checksum tells, not the parser.
EVERY_FAULT_OF_CONTENT = pytest.mark.parametrize(
    "fault", [f for f in FAULTS if f is not Fault.NOT_XML], ids=lambda fault: fault.name.lower()
)
EVERY_FAULT = pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name.lower())


@EVERY_FAULT_OF_CONTENT
def test_reading_outlasts_a_broken_connection(s3_environment, s3_store, fault):
    s3_store.write(KEY, LARGE)
    with proxy_before(s3_environment, fault, fault) as proxy:
        assert store_behind(proxy, s3_environment).read(KEY) == LARGE
        assert proxy.faults == []


@EVERY_FAULT_OF_CONTENT
def test_opening_outlasts_a_broken_connection_and_starts_over(s3_environment, s3_store, fault):
    s3_store.write(KEY, LARGE)
    proxy = proxy_before(s3_environment, fault)
    with proxy, store_behind(proxy, s3_environment).open(KEY) as file:
        assert file.read() == LARGE


@EVERY_FAULT
def test_listing_outlasts_a_broken_connection(s3_environment, s3_store, fault):
    expected = [f"raw/c1/cell-{n:02}.jsonl" for n in range(20)]
    for key in expected:
        s3_store.write(key, b"x")
    with proxy_before(s3_environment, fault, fault) as proxy:
        assert [item.key for item in store_behind(proxy, s3_environment).list("raw/")] == expected
        assert proxy.faults == []


@EVERY_FAULT
def test_writing_outlasts_a_broken_connection(s3_environment, s3_store, fault):
    with proxy_before(s3_environment, fault) as proxy:
        store_behind(proxy, s3_environment).write(KEY, LARGE)
    assert s3_store.read(KEY) == LARGE


# An answer that ends within its headers looks like one with an empty body: nothing may take an
# object or a bucket for empty because of it.
@pytest.mark.parametrize("answered_bytes", [20, 60, 100, 140, 180, 220, 300])
def test_an_answer_that_breaks_off_within_its_headers_is_asked_for_again(
    s3_environment, s3_store, answered_bytes
):
    s3_store.write(KEY, LARGE)

    def behind_half_an_answer(ask: Callable[[S3ObjectStore], object]) -> object:
        # Twice: small objects are asked of two clients.
        with proxy_before(s3_environment, Fault.HALF, Fault.HALF) as proxy:
            proxy._half_bytes = answered_bytes
            answer = ask(store_behind(proxy, s3_environment, read_timeout_s=5.0))
            assert len(proxy.faults) < 2
        return answer

    assert behind_half_an_answer(lambda store: store.read(KEY)) == LARGE
    assert behind_half_an_answer(lambda store: [o.key for o in store.list("raw/")]) == [KEY]
    assert behind_half_an_answer(lambda store: store.head(KEY)) == s3_store.head(KEY)
    tag = behind_half_an_answer(lambda store: store.write(KEY, b"other"))
    assert tag == s3_store.head(KEY).etag


@pytest.mark.parametrize("answered_bytes", [300, 1_000, 1_800])
def test_a_large_object_whose_upload_breaks_off_is_sent_again_and_seen_whole(
    s3_environment, s3_store, monkeypatch, answered_bytes
):
    for module in ("multipart", "s3"):
        monkeypatch.setattr(f"lm_assets.gateways.object_store.{module}.PART_BYTES", 5 * 1024 * 1024)
    large = random.Random(answered_bytes).randbytes(11 * 1024 * 1024)
    s3_store.write(KEY, b"before")
    with proxy_before(s3_environment, Fault.HALF) as proxy:
        proxy._half_bytes = answered_bytes
        store_behind(proxy, s3_environment, read_timeout_s=20.0).write(KEY, large)
        assert proxy.faults == []
    assert s3_store.read(KEY) == large
    assert [item.key for item in s3_store.list("")] == [KEY]


def test_a_conditional_write_whose_answer_is_lost_is_not_taken_for_anothers(
    s3_environment, s3_store
):
    with proxy_before(s3_environment, Fault.HALF) as proxy:
        proxy._half_bytes = 1
        written = store_behind(proxy, s3_environment).write(KEY, LARGE, if_absent=True)
    assert written == s3_store.head(KEY).etag


def bulk_behind(proxy: FaultyProxy, environment: Mapping[str, str]) -> BulkTransfer:
    return BulkTransfer(
        Session(
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        ),
        endpoint=proxy.endpoint,
        bucket=environment["LM_S3_BUCKET"],
        region="us-east-1",
        connect_timeout_s=5.0,
        read_timeout_s=5.0,
    )


def test_plain_objects_go_the_fast_way_and_odd_names_do_not(s3_environment, s3_store):
    with proxy_before(s3_environment) as proxy:
        fast = bulk_behind(proxy, s3_environment)
        described = {"ContentType": "application/jsonl", "Metadata": {"sha256": "0" * 64}}
        assert fast.write(KEY, b"x", described) == f'"{s3_store.head(KEY).etag}"'
        found = fast.read(KEY, max_bytes=1)
        assert found is not None
        assert (found.content, found.metadata["sha256"]) == (b"x", "0" * 64)
        assert fast.read(KEY, max_bytes=0) is None
        assert fast.read("raw/c1/none.jsonl", max_bytes=None) is None
        for odd in ("raw/a b", "raw//a", "raw/../a", "raw/%2e", "raw/ü", "raw/a/"):
            assert fast.write(odd, b"x", described) is None
            assert fast.read(odd, max_bytes=None) is None
    assert [item.key for item in s3_store.list("")] == [KEY]


def test_the_fast_way_is_left_for_good_when_it_keeps_failing(s3_environment, s3_store):
    s3_store.write(KEY, b"x")
    with proxy_before(s3_environment, *[Fault.UNAVAILABLE] * 3) as proxy:
        fast = bulk_behind(proxy, s3_environment)
        assert [fast.read(KEY, max_bytes=None) for _ in range(4)] == [None] * 4
        assert proxy.faults == []
        assert store_behind(proxy, s3_environment).read(KEY) == b"x"


def test_content_that_changed_on_the_way_to_the_server_is_refused(s3_environment, s3_store):
    with proxy_before(s3_environment, Fault.ALTERED) as proxy:
        store_behind(proxy, s3_environment).write(KEY, LARGE)
        assert proxy.faults == []
    assert s3_store.read(KEY) == LARGE


def test_an_outage_that_lasts_is_a_clear_failure(s3_environment):
    waits: list[float] = []
    retry = RetryPolicy(attempts=4, first_delay_s=0.5, longest_delay_s=1.5, sleep=waits.append)
    port = free_port()
    environment = {**s3_environment, "LM_S3_ENDPOINT": f"http://127.0.0.1:{port}"}
    store = S3ObjectStore.from_environment(environment, retry=retry)
    with pytest.raises(ObjectStoreUnavailableError) as failure:
        store.write(KEY, b"x")
    for part in (KEY, s3_environment["LM_S3_BUCKET"], str(port), "4 attempts", "LM_S3_ENDPOINT"):
        assert part in str(failure.value)
    for secret in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        assert s3_environment[secret] not in str(failure.value).replace("load-metrics", "")
    assert waits == [0.5, 1.0, 1.5]


def test_a_server_that_keeps_failing_is_told_from_one_that_is_away(s3_environment):
    failing = proxy_before(s3_environment, *[Fault.UNAVAILABLE] * 4)
    told = pytest.raises(ObjectStoreUnavailableError, match=r"the server fails \(503\)")
    with failing as proxy, told:
        store_behind(proxy, s3_environment).head(KEY)


def test_a_bucket_that_is_not_there_is_named_with_its_variable(s3_environment):
    store = S3ObjectStore.from_environment({**s3_environment, "LM_S3_BUCKET": "not-there"})
    with pytest.raises(ObjectStoreRefusedError, match=r"not-there.*LM_S3_BUCKET"):
        list(store.list(""))


def test_content_that_changed_on_the_way_to_the_reader_is_noticed(s3_environment, s3_store):
    s3_store.client.put_object(
        Bucket=s3_store.bucket, Key=KEY, Body=b"another", Metadata={"sha256": "0" * 64}
    )
    with pytest.raises(ObjectCorruptedError, match=r"raw/c1/x\.jsonl.*write it again"):
        s3_store.read(KEY)
    with pytest.raises(ObjectCorruptedError), s3_store.open(KEY):
        pass


def test_a_listing_of_several_pages_has_every_object_once(s3_store):
    def write(numbers: range) -> None:
        for n in numbers:
            s3_store.client.put_object(
                Bucket=s3_store.bucket, Key=f"incoming/c1/x/{n:05}", Body=b""
            )

    parts = [threading.Thread(target=write, args=[range(n, 1_100, 4)]) for n in range(4)]
    for part in parts:
        part.start()
    for part in parts:
        part.join()
    found = [item.key for item in s3_store.list("incoming/")]
    assert found == [f"incoming/c1/x/{n:05}" for n in range(1_100)]


def test_a_server_that_is_killed_and_started_again_loses_and_doubles_nothing(state_folder: Path):
    state_folder.mkdir()
    server = OwnObjectStore(state_folder / "s3")
    store = S3ObjectStore.from_environment(server.environment)
    contents = {f"raw/c1/cell-{n:03}.jsonl": f"{n}\n".encode() * 500 for n in range(60)}
    failures: list[Exception] = []

    def write() -> None:
        try:
            for key, content in contents.items():
                store.write(key, content, if_absent=True)
        except (ObjectStoreUnavailableError, ObjectStoreRefusedError) as error:
            failures.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    while sum(1 for _ in store.list("raw/")) < 20:
        time.sleep(0.02)
    server.stop(signal.SIGKILL)
    time.sleep(1)
    server.start()
    writer.join(timeout=60)
    assert failures == []
    assert {item.key: store.read(item.key) for item in store.list("")} == contents
    server.stop()


HOSTILE_KEYS = {
    "newline": "incoming/a\nb/x/r.jsonl",
    "percent_encoded": "incoming/%2e%2e/%2e%2e/r.jsonl",
    "markup": "incoming/<script>alert(1)</script>/x/r.jsonl",
    "quote": "incoming/'; DROP TABLE campaigns; --/x/r.jsonl",
    "long": f"incoming/{'n' * 240}/x/r.jsonl",
    "in_the_combination": "incoming/c1/a b\t/r.jsonl",
    "in_the_file": "incoming/c1/x/a\rb.jsonl",
}


@pytest.mark.parametrize("key", HOSTILE_KEYS.values(), ids=HOSTILE_KEYS.keys())
def test_an_object_with_a_hostile_name_can_be_read_and_quarantined(s3_store, key):
    s3_store.write(key, b'{"run": 1}\n')
    (found,) = s3_store.list("incoming/")
    assert found.key == key
    with pytest.raises(UnusableInputError) as refusal:
        object_keys.parse_incoming_key(found.key)
    stem = object_keys.quarantine_stem(object_keys.campaign_of(found.key), found.key)
    s3_store.write(f"{stem}.jsonl", s3_store.read(found.key))
    s3_store.write(f"{stem}.reason.json", str(refusal.value).encode())
    kept = [item.key for item in s3_store.list("quarantine/")]
    assert kept == [f"{stem}.jsonl", f"{stem}.reason.json"]
    assert s3_store.read(kept[0]) == b'{"run": 1}\n'
    s3_store.delete(found.key)
    assert not s3_store.exists(key)


@pytest.mark.parametrize("key", ["incoming/../x", "../../etc/x", f"incoming/{'n' * 2_000}"])
def test_a_name_that_the_server_refuses_is_refused_at_once(s3_store, key):
    with pytest.raises(ObjectStoreRefusedError, match="refused"):
        s3_store.write(key, b"x")
    assert list(s3_store.list("")) == []
