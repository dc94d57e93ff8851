"""The kinds of panel, each with what all of its kind have."""

from collections.abc import Sequence

from grafana_foundation_sdk.builders import (
    barchart,
    bargauge,
    stat,
    statetimeline,
    table,
    timeseries,
)
from grafana_foundation_sdk.builders.common import (
    ReduceDataOptions,
    VizLegendOptions,
    VizTextDisplayOptions,
    VizTooltipOptions,
)
from grafana_foundation_sdk.models.common import (
    BarGaugeNamePlacement,
    BarGaugeSizing,
    BarGaugeValueMode,
    BigValueColorMode,
    BigValueGraphMode,
    BigValueTextMode,
    DataSourceRef,
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
from grafana.building.style import CALM, fixed, named, said_if_missing, thresholds
from grafana.building.style import unit as unit_

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
        .value_mode(BarGaugeValueMode.TEXT)
        .sizing(BarGaugeSizing.MANUAL)
        .min_viz_height(14)
        .max_viz_height(40)
        .name_placement(BarGaugeNamePlacement.LEFT)
        .text(VizTextDisplayOptions().title_size(13).value_size(14))
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


def columns(title: str, description: str, *, unit: str, none: str) -> barchart.Panel:
    """Return a panel of one upright bar for each row of a table, its name in the first column."""
    return (
        barchart.Panel()
        .title(title)
        .description(description)
        .datasource(POSTGRES)
        .unit(unit)
        .no_value(none)
        .orientation(VizOrientation.VERTICAL)
        .color_scheme(fixed(CALM))
        .thresholds(thresholds((None, CALM)))
        .override_by_field_type("string", [unit_("string")])
        .fill_opacity(90)
        .legend(VizLegendOptions().show_legend(False).placement(LegendPlacement.BOTTOM))
        .tooltip(VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING))
        .height(8)
    )


def stacked(title: str, description: str, *, unit: str, none: str) -> barchart.Panel:
    """Return a panel of one bar for each campaign, its parts on top of one another.

    Not over time: two campaigns within minutes would make hair of every bar of three months.
    """
    return (
        columns(title, description, unit=unit, none=none)
        .stacking(StackingMode.NORMAL)
        .show_value(VisibilityMode.NEVER)
        .x_tick_label_rotation(-30)
        .axis_soft_max(1)
        .legend(
            VizLegendOptions()
            .show_legend(True)
            .display_mode(LegendDisplayMode.LIST)
            .placement(LegendPlacement.BOTTOM)
        )
    )


def rows(title: str, description: str, *, none: str) -> table.Panel:
    """Return a table; ``none`` is said where it has no row, and never in a cell.

    What is text stays text: a digest or an id of digits alone is no number to be rounded.
    """
    return (
        table.Panel()
        .title(title)
        .description(description)
        .datasource(POSTGRES)
        .unit("none")
        .no_value(none)
        .override_by_regexp(".*", [said_if_missing("")])
        .override_by_field_type("string", [unit_("string")])
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
        .legend(VizLegendOptions().show_legend(True).placement(LegendPlacement.BOTTOM))
        .with_transformation(
            DataTransformerConfig(
                id_val="partitionByValues",
                options={"fields": [by], "keepFields": False, "naming": {"asLabels": True}},
            )
        )
        .override_by_field_type("string", [named(f"${{__field.labels.{by}}}")])
        .height(9)
    )
