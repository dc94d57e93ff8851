"""What the report layers are made from, put together from a campaign's frames."""

import pandas as pd

from lm_assets.collect.collector import campaign_manifest
from lm_assets.gateways.campaign_bucket import CampaignBucket
from lm_assets.gateways.configuration import Configuration
from lm_assets.gateways.verdict_json import campaign_verdict
from lm_assets.model.campaign import confirmation_campaign
from lm_assets.model.policy import StagePolicy
from lm_assets.orchestration.catalogue import current_catalogue
from lm_assets.orchestration.tables_of_campaigns import RECORDS, SUMMARIES, VERDICTS
from lm_assets.reports.material import (
    DecisionRule,
    ReportMaterial,
    current_samples,
    missing_reasons,
)


def report_material(
    campaign: str,
    frames: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame],
    *,
    bucket: CampaignBucket,
    settings: Configuration,
) -> ReportMaterial:
    """Return the material of a campaign's reports from its records, summaries and verdicts."""
    raw_metrics, statistical_summaries, regression_verdicts = frames
    records = RECORDS.rows(raw_metrics)
    manifest, _ = campaign_manifest(bucket, campaign)
    return ReportMaterial(
        manifest=manifest,
        verdict=campaign_verdict(VERDICTS.rows(regression_verdicts)),
        metrics=settings.metrics,
        rule=decision_rule(settings.regression.stages[manifest.stage]),
        summaries=SUMMARIES.rows(statistical_summaries),
        baseline=current_catalogue(settings.baselines_path),
        current_samples=current_samples(records),
        dimensions={record.combination: record.dimensions for record in records},
        missing=missing_reasons(records),
        quarantined=[
            *bucket.quarantine(campaign),
            *bucket.quarantine(confirmation_campaign(campaign)),
        ],
    )


def decision_rule(policy: StagePolicy) -> DecisionRule:
    """Return the thresholds of a stage as reports draw them."""
    return DecisionRule(
        relative_threshold=policy.threshold_relative,
        points_threshold=policy.threshold_points,
        alpha=policy.alpha,
    )
