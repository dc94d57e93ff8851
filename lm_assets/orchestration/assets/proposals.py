"""The baselines that a weekly campaign proposes: documents for a person, never applied."""

import dagster as dg
import pandas as pd

from lm_assets.collect.collector import campaign_manifest
from lm_assets.gateways.baseline_file.behaviour import behaviour_text
from lm_assets.gateways.baseline_file.file import catalogue_text, read_catalogue
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.proposals import write_proposal
from lm_assets.gateways.configuration import Configuration
from lm_assets.model.campaign import Stage
from lm_assets.model.errors import DataFaultError
from lm_assets.orchestration import baseline_metadata
from lm_assets.orchestration.assets.baseline_catalogue import baseline_catalogue
from lm_assets.orchestration.partitions import campaign_partitions
from lm_assets.orchestration.tables_of_campaigns import RECORDS
from lm_assets.regression.baselines.proposal import propose


@dg.asset(
    partitions_def=campaign_partitions,
    deps=[baseline_catalogue, "regression_verdicts"],
    group_name="baselines",
    kinds={"yaml", "markdown", "s3"},
)
def baseline_proposal(
    context: dg.AssetExecutionContext,
    raw_metrics: pd.DataFrame,
    bucket: dg.ResourceParam[CampaignBucket],
    settings: dg.ResourceParam[Configuration],
) -> dg.MaterializeResult:
    """Baselines that a weekly campaign gives reason to change, and their pull-request text."""
    campaign = context.partition_key
    manifest, _ = campaign_manifest(bucket, campaign)
    if manifest.stage is not Stage.WEEKLY:
        return _no_proposal(bucket, campaign, "not due at this stage")
    try:
        proposal = propose(
            RECORDS.rows(raw_metrics),
            catalogue=read_catalogue(settings.baselines_path),
            metrics=settings.metrics,
            policy=settings.regression.for_baselines(Stage.WEEKLY),
        )
    except DataFaultError as fault:
        return _no_proposal(bucket, campaign, f"not possible: {fault}")
    catalogue = behaviour = ""
    if proposal.plan.changes:
        proposed = proposal.plan.catalogue
        catalogue, behaviour = catalogue_text(proposed), behaviour_text(proposed.entries.values())
    keys = write_proposal(
        bucket.store, campaign, catalogue=catalogue, behaviour=behaviour, text=proposal.markdown
    )
    return dg.MaterializeResult(metadata=baseline_metadata.of_proposal(proposal, keys))


def _no_proposal(bucket: CampaignBucket, campaign: str, why: str) -> dg.MaterializeResult:
    """Leave no proposal of an earlier run in place, and say why there is none."""
    write_proposal(bucket.store, campaign, catalogue="", behaviour="", text="")
    return dg.MaterializeResult(metadata={"proposal": why})
