"""Is it worse? One page for whoever has thirty seconds."""

from grafana_foundation_sdk.builders import bargauge, stat, table, timeseries
from grafana_foundation_sdk.builders.dashboard import Dashboard, Row

from grafana.building.alert_tables import open_alerts
from grafana.building.frame import frame, report_link
from grafana.building.panels import bars, graph, number, rows, stacked
from grafana.building.sources import PROMETHEUS, promql, sql_series, sql_table
from grafana.building.style import (
    BAD,
    CALM,
    GOOD,
    VERDICT_CODES,
    WARNING,
    colour,
    coloured_cell,
    link,
    thresholds,
    unit,
    up_words,
    verdict_codes,
    verdict_words,
    words,
)
from lm_assets.model.verdict import Verdict
from lm_assets.reports.pictures.marks import VERDICT_COLOURS


def executive() -> Dashboard:
    """Return the dashboard: the verdict now, who has what, and the way here."""
    made = frame(
        "lm-executive",
        "The verdict of each stage now, open alerts and who has them, and the campaigns so far.",
        variables=(),
        since="now-90d",
    )
    for panel in (
        verdict_now().span(8),
        open_now().span(5),
        oldest_open().span(5),
        campaign_age().span(6),
        open_alerts().span(16).height(8),
        cells_now().span(8),
        verdict_counts().span(12),
        opened_and_resolved().span(6),
        times_to_act().span(6),
        last_campaigns().span(16),
        core_seconds().span(8).height(9),
    ):
        made.with_panel(panel)
    platform = Row("Platform: exporter, warehouse, daemons, deliveries").collapsed(True)
    for panel in (
        up_now().span(6),
        exporter_cost().span(9).height(8),
        daemons().span(9).height(8),
        waiting_messages().span(6),
    ):
        platform.with_panel(panel)
    return made.with_row(platform)


def verdict_now() -> stat.Panel:
    """Return the verdict of each stage's latest campaign, as a word in its colour."""
    coded = " or ".join(
        f'max by (stage) (lm_campaign_verdict{{verdict="{verdict}"}} == 1) * {code}'
        for verdict, code in VERDICT_CODES.items()
    )
    return (
        number(
            "Is it worse?",
            "Verdict of the latest judged campaign of each stage. Orange: worse; blue: better; "
            "grey: shown to be unchanged. Empty: nothing was judged within three intervals "
            "of the stage.",
            unit="none",
            none="nothing judged lately",
        )
        .mappings([verdict_codes()])
        .with_target(promql(coded, legend="{{stage}}", instant=True))
        .data_links([])
    )


def open_now() -> stat.Panel:
    """Return how many alerts nobody has taken."""
    return (
        number(
            "Open alerts that nobody has",
            "Number of alerts of each stage that are open and not acknowledged; fewer is better. "
            "Empty: there has never been an alert.",
            unit="short",
            none="never any",
        )
        .thresholds(thresholds((None, CALM), (1, BAD)))
        .with_target(
            promql(
                'sum by (stage) (stage_state:lm_alerts:sum{state="open"})',
                legend="{{stage}}",
                instant=True,
            )
        )
    )


def oldest_open() -> stat.Panel:
    """Return how long the oldest open alert of each stage has been open."""
    expression = (
        "max by (stage) ((time() - max by (stage, alert_id) (lm_alert_opened_timestamp_seconds)) "
        'and on (stage, alert_id) (max by (stage, alert_id) (lm_alert_state{state="open"}) == 1))'
    )
    return (
        number(
            "Since when the oldest is open",
            "Time since the longest open alert became open; shorter is better. After two days "
            "LmRegressionUnacknowledged fires. Empty: none is open.",
            unit="s",
            none="none open",
        )
        .thresholds(thresholds((None, CALM), (86400, WARNING), (172800, BAD)))
        .with_target(promql(expression, legend="{{stage}}", instant=True))
    )


def campaign_age() -> stat.Panel:
    """Return how old each stage's latest campaign is, against how often one is expected."""
    expression = (
        "max by (stage) (stage:lm_campaign_age_seconds:max) "
        "/ on (stage) max by (stage) (lm_stage_expected_interval_seconds)"
    )
    return (
        number(
            "Did the campaigns come?",
            "Age of the latest campaign as a share of how often one is expected; below 100 % is on "
            "time, above 150 % LmCampaignStale fires. Empty: no campaign yet, or none is expected.",
            unit="percentunit",
            none="none yet",
        )
        .decimals(0)
        .thresholds(thresholds((None, CALM), (1, WARNING), (1.5, BAD)))
        .with_target(promql(expression, legend="{{stage}}", instant=True))
    )


def cells_now() -> bargauge.Panel:
    """Return the cells of the latest campaign by verdict."""
    panel = bars(
        "Cells of the latest campaign",
        "Number of cells (combination × metric) by verdict, of the stage chosen above. Empty: "
        "nothing was judged within three intervals of the stage.",
        unit="short",
        none="nothing judged lately",
    ).with_target(
        promql(
            'max by (verdict) (lm_campaign_cells{stage="$stage"}) > 0',
            legend="{{verdict}}",
            instant=True,
        )
    )
    for verdict, value in VERDICT_COLOURS.items():
        panel.override_by_name(verdict.value, [colour(value)])
    return panel


def verdict_counts() -> timeseries.Panel:
    """Return the number of cells by verdict of each campaign."""
    shown = [v for v in Verdict if v is not Verdict.UNCHANGED]
    columns = ", ".join(f'{v.value} AS "{words(v)}"' for v in shown)
    panel = stacked(
        "What was not unchanged, campaign by campaign",
        "Number of cells by verdict of each campaign of the stage; unchanged ones are left out. "
        "Fewer orange ones is better. Empty: no campaign in the time chosen.",
        unit="short",
        none="no campaign in this time",
    ).with_target(
        sql_series(
            f"""SELECT campaign_time AS "time", {columns} FROM dashboard_campaigns
            WHERE stage = ${{stage:sqlstring}} AND verdict IS NOT NULL
            AND $__timeFilter(campaign_time) ORDER BY 1"""
        )
    )
    for verdict in shown:
        panel.override_by_name(words(verdict), [colour(VERDICT_COLOURS[verdict])])
    return panel


def opened_and_resolved() -> timeseries.Panel:
    """Return how many alerts were opened and ended each week."""
    return (
        stacked(
            "Opened and ended, week by week",
            "Number of alerts that were opened or came back, and that ended. As many ended as "
            "opened is a team that keeps up. Empty: no alert in the time chosen.",
            unit="short",
            none="no alert in this time",
        )
        .with_target(
            sql_series(
                """SELECT $__timeGroupAlias(campaign_time,'7d'),
                count(*) FILTER (WHERE event IN ('opened', 'reopened')) AS opened,
                -count(*) FILTER (WHERE to_state IN ('resolved', 'accepted', 'dismissed')
                AND from_state IN ('open', 'acknowledged')) AS ended
                FROM dashboard_alert_events
                WHERE stage = ${stage:sqlstring} AND $__timeFilter(campaign_time)
                GROUP BY 1 ORDER BY 1"""
            )
        )
        .override_by_name("opened", [colour(BAD)])
        .override_by_name("ended", [colour(GOOD)])
    )


def times_to_act() -> table.Panel:
    """Return the median time until somebody took an alert, and until it ended."""
    return (
        rows(
            "How fast are we?",
            "Median time from the opening of an alert until somebody took it and until it ended, "
            "by stage, of those opened in the time chosen; shorter is better. Empty: no "
            "alert then.",
            none="no alert in this time",
        )
        .with_target(
            sql_table(
                """SELECT stage, count(*) AS alerts,
                percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM
                acknowledged_at - opened_at)) AS "until taken",
                percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM
                resolved_at - opened_at)) AS "until ended"
                FROM dashboard_alerts WHERE $__timeFilter(campaign_time)
                GROUP BY stage ORDER BY stage"""
            )
        )
        .override_by_name("until taken", [unit("s")])
        .override_by_name("until ended", [unit("s")])
        .height(8)
    )


def last_campaigns() -> table.Panel:
    """Return the last twenty campaigns, with the way to their reports."""
    return (
        rows(
            "The last twenty campaigns",
            "Newest first, of the stage chosen above; a campaign's name leads to its report, its "
            "verdict to its cells. Empty: no campaign in the time chosen.",
            none="no campaign in this time",
        )
        .with_target(
            sql_table(
                """SELECT campaign_time AS "time", campaign, verdict, regressed, suspected,
                improved, combinations, failed_runs AS "failed runs", left(git_sha, 10) AS "git sha"
                FROM dashboard_campaigns
                WHERE stage = ${stage:sqlstring} AND $__timeFilter(campaign_time)
                ORDER BY campaign_time DESC, campaign LIMIT 20"""
            )
        )
        .override_by_name("campaign", [link("Report", report_link())])
        .override_by_name(
            "verdict",
            [
                *coloured_cell(verdict_words()),
                link(
                    "Cells",
                    "/d/lm-regression?var-stage=${stage}"
                    "&var-campaign=${__data.fields.campaign}&${__url_time_range}",
                ),
            ],
        )
        .override_by_name("time", [unit("dateTimeAsIso")])
    )


def core_seconds() -> timeseries.Panel:
    """Return what the campaigns cost."""
    return (
        graph(
            "What the campaigns cost",
            "CPU time of all load runs of a campaign, in core-seconds; less is cheaper. It grows "
            "with the number of runs. Empty: no campaign with a CPU cost in the time chosen.",
            unit="short",
            none="no cost is known",
        )
        .with_target(
            sql_series(
                """SELECT campaign_time AS "time", total AS "core-seconds" FROM dashboard_totals
                WHERE stage = ${stage:sqlstring} AND metric = 'cpu_core_seconds'
                AND $__timeFilter(campaign_time) ORDER BY 1"""
            )
        )
        .override_by_name("core-seconds", [colour(CALM)])
    )


def up_now() -> stat.Panel:
    """Return whether the exporter, the warehouse and Dagster's database answer."""
    return (
        number(
            "Does the platform answer?",
            "Whether the exporter, the warehouse and Dagster's database answer. Empty: Prometheus "
            "knows no exporter.",
            unit="none",
            none="no exporter",
        )
        .mappings([up_words()])
        .with_target(promql('max(up{job="lm-exporter"})', legend="exporter", instant=True))
        .with_target(
            promql("min(lm_warehouse_up)", legend="warehouse", reference="B", instant=True)
        )
        .with_target(
            promql("min(lm_dagster_database_up)", legend="Dagster", reference="C", instant=True)
        )
    )


def exporter_cost() -> timeseries.Panel:
    """Return how long a scrape takes."""
    return (
        graph(
            "How long does a scrape take?",
            "Time of a scrape as Prometheus measured it and of making the answer; at 10 s it is "
            "lost. Empty: Prometheus knows no exporter.",
            unit="s",
            none="no exporter",
            source=PROMETHEUS,
        )
        .with_target(
            promql('max(scrape_duration_seconds{job="lm-exporter"})', legend="whole scrape")
        )
        .with_target(
            promql(
                "max(lm_exporter_scrape_duration_seconds)",
                legend="making the answer",
                reference="B",
            )
        )
    )


def daemons() -> timeseries.Panel:
    """Return how long each of Dagster's daemons has been silent."""
    return graph(
        "When was each daemon last heard of?",
        "Time since the last heartbeat of each of Dagster's daemons; above 5 minutes "
        "LmDagsterDaemonDown fires. Empty: LM_DAGSTER_POSTGRES_URL is not set for the exporter.",
        unit="s",
        none="heartbeats are not read",
        source=PROMETHEUS,
    ).with_target(
        promql(
            "time() - max by (daemon) (lm_dagster_daemon_heartbeat_timestamp_seconds)",
            legend="{{daemon}}",
        )
    )


def waiting_messages() -> stat.Panel:
    """Return how long the oldest message of each channel has waited."""
    return (
        number(
            "Do messages wait?",
            "Time that the oldest message waits which a channel has not taken; after an hour "
            "LmDeliveryFailing fires. Empty: none waits.",
            unit="s",
            none="none waits",
        )
        .thresholds(thresholds((None, CALM), (600, WARNING), (3600, BAD)))
        .with_target(
            promql(
                "time() - min by (channel) (lm_deliveries_pending_oldest_timestamp_seconds)",
                legend="{{channel}}",
                instant=True,
            )
        )
    )
