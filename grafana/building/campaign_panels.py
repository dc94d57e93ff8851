"""What became of the campaigns: verdicts, cost, alerts opened and ended, the list of them."""

from grafana_foundation_sdk.builders import barchart, table

from grafana.building.frame import report_link
from grafana.building.panels import columns, rows, stacked
from grafana.building.sources import sql_table
from grafana.building.style import (
    BAD,
    GOOD,
    colour,
    coloured_cell,
    link,
    said_if_missing,
    unit,
    verdict_words,
    width,
    words,
)
from lm_assets.model.verdict import Verdict
from lm_assets.reports.pictures.marks import VERDICT_COLOURS

# As the name of a bar, a campaign without its stage in front: there is one stage in a panel.
NAME = """CASE WHEN starts_with(campaign, stage || '-')
THEN substr(campaign, length(stage) + 2) ELSE campaign END AS campaign"""
_OF_STAGE = "stage = ${stage:sqlstring} AND $__timeFilter(campaign_time)"
_ITS_CELLS = (
    "/d/lm-regression?var-stage=${stage}&var-campaign=${__data.fields.campaign}&${__url_time_range}"
)
_WIDTHS = {
    "regressed": 105,
    "suspected": 105,
    "improved": 105,
    "combinations": 125,
    "failed runs": 105,
    "git sha": 130,
}


def latest(columns_: str, view: str, where: str = "") -> str:
    """Return the query of a bar for each of the latest thirty campaigns, the oldest first."""
    return f"""SELECT {NAME}, {columns_}
    FROM (SELECT * FROM {view} WHERE {_OF_STAGE} {where}
    ORDER BY campaign_time DESC, campaign LIMIT 30) latest
    ORDER BY campaign_time, latest.campaign"""


def verdict_counts() -> barchart.Panel:
    """Return the number of cells by verdict of each campaign."""
    shown = [v for v in Verdict if v not in {Verdict.UNCHANGED, Verdict.NO_BASELINE}]
    named = ", ".join(f'{v.value} AS "{words(v)}"' for v in shown)
    panel = stacked(
        "What changed, campaign by campaign?",
        "Number of cells by verdict of the latest thirty judged campaigns of the stage, the newest "
        "at the right; those that are unchanged or have no baseline are left out. Less orange is "
        "better. Empty: no campaign in the time chosen.",
        unit="short",
        none="no campaign in this time",
    ).with_target(sql_table(latest(named, "dashboard_campaigns", "AND verdict IS NOT NULL")))
    for verdict in shown:
        panel.override_by_name(words(verdict), [colour(VERDICT_COLOURS[verdict])])
    return panel


def core_seconds() -> barchart.Panel:
    """Return what the campaigns cost."""
    return stacked(
        "What did the campaigns cost?",
        "CPU time of all load runs of each of the latest thirty campaigns, in core-seconds; less "
        "is cheaper. It grows with the number of runs. Empty: no campaign in the time chosen has "
        "the metric cpu_core_seconds, as where it was not measured.",
        unit="short",
        none="cpu_core_seconds was not measured",
    ).with_target(
        sql_table(
            latest('total AS "core-seconds"', "dashboard_totals", "AND metric = 'cpu_core_seconds'")
        )
    )


def opened_and_ended() -> barchart.Panel:
    """Return how many alerts were opened and ended each week."""
    return (
        columns(
            "Do we keep up? Alerts opened and ended",
            "Number of alerts that were opened or came back, and that ended, by the first day of "
            "each week. As many ended as opened is a team that keeps up. Empty: no alert in the "
            "time chosen.",
            unit="short",
            none="no alert in this time",
        )
        .with_target(
            sql_table(
                """SELECT to_char(date_trunc('week', at), 'YYYY-MM-DD') AS week,
                count(*) FILTER (WHERE event IN ('opened', 'reopened')) AS opened,
                count(*) FILTER (WHERE to_state IN ('resolved', 'accepted', 'dismissed')
                AND from_state IN ('open', 'acknowledged')) AS ended
                FROM dashboard_alert_events
                WHERE stage = ${stage:sqlstring} AND $__timeFilter(at)
                GROUP BY 1 ORDER BY 1 LIMIT 60"""
            )
        )
        .override_by_name("opened", [colour(BAD)])
        .override_by_name("ended", [colour(GOOD)])
    )


def times_to_act() -> table.Panel:
    """Return the median time until somebody took an alert, and until it ended."""
    return (
        rows(
            "How fast do we act?",
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
        .override_by_name("stage", [width(80)])
        .override_by_name("alerts", [width(65)])
        .override_by_name("until taken", [width(130), said_if_missing("none was taken"), unit("s")])
        .override_by_name("until ended", [said_if_missing("none ended"), unit("s")])
        .height(8)
    )


def last_campaigns() -> table.Panel:
    """Return the last twenty campaigns, with the way to their reports."""
    panel = (
        rows(
            "The last twenty campaigns",
            "Newest first, of the stage chosen above; a campaign's name leads to its report, its "
            "verdict to its cells. Empty: no campaign in the time chosen.",
            none="no campaign in this time",
        )
        .with_target(
            sql_table(
                f"""SELECT campaign_time AS "time", campaign, verdict, regressed, suspected,
                improved, combinations, failed_runs AS "failed runs", left(git_sha, 10) AS "git sha"
                FROM dashboard_campaigns
                WHERE {_OF_STAGE}
                ORDER BY campaign_time DESC, campaign LIMIT 20"""
            )
        )
        .override_by_name("time", [unit("dateTimeAsIso"), width(180)])
        .override_by_name("campaign", [link("Report", report_link())])
        .override_by_name(
            "verdict", [*coloured_cell(verdict_words()), link("Cells", _ITS_CELLS), width(140)]
        )
    )
    for name, pixels in _WIDTHS.items():
        panel.override_by_name(name, [width(pixels)])
    return panel.height(10)
