"""A combination's history as pictures, for its asset page."""

from collections.abc import Sequence

from lm_assets.reports.escaping import markdown_text
from lm_assets.reports.formatting import quantity
from lm_assets.reports.pictures.canvas import data_uri
from lm_assets.reports.pictures.trend import Trend, trend_svg


def history_markdown(trends: Sequence[Trend]) -> str:
    """Return a picture for each metric, campaigns in their order, as a Markdown table."""
    if not trends:
        return "No campaign has values yet."
    rows = ["| metric | latest | over the campaigns, the oldest first |", "|---|---:|---|"]
    for trend in trends:
        latest = trend.values[-1] if trend.values else None
        title = markdown_text(f"{trend.label}, {len(trend.points)} campaigns")
        name, shown = markdown_text(trend.label), markdown_text(quantity(latest, trend.unit))
        rows.append(f"| {name} | {shown} | ![{title}]({data_uri(trend_svg(trend))}) |")
    return "\n".join(rows)
