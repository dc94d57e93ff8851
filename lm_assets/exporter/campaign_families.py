"""Families about the latest judged campaign of each stage."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily

from lm_assets.exporter.settings import ExporterSettings
from lm_assets.model.standing import Standing, StandingCampaign
from lm_assets.model.verdict import Verdict

FINDING_KINDS = (
    "cell",
    "dimension",
    "common_shift",
    "limit",
    "environment_change",
    "behaviour_changed",
)


def campaign_families(
    standing: Standing, settings: ExporterSettings, *, now: datetime
) -> Iterator[GaugeMetricFamily]:
    """Give what is known of campaigns; counts of one that is too old are left out, moments not."""
    fresh = fresh_campaigns(standing, settings, now=now)
    yield _information(standing.campaigns)
    yield from _moments(standing, settings)
    yield from _expectations(settings)
    yield from _counts(fresh)
    yield from _verdicts(fresh)


def fresh_campaigns(
    standing: Standing, settings: ExporterSettings, *, now: datetime
) -> tuple[StandingCampaign, ...]:
    """Return the campaigns that are young enough for their results to be told."""
    return tuple(
        c
        for c in standing.campaigns
        if c.stage in settings.stages and now - c.stored_at <= settings.stages[c.stage].shown_for
    )


def _information(campaigns: Sequence[StandingCampaign]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "lm_campaign_info",
        "Latest judged campaign of a stage; always 1.",
        labels=["stage", "campaign", "git_sha", "baseline_version"],
    )
    for c in campaigns:
        family.add_metric([c.stage, c.campaign, c.git_sha, c.baseline_version], 1.0)
    return family


def _moments(standing: Standing, settings: ExporterSettings) -> Iterator[GaugeMetricFamily]:
    for name, text in (
        ("started", "Start of the first load run of the latest judged campaign of a stage."),
        ("ended", "End of the last load run of the latest judged campaign of a stage."),
        ("judged", "When the latest judged campaign of a stage was judged last."),
        ("stored", "When the latest judged campaign of a stage came; judging again moves nothing."),
    ):
        family = GaugeMetricFamily(f"lm_campaign_{name}_timestamp_seconds", text, labels=["stage"])
        for c in standing.campaigns:
            if (moment := getattr(c, f"{name}_at")) is not None:
                family.add_metric([c.stage], moment.timestamp())
        yield family
    yield _waiting(standing, settings)


def _waiting(standing: Standing, settings: ExporterSettings) -> GaugeMetricFamily:
    # A stage of which nothing ever came is waited for from the warehouse's first campaign on.
    family = GaugeMetricFamily(
        "lm_stage_waiting_since_timestamp_seconds",
        "When a stage's latest campaign came; where none has come yet, when the first of any did.",
        labels=["stage"],
    )
    came = {c.stage: c.stored_at for c in standing.campaigns}
    for stage in settings.stages:
        if (moment := came.get(stage, standing.first_stored_at)) is not None:
            family.add_metric([stage], moment.timestamp())
    return family


def _expectations(settings: ExporterSettings) -> Iterator[GaugeMetricFamily]:
    interval = GaugeMetricFamily(
        "lm_stage_expected_interval_seconds",
        "How often a campaign of the stage is expected; absent where nobody waits for one.",
        labels=["stage"],
    )
    allowed = GaugeMetricFamily(
        "lm_stage_allowed_failed_runs_ratio",
        "Share of load runs that may fail before the stage's gate objects.",
        labels=["stage"],
    )
    for stage, expectation in settings.stages.items():
        if expectation.interval_s is not None:
            interval.add_metric([stage], expectation.interval_s)
        allowed.add_metric([stage], expectation.allowed_failed_run_share)
    yield interval
    yield allowed


def _counts(campaigns: Sequence[StandingCampaign]) -> Iterator[GaugeMetricFamily]:
    for name, text in (
        ("runs", "Load runs of the latest judged campaign of a stage."),
        ("failed_runs", "Load runs of it that ended with an exit code other than 0."),
        ("combinations", "Combinations of it with one load run or more."),
    ):
        family = GaugeMetricFamily(f"lm_campaign_{name}", text, labels=["stage"])
        for c in campaigns:
            if (count := getattr(c, name)) is not None:
                family.add_metric([c.stage], float(count))
        yield family


def _verdicts(campaigns: Sequence[StandingCampaign]) -> Iterator[GaugeMetricFamily]:
    stated = GaugeMetricFamily(
        "lm_campaign_verdict",
        "1 for the verdict of the latest judged campaign of a stage, 0 for every other verdict.",
        labels=["stage", "verdict"],
    )
    cells = GaugeMetricFamily(
        "lm_campaign_cells", "Cells of it by verdict.", labels=["stage", "verdict"]
    )
    findings = GaugeMetricFamily(
        "lm_campaign_findings",
        "Findings of it by kind and verdict.",
        labels=["stage", "kind", "verdict"],
    )
    for c in campaigns:
        for verdict in Verdict:
            stated.add_metric([c.stage, verdict], float(c.verdict == verdict))
            cells.add_metric([c.stage, verdict], float(c.verdict_counts.get(verdict, 0)))
        kinds = dict.fromkeys((*FINDING_KINDS, *sorted(kind for kind, _ in c.findings)))
        for kind in kinds:
            for verdict in Verdict:
                count = c.findings.get((kind, verdict), 0)
                findings.add_metric([c.stage, kind, verdict], float(count))
    yield from (stated, cells, findings)
