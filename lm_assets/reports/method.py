"""How a campaign is judged, in the words that the reports close with."""

from lm_assets.reports.rendering import packaged_text

PICTURES = (
    "In the pictures the solid line is no change and the dashed lines are ± the threshold; "
    "relative changes are on a logarithmic axis, and one axis serves every combination. An arrow "
    "leaves the axis; an open dot is not established. Beside it the runs, the baseline above and "
    "the campaign below, on a scale of their own: dots are runs, the box holds the middle half, "
    "its line is the median, and the dashed line is the threshold."
)


def method_paragraphs(rule: str, alpha: float) -> list[tuple[str, str]]:
    """Return the method as paragraphs with their titles."""
    blocks = packaged_text("method.txt").strip().split("\n\n")
    titled = (block.split("\n", 1) for block in blocks)
    return [
        (title, " ".join(text.split()).replace("{rule}", rule).replace("{alpha}", f"{alpha:g}"))
        for title, text in titled
    ]
