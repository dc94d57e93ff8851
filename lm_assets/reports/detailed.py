"""The detailed layer: a PDF with the matrix first, a section for every combination, and why."""

from lm_assets.reports.detailed_content import detailed_content
from lm_assets.reports.material import ReportMaterial
from lm_assets.reports.pdf_engine import pdf_of
from lm_assets.reports.rendering import packaged_text, rendered


def detailed_pdf(material: ReportMaterial) -> bytes:
    """Return the detailed report of a campaign as PDF; the same material gives the same bytes.

    Raises
    ------
    PdfEngineError
        When no font is installed.
    """
    shelf = PictureShelf()
    html = rendered(
        "detailed.html.jinja",
        c=detailed_content(material),
        css=packaged_text("detailed.css"),
        address=shelf.address,
    )
    return pdf_of(html, shelf.pictures)


class PictureShelf:
    """The pictures of one document, each under an address that its images name.

    They reach the PDF beside the document: inside it the HTML parser would read every letter of
    their paths, which takes longer than drawing them.
    """

    def __init__(self) -> None:
        self.pictures: dict[str, str] = {}

    def address(self, svg: str) -> str:
        """Put a picture on the shelf and return its address."""
        address = f"picture:{len(self.pictures) + 1}"
        self.pictures[address] = svg
        return address
