"""The detailed layer: a PDF with contents and a section for every combination."""

from lm_assets.reports.detailed_pages import detailed_pages, document_html
from lm_assets.reports.formatting import VERDICT_WORDS
from lm_assets.reports.material import ReportMaterial
from lm_assets.reports.pdf_engine import PageBatch, check_fonts, render_batches
from lm_assets.reports.pdf_merge import merged_pdf

PAGES_PER_BATCH = 32
_PROCESSES_FOR_MANY_PAGES = 2


def detailed_pdf(material: ReportMaterial, *, processes: int | None = None) -> bytes:
    """Return the detailed report of a campaign as PDF.

    The same material gives the same bytes, whatever the number of processes.

    Parameters
    ----------
    processes : int, optional
        Processes to render in. By default a report of a few pages is rendered here, where no
        process has to start, and a longer one in two others.

    Raises
    ------
    PdfEngineError
        When no font is installed, or the engine did not give the pages it was asked for.
    """
    check_fonts()
    laid_out = detailed_pages(material)
    batches = [
        PageBatch(html=document_html(material, pages), page_count=len(pages))
        for start in range(0, len(laid_out.pages), PAGES_PER_BATCH)
        if (pages := laid_out.pages[start : start + PAGES_PER_BATCH])
    ]
    if processes is None:
        processes = 1 if len(batches) == 1 else _PROCESSES_FOR_MANY_PAGES
    verdict = material.verdict
    return merged_pdf(
        render_batches(batches, processes=processes),
        title=f"{verdict.campaign}: {VERDICT_WORDS[verdict.verdict]}",
        created_at=material.manifest.created_at,
        bookmarks=laid_out.bookmarks,
    )
