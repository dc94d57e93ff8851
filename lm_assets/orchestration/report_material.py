"""What the report layers are made from, put together from a campaign's frames."""

from collections import Counter

import pandas as pd

from lm_assets.collect.collector import campaign_manifest
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.causes import causes_if_any
from lm_assets.gateways.bucket.verdict_json import campaign_verdict
from lm_assets.gateways.configuration import Configuration
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

CampaignFrames = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]


class ReportMaterials:
    """Material of a campaign's reports; one for each run, in which its four layers share it.

    All of them come after the records, summaries and verdicts that it is made from, so that what
    the first layer was made from is what the others would be made from as well.
    """

    def __init__(self, bucket: CampaignBucket, settings: Configuration) -> None:
        self._bucket = bucket
        self._settings = settings
        self._held: tuple[str, ReportMaterial] | None = None

    def of(self, campaign: str, frames: CampaignFrames) -> ReportMaterial:
        """Return the material made from a campaign's records, summaries and verdicts."""
        if self._held is None or self._held[0] != campaign:
            made = _material(campaign, frames, bucket=self._bucket, settings=self._settings)
            self._held = campaign, made
        return self._held[1]


def _material(
    campaign: str, frames: CampaignFrames, *, bucket: CampaignBucket, settings: Configuration
) -> ReportMaterial:
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
        runs=Counter(record.combination for record in records),
        causes=causes_if_any(bucket.store, campaign),
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
