"""One HTML document and its pictures to PDF, with WeasyPrint: tagged, and the same every time.

Nothing is fetched: an image names a picture of the document, and any other address is refused.
"""

import gc
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version

from lm_assets.model.errors import LmError

_LINE = '<html lang="en"><title>a line</title><p>a line</p></html>'


class PdfEngineError(LmError):
    """The PDF engine cannot work here, or a document asked for what it must not have."""


def pdf_of(html: str, pictures: Mapping[str, str]) -> bytes:
    """Return a document as PDF/UA-1; the same document and pictures give the same bytes.

    Parameters
    ----------
    html : str
        The document, with its style. Its title, language and dates become the PDF's own.
    pictures : mapping of str to str
        SVG by the address that an image of the document has.

    Raises
    ------
    PdfEngineError
        When no font is installed, or the document asks for an address that is no picture of it.
    """
    with _no_collection():
        check_fonts()
        return _set(html, pictures)


def _set(html: str, pictures: Mapping[str, str]) -> bytes:
    # Imported here: it loads Pango and takes most of a second, and only this layer needs it.
    import weasyprint  # noqa: PLC0415
    from weasyprint.urls import URLFetcher, URLFetcherResponse  # noqa: PLC0415

    refused: list[str] = []

    class OwnPictures(URLFetcher):  # type: ignore[misc]
        def fetch(self, url: str, *_: object) -> URLFetcherResponse:
            if url not in pictures:
                refused.append(url)
                raise ValueError(f"documents fetch nothing, refused {url!r}")
            svg = pictures[url].encode()
            return URLFetcherResponse(url, svg, {"Content-Type": "image/svg+xml"})

    document = weasyprint.HTML(string=html, url_fetcher=OwnPictures()).render()
    if refused:
        raise PdfEngineError(f"a report asked for {refused[0]!r}; reports fetch nothing")
    identifier = _identifier(html, pictures)
    return bytes(document.write_pdf(pdf_variant="pdf/ua-1", pdf_identifier=identifier))


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


def engine_check() -> str:
    """Return the engine's name and version, after it has set a line, and how many fonts it has.

    Raises
    ------
    PdfEngineError
        When it has none.
    """
    pdf_of(_LINE, {})
    return f"WeasyPrint {version('weasyprint')} sets the detailed report, {_fonts()}"


def _fonts() -> str:
    count = installed_font_count()
    return f"{count} font{'' if count == 1 else 's'} installed"


def _identifier(html: str, pictures: Mapping[str, str]) -> bytes:
    """Return the document's own digest: WeasyPrint would draw one by lot."""
    digest = hashlib.sha256(html.encode())
    for address, svg in pictures.items():
        digest.update(f"\0{address}\0{svg}".encode())
    return digest.hexdigest()[:32].encode()


@contextmanager
def _no_collection() -> Iterator[None]:
    """Leave the search for reference cycles out while a document is made.

    Its boxes and styles are hundreds of thousands of objects that all live until its end: walking
    over them again and again was a third of the time, and found nothing to free.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
