"""A combination's history as small lines, for its asset page."""

from collections.abc import Mapping, Sequence

from lm_assets.reports.charts import sparkline_svg, svg_data_uri
from lm_assets.reports.escaping import markdown_text


def history_markdown(lines: Mapping[str, Sequence[float | None]]) -> str:
    """Return one line of values, oldest first, for each name, as a Markdown table.

    ``None`` is a campaign without a value: the line has a gap there.
    """
    if not lines:
        return "No campaign has values yet."
    rows = ["| metric | over the campaigns |", "|---|---|"]
    for name, values in lines.items():
        title = f"{name}, {len(values)} campaigns"
        picture = svg_data_uri(sparkline_svg(values, title=title))
        rows.append(f"| {markdown_text(name)} | ![{markdown_text(title)}]({picture}) |")
    return "\n".join(rows)
