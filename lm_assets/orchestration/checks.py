"""Asset checks of a campaign: fit to be judged, nothing refused, nothing absent.

None of them blocks: a campaign that is not fit to be judged gets its verdict too, a data fault
with the reasons, and the reports and the message that say so.
"""

import dagster as dg
import pandas as pd

from lm_assets.collect.campaign_records import line_notes
from lm_assets.collect.collector import campaign_manifest
from lm_assets.collect.coverage import tier_coverage
from lm_assets.collect.landing.delivery import first_reasons
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.deliveries import read_delivery
from lm_assets.gateways.configuration import Configuration
from lm_assets.model.campaign import confirmation_campaign
from lm_assets.model.metric import Tier
from lm_assets.model.policy import TierCoverage
from lm_assets.model.record import QuarantinedLine
from lm_assets.orchestration.catalogue import current_catalogue
from lm_assets.orchestration.partitions import campaign_partitions
from lm_assets.orchestration.tables_of_campaigns import RECORDS
from lm_assets.regression.verdict.expectation import campaign_expectation

_MOST_NAMED = 5


@dg.asset_check(
    asset="raw_metrics",
    partitions_def=campaign_partitions,
    description="No landed line or object was refused; the refused are in quarantine/.",
)
def nothing_quarantined(
    context: dg.AssetCheckExecutionContext, bucket: dg.ResourceParam[CampaignBucket]
) -> dg.AssetCheckResult:
    """Quarantine of the campaign is empty."""
    return _emptiness(bucket.quarantine(context.partition_key))


@dg.asset_check(
    asset="confirmation_runs",
    partitions_def=campaign_partitions,
    description="No line of the fresh runs was refused, and each run is named after a side.",
)
def no_fresh_run_quarantined(
    context: dg.AssetCheckExecutionContext, bucket: dg.ResourceParam[CampaignBucket]
) -> dg.AssetCheckResult:
    """Quarantine of the campaign's confirmation is empty."""
    return _emptiness(bucket.quarantine(confirmation_campaign(context.partition_key)))


def _emptiness(reasons: list[QuarantinedLine]) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=not reasons,
        description=first_reasons(reasons) or None,
        metadata={
            "quarantined": len(reasons),
            "reasons": dg.TableMetadataValue(
                records=[
                    dg.TableRecord(
                        {"object": r.key, "line": r.line, "rule": r.rule, "detail": r.detail}
                    )
                    for r in reasons[:50]
                ],
                schema=dg.TableSchema.from_name_type_dict(
                    {"object": "string", "line": "int", "rule": "string", "detail": "string"}
                ),
            ),
        },
    )


@dg.asset_check(
    asset="raw_metrics",
    partitions_def=campaign_partitions,
    description="Every combination that the manifest, or else the stage, expects has landed.",
)
def every_combination_landed(
    context: dg.AssetCheckExecutionContext,
    raw_metrics: pd.DataFrame,
    bucket: dg.ResourceParam[CampaignBucket],
    settings: dg.ResourceParam[Configuration],
) -> dg.AssetCheckResult:
    """Expected combinations without a record are none."""
    manifest, _ = campaign_manifest(bucket, context.partition_key)
    expected = campaign_expectation(
        manifest,
        matrix=settings.matrix,
        baselines=current_catalogue(settings.baselines_path).active,
        policy=settings.regression.stages[manifest.stage],
        landed_at=read_delivery(bucket.store, context.partition_key).landed_at,
    )
    absent = sorted(set(expected.combinations) - set(raw_metrics["combination"]))
    return dg.AssetCheckResult(
        passed=not absent,
        description=f"{expected.because}: {', '.join(absent[:5])}" if absent else None,
        metadata={
            "expected": len(expected.combinations),
            "absent": len(absent),
            "absent_combinations": ", ".join(absent[:50]) or "none",
        },
    )


@dg.asset_check(
    asset="raw_metrics",
    partitions_def=campaign_partitions,
    description="There are records, and each tier that policy requires has values in enough runs.",
)
def fit_to_judge(
    context: dg.AssetCheckExecutionContext,
    raw_metrics: pd.DataFrame,
    bucket: dg.ResourceParam[CampaignBucket],
    settings: dg.ResourceParam[Configuration],
) -> dg.AssetCheckResult:
    """Share of runs without each required tier is within what policy allows."""
    manifest, _ = campaign_manifest(bucket, context.partition_key)
    policy = settings.regression.stages[manifest.stage]
    coverage = tier_coverage(RECORDS.rows(raw_metrics), policy.coverage)
    faults = (*read_delivery(bucket.store, context.partition_key).faults, coverage.message)
    return dg.AssetCheckResult(
        passed=not any(faults),
        description="; ".join(filter(None, faults)),
        metadata={"runs": coverage.runs, **coverage.missing_shares},
    )


@dg.asset_check(
    asset="raw_metrics",
    partitions_def=campaign_partitions,
    description="Every run has values of all three tiers, and every number of its line was read.",
)
def every_tier_measured(
    context: dg.AssetCheckExecutionContext, raw_metrics: pd.DataFrame
) -> dg.AssetCheckResult:
    """Runs without any metric of a tier are none, and no number of a line was left unread."""
    every_tier = [TierCoverage(tier=tier, allowed_missing_share=0.0) for tier in Tier]
    records = RECORDS.rows(raw_metrics)
    coverage, notes = tier_coverage(records, every_tier), line_notes(records)
    unread = [f"{note} ({n} runs)" for note, n in notes.items()]
    return dg.AssetCheckResult(
        passed=coverage.is_enough and not notes,
        severity=dg.AssetCheckSeverity.WARN,
        description="; ".join(filter(None, (coverage.message, *unread[:_MOST_NAMED]))),
        metadata={"runs": coverage.runs, **coverage.missing_shares, "unread": len(notes)},
    )


ALL = [
    nothing_quarantined,
    no_fresh_run_quarantined,
    every_combination_landed,
    every_tier_measured,
    fit_to_judge,
]
