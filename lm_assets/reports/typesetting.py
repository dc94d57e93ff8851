"""Content to PDF: a template of the package set by Typst, tagged for screen readers.

What comes from outside reaches the template as JSON, never as markup: nothing in a name can
change the document, read a file or fetch anything.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version

from lm_assets.model.errors import LmError
from lm_assets.reports.rendering import packaged_text


class TypesettingError(LmError):
    """The PDF engine refused a document."""


def typeset(template: str, content: Mapping[str, object], *, created_at: str) -> bytes:
    """Return a document as PDF/UA-1; the same content gives the same bytes.

    Parameters
    ----------
    template : str
        Name of a packaged Typst file, which reads ``content`` as JSON.
    created_at : str
        A UTC timestamp such as ``2026-11-22T01:30:00Z``, which becomes the document's own; in any
        other form it is the start of 1970.

    Raises
    ------
    TypesettingError
        When the engine does not give a document.
    """
    # Imported here: the engine is 40 MB of code, and only this layer needs it.
    import typst  # noqa: PLC0415

    given = {"content": json.dumps(content, ensure_ascii=False)}
    at = _timestamp(created_at)
    source = packaged_text(template).encode()
    try:
        return typst.compile(source, sys_inputs=given, timestamp=at, pdf_standards=["ua-1"])
    except typst.TypstError:
        # The standard refuses a sign that no font here can draw: a name in a script without a
        # font. The document is the same without its claim, tags included.
        pass
    try:
        return typst.compile(source, sys_inputs=given, timestamp=at)
    except typst.TypstError as error:
        raise TypesettingError(f"{template} could not be set: {error}") from error


def engine_check() -> str:
    """Return the engine's name and version, after it has set a line.

    Raises
    ------
    TypesettingError
        When it does not.
    """
    import typst  # noqa: PLC0415

    try:
        typst.compile(b"a line")
    except typst.TypstError as error:
        raise TypesettingError(f"the PDF engine does not set a line: {error}") from error
    return f"Typst {version('typst')} sets the detailed report"


def _timestamp(created_at: str) -> datetime:
    try:
        found = datetime.fromisoformat(created_at)
    except ValueError:
        found = datetime.fromtimestamp(0, UTC)
    return (
        (found if found.tzinfo else found.replace(tzinfo=UTC))
        .astimezone(UTC)
        .replace(microsecond=0)
    )
