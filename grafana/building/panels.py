"""The kinds of panel, each with what all of its kind have."""

from collections.abc import Sequence

from grafana_foundation_sdk.builders import bargauge, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders.common import (
    ReduceDataOptions,
    StackingConfig,
    VizLegendOptions,
    VizTooltipOptions,
)
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    BigValueGraphMode,
    BigValueTextMode,
    DataSourceRef,
    GraphDrawStyle,
    LegendDisplayMode,
    LegendPlacement,
    SortOrder,
    StackingMode,
    TooltipDisplayMode,
    VisibilityMode,
    VizOrientation,
)
from grafana_foundation_sdk.models.dashboard import DataTransformerConfig, ValueMap

from grafana.building.sources import POSTGRES, PROMETHEUS
from grafana.building.style import CALM, thresholds

# A legend of more series than this is a wall; queries keep below it.
MAXIMUM_SERIES = 50


def number(title: str, description: str, *, unit: str, none: str) -> stat.Panel:
    """Return a panel of large numbers; ``none`` is said where there is nothing."""
    return (
        stat.Panel()
        .title(title)
        .description(description)
        .datasource(PROMETHEUS)
        .unit(unit)
        .no_value(none)
        .thresholds(thresholds((None, CALM)))
        .color_mode(BigValueColorMode.BACKGROUND_SOLID)
        .graph_mode(BigValueGraphMode.NONE)
        .text_mode(BigValueTextMode.VALUE_AND_NAME)
        .reduce_options(ReduceDataOptions().calcs(["lastNotNull"]).values(False))
        .height(4)
    )


def bars(title: str, description: str, *, unit: str, none: str) -> bargauge.Panel:
    """Return a panel of one bar for each series, with its value."""
    return (
        bargauge.Panel()
        .title(title)
        .description(description)
        .datasource(PROMETHEUS)
        .unit(unit)
        .no_value(none)
        .min(0)
        .thresholds(thresholds((None, CALM)))
        .orientation(VizOrientation.HORIZONTAL)
        .reduce_options(ReduceDataOptions().calcs(["lastNotNull"]).values(False))
        .height(8)
    )


def graph(
    title: str, description: str, *, unit: str, none: str, source: DataSourceRef = POSTGRES
) -> timeseries.Panel:
    """Return a panel of lines over time; of points where campaigns are far apart."""
    return (
        timeseries.Panel()
        .title(title)
        .description(description)
        .datasource(source)
        .unit(unit)
        .no_value(none)
        .show_points(VisibilityMode.ALWAYS if source is POSTGRES else VisibilityMode.NEVER)
        .point_size(5)
        .line_width(2)
        .legend(
            VizLegendOptions()
            .show_legend(True)
            .display_mode(LegendDisplayMode.LIST)
            .placement(LegendPlacement.BOTTOM)
        )
        .tooltip(VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING))
        .height(8)
    )


def stacked(title: str, description: str, *, unit: str, none: str) -> timeseries.Panel:
    """Return a panel of stacked bars over time."""
    return (
        graph(title, description, unit=unit, none=none)
        .draw_style(GraphDrawStyle.BARS)
        .show_points(VisibilityMode.NEVER)
        .fill_opacity(90)
        .line_width(0)
        .stacking(StackingConfig().mode(StackingMode.NORMAL).group("A"))
    )


def rows(title: str, description: str, *, none: str) -> table.Panel:
    """Return a table."""
    return (
        table.Panel()
        .title(title)
        .description(description)
        .datasource(POSTGRES)
        .unit("none")
        .no_value(none)
        .height(9)
    )


def timeline(
    title: str, description: str, *, none: str, mappings: Sequence[ValueMap], by: str
) -> statetimeline.Panel:
    """Return a panel of words over time, a row for each value of the column ``by``."""
    return (
        statetimeline.Panel()
        .title(title)
        .description(description)
        .datasource(POSTGRES)
        .unit("none")
        .no_value(none)
        .mappings(list(mappings))
        .show_value(VisibilityMode.NEVER)
        .with_transformation(
            DataTransformerConfig(id_val="partitionByValues", options={"fields": [by]})
        )
        .height(9)
    )
