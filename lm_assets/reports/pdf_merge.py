"""Rendered batches to one PDF: links between pages, an outline, and metadata that never varies."""

import hashlib
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    ByteStringObject,
    DictionaryObject,
    NameObject,
    NumberObject,
    TextStringObject,
)

# In a batch, a page of another batch is unknown: links name its number, and are resolved here.
PAGE_LINK = "page:"
_TIMESTAMP = re.compile(r"(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.\d+)?Z")


@dataclass(frozen=True, kw_only=True, slots=True)
class Bookmark:
    """An entry of the outline: a title, its page (from 1), and whether it opens a level."""

    title: str
    page: int
    children: tuple["Bookmark", ...] = ()


def merged_pdf(
    batches: Sequence[bytes], *, title: str, created_at: str, bookmarks: Sequence[Bookmark]
) -> bytes:
    """Return one PDF of all batches in order.

    The same batches and the same words give the same bytes: the dates are the campaign's, and the
    identifier is the digest of the content.

    Parameters
    ----------
    created_at : str
        A UTC timestamp such as ``2026-11-22T01:30:00Z``; in any other form no date is written.
    """
    writer = PdfWriter()
    for batch in batches:
        writer.append(PdfReader(io.BytesIO(batch)), import_outline=False)
    _resolve_links(writer)
    for bookmark in bookmarks:
        parent = writer.add_outline_item(
            title=bookmark.title, page_number=bookmark.page - 1, is_open=not bookmark.children
        )
        for child in bookmark.children:
            writer.add_outline_item(title=child.title, page_number=child.page - 1, parent=parent)
    facts = {"/Title": title, "/Producer": "lm-assets, WeasyPrint, pypdf"}
    if date := _pdf_date(created_at):
        facts |= {"/CreationDate": date, "/ModDate": date}
    writer.metadata = facts
    digest = hashlib.sha256(b"".join(batches) + title.encode() + created_at.encode()).digest()[:16]
    identifier = ByteStringObject(digest)
    writer._ID = ArrayObject((identifier, identifier))
    target = io.BytesIO()
    writer.write(target)
    return target.getvalue()


def _resolve_links(writer: PdfWriter) -> None:
    references = [page.indirect_reference for page in writer.pages]
    for page in writer.pages:
        for reference in page.get("/Annots", ()):
            annotation = reference.get_object()
            address = str(annotation.get("/A", {}).get("/URI", ""))
            if not address.startswith(PAGE_LINK):
                continue
            target = references[int(address.removeprefix(PAGE_LINK)) - 1]
            annotation[NameObject("/A")] = DictionaryObject(
                {
                    NameObject("/S"): NameObject("/GoTo"),
                    NameObject("/D"): ArrayObject((target, NameObject("/Fit"))),
                }
            )
            annotation[NameObject("/F")] = NumberObject(4)
            annotation.pop("/Contents", None)


def _pdf_date(created_at: str) -> TextStringObject | None:
    found = _TIMESTAMP.fullmatch(created_at)
    return TextStringObject(f"D:{''.join(found.groups())}Z") if found else None
