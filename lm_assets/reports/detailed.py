"""The detailed layer: a PDF with the matrix first, a section for every combination, and why."""

from lm_assets.reports.detailed_content import detailed_content
from lm_assets.reports.material import ReportMaterial
from lm_assets.reports.typesetting import typeset


def detailed_pdf(material: ReportMaterial) -> bytes:
    """Return the detailed report of a campaign as PDF; the same material gives the same bytes.

    Raises
    ------
    TypesettingError
        When the engine does not give a document.
    """
    return typeset(
        "detailed.typ", detailed_content(material), created_at=material.manifest.created_at
    )
