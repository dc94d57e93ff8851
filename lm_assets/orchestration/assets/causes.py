"""Why a campaign's combinations got worse: profiles of both sides, compared."""

import dagster as dg
import pandas as pd

from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.causes import profiles_of, write_causes
from lm_assets.gateways.bucket.verdict_json import campaign_verdict
from lm_assets.gateways.configuration import Configuration
from lm_assets.orchestration import metadata
from lm_assets.orchestration.catalogue import current_catalogue
from lm_assets.orchestration.partitions import campaign_partitions
from lm_assets.orchestration.tables_of_campaigns import VERDICTS
from lm_assets.regression.causes.of_campaign import campaign_causes


@dg.asset(
    partitions_def=campaign_partitions,
    deps=["baseline_catalogue"],
    group_name="judgement",
    kinds={"scipy", "s3"},
)
def regression_causes(
    context: dg.AssetExecutionContext,
    regression_verdicts: pd.DataFrame,
    bucket: dg.ResourceParam[CampaignBucket],
    settings: dg.ResourceParam[Configuration],
) -> dg.MaterializeResult:
    """Causes of the campaign's regressed and suspected combinations, with their evidence."""
    causes = campaign_causes(
        campaign_verdict(VERDICTS.rows(regression_verdicts)),
        baselines=current_catalogue(settings.baselines_path).entries,
        profiles_of=lambda campaign, name: profiles_of(bucket.store, campaign, name),
    )
    key = write_causes(bucket.store, context.partition_key, causes)
    return dg.MaterializeResult(metadata=metadata.of_causes(key, causes))
