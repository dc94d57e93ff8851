"""What every dashboard has: its variables, annotations, links, and the form that Grafana loads."""

import json
from collections.abc import Sequence
from typing import Any

from grafana_foundation_sdk.builders.dashboard import (
    AnnotationQuery,
    Dashboard,
    DashboardLink,
    DatasourceVariable,
    QueryVariable,
    TextBoxVariable,
)
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    VariableHide,
    VariableOption,
    VariableRefresh,
)

from grafana.building.sources import (
    POSTGRES,
    POSTGRES_TYPE,
    POSTGRES_UID,
    PROMETHEUS_UID,
    sql_table,
)
from grafana.building.style import BAD, CALM, GOOD

UIDS = {
    "lm-executive": "Is it worse?",
    "lm-performance": "Performance: how fast, where, since when",
    "lm-resource": "Resources: what it costs",
    "lm-regression": "Regressions: what got worse, and who has it",
}
_STAGES = "SELECT DISTINCT stage FROM dashboard_campaigns WHERE stage IS NOT NULL ORDER BY 1"
_CAMPAIGNS = (
    "SELECT campaign FROM dashboard_campaigns WHERE stage = ${stage:sqlstring} "
    "AND verdict IS NOT NULL AND $__timeFilter(campaign_time) "
    "ORDER BY campaign_time DESC, campaign LIMIT 200"
)
# The first is shown first: the dimension with most values, and the combination that is worst.
_DIMENSIONS = (
    "SELECT key FROM combinations, jsonb_each_text(dimensions) "
    "GROUP BY key ORDER BY count(DISTINCT value) DESC, key"
)
# Prometheus has no dash in a label.
_DIMENSION_LABELS = "SELECT 'dim_' || replace(${dimension:sqlstring}, '-', '_')"
_METRICS = (
    "SELECT metric FROM dashboard_totals WHERE campaign = ${campaign:sqlstring} "
    "ORDER BY metric <> 'duration_s', metric"
)
_COMBINATIONS = (
    "SELECT combination FROM dashboard_results "
    "LEFT JOIN verdicts USING (campaign, combination, metric) "
    "WHERE campaign = ${campaign:sqlstring} AND metric = ${metric:sqlstring} "
    "ORDER BY degradation DESC NULLS LAST, combination"
)
VARIABLES = {
    "campaign": ("Campaign", _CAMPAIGNS),
    "dimension": ("Dimension", _DIMENSIONS),
    "dimension_label": ("", _DIMENSION_LABELS),
    "metric": ("Metric", _METRICS),
    "combination": ("Combination", _COMBINATIONS),
}


def frame(uid: str, description: str, *, variables: Sequence[str], since: str) -> Dashboard:
    """Return a dashboard without panels: read-only, with links to the three others."""
    made = (
        Dashboard(UIDS[uid])
        .uid(uid)
        .description(description)
        .tags(["lm-assets"])
        .readonly()
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .time(since, "now")
        .timezone("browser")
        .refresh("1m")
    )
    for name, uid_, kind in (
        ("prometheus", PROMETHEUS_UID, "prometheus"),
        ("postgres", POSTGRES_UID, POSTGRES_TYPE),
    ):
        made.with_variable(_source(name, uid_, kind))
    made.with_variable(_asked("stage", "Stage", _STAGES, current="nightly"))
    for name in variables:
        made.with_variable(_asked(name, *VARIABLES[name]))
    made.with_variable(
        TextBoxVariable("reports")
        .label("Reports at")
        .description("Address under which reports/ of the bucket can be read in a browser.")
        .default_value("http://127.0.0.1:8333/load-metrics/reports")
    )
    for annotation in _annotations():
        made.annotation(annotation)
    for other, title in UIDS.items():
        if other != uid:
            made.link(_link(title, f"/d/{other}"))
    return made


def performance_link(**fields: str) -> str:
    """Return the address of the performance dashboard for what stands in a row of a table."""
    values = {"stage": "${stage}", **{k: f"${{__data.fields.{v}}}" for k, v in fields.items()}}
    asked = "&".join(f"var-{name}={value}" for name, value in values.items())
    return f"/d/lm-performance?{asked}&${{__url_time_range}}"


def report_link(campaign: str = "${__data.fields.campaign}") -> str:
    """Return the address of a campaign's technical report."""
    return f"${{reports}}/{campaign}/technical.html"


def document(made: Dashboard) -> str:
    """Return the JSON that Grafana loads, mended where the SDK's defaults do harm.

    Panels get ids from 1 on (without, links to panels and alerts break), and links and annotations
    lose the placement that hides them in a menu.
    """
    content: dict[str, Any] = json.loads(JSONEncoder(sort_keys=True).encode(made.build()))
    panels = [
        panel for outer in content["panels"] for panel in (outer, *(outer.get("panels") or ()))
    ]
    for number, panel in enumerate(panels, start=1):
        panel["id"] = number
    for shown in (*content["links"], *content["annotations"]["list"]):
        shown.pop("placement", None)
    return json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _source(name: str, uid: str, kind: str) -> DatasourceVariable:
    return (
        DatasourceVariable(name)
        .label(name.capitalize())
        .type(kind)
        .hide(VariableHide.HIDE_VARIABLE)
        .current(VariableOption(selected=True, text=uid, value=uid))
    )


def _asked(name: str, label: str, sql: str, *, current: str = "") -> QueryVariable:
    made = (
        QueryVariable(name)
        .datasource(POSTGRES)
        .query(sql)
        .definition(sql)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
    )
    if current:
        made.current(VariableOption(selected=True, text=current, value=current))
    return made.label(label) if label else made.hide(VariableHide.HIDE_VARIABLE)


def _link(title: str, url: str) -> DashboardLink:
    return (
        DashboardLink(title)
        .type(DashboardLinkType.LINK)
        .url(url)
        .keep_time(True)
        .include_vars(True)
    )


def _annotations() -> tuple[AnnotationQuery, ...]:
    return (
        _annotation(
            "Campaigns",
            CALM,
            """SELECT campaign_time AS "time", campaign AS text, coalesce(verdict, '') AS tags
            FROM dashboard_campaigns
            WHERE stage = ${stage:sqlstring} AND $__timeFilter(campaign_time)
            ORDER BY campaign_time LIMIT 500""",
            is_shown=False,
        ),
        _annotation(
            "Baseline changes",
            GOOD,
            """SELECT campaign_time AS "time", 'baseline ' || left(baseline_version, 12) AS text,
            'baseline' AS tags
            FROM (SELECT campaign_time, baseline_version, lag(baseline_version) OVER
            (ORDER BY campaign_time, campaign) AS before FROM dashboard_campaigns
            WHERE stage = ${stage:sqlstring} AND verdict IS NOT NULL
            AND $__timeFilter(campaign_time)) judged
            WHERE baseline_version <> before ORDER BY campaign_time LIMIT 500""",
        ),
        _annotation(
            "Alert events",
            BAD,
            """SELECT at AS "time", event || ': ' || coalesce(metric, '') AS text,
            event AS tags FROM dashboard_alert_events
            WHERE stage = ${stage:sqlstring} AND event <> 'seen' AND $__timeFilter(at)
            ORDER BY at LIMIT 500""",
        ),
    )


def _annotation(name: str, colour: str, sql: str, *, is_shown: bool = True) -> AnnotationQuery:
    return (
        AnnotationQuery()
        .name(name)
        .datasource(POSTGRES)
        .enable(is_shown)
        .icon_color(colour)
        .target(sql_table(sql))
    )
