"""Is it worse? One page for whoever has thirty seconds."""

from grafana_foundation_sdk.builders import bargauge, stat
from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana.building.alert_tables import open_alerts
from grafana.building.campaign_panels import (
    core_seconds,
    last_campaigns,
    opened_and_ended,
    times_to_act,
    verdict_counts,
)
from grafana.building.frame import frame
from grafana.building.panels import bars, number
from grafana.building.platform_panels import platform_row
from grafana.building.sources import promql
from grafana.building.style import (
    BAD,
    CALM,
    VERDICT_CODES,
    WARNING,
    colour,
    named,
    thresholds,
    verdict_codes,
    words,
)
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
        verdict_now().span(7),
        open_now().span(5),
        oldest_open().span(6),
        campaign_age().span(6),
        open_alerts().span(24).height(10),
        verdict_counts().span(16).height(10),
        cells_now().span(8).height(10),
        last_campaigns().span(24),
        core_seconds().span(10),
        opened_and_ended().span(7),
        times_to_act().span(7),
    ):
        made.with_panel(panel)
    return made.with_row(platform_row())


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
            "How long has nobody taken the oldest?",
            "Time since the oldest alert that nobody has was recorded as open, came back, or was "
            "given up; shorter is better. Since when it is worse, the table says: that is the time "
            "of a campaign. After two days LmRegressionUnacknowledged fires. Empty: none is open.",
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
            "Time since the latest campaign, or since the first is waited for, as a share of how "
            "often one is expected; below 100 % is on time, above 150 % LmCampaignStale fires. "
            "Empty: none is expected.",
            unit="percentunit",
            none="none is expected",
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
            'sort_desc(max by (verdict) (lm_campaign_cells{stage="$stage"}) > 0)',
            legend="{{verdict}}",
            instant=True,
        )
    )
    for verdict, value in VERDICT_COLOURS.items():
        panel.override_by_name(verdict.value, [colour(value), named(words(verdict))])
    return panel
