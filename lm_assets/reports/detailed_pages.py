"""The pages of the detailed report, laid out before they are rendered.

Every page is its own fixed box, so that the contents can state page numbers, and batches of pages
can be rendered apart and put together again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from lm_assets.reports import detailed_sections as sections
from lm_assets.reports.detailed_frame import appendix_pages, cover
from lm_assets.reports.detailed_sections import SectionChunk
from lm_assets.reports.escaping import one_line
from lm_assets.reports.formatting import VERDICT_WORDS
from lm_assets.reports.material import ReportMaterial
from lm_assets.reports.pdf_merge import PAGE_LINK, Bookmark
from lm_assets.reports.rendering import packaged_text, rendered
from lm_assets.reports.rows import ReportRow, change_axes, rows_by_combination

# Pixels of the page's body, and of a section besides its rows; the style sheet agrees.
_BODY_HEIGHT = 690
_SECTION_EDGES = 78
_MOST_ROWS = (_BODY_HEIGHT - _SECTION_EDGES) // sections.ROW_HEIGHT
_CONTENTS_LINES, _CONTENTS_WIDTH = 48, 92


@dataclass(frozen=True, kw_only=True, slots=True)
class DetailedPages:
    """The report's pages as HTML, in order, and its outline."""

    pages: Sequence[str]
    bookmarks: Sequence[Bookmark]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Entry:
    """A line of the contents."""

    title: str
    sign: str
    page: int


def detailed_pages(material: ReportMaterial) -> DetailedPages:
    """Return every page of the detailed report: cover, contents, combinations, appendix."""
    rows = rows_by_combination(material)
    packed = list(_packed(material, rows))
    appendix = list(appendix_pages(material))
    contents_count = -(-(len(rows) + len(appendix)) // (2 * _CONTENTS_LINES)) or 1
    first_section = 2 + contents_count
    first_appendix = first_section + len(packed)
    entries = _section_entries(packed, rows, first_section)
    appended = [
        _Entry(title=title, sign="", page=first_appendix + place)
        for place, (title, _) in enumerate(appendix)
        if title
    ]
    total = first_appendix + len(appendix) - 1
    bodies = [
        cover(material),
        *_contents([*entries, *appended], contents_count),
        *_sections(material, packed),
        *(body for _, body in appendix),
    ]
    title = f"{material.verdict.campaign}: {VERDICT_WORDS[material.verdict.verdict]}"
    return DetailedPages(
        pages=[
            rendered("detailed_page.html.jinja", body=body, number=number, total=total, title=title)
            for number, body in enumerate(bodies, start=1)
        ],
        bookmarks=_bookmarks(entries, appended, first_section),
    )


def document_html(material: ReportMaterial, pages: Sequence[str]) -> str:
    """Return some of the pages as one HTML document."""
    return rendered(
        "detailed_document.html.jinja",
        title=material.verdict.campaign,
        css=packaged_text("detailed.css"),
        pages=pages,
    )


def _packed(
    material: ReportMaterial, rows: Mapping[str, Sequence[ReportRow]]
) -> Iterator[list[SectionChunk]]:
    """Yield what stands on each page: as many sections as fit, none cut that fits a page."""
    page: list[SectionChunk] = []
    height = 0
    for combination, mine in rows.items():
        for chunk in sections.section_chunks(material, combination, mine, most_rows=_MOST_ROWS):
            needed = _SECTION_EDGES + max(len(chunk.rows), 1) * sections.ROW_HEIGHT
            if page and height + needed > _BODY_HEIGHT:
                yield page
                page, height = [], 0
            page.append(chunk)
            height += needed
    if page:
        yield page


def _section_entries(
    packed: Sequence[Sequence[SectionChunk]],
    rows: Mapping[str, Sequence[ReportRow]],
    first_page: int,
) -> list[_Entry]:
    return [
        _Entry(title=chunk.combination, sign=_worst_sign(rows[chunk.combination]), page=number)
        for number, chunks in enumerate(packed, start=first_page)
        for chunk in chunks
        if not chunk.is_continued
    ]


def _worst_sign(rows: Sequence[ReportRow]) -> str:
    return min(rows, key=lambda row: row.rank).verdict_sign if rows else "–"


def _sections(material: ReportMaterial, packed: Sequence[Sequence[SectionChunk]]) -> Iterator[str]:
    axes, heading = change_axes(material), sections.listing_heading()
    for chunks in packed:
        blocks = [
            {
                "chunk": chunk,
                "listing": sections.listing_html(material, chunk.rows),
                "drawing": sections.drawing_svg(chunk.rows, axes),
            }
            for chunk in chunks
        ]
        yield rendered("detailed_sections.html.jinja", blocks=blocks, heading=heading)


def _contents(entries: Sequence[_Entry], page_count: int) -> Iterator[str]:
    lines = iter(entries)
    for place in range(page_count):
        columns = [
            [_contents_line(entry) for entry in islice(lines, _CONTENTS_LINES)] for _ in range(2)
        ]
        yield rendered(
            "detailed_contents.html.jinja", columns=columns, is_first=place == 0, link=PAGE_LINK
        )


def _contents_line(entry: _Entry) -> tuple[str, str, int]:
    page = str(entry.page)
    title = one_line(entry.title, limit=_CONTENTS_WIDTH - len(page) - 6)
    head = f"{entry.sign or ' '} {title} "
    return head, f"{' ' + page:.>{_CONTENTS_WIDTH - len(head)}}", entry.page


def _bookmarks(
    entries: Sequence[_Entry], appended: Sequence[_Entry], first_section: int
) -> list[Bookmark]:
    children = tuple(Bookmark(title=one_line(e.title), page=e.page) for e in entries)
    found = [Bookmark(title="Verdict", page=1), Bookmark(title="Contents", page=2)]
    if children:
        found.append(Bookmark(title="Combinations", page=first_section, children=children))
    return [*found, *(Bookmark(title=e.title, page=e.page) for e in appended)]
