"""How fast, where, since when."""

from grafana_foundation_sdk.builders import barchart, bargauge, table, timeseries
from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.models.common import GraphDrawStyle, VisibilityMode
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue

from grafana.building.alert_tables import CHANGE
from grafana.building.frame import frame, performance_link, report_link
from grafana.building.panels import bars, columns, graph, rows
from grafana.building.sources import promql, sql_series, sql_table
from grafana.building.style import (
    CALM,
    GOOD,
    colour,
    coloured_cell,
    hidden,
    link,
    unit,
    verdict_words,
    width,
)

_OF_COMBINATION = """stage = ${stage:sqlstring} AND combination = ${combination:sqlstring}
AND $__timeFilter(campaign_time)"""
_OF_CAMPAIGN = "campaign = ${campaign:sqlstring} AND metric = ${metric:sqlstring}"


def performance() -> Dashboard:
    """Return the dashboard: a metric by dimension, by combination and over time."""
    made = frame(
        "lm-performance",
        "One metric: by the values of a dimension, by combination, and over the campaigns.",
        variables=("campaign", "dimension", "dimension_label", "metric", "combination"),
        since="now-90d",
    )
    for panel in (
        over_campaigns().span(16),
        single_runs().span(8),
        changed_most().span(12),
        largest().span(12),
        by_dimension().span(8),
        change_by_dimension().span(8).height(8),
        against_baseline_now().span(8),
        latency_quantiles().span(24),
    ):
        made.with_panel(panel)
    return made


def over_campaigns() -> timeseries.Panel:
    """Return a metric of a combination over the campaigns, with its interval and baseline."""
    return (
        graph(
            "$metric of $combination, campaign by campaign",
            "Mean of the load runs with its 95 % interval, in the metric's own unit, and the mean "
            "of the baseline that it was judged against. Which way is better is the metric's own "
            "(metrics.yaml): throughput higher, durations lower. Empty: the combination was not "
            "run in this time.",
            unit="short",
            none="not run in this time",
        )
        .with_target(
            sql_series(
                f"""SELECT r.campaign_time AS "time", r.mean, r.ci95_low AS "interval from",
                r.ci95_high AS "interval to", c.baseline_mean AS baseline
                FROM (SELECT campaign_time, campaign, combination, metric, mean, ci95_low, ci95_high
                FROM dashboard_results WHERE {_OF_COMBINATION}
                AND metric = ${{metric:sqlstring}}) r
                LEFT JOIN verdicts c USING (campaign, combination, metric) ORDER BY 1"""
            )
        )
        .override_by_name("mean", [colour(GOOD)])
        .override_by_name(
            "interval from",
            [colour(GOOD), DynamicConfigValue(id_val="custom.lineWidth", value=0)],
        )
        .override_by_name(
            "interval to",
            [
                colour(GOOD),
                DynamicConfigValue(id_val="custom.lineWidth", value=0),
                DynamicConfigValue(id_val="custom.fillBelowTo", value="interval from"),
                DynamicConfigValue(id_val="custom.fillOpacity", value=15),
            ],
        )
        .override_by_name(
            "baseline",
            [
                colour(CALM),
                DynamicConfigValue(
                    id_val="custom.lineStyle", value={"fill": "dash", "dash": [8, 6]}
                ),
            ],
        )
    )


def single_runs() -> timeseries.Panel:
    """Return every single load run of a combination."""
    return (
        graph(
            "Single runs of $combination",
            "Each load run's $metric, in the metric's own unit, as long as runs are kept (30 "
            "days). Two clouds are two kinds of run. Empty: no run in this time, or they "
            "have expired.",
            unit="short",
            none="no single run is kept",
        )
        .draw_style(GraphDrawStyle.POINTS)
        .with_target(
            sql_series(
                f"""SELECT campaign_time AS "time", value AS "one run" FROM dashboard_runs
                WHERE {_OF_COMBINATION} AND metric = ${{metric:sqlstring}}
                ORDER BY 1 LIMIT 5000"""
            )
        )
        .override_by_name("one run", [colour(GOOD)])
    )


def changed_most() -> table.Panel:
    """Return the twenty combinations whose metric moved most from the baseline."""
    return _cells(
        "What changed most in $campaign?",
        "The twenty combinations whose $metric moved most from the baseline, worst first; a change "
        "with a plus is worse or better by the metric's direction, the verdict says which. Empty: "
        "nothing of the campaign was judged by this metric.",
        "abs(degradation) DESC NULLS LAST",
        none="not judged by this metric",
    )


def largest() -> table.Panel:
    """Return the twenty combinations with the largest values."""
    return _cells(
        "Where is $metric largest?",
        "The twenty combinations of $campaign with the largest mean, in the metric's own unit: of "
        "a duration the slowest. Empty: nothing of the campaign was judged by this metric.",
        "current_mean DESC NULLS LAST",
        none="not judged by this metric",
    )


def _cells(title: str, description: str, order: str, *, none: str) -> table.Panel:
    return (
        rows(title, description, none=none)
        .with_target(
            sql_table(
                f"""SELECT combination, verdict, baseline_mean AS baseline, current_mean AS now,
                {CHANGE} AS change, n_current AS runs, metric, campaign FROM dashboard_cells
                WHERE {_OF_CAMPAIGN} ORDER BY {order}, combination LIMIT 20"""
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
                ),
                link("Report", report_link()),
            ],
        )
        .override_by_name("verdict", [*coloured_cell(verdict_words()), width(120)])
        .override_by_name("baseline", [unit("short"), width(85)])
        .override_by_name("now", [unit("short"), width(85)])
        .override_by_name("change", [width(105)])
        .override_by_name("runs", [width(65)])
        .override_by_name("metric", [hidden()])
        .override_by_name("campaign", [hidden()])
    )


def by_dimension() -> barchart.Panel:
    """Return the mean of a metric for each value of a dimension."""
    return (
        columns(
            "How does $metric depend on $dimension?",
            "Mean over the combinations of $campaign that have this value, in the metric's own "
            "unit: against a size it shows how throughput scales. Empty: the campaign has no "
            "value.",
            unit="short",
            none="no value",
        )
        .show_value(VisibilityMode.ALWAYS)
        .with_target(
            sql_table(
                f"""SELECT dimensions ->> ${{dimension:sqlstring}} AS value, avg(mean) AS mean
                FROM dashboard_results WHERE {_OF_CAMPAIGN} AND mean IS NOT NULL
                GROUP BY 1 ORDER BY 1 LIMIT 50"""
            )
        )
    )


def change_by_dimension() -> table.Panel:
    """Return the change from the baseline for each value of a dimension, versions side by side."""
    return (
        rows(
            "Which $dimension changed?",
            "Geometric mean of the changes of $metric from the baseline over the combinations of "
            "$campaign with this value, and how many of them regressed; 0 % is as before. Empty: "
            "the metric is not compared by ratio, or nothing was judged.",
            none="not judged by ratio",
        )
        .with_target(
            sql_table(
                f"""SELECT dimensions ->> ${{dimension:sqlstring}} AS value, count(*) AS cells,
                count(*) FILTER (WHERE verdict = 'regressed') AS regressed,
                count(*) FILTER (WHERE verdict = 'improved') AS improved,
                exp(avg(ln(1 + change))) - 1 AS change FROM dashboard_cells
                WHERE {_OF_CAMPAIGN} AND change_unit = 'relative' AND change > -1
                GROUP BY 1 ORDER BY 5 DESC LIMIT 50"""
            )
        )
        .override_by_name("cells", [width(70)])
        .override_by_name("regressed", [width(95)])
        .override_by_name("improved", [width(95)])
        .override_by_name("change", [unit("percentunit"), width(95)])
    )


def against_baseline_now() -> bargauge.Panel:
    """Return durations against the baseline by dimension, as they are now."""
    return bars(
        "Duration against the baseline by $dimension, now",
        "Geometric mean over combinations of duration_s / baseline of the stage's latest campaign; "
        "100 % is as the baseline, above is slower. Empty: nothing was judged lately, the matrix "
        "has no metric duration_s, or the rules were not made for it (lm exporter rules).",
        unit="percentunit",
        none="no duration was judged lately",
    ).with_target(
        promql(
            'sort_desc({__name__="stage_${dimension_label}:lm_result_duration_per_lm_baseline_'
            'duration:geomean", stage="$stage"})',
            legend="{{${dimension_label}}}",
            instant=True,
        )
    )


def latency_quantiles() -> timeseries.Panel:
    """Return the latency quantiles of a combination."""
    return graph(
        "Latency of $combination",
        "Mean over load runs of the p50, p95 and p99 of a request or task, in milliseconds; lower "
        "is better. Tails that grow alone are waiting, not work. Empty: none of the metrics "
        "latency_p50_ms, latency_p95_ms and latency_p99_ms was measured.",
        unit="ms",
        none="no latency is measured",
    ).with_target(
        sql_series(
            f"""SELECT campaign_time AS "time",
            max(mean) FILTER (WHERE metric = 'latency_p50_ms') AS p50,
            max(mean) FILTER (WHERE metric = 'latency_p95_ms') AS p95,
            max(mean) FILTER (WHERE metric = 'latency_p99_ms') AS p99
            FROM dashboard_results WHERE {_OF_COMBINATION}
            AND metric IN ('latency_p50_ms', 'latency_p95_ms', 'latency_p99_ms')
            GROUP BY 1 ORDER BY 1"""
        )
    )
