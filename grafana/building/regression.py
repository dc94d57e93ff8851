"""What got worse, how sure that is, and what people did about it."""

from grafana_foundation_sdk.builders import statetimeline, table, timeseries
from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue

from grafana.building.alert_tables import CHANGE, PLACE, alerts_of_stage
from grafana.building.frame import frame, performance_link, report_link
from grafana.building.panels import graph, rows, timeline
from grafana.building.sources import PROMETHEUS, promql, sql_table
from grafana.building.style import (
    coloured_cell,
    link,
    state_words,
    unit,
    verdict_words,
    width,
)

_INTERVAL = """CASE WHEN change_ci95_low IS NULL THEN ''
WHEN change_unit = 'relative' THEN to_char(100 * change_ci95_low, 'FMSG999990.0') || ' … '
|| to_char(100 * change_ci95_high, 'FMSG999990.0') || ' %'
ELSE to_char(change_ci95_low, 'FMSG999990.00') || ' … '
|| to_char(change_ci95_high, 'FMSG999990.00') END"""


def regression() -> Dashboard:
    """Return the dashboard: findings, cells, their history, and the alerts with their life."""
    made = frame(
        "lm-regression",
        "Findings and cells of a campaign, their history, and the alerts with their life.",
        variables=("campaign", "metric", "combination"),
        since="now-90d",
    )
    for panel in (
        findings().span(24),
        worst_cells().span(24),
        verdict_history().span(12),
        ratios_now().span(12).height(9),
        alerts_of_stage().span(24),
        alert_events().span(12),
        accepted_losses().span(12),
        environment_changes().span(24).height(6),
    ):
        made.with_panel(panel)
    return made


def findings() -> table.Panel:
    """Return the findings of a campaign, the gravest first."""
    return (
        rows(
            "What are the causes in $campaign?",
            "Findings, the gravest first: one line for one cause, however many cells it explains. "
            "A change with its 95 % interval. Empty: the campaign has no finding.",
            none="no finding",
        )
        .with_target(
            sql_table(
                f"""SELECT verdict, metric, {PLACE} AS "where", {CHANGE} AS change,
                {_INTERVAL} AS "95 % interval", cells, kind, message, campaign
                FROM dashboard_findings WHERE campaign = ${{campaign:sqlstring}}
                ORDER BY position LIMIT 100"""
            )
        )
        .override_by_name("verdict", [*coloured_cell(verdict_words()), width(120)])
        .override_by_name("where", [link("Report", report_link()), width(280)])
        .override_by_name("message", [width(420)])
        .override_by_name("campaign", [DynamicConfigValue(id_val="custom.hidden", value=True)])
    )


def worst_cells() -> table.Panel:
    """Return the cells of a campaign that are not unchanged, the worst first."""
    return (
        rows(
            "Which cells got worse?",
            "Cells of $campaign that regressed, are suspected or were accepted, the worst first: "
            "means in the metric's own unit, the change with its 95 % interval, q (the chance-"
            "corrected p), and how many runs would decide. Empty: none got worse.",
            none="no cell got worse",
        )
        .with_target(
            sql_table(
                f"""SELECT combination, metric, verdict, baseline_mean AS baseline,
                current_mean AS now, {CHANGE} AS change, {_INTERVAL} AS "95 % interval", q,
                n_baseline || ' / ' || n_current AS runs, runs_needed AS "runs needed", campaign
                FROM dashboard_cells WHERE campaign = ${{campaign:sqlstring}}
                AND verdict IN ('regressed', 'suspected', 'confounded', 'accepted_tradeoff')
                ORDER BY degradation DESC NULLS LAST, combination, metric LIMIT 50"""
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
                width(320),
            ],
        )
        .override_by_name("verdict", coloured_cell(verdict_words()))
        .override_by_name("baseline", [unit("short")])
        .override_by_name("now", [unit("short")])
        .override_by_name("q", [DynamicConfigValue(id_val="decimals", value=4)])
        .override_by_name("campaign", [DynamicConfigValue(id_val="custom.hidden", value=True)])
    )


def verdict_history() -> statetimeline.Panel:
    """Return the verdicts of a combination over the campaigns, a row a metric."""
    return timeline(
        "Since when? Verdicts of $combination",
        "The verdict of every metric of the combination, campaign by campaign; a gap is a campaign "
        "that did not run it. Empty: it was not judged in this time.",
        none="not judged in this time",
        mappings=[verdict_words()],
        by="metric",
    ).with_target(
        sql_table(
            """SELECT campaign_time AS "time", metric, verdict FROM dashboard_cells
            WHERE stage = ${stage:sqlstring} AND combination = ${combination:sqlstring}
            AND $__timeFilter(campaign_time) ORDER BY metric, campaign_time"""
        )
    )


def ratios_now() -> timeseries.Panel:
    """Return the twenty combinations that are slowest against their baseline, as they are now."""
    return graph(
        "Slowest against their baseline",
        "Duration / baseline of the twenty combinations that are worst in the stage's latest "
        "campaign; 100 % is as the baseline, above is slower. Not a verdict: noise is in it. "
        "Empty: nothing was judged lately.",
        unit="percentunit",
        none="nothing judged lately",
        source=PROMETHEUS,
    ).with_target(
        promql(
            "topk(20, stage_combination:lm_result_duration_per_lm_baseline_duration:ratio"
            '{stage="$stage"})',
            legend="{{combination}}",
        )
    )


def alert_events() -> table.Panel:
    """Return what happened to the alerts of a stage."""
    return (
        rows(
            "What happened, and who said so?",
            "Events of the stage's alerts in the time chosen, newest first; seen ones are left "
            "out. Nobody said what a campaign showed. Empty: nothing happened.",
            none="nothing happened",
        )
        .with_target(
            sql_table(
                """SELECT campaign_time AS "time", event, to_state AS state, metric,
                coalesce(by, '') AS "who", coalesce(reason, '') AS why, alert_id AS alert
                FROM dashboard_alert_events
                WHERE stage = ${stage:sqlstring} AND event <> 'seen'
                AND $__timeFilter(campaign_time) ORDER BY campaign_time DESC LIMIT 100"""
            )
        )
        .override_by_name("time", [unit("dateTimeAsIso")])
        .override_by_name("state", coloured_cell(state_words()))
    )


def accepted_losses() -> table.Panel:
    """Return the losses of a campaign that a written exchange rate accepted."""
    return rows(
        "Which losses were accepted?",
        "Cells of $campaign that got worse and were paid for, by the exchange rates of "
        "regression.yaml. Empty: none was accepted.",
        none="none was accepted",
    ).with_target(
        sql_table(
            f"""SELECT combination, metric, {CHANGE} AS change, decided_by AS rule
                FROM dashboard_cells WHERE campaign = ${{campaign:sqlstring}}
                AND verdict = 'accepted_tradeoff' ORDER BY degradation DESC LIMIT 50"""
        )
    )


def environment_changes() -> table.Panel:
    """Return the campaigns whose environment was another than the baseline's."""
    return (
        rows(
            "Did the environment change?",
            "Campaigns of the stage whose environment is another than the baseline's, newest "
            "first: what differs is a likely cause of whatever moved there. Empty: it was "
            "always the same.",
            none="always the same",
        )
        .with_target(
            sql_table(
                """SELECT campaign_time AS "time", campaign, message FROM dashboard_findings
                WHERE stage = ${stage:sqlstring} AND kind = 'environment_change'
                AND $__timeFilter(campaign_time) ORDER BY campaign_time DESC, campaign LIMIT 50"""
            )
        )
        .override_by_name("time", [unit("dateTimeAsIso"), width(200)])
        .override_by_name("campaign", [link("Report", report_link()), width(280)])
    )
