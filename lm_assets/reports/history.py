"""A combination's history as charts with axes, for its asset page."""

from collections.abc import Sequence
from dataclasses import dataclass

from lm_assets.reports.charts import history_svg, svg_data_uri
from lm_assets.reports.escaping import markdown_text
from lm_assets.reports.formatting import quantity


@dataclass(frozen=True, kw_only=True, slots=True)
class HistoryLine:
    """One metric over the campaigns, the oldest first; ``None`` is a campaign without a value."""

    label: str
    unit: str
    campaigns: Sequence[str]
    values: Sequence[float | None]


def history_markdown(lines: Sequence[HistoryLine]) -> str:
    """Return a chart for each metric, campaigns in their order, as a Markdown table.

    The axes are labelled: the values with their unit, the first and the last campaign by name.
    """
    if not lines:
        return "No campaign has values yet."
    rows = ["| metric | latest | over the campaigns, the oldest first |", "|---|---:|---|"]
    for line in lines:
        latest = next((value for value in reversed(line.values) if value is not None), None)
        svg = history_svg(line.values, campaigns=line.campaigns, label=line.label, unit=line.unit)
        title = markdown_text(f"{line.label}, {len(line.values)} campaigns")
        name, shown = markdown_text(line.label), markdown_text(quantity(latest, line.unit))
        rows.append(f"| {name} | {shown} | ![{title}]({svg_data_uri(svg)}) |")
    return "\n".join(rows)
