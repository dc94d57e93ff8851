"""What the report layers are made from, put together from a campaign's frames."""

from collections import Counter
from collections.abc import Mapping, Sequence

import pandas as pd

from lm_assets.collect.collector import campaign_manifest
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.causes import causes_if_any
from lm_assets.gateways.bucket.verdict_json import campaign_verdict
from lm_assets.gateways.configuration import Configuration
from lm_assets.gateways.warehouse import Warehouse
from lm_assets.model.addresses import Addresses
from lm_assets.model.campaign import Manifest, confirmation_campaign
from lm_assets.model.combination import Matrix
from lm_assets.model.policy import StagePolicy
from lm_assets.model.record import RunRecord
from lm_assets.orchestration.catalogue import current_catalogue
from lm_assets.orchestration.report_trends import cell_trends
from lm_assets.orchestration.tables_of_campaigns import RECORDS, SUMMARIES, VERDICTS
from lm_assets.reports.material import (
    CellKey,
    DecisionRule,
    ReportMaterial,
    current_samples,
    missing_reasons,
)
from lm_assets.reports.pictures.trend import Trend

CampaignFrames = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]


class ReportMaterials:
    """Material of a campaign's reports; one for each run, in which its four layers share it.

    All of them come after the records, summaries and verdicts that it is made from, so that what
    the first layer was made from is what the others would be made from as well.
    """

    def __init__(
        self,
        bucket: CampaignBucket,
        settings: Configuration,
        warehouse: Warehouse | None = None,
        addresses: Addresses | None = None,
    ) -> None:
        self._bucket = bucket
        self._settings = settings
        self._warehouse = warehouse
        self._addresses = addresses or Addresses()
        self._held: tuple[str, ReportMaterial] | None = None

    def of(self, campaign: str, frames: CampaignFrames) -> ReportMaterial:
        """Return the material made from a campaign's records, summaries and verdicts."""
        if self._held is None or self._held[0] != campaign:
            made = _material(
                campaign,
                frames,
                bucket=self._bucket,
                settings=self._settings,
                warehouse=self._warehouse,
                addresses=self._addresses,
            )
            self._held = campaign, made
        return self._held[1]


def _material(
    campaign: str,
    frames: CampaignFrames,
    *,
    bucket: CampaignBucket,
    settings: Configuration,
    warehouse: Warehouse | None,
    addresses: Addresses,
) -> ReportMaterial:
    raw_metrics, statistical_summaries, regression_verdicts = frames
    records = RECORDS.rows(raw_metrics)
    manifest, _ = campaign_manifest(bucket, campaign)
    verdict = campaign_verdict(VERDICTS.rows(regression_verdicts))
    catalogue = current_catalogue(settings.baselines_path)
    trends: Mapping[CellKey, Trend] = {}
    if warehouse is not None:
        trends = cell_trends(
            warehouse, manifest, verdict, records, settings=settings, baseline=catalogue
        )
    return ReportMaterial(
        manifest=manifest,
        verdict=verdict,
        metrics=settings.metrics,
        rule=decision_rule(settings.regression.stages[manifest.stage]),
        summaries=SUMMARIES.rows(statistical_summaries),
        baseline=catalogue,
        current_samples=current_samples(records),
        dimensions=_dimensions(records, manifest, settings.matrix),
        trends=trends,
        records=records,
        addresses=addresses,
        value_order=settings.matrix.dimensions,
        owners=settings.regression.stages[manifest.stage].alerts.owners,
        missing=missing_reasons(records),
        runs=Counter(record.combination for record in records),
        causes=causes_if_any(bucket.store, campaign),
        quarantined=[
            *bucket.quarantine(campaign),
            *bucket.quarantine(confirmation_campaign(campaign)),
        ],
    )


def _dimensions(
    records: Sequence[RunRecord], manifest: Manifest, matrix: Matrix
) -> Mapping[str, Mapping[str, str]]:
    """Return the dimensions of what ran and of what was to run, in the matrix's own order."""
    found = {record.combination: record.dimensions for record in records}
    for name in manifest.expected_combinations:
        if name not in found and name in matrix.by_id:
            found[name] = matrix.by_id[name].dimensions
    order = {name: place for place, name in enumerate(matrix.dimensions)}
    return {
        combination: dict(sorted(values.items(), key=lambda item: order.get(item[0], len(order))))
        for combination, values in found.items()
    }


def decision_rule(policy: StagePolicy) -> DecisionRule:
    """Return the thresholds of a stage as reports draw them."""
    return DecisionRule(
        relative_threshold=policy.threshold_relative,
        points_threshold=policy.threshold_points,
        alpha=policy.alpha,
    )
