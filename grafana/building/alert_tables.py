"""Tables of alerts: what, where, how much, since when, who has it."""

from grafana_foundation_sdk.builders import table

from grafana.building.frame import performance_link, report_link
from grafana.building.panels import rows
from grafana.building.sources import sql_table
from grafana.building.style import (
    coloured_cell,
    hidden,
    link,
    named,
    said_if_missing,
    state_words,
    unit,
    width,
)

# A change is said in words: in one column relative, in points, or events per run.
CHANGE = """CASE WHEN change IS NULL THEN ''
WHEN change_unit = 'relative' THEN to_char(100 * change, 'FMSG999990.0') || ' %'
WHEN change_unit = 'points' THEN to_char(change, 'FMSG999990.0') || ' points'
ELSE to_char(change, 'FMSG999990.00') || ' a run' END"""
PLACE = """CASE WHEN located_in = '{}' THEN
CASE WHEN cardinality(combinations) = 1 THEN combinations[1]
WHEN cardinality(combinations) = 0 THEN 'whole matrix'
ELSE cardinality(combinations) || ' combinations' END
ELSE (SELECT string_agg(key || '=' || value, ', ' ORDER BY key)
FROM jsonb_each_text(located_in)) END"""


_OVER_TIME = performance_link(
    stage="stage", campaign="campaign", metric="metric", combination="combination"
)


def open_alerts() -> table.Panel:
    """Return the live alerts of all stages."""
    return _table(
        "What is worse, where, since when, who has it?",
        "Every alert that is open or that somebody has taken, the longest open first; since and "
        "first seen in are the campaign that showed it first. Nobody has it: lm alerts ack, with "
        "the id of the last column, takes it. Empty: nothing is worse.",
        "state IN ('open', 'acknowledged')",
        "state DESC, opened_at",
        none="nothing is worse",
    )


def alerts_of_stage() -> table.Panel:
    """Return the alerts of one stage that were opened in the time chosen, or still live."""
    return _table(
        "Alerts, and what became of them",
        "Alerts of the stage that are live or were opened in the time chosen, newest first. "
        "A taken one is open again after its expiry. Empty: no alert.",
        "stage = ${stage:sqlstring} AND (state IN ('open', 'acknowledged') "
        "OR $__timeFilter(campaign_time))",
        "opened_at DESC",
        none="no alert",
        more=", coalesce(resolution, '') AS \"how it ended\"",
    ).override_by_name("how it ended", [width(130)])


def _table(
    title: str, description: str, where: str, order: str, *, none: str, more: str = ""
) -> table.Panel:
    return (
        rows(title, description, none=none)
        .with_target(
            sql_table(
                f"""SELECT stage, state, metric, {PLACE} AS "where", {CHANGE} AS change,
                opened_at AS "since", first_campaign AS campaign, who_has_it AS "who has it",
                acknowledged_until AS "taken until"{more}, alert_id AS "alert id",
                coalesce(combinations[1], '') AS combination
                FROM dashboard_alerts WHERE {where} ORDER BY {order}, alert_id LIMIT 100"""
            )
        )
        .override_by_name("stage", [width(90)])
        .override_by_name("state", [*coloured_cell(state_words()), width(125)])
        .override_by_name("metric", [width(165)])
        .override_by_name("where", [link("Over time, of its first combination", _OVER_TIME)])
        .override_by_name("change", [width(115)])
        .override_by_name("since", [unit("dateTimeFromNow"), width(110)])
        .override_by_name(
            "campaign", [named("first seen in"), link("Report", report_link()), width(245)]
        )
        .override_by_name("who has it", [said_if_missing("nobody"), width(120)])
        .override_by_name("taken until", [unit("dateTimeFromNow"), width(110)])
        .override_by_name("alert id", [width(115)])
        .override_by_name("combination", [hidden()])
    )
