"""What it costs: cores, memory, garbage collection, spill, restarts."""

from collections.abc import Iterable

from grafana_foundation_sdk.builders import barchart, bargauge, table, timeseries
from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.models.common import VisibilityMode

from grafana.building.campaign_panels import latest
from grafana.building.frame import frame, performance_link
from grafana.building.panels import bars, columns, graph, rows, stacked
from grafana.building.sources import promql, sql_series, sql_table
from grafana.building.style import BAD, CALM, WARNING, colour, hidden, link, unit, width

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
        cost_by_dimension("cpu_core_seconds", "Core-seconds by $dimension", "core-seconds").span(6),
        cost_by_dimension("memory_gib_seconds", "GiB-seconds by $dimension", "GiB-seconds").span(6),
        cost_change().span(6),
        rows_per_core_second().span(6),
        cost_over_campaigns().span(12).height(9),
        shares_over_campaigns().span(12).height(9),
        troubles().span(12).height(9),
        heaviest().span(12),
        measured().span(24).height(12),
    ):
        made.with_panel(panel)
    return made


def cost_by_dimension(metric: str, title: str, words: str) -> barchart.Panel:
    """Return what a campaign used for each value of a dimension."""
    return (
        columns(
            title,
            f"Sum over all load runs of $campaign, in {words}; less is cheaper. Empty: {metric} "
            "was not measured.",
            unit="short",
            none=f"{metric} was not measured",
        )
        .show_value(VisibilityMode.ALWAYS)
        .with_target(
            sql_table(
                f"""SELECT dimensions ->> ${{dimension:sqlstring}} AS value,
                sum(mean * n) AS "{words}" FROM dashboard_results
                WHERE campaign = ${{campaign:sqlstring}} AND metric = '{metric}'
                AND mean IS NOT NULL GROUP BY 1 ORDER BY 1 LIMIT 50"""
            )
        )
    )


def cost_change() -> bargauge.Panel:
    """Return the CPU cost against the baseline by dimension, as it is now."""
    return bars(
        "CPU cost against the baseline, now",
        "Geometric mean over combinations of core-seconds / baseline of the stage's latest "
        "campaign, by $dimension; 100 % is as the baseline, above is dearer. Empty: nothing was "
        "judged lately, cpu_core_seconds was not measured, or the rules were not made for this "
        "matrix (lm exporter rules).",
        unit="percentunit",
        none="no cost was judged lately",
    ).with_target(
        promql(
            'sort_desc({__name__="stage_${dimension_label}:lm_result_cpu_core_seconds_per_'
            'lm_baseline_cpu_core_seconds:geomean", stage="$stage"})',
            legend="{{${dimension_label}}}",
            instant=True,
        )
    )


def rows_per_core_second() -> bargauge.Panel:
    """Return how many rows a core-second gives by dimension, as it is now."""
    return bars(
        "Rows per core-second, now",
        "Geometric mean over combinations of rows worked on per core-second in the stage's latest "
        "campaign, by $dimension; more is better. Empty: throughput_rows_s, duration_s or "
        "cpu_core_seconds was not measured, or nothing was judged lately.",
        unit="short",
        none="not known",
    ).with_target(
        promql(
            'sort_desc({__name__="stage_${dimension_label}:lm_result_rows_per_cpu_core_second:'
            'geomean", stage="$stage"})',
            legend="{{${dimension_label}}}",
            instant=True,
        )
    )


def cost_over_campaigns() -> timeseries.Panel:
    """Return the cost of a load run over the campaigns."""
    return graph(
        "What does a load run cost?",
        "Mean over load runs of a campaign, in core-seconds and GiB-seconds; less is cheaper. "
        "A campaign of other combinations is another mean. Empty: neither cpu_core_seconds nor "
        "memory_gib_seconds was measured in this time.",
        unit="short",
        none="no cost was measured in this time",
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
        "How well are memory, CPU and GPU used?",
        "Mean over combinations of memory, CPU and GPU usage, time in garbage collection and "
        "spilled bytes per shuffled byte, in percent. Memory, GC and spill: lower is better; usage "
        "is shown, not judged. A line that is missing was not measured. Empty: none of "
        f"{', '.join(_SHARES.values())} was.",
        unit="percent",
        none="no usage was measured",
    ).with_target(
        sql_series(
            f"""SELECT campaign_time AS "time", {columns} FROM dashboard_totals
            WHERE {_OF_STAGE} AND metric IN ({_quoted(_SHARES.values())})
            GROUP BY 1 ORDER BY 1"""
        )
    )


def troubles() -> barchart.Panel:
    """Return restarts, kills and failed tasks over the campaigns."""
    kinds = ", ".join(
        f"max(total) FILTER (WHERE metric = '{metric}') AS \"{name}\""
        for name, (metric, _) in _TROUBLES.items()
    )
    metrics = ", ".join(metric for metric, _ in _TROUBLES.values())
    panel = stacked(
        "What went wrong on the way?",
        "Pod restarts, OOM kills and failed tasks of all load runs of the latest thirty campaigns; "
        "none is best. A kind without a bar at all was not measured or never happened. Empty: "
        f"none of {metrics} was measured.",
        unit="short",
        none="neither restarts nor kills nor failed tasks were counted",
    ).with_target(
        sql_table(
            latest(
                '"pod restarts", "OOM kills", "failed tasks"',
                f"""(SELECT campaign_time, campaign, stage, {kinds} FROM dashboard_totals
                WHERE metric IN ({_quoted(metric for metric, _ in _TROUBLES.values())})
                GROUP BY 1, 2, 3) of_campaigns""",
            )
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
            "their share of the campaign. Empty: cpu_core_seconds was not measured.",
            none="cpu_core_seconds was not measured",
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
        .override_by_name("core-seconds", [unit("short"), width(130)])
        .override_by_name("runs", [width(80)])
        .override_by_name("share", [unit("percentunit"), width(100)])
        .override_by_name("metric", [hidden()])
        .override_by_name("campaign", [hidden()])
    )


def measured() -> table.Panel:
    """Return every metric of a campaign, whatever a matrix measures."""
    return (
        rows(
            "What was measured in $campaign?",
            "Every metric of the campaign, with its mean over the combinations in its own unit; "
            "the name leads to its combinations. Empty: nothing was measured.",
            none="nothing was measured",
        )
        .with_target(
            sql_table(
                """SELECT metric, unit, mean, combinations, runs, campaign FROM dashboard_totals
                WHERE campaign = ${campaign:sqlstring} ORDER BY metric LIMIT 200"""
            )
        )
        .override_by_name(
            "metric",
            [link("By combination", performance_link(campaign="campaign", metric="metric"))],
        )
        .override_by_name("unit", [width(180)])
        .override_by_name("mean", [unit("short"), width(180)])
        .override_by_name("combinations", [width(140)])
        .override_by_name("runs", [width(140)])
        .override_by_name("campaign", [hidden()])
    )


def _quoted(metrics: Iterable[str]) -> str:
    # A campaign that measured none of them is no row: a row without a value is an empty picture.
    return ", ".join(f"'{metric}'" for metric in metrics)
