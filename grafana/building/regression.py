"""What got worse, how sure that is, and what people did about it."""

from grafana_foundation_sdk.builders import bargauge, statetimeline, table
from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana.building.alert_tables import CHANGE, PLACE, alerts_of_stage
from grafana.building.frame import frame, performance_link, report_link
from grafana.building.panels import bars, rows, timeline
from grafana.building.sources import promql, sql_table
from grafana.building.style import (
    coloured_cell,
    hidden,
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


_Q = """CASE WHEN q IS NULL THEN '' WHEN q < 0.0001 THEN '<0.0001'
ELSE to_char(q, 'FM0.0000') END"""


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
        alerts_of_stage().span(24).height(10),
        alert_events().span(16),
        accepted_losses().span(8),
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
                {_INTERVAL} AS "95 % interval", cells,
                replace(kind, '_', ' ') AS kind, message, campaign
                FROM dashboard_findings WHERE campaign = ${{campaign:sqlstring}}
                ORDER BY position LIMIT 100"""
            )
        )
        .override_by_name("verdict", [*coloured_cell(verdict_words()), width(130)])
        .override_by_name("metric", [width(165)])
        .override_by_name("where", [link("Report", report_link()), width(280)])
        .override_by_name("change", [width(115)])
        .override_by_name("95 % interval", [width(165)])
        .override_by_name("cells", [width(65)])
        .override_by_name("kind", [width(120)])
        .override_by_name("campaign", [hidden()])
    )


def worst_cells() -> table.Panel:
    """Return the cells of a campaign that are not unchanged, the worst first."""
    return (
        rows(
            "Which cells got worse?",
            "Cells of $campaign that regressed, are suspected or were accepted, the worst first: "
            "means in the metric's own unit, the change with its 95 % interval, q (the p-value "
            "corrected for how many cells were tested), runs of the baseline / of the campaign, "
            "and how many would decide. Empty: none got worse.",
            none="no cell got worse",
        )
        .with_target(
            sql_table(
                f"""SELECT combination, metric, verdict, baseline_mean AS baseline,
                current_mean AS now, {CHANGE} AS change, {_INTERVAL} AS "95 % interval",
                {_Q} AS q, n_baseline || ' / ' || n_current AS runs,
                runs_needed AS "runs needed", campaign
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
                )
            ],
        )
        .override_by_name("metric", [width(170)])
        .override_by_name("verdict", [*coloured_cell(verdict_words()), width(150)])
        .override_by_name("baseline", [unit("short"), width(95)])
        .override_by_name("now", [unit("short"), width(95)])
        .override_by_name("change", [width(115)])
        .override_by_name("95 % interval", [width(165)])
        .override_by_name("q", [width(85)])
        .override_by_name("runs", [width(80)])
        .override_by_name("runs needed", [width(115)])
        .override_by_name("campaign", [hidden()])
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


def ratios_now() -> bargauge.Panel:
    """Return the fifteen combinations that are slowest against their baseline, as they are now."""
    return bars(
        "Slowest against their baseline, now",
        "duration_s / baseline of the fifteen combinations that are slowest in the stage's latest "
        "campaign; 100 % is as the baseline, above is slower. Not a verdict: noise is in it. "
        "Empty: nothing was judged lately, or the matrix has no metric duration_s.",
        unit="percentunit",
        none="no duration was judged lately",
    ).with_target(
        promql(
            "sort_desc(topk(15, stage_combination:lm_result_duration_per_lm_baseline_duration:ratio"
            '{stage="$stage"}))',
            legend="{{combination}}",
            instant=True,
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
                """SELECT at AS "time", event, to_state AS state, metric,
                by AS "who", reason AS why, alert_id AS "alert id"
                FROM dashboard_alert_events
                WHERE stage = ${stage:sqlstring} AND event <> 'seen'
                AND $__timeFilter(at) ORDER BY at DESC, campaign_time DESC LIMIT 100"""
            )
        )
        .override_by_name("time", [unit("dateTimeAsIso"), width(180)])
        .override_by_name("event", [width(115)])
        .override_by_name("state", [*coloured_cell(state_words()), width(125)])
        .override_by_name("metric", [width(165)])
        .override_by_name("who", [width(110)])
        .override_by_name("alert id", [width(115)])
    )


def accepted_losses() -> table.Panel:
    """Return the losses of a campaign that a written exchange rate accepted."""
    return (
        rows(
            "Which losses were accepted?",
            "Cells of $campaign that got worse and were paid for, by the exchange rates of "
            "regression.yaml. Empty: none was accepted.",
            none="none was accepted",
        )
        .with_target(
            sql_table(
                f"""SELECT combination, metric, {CHANGE} AS change, decided_by AS rule
                FROM dashboard_cells WHERE campaign = ${{campaign:sqlstring}}
                AND verdict = 'accepted_tradeoff' ORDER BY degradation DESC LIMIT 50"""
            )
        )
        .override_by_name("metric", [width(150)])
        .override_by_name("change", [width(95)])
        .override_by_name("rule", [width(110)])
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
