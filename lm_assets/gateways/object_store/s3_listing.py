"""Listings of S3, page by page."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lm_assets.gateways.object_store.protocol import ObjectInfo
from lm_assets.gateways.object_store.s3_answers import required

Page = Mapping[str, Any]


def pages(ask: Callable[[str | None], Page]) -> Iterator[Page]:
    """Give every page of a listing; ``ask`` returns the whole page after a token."""
    page = ask(None)
    while True:
        yield page
        if not page["IsTruncated"]:
            return
        page = ask(page["NextContinuationToken"])


def whole_page(page: Page) -> Page:
    """Return a page of which nothing is missing that every page has.

    Raises
    ------
    HalfAnswerError
        Naming what the answer does not say.
    """
    if required(page, "IsTruncated"):
        required(page, "NextContinuationToken")
    for found in page.get("Contents", ()):
        for name in ("Key", "Size", "ETag", "LastModified"):
            required(found, name)
    return page


def objects_of(page: Page) -> Iterator[ObjectInfo]:
    """Give the objects of a page, without folder markers."""
    for found in page.get("Contents", ()):
        if not (found["Size"] == 0 and found["Key"].endswith("/")):
            yield ObjectInfo(
                key=found["Key"],
                etag=found["ETag"].strip('"'),
                size=found["Size"],
                last_modified=found["LastModified"],
            )


def folders_of(page: Page) -> Iterator[str]:
    """Give the prefixes of the folders that a page of a delimited listing names."""
    for found in page.get("CommonPrefixes", ()):
        yield str(found["Prefix"])
