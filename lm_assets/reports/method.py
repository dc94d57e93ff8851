"""How a campaign is judged, in the words that the reports close with."""

from lm_assets.reports.rendering import packaged_text

PICTURES = (
    "In the pictures the solid line is no change and the dashed lines are ± the threshold; "
    "relative changes are on a logarithmic axis, and one axis serves every combination. An arrow "
    "leaves the axis; an open dot is not established."
)


def method_paragraphs(rule: str, alpha: float) -> list[tuple[str, str]]:
    """Return the method as paragraphs with their titles."""
    blocks = packaged_text("method.txt").strip().split("\n\n")
    titled = (block.split("\n", 1) for block in blocks)
    return [
        (title, " ".join(text.split()).replace("{rule}", rule).replace("{alpha}", f"{alpha:g}"))
        for title, text in titled
    ]


def method_halves(rule: str, alpha: float) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return the method's paragraphs in two columns of nearly one length, in their order."""
    paragraphs = method_paragraphs(rule, alpha)
    ends = [
        (
            abs(
                sum(len(text) for _, text in paragraphs[:end])
                - sum(len(text) for _, text in paragraphs[end:])
            ),
            end,
        )
        for end in range(len(paragraphs) + 1)
    ]
    middle = min(ends)[1]
    return paragraphs[:middle], paragraphs[middle:]
