"""Dagster's own records of campaigns that can no longer be run: found, and removed in a safe order.

Runs go first, then the partition key, then what the partition status cache still says of it: cut
off anywhere, a repeat finds the rest. A campaign can be run for as long as the bucket holds
landed objects or records of it.
"""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import dagster as dg

from lm_assets.model.retention import RetentionPolicy
from lm_assets.orchestration.jobs import CAMPAIGN_ASSET_NAMES
from lm_assets.orchestration.partitions import CAMPAIGN_DIMENSION

_PARTITION_TAG = "dagster/partition"
_ENDED = {
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.CANCELED,
}
_ASSETS = [
    dg.AssetKey(name)
    for name in ("incoming_results", "incoming_confirmations", *CAMPAIGN_ASSET_NAMES)
]


@dataclass(frozen=True, kw_only=True, slots=True)
class ExpiredCampaign:
    """A campaign that can no longer be run, and its runs, all of which have ended."""

    campaign: str
    run_ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ExpiredCampaigns:
    """What is expired of Dagster's records.

    ``busy`` are campaigns with a run that has not ended: they are left for the next time.
    ``stale_assets`` are those whose partition status cache speaks of campaigns that are gone.
    """

    campaigns: tuple[ExpiredCampaign, ...]
    busy: tuple[str, ...]
    stale_assets: tuple[str, ...]


def expired_campaigns(
    instance: dg.DagsterInstance,
    *,
    kept: Collection[str],
    policy: RetentionPolicy,
    now: datetime,
) -> ExpiredCampaigns:
    """Return what `remove_expired_campaigns` would remove.

    Parameters
    ----------
    kept : collection of str
        Campaigns that the bucket holds landed objects or records of.
    """
    cutoff = now - timedelta(days=policy.raw_days)
    keys = instance.get_dynamic_partitions(CAMPAIGN_DIMENSION)
    expired: list[ExpiredCampaign] = []
    busy: list[str] = []
    for campaign in sorted(set(keys) - set(kept)):
        records = _runs(instance, campaign)
        if any(record.dagster_run.status not in _ENDED for record in records):
            busy.append(campaign)
        elif all(record.create_timestamp < cutoff for record in records):
            ids = tuple(record.dagster_run.run_id for record in records)
            expired.append(ExpiredCampaign(campaign=campaign, run_ids=ids))
    return ExpiredCampaigns(
        campaigns=tuple(expired),
        busy=tuple(busy),
        stale_assets=tuple(key.to_user_string() for key in _stale(instance)),
    )


def remove_expired_campaigns(
    instance: dg.DagsterInstance,
    *,
    kept: Collection[str],
    policy: RetentionPolicy,
    now: datetime,
) -> ExpiredCampaigns:
    """Remove what is expired of Dagster's records and return it; a repeat finds nothing more."""
    found = expired_campaigns(instance, kept=kept, policy=policy, now=now)
    started: list[str] = []
    for expired in found.campaigns:
        for run_id in expired.run_ids:
            instance.delete_run(run_id)
        if _runs(instance, expired.campaign):
            # Somebody started it since it was looked at.
            started.append(expired.campaign)
        else:
            instance.delete_dynamic_partition(CAMPAIGN_DIMENSION, expired.campaign)
    stale = list(_stale(instance))
    if stale:
        instance.wipe_asset_cached_status(stale)
    return ExpiredCampaigns(
        campaigns=tuple(e for e in found.campaigns if e.campaign not in started),
        busy=(*found.busy, *started),
        stale_assets=tuple(key.to_user_string() for key in stale),
    )


def _runs(instance: dg.DagsterInstance, campaign: str) -> list[dg.RunRecord]:
    return list(instance.get_run_records(dg.RunsFilter(tags={_PARTITION_TAG: campaign})))


def _stale(instance: dg.DagsterInstance) -> Iterator[dg.AssetKey]:
    keys = set(instance.get_dynamic_partitions(CAMPAIGN_DIMENSION))
    for record in instance.get_asset_records(_ASSETS):
        cached = record.asset_entry.cached_status
        subsets = () if cached is None else _subsets(cached)
        if any(set(json.loads(subset).get("subset", ())) - keys for subset in subsets if subset):
            yield record.asset_entry.asset_key


def _subsets(cached: object) -> tuple[str | None, ...]:
    return tuple(
        getattr(cached, f"serialized_{status}_partition_subset")
        for status in ("materialized", "failed", "in_progress")
    )
