"""What it costs: cores, memory, garbage collection, spill, restarts."""

from grafana_foundation_sdk.builders import barchart, table, timeseries
from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.models.common import VisibilityMode
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue

from grafana.building.frame import frame, performance_link
from grafana.building.panels import graph, rows, stacked
from grafana.building.sources import POSTGRES, PROMETHEUS, promql, sql_series, sql_table
from grafana.building.style import BAD, CALM, WARNING, colour, link, thresholds, unit

_OF_STAGE = "stage = ${stage:sqlstring} AND $__timeFilter(campaign_time)"
_SHARES = {
    "memory": "memory_usage_pct",
    "CPU": "cpu_usage_pct",
    "GPU": "gpu_usage_pct",
    "GC time": "gc_time_pct",
    "spill": "shuffle_spill_pct",
}
_TROUBLES = {
    "pod restarts": ("pod_restarts", WARNING),
    "OOM kills": ("oom_kills", BAD),
    "failed tasks": ("failed_tasks", CALM),
}


def resource() -> Dashboard:
    """Return the dashboard: cost by dimension, over campaigns, and what wastes it."""
    made = frame(
        "lm-resource",
        "CPU and memory cost, how well they are used, and what went wrong on the way.",
        variables=("campaign", "dimension", "dimension_label"),
        since="now-90d",
    )
    for panel in (
        cost_by_dimension(
            "cpu_core_seconds", "Core-seconds by $dimension", "core-seconds", "short"
        ).span(6),
        cost_by_dimension(
            "memory_gib_seconds", "GiB-seconds by $dimension", "GiB-seconds", "short"
        ).span(6),
        cost_change().span(6),
        rows_per_core_second().span(6),
        cost_over_campaigns().span(12),
        shares_over_campaigns().span(12),
        troubles().span(12),
        heaviest().span(12),
    ):
        made.with_panel(panel)
    return made


def cost_by_dimension(metric: str, title: str, words: str, unit_: str) -> barchart.Panel:
    """Return what a campaign used for each value of a dimension."""
    return (
        barchart.Panel()
        .title(title)
        .description(
            f"Sum over all load runs of $campaign, in {words}; less is cheaper. Empty: the cost "
            "was not measured."
        )
        .datasource(POSTGRES)
        .unit(unit_)
        .no_value("not measured")
        .show_value(VisibilityMode.ALWAYS)
        .thresholds(thresholds((None, CALM)))
        .with_target(
            sql_table(
                f"""SELECT dimensions ->> ${{dimension:sqlstring}} AS value,
                sum(mean * n) AS "{words}" FROM dashboard_results
                WHERE campaign = ${{campaign:sqlstring}} AND metric = '{metric}'
                AND mean IS NOT NULL GROUP BY 1 ORDER BY 1 LIMIT 50"""
            )
        )
        .height(8)
    )


def cost_change() -> timeseries.Panel:
    """Return the CPU cost against the baseline by dimension, as it is now."""
    return graph(
        "CPU cost against the baseline",
        "Geometric mean over combinations of core-seconds / baseline of the stage's latest "
        "campaign, by $dimension; 100 % is as the baseline, above is dearer. Empty: nothing was "
        "judged lately, or the rules were not made for this matrix (lm exporter rules).",
        unit="percentunit",
        none="nothing judged lately",
        source=PROMETHEUS,
    ).with_target(
        promql(
            '{__name__="stage_${dimension_label}:lm_result_cpu_core_seconds_per_lm_baseline_'
            'cpu_core_seconds:geomean", stage="$stage"}',
            legend="{{${dimension_label}}}",
        )
    )


def rows_per_core_second() -> timeseries.Panel:
    """Return how many rows a core-second gives by dimension, as it is now."""
    return graph(
        "Rows per core-second",
        "Geometric mean over combinations of rows worked on per core-second in the stage's latest "
        "campaign, by $dimension; more is better. Empty: throughput, duration or CPU cost is not "
        "known, or nothing was judged lately.",
        unit="short",
        none="not known",
        source=PROMETHEUS,
    ).with_target(
        promql(
            '{__name__="stage_${dimension_label}:lm_result_rows_per_cpu_core_second:geomean", '
            'stage="$stage"}',
            legend="{{${dimension_label}}}",
        )
    )


def cost_over_campaigns() -> timeseries.Panel:
    """Return the cost of a load run over the campaigns."""
    return graph(
        "What does a load run cost?",
        "Mean over load runs of a campaign, in core-seconds and GiB-seconds; less is cheaper. "
        "A campaign of other combinations is another mean. Empty: no cost in this time.",
        unit="short",
        none="no cost in this time",
    ).with_target(
        sql_series(
            f"""SELECT campaign_time AS "time",
            max(total / runs) FILTER (WHERE metric = 'cpu_core_seconds') AS "core-seconds",
            max(total / runs) FILTER (WHERE metric = 'memory_gib_seconds') AS "GiB-seconds"
            FROM dashboard_totals WHERE {_OF_STAGE}
            AND metric IN ('cpu_core_seconds', 'memory_gib_seconds') AND runs > 0
            GROUP BY 1 ORDER BY 1"""
        )
    )


def shares_over_campaigns() -> timeseries.Panel:
    """Return how well the resources are used over the campaigns."""
    columns = ", ".join(
        f"max(mean) FILTER (WHERE metric = '{metric}') AS \"{name}\""
        for name, metric in _SHARES.items()
    )
    return graph(
        "How well are they used?",
        "Mean over combinations of memory, CPU and GPU usage, time in garbage collection and "
        "spilled bytes per shuffled byte, in percent. Memory, GC and spill: lower is better; usage "
        "is shown, not judged. A line that is missing was not measured. Empty: none was.",
        unit="percent",
        none="not measured",
    ).with_target(
        sql_series(
            f"""SELECT campaign_time AS "time", {columns} FROM dashboard_totals
            WHERE {_OF_STAGE} GROUP BY 1 ORDER BY 1"""
        )
    )


def troubles() -> timeseries.Panel:
    """Return restarts, kills and failed tasks over the campaigns."""
    columns = ", ".join(
        f"max(total) FILTER (WHERE metric = '{metric}') AS \"{name}\""
        for name, (metric, _) in _TROUBLES.items()
    )
    panel = stacked(
        "What went wrong on the way?",
        "Pod restarts, OOM kills and failed tasks of all load runs of a campaign; none is best. A "
        "kind without a bar at all was not measured or never happened. Empty: none was measured.",
        unit="short",
        none="not measured",
    ).with_target(
        sql_series(
            f"""SELECT campaign_time AS "time", {columns} FROM dashboard_totals
            WHERE {_OF_STAGE} GROUP BY 1 ORDER BY 1"""
        )
    )
    for name, (_, value) in _TROUBLES.items():
        panel.override_by_name(name, [colour(value)])
    return panel


def heaviest() -> table.Panel:
    """Return the twenty dearest combinations of a campaign."""
    return (
        rows(
            "What is dearest in $campaign?",
            "The twenty combinations with the most CPU time, in core-seconds of one load run, and "
            "their share of the campaign. Empty: the cost was not measured.",
            none="not measured",
        )
        .with_target(
            sql_table(
                """SELECT combination, mean AS "core-seconds", n AS runs,
                mean * n / sum(mean * n) OVER () AS share, metric, campaign FROM dashboard_results
                WHERE campaign = ${campaign:sqlstring} AND metric = 'cpu_core_seconds'
                AND mean IS NOT NULL ORDER BY mean DESC, combination LIMIT 20"""
            )
        )
        .override_by_name(
            "combination",
            [
                link(
                    "Over time",
                    performance_link(
                        campaign="campaign", metric="metric", combination="combination"
                    ),
                )
            ],
        )
        .override_by_name("core-seconds", [unit("short")])
        .override_by_name("share", [unit("percentunit")])
        .override_by_name("metric", [DynamicConfigValue(id_val="custom.hidden", value=True)])
        .override_by_name("campaign", [DynamicConfigValue(id_val="custom.hidden", value=True)])
    )
