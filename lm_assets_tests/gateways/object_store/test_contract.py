"""One contract, held by the fake and by S3 on a real SeaweedFS."""

import hashlib
from collections.abc import Callable

import pytest

from lm_assets.gateways.object_store.protocol import (
    Children,
    ObjectChangedError,
    ObjectNotFoundError,
    ObjectStore,
    ObjectStoreRefusedError,
    ObjectTooLargeError,
)
from lm_assets.gateways.object_store.s3 import PART_BYTES
from lm_assets_tests.fakes.object_store import InMemoryObjectStore

KEY = "raw/nightly-1/3.5.0_connect.jsonl"


@pytest.fixture(params=["fake", pytest.param("seaweedfs", marks=pytest.mark.integration)])
def store(request: pytest.FixtureRequest) -> ObjectStore:
    if request.param == "fake":
        return InMemoryObjectStore()
    return request.getfixturevalue("s3_store")


def keys(store: ObjectStore, prefix: str) -> list[str]:
    return [item.key for item in store.list(prefix)]


def test_what_is_written_is_read_back(store):
    store.write(KEY, b"line 1\nline 2\n", content_type="application/jsonl")
    assert store.read(KEY) == b"line 1\nline 2\n"


def test_an_empty_object_is_an_object(store):
    store.write("incoming/c1/_SUCCESS", b"")
    assert store.exists("incoming/c1/_SUCCESS")
    assert store.read("incoming/c1/_SUCCESS") == b""
    assert keys(store, "incoming/c1/") == ["incoming/c1/_SUCCESS"]


def test_a_write_tells_what_the_listing_and_the_head_tell(store):
    etag = store.write(KEY, b"12345")
    told = store.head(KEY)
    assert told == next(store.list(KEY))
    assert (told.key, told.size, told.etag) == (KEY, 5, etag)
    assert told.last_modified.utcoffset() is not None
    assert '"' not in etag


def test_a_second_write_replaces_the_whole_object(store):
    first = store.write(KEY, b"a long first content")
    second = store.write(KEY, b"short")
    assert store.read(KEY) == b"short"
    assert first != second


def test_the_same_content_has_the_same_entity_tag(store):
    assert store.write(KEY, b"same") == store.write(KEY, b"same")


def test_a_large_object_goes_in_parts_and_comes_back_whole(store):
    data = bytes(range(256)) * (2 * PART_BYTES // 256) + b"tail"
    first = store.write(KEY, data)
    assert store.head(KEY).size == len(data)
    assert store.head(KEY).etag == first
    assert hashlib.sha256(store.read(KEY)).digest() == hashlib.sha256(data).digest()
    assert store.write(KEY, data) == first


def test_open_gives_a_file_from_its_start(store):
    store.write(KEY, b"line 1\nline 2\n")
    with store.open(KEY) as file:
        assert list(file) == [b"line 1\n", b"line 2\n"]


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda store: store.read(KEY), id="read"),
        pytest.param(lambda store: store.head(KEY), id="head"),
        pytest.param(lambda store: store.open(KEY).__enter__(), id="open"),
    ],
)
def test_what_is_not_there_is_not_found(store, ask: Callable[[ObjectStore], object]):
    assert not store.exists(KEY)
    with pytest.raises(ObjectNotFoundError, match="nightly-1"):
        ask(store)


def test_an_object_over_the_readers_bound_is_refused(store):
    store.write(KEY, b"123456")
    assert store.read(KEY, max_bytes=6) == b"123456"
    with pytest.raises(ObjectTooLargeError, match="6 bytes"):
        store.read(KEY, max_bytes=5)


def test_a_deleted_object_is_gone_and_deleting_it_again_is_no_error(store):
    store.write(KEY, b"x")
    store.delete(KEY)
    store.delete(KEY)
    assert not store.exists(KEY)


def test_a_listing_has_every_key_of_the_prefix_in_order_and_no_other(store):
    for key in ("raw/b", "raw/a/2", "raw/a/10", "raw-b", "rawx/1", "aggregated/a"):
        store.write(key, b"x")
    assert keys(store, "raw/") == ["raw/a/10", "raw/a/2", "raw/b"]
    assert keys(store, "raw/a") == ["raw/a/10", "raw/a/2"]
    assert keys(store, "reports/") == []


def test_a_listing_leaves_folder_markers_out(store):
    store.write("incoming/c1/", b"")
    store.write("incoming/c1/manifest.json", b"{}")
    assert keys(store, "incoming/") == ["incoming/c1/manifest.json"]


def test_children_are_what_lies_directly_in_a_folder(store):
    for key in ("incoming/b/1", "incoming/b/2", "incoming/a/x/1", "incoming/stray", "raw/c/1"):
        store.write(key, b"x")
    children = store.children("incoming/")
    assert children.folders == ("incoming/a/", "incoming/b/")
    assert [item.key for item in children.objects] == ["incoming/stray"]
    assert store.children("").folders == ("incoming/", "raw/")
    assert store.children("reports/") == Children(folders=(), objects=())


def test_unusual_names_come_back_as_they_were(store):
    names = ["incoming/a\nb.jsonl", "incoming/a b+c=d.jsonl", "incoming/%2e%2e.jsonl", "incoming/ü"]
    for name in names:
        store.write(name, name.encode())
    assert keys(store, "incoming/") == sorted(names)
    assert [store.read(name).decode() for name in names] == names


def test_a_write_where_nothing_must_be_keeps_what_is_there(store):
    store.write(KEY, b"first", if_absent=True)
    with pytest.raises(ObjectChangedError, match="nightly-1"):
        store.write(KEY, b"second", if_absent=True)
    with pytest.raises(ObjectChangedError):
        store.write(KEY, b"first", if_absent=True)
    assert store.read(KEY) == b"first"


def test_a_write_over_a_known_object_refuses_another_one(store):
    first = store.write(KEY, b"first")
    second = store.write(KEY, b"second", if_etag=first)
    with pytest.raises(ObjectChangedError):
        store.write(KEY, b"third", if_etag=first)
    assert store.read(KEY) == b"second"
    assert store.head(KEY).etag == second


def test_a_write_over_a_known_object_refuses_when_it_is_gone(store):
    first = store.write(KEY, b"first")
    store.delete(KEY)
    with pytest.raises(ObjectChangedError):
        store.write(KEY, b"second", if_etag=first)
    assert not store.exists(KEY)


def test_a_key_longer_than_s3_allows_is_refused(store):
    with pytest.raises(ObjectStoreRefusedError):
        store.write("incoming/" + "n" * 2000, b"x")
