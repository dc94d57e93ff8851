"""What is asked of a page of a listing, and of the address that it comes from."""

from datetime import UTC, datetime
from typing import Any

import pytest

from lm_assets.gateways.object_store.protocol import ObjectStoreError
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.gateways.object_store.s3_answers import HalfAnswerError
from lm_assets.gateways.object_store.s3_listing import objects_of, pages, whole_page

MOMENT = datetime(2026, 11, 22, tzinfo=UTC)


def a_page(*, more: str | None = None, **changes: Any) -> dict[str, Any]:
    found = {"Key": "raw/a", "Size": 1, "ETag": '"e"', "LastModified": MOMENT, **changes}
    page: dict[str, Any] = {"IsTruncated": more is not None}
    page["Contents"] = [{name: value for name, value in found.items() if value is not None}]
    if more:
        page["NextContinuationToken"] = more
    return page


def test_pages_follow_their_tokens():
    answers = {None: a_page(more="2"), "2": a_page(Key="raw/b")}
    keys = [item.key for page in pages(lambda token: answers[token]) for item in objects_of(page)]
    assert keys == ["raw/a", "raw/b"]


@pytest.mark.parametrize("name", ["Key", "Size", "ETag", "LastModified"])
def test_an_object_without_a_field_is_half_an_answer(name):
    with pytest.raises(HalfAnswerError, match=f"says nothing of {name}"):
        whole_page(a_page(**{name: None}))


@pytest.mark.parametrize("missing", ["IsTruncated", "NextContinuationToken"])
def test_a_page_that_does_not_say_how_it_goes_on_is_half_an_answer(missing):
    page = a_page(more="2")
    del page[missing]
    with pytest.raises(HalfAnswerError, match=f"says nothing of {missing}"):
        whole_page(page)


@pytest.mark.parametrize(
    "endpoint", ["rubbish", "localhost:9000", "ftp://host", "http://", "http://[::1"]
)
def test_an_endpoint_that_is_no_address_is_refused(endpoint):
    with pytest.raises(ObjectStoreError, match="LM_S3_ENDPOINT must be http://HOST:PORT"):
        S3ObjectStore.from_environment({"LM_S3_ENDPOINT": endpoint})


def test_an_endpoint_with_credentials_is_refused_and_not_shown():
    with pytest.raises(ObjectStoreError, match="must hold no credentials") as refusal:
        S3ObjectStore.from_environment({"LM_S3_ENDPOINT": "http://user:a-secret@127.0.0.1:1"})
    assert "a-secret" not in str(refusal.value)


@pytest.mark.parametrize("secret", ["http://h:1/?token=S3CRET", "http://h:1/#S3CRET"])
def test_an_endpoint_with_more_than_a_path_is_refused_and_not_shown(secret):
    with pytest.raises(ObjectStoreError, match=r"end after its path, as http://h:1$") as refusal:
        S3ObjectStore.from_environment({"LM_S3_ENDPOINT": secret})
    assert "S3CRET" not in str(refusal.value)


def test_a_path_of_an_endpoint_is_not_shown():
    store = S3ObjectStore.from_environment({"LM_S3_ENDPOINT": "http://[::1]:9/S3CRET"})
    assert store.place == "http://[::1]:9"
