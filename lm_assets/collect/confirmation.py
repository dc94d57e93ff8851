"""Fresh runs of suspected cells, from what landed as ``<campaign>-confirm``."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from lm_assets.collect.collector import CollectedCampaign, collect_campaign
from lm_assets.gateways.campaign_bucket import CampaignBucket
from lm_assets.model.campaign import CONFIRMATION_SIDES, confirmation_campaign, confirmation_side
from lm_assets.model.record import QuarantinedLine, RunRecord


def collect_confirmation(
    campaign: str, *, bucket: CampaignBucket, **sources: Any
) -> CollectedCampaign:
    """Return a campaign's fresh runs, collected as any campaign's are; none until they land.

    A run whose id says no side can be compared with nothing: it is in ``quarantined``. Other
    arguments are those of `collect_campaign`.
    """
    collected = collect_campaign(confirmation_campaign(campaign), bucket=bucket, **sources)
    return replace(
        collected,
        records=tuple(r for r in collected.records if confirmation_side(r.run_id) is not None),
        quarantined=(*collected.quarantined, *_without_side(collected.records)),
    )


def _without_side(records: Iterable[RunRecord]) -> Iterator[QuarantinedLine]:
    sides = " or ".join(f"{side}-…" for side in CONFIRMATION_SIDES)
    for record in records:
        if confirmation_side(record.run_id) is None:
            yield QuarantinedLine(
                campaign=record.campaign,
                key=record.source_object.key,
                line=record.source_object.line,
                rule="confirmation_side",
                detail=f"run {record.run_id!r} of {record.combination} is named neither {sides}; "
                "the line was left in place",
                content="",
            )
