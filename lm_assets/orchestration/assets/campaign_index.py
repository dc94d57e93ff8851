"""The index over campaigns: this campaign's card, and the pages that it stands on."""

import dagster as dg
import pandas as pd

from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.verdict_json import campaign_verdict
from lm_assets.gateways.configuration import Configuration
from lm_assets.model.addresses import Addresses
from lm_assets.orchestration import metadata
from lm_assets.orchestration.assets.documents import LAYERS
from lm_assets.orchestration.campaign_index import put_in_index
from lm_assets.orchestration.partitions import campaign_partitions
from lm_assets.orchestration.tables_of_campaigns import SUMMARIES, VERDICTS


@dg.asset(
    partitions_def=campaign_partitions,
    deps=[layer.asset for layer in LAYERS],
    group_name="reports",
    kinds={"html", "s3"},
)
def campaign_index(
    context: dg.AssetExecutionContext,
    statistical_summaries: pd.DataFrame,
    regression_verdicts: pd.DataFrame,
    bucket: dg.ResourceParam[CampaignBucket],
    settings: dg.ResourceParam[Configuration],
    addresses: dg.ResourceParam[Addresses],
) -> dg.MaterializeResult:
    """Pages over all kept campaigns, with this one on them."""
    rebuilt = put_in_index(
        bucket,
        campaign_verdict(VERDICTS.rows(regression_verdicts)),
        SUMMARIES.rows(statistical_summaries),
        settings,
    )
    return dg.MaterializeResult(metadata=metadata.of_index(rebuilt, addresses))
