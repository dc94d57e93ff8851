"""What a whole answer of S3 always says, so that half of one is not taken for it."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from lm_assets.gateways.object_store.protocol import ObjectInfo

T = TypeVar("T")


class HalfAnswerError(Exception):
    """An answer of the server lacks what every such answer says."""


def required(answer: Mapping[str, Any], name: str) -> Any:
    """Return what a whole answer says; one that was cut off in its headers looks like a good one.

    The connection's library takes the end of the stream for the end of the headers: without this
    an object would be read as empty, and a bucket listed as empty.
    """
    try:
        return answer[name]
    except KeyError:
        raise HalfAnswerError(f"the answer says nothing of {name}") from None


def whole(call: Callable[[], T]) -> T:
    """Return what a request returns; a header that stops in its middle is half an answer too."""
    try:
        return call()
    except ValueError as error:
        raise HalfAnswerError(str(error)) from error


def entity_tag(answer: Mapping[str, Any]) -> str:
    """Return the entity tag in an answer, in its quotes."""
    tag = str(required(answer, "ETag"))
    if len(tag) < 2 or not tag.endswith('"'):
        raise HalfAnswerError(f"the entity tag {tag!r} in the answer has no end")
    return tag


def object_info(key: str, answer: Mapping[str, Any]) -> ObjectInfo:
    """Return what an answer tells of an object."""
    return ObjectInfo(
        key=key,
        etag=entity_tag(answer).strip('"'),
        size=required(answer, "ContentLength"),
        last_modified=required(answer, "LastModified"),
    )
