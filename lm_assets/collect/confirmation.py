"""Fresh runs of suspected cells, from what landed as ``<campaign>-confirm``."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from lm_assets.collect.collector import collect_campaign
from lm_assets.collect.landing.closing import refuse_gone_sources
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.model.campaign import CONFIRMATION_SIDES, confirmation_campaign, confirmation_side
from lm_assets.model.record import QuarantinedLine, RunRecord


@dataclass(frozen=True, kw_only=True, slots=True)
class FreshRuns:
    """Fresh runs of both sides, and what was refused of them."""

    landed_as: str
    records: tuple[RunRecord, ...]
    quarantined: tuple[QuarantinedLine, ...]


def collect_confirmation(
    campaign: str,
    *,
    bucket: CampaignBucket,
    now: datetime,
    closing_after: timedelta,
    **sources: Any,
) -> FreshRuns:
    """Return a campaign's fresh runs, collected as any campaign's are; none until they land.

    A run whose id says no side can be compared with nothing: it is in ``quarantined``. Runs that
    were collected before stay when all that was delivered has expired. Other arguments are those
    of `collect_campaign`.

    Raises
    ------
    DataFaultError
        When a part of them has expired.
    """
    name = confirmation_campaign(campaign)
    landed = {item.key: item.last_modified for item in bucket.landed(name)}
    stored = tuple(bucket.confirmation_runs(campaign))
    if not landed:
        return FreshRuns(landed_as=name, records=stored, quarantined=())
    if now - min(landed.values()) >= closing_after:
        refuse_gone_sources(name, stored, landed=landed.keys())
    collected = collect_campaign(name, bucket=bucket, now=now, **sources)
    return FreshRuns(
        landed_as=name,
        records=tuple(r for r in collected.records if confirmation_side(r.run_id) is not None),
        quarantined=(*collected.quarantined, *_without_side(collected.records)),
    )


def _without_side(records: Iterable[RunRecord]) -> Iterator[QuarantinedLine]:
    sides = " nor ".join(f"{side}-…" for side in CONFIRMATION_SIDES)
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
