"""HTML pages to PDF: one WeasyPrint pass, or batches in processes of their own.

The batches are cut by the caller, never by the number of processes: the bytes do not depend on
where they are rendered. A process that has rendered a batch gives its memory back when it ends,
which a long-lived worker of the platform could not.
"""

import json
import struct
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from lm_assets.model.errors import LmError

_SLOWEST_WORKER_S = 1800
_LENGTH = struct.Struct(">Q")


class PdfEngineError(LmError):
    """The PDF engine cannot work here, or did not give the pages it was asked for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PageBatch:
    """One HTML document and the number of pages it must come to."""

    html: str
    page_count: int


def render_batches(batches: Sequence[PageBatch], *, processes: int) -> list[bytes]:
    """Return the PDF of every batch, in order.

    With one process they are rendered here; with more, in that many Python processes.

    Raises
    ------
    PdfEngineError
        When no font is installed, a page asks for an address, a batch has not the pages it was
        laid out for, or a process fails.
    """
    if processes < 1:
        raise ValueError(f"processes must be 1 or above, got {processes!r}")
    if processes == 1 or len(batches) == 1:
        return [render_batch(batch) for batch in batches]
    shares = [batches[first::processes] for first in range(min(processes, len(batches)))]
    with ThreadPoolExecutor(max_workers=len(shares)) as pool:
        rendered = list(pool.map(_render_elsewhere, shares))
    return [rendered[place % len(shares)][place // len(shares)] for place in range(len(batches))]


def render_batch(batch: PageBatch) -> bytes:
    """Return one batch as PDF, rendered in this process."""
    check_fonts()
    # Imported here: it loads Pango and takes most of a second, and only this layer needs it.
    import weasyprint  # noqa: PLC0415
    from weasyprint.urls import URLFetcher  # noqa: PLC0415

    refused: list[str] = []

    class Refusing(URLFetcher):  # type: ignore[misc]
        def fetch(self, url: str, *_: object) -> None:
            refused.append(url)
            raise ValueError(f"documents fetch nothing, refused {url!r}")

    document = weasyprint.HTML(string=batch.html, url_fetcher=Refusing()).render()
    if refused:
        raise PdfEngineError(f"a report page asked for {refused[0]!r}; reports fetch nothing")
    if len(document.pages) != batch.page_count:
        raise PdfEngineError(
            f"the layout must give {batch.page_count} pages, it gave {len(document.pages)}; "
            "page numbers would be wrong"
        )
    return bytes(document.write_pdf())


def check_fonts() -> None:
    """Refuse to go on where no font is installed: Pango would end the process without a word.

    Raises
    ------
    PdfEngineError
        Saying what to install.
    """
    if installed_font_count() == 0:
        raise PdfEngineError(
            "no font is installed, and a PDF needs one: install fonts-dejavu-core "
            "(apt-get install fonts-dejavu-core), then render the report again"
        )


def installed_font_count() -> int:
    """Return how many fonts fontconfig finds."""
    # The first import on a machine without fonts warns; the check says it better.
    import warnings  # noqa: PLC0415

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from weasyprint.text.ffi import ffi, fontconfig  # noqa: PLC0415

    configuration = ffi.gc(fontconfig.FcInitLoadConfigAndFonts(), fontconfig.FcConfigDestroy)
    fonts = fontconfig.FcConfigGetFonts(configuration, fontconfig.FcSetSystem)
    return 0 if fonts == ffi.NULL else int(fonts.nfont)


def _render_elsewhere(batches: Sequence[PageBatch]) -> list[bytes]:
    """Render batches in one other process.

    It is started by module name rather than forked or spawned by multiprocessing: it then works
    the same from a daemon, a test, a notebook and a process that has threads.
    """
    request = json.dumps([[batch.html, batch.page_count] for batch in batches]).encode()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "lm_assets.reports.pdf_worker"],
            input=request,
            capture_output=True,
            timeout=_SLOWEST_WORKER_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PdfEngineError(f"a PDF process did not finish: {error}") from error
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise PdfEngineError(
            f"a PDF process ended with {done.returncode}: {said[-1] if said else 'no message'}"
        )
    return unpacked(done.stdout)


def packed(documents: Sequence[bytes]) -> bytes:
    """Return documents as one stream, each behind its length."""
    return b"".join(_LENGTH.pack(len(document)) + document for document in documents)


def unpacked(stream: bytes) -> list[bytes]:
    """Return the documents of a stream that ``packed`` made."""
    documents, at = [], 0
    while at < len(stream):
        (length,) = _LENGTH.unpack_from(stream, at)
        at += _LENGTH.size
        documents.append(stream[at : at + length])
        at += length
    return documents
