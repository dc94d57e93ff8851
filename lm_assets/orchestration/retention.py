"""Retention of everything: the bucket's rules, what they left, rows, and Dagster's records.

Objects are removed before the rows and records that speak of them. Baselines and acknowledged
losses live in the version-controlled catalogue, which nothing here touches.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import dagster as dg

from lm_assets.gateways.bucket import object_keys
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.overdue import (
    OverdueObjects,
    overdue_objects,
    remove_overdue_objects,
)
from lm_assets.gateways.bucket.retention import (
    PrefixRetention,
    apply_lifecycle,
    lifecycle_status,
    wanted_days,
)
from lm_assets.gateways.object_store.protocol import ObjectStoreRefusedError
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.gateways.warehouse import Warehouse
from lm_assets.gateways.warehouse.retention import (
    ExpiredRows,
    expired_rows,
    remove_expired_rows,
)
from lm_assets.model.retention import RetentionPolicy
from lm_assets.orchestration.campaign_index import refresh_index
from lm_assets.orchestration.expired_campaigns import (
    ExpiredCampaigns,
    expired_campaigns,
    remove_expired_campaigns,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class RetentionTargets:
    """Everything that retention looks after."""

    store: S3ObjectStore
    warehouse: Warehouse
    instance: dg.DagsterInstance


def retention_targets(
    bucket: CampaignBucket, warehouse: Warehouse, instance: dg.DagsterInstance
) -> RetentionTargets:
    """Return what a run looks after; lifecycle rules are asked of a real S3 server only."""
    if not isinstance(bucket.store, S3ObjectStore):
        raise TypeError(f"retention needs an S3 object store, got {type(bucket.store).__name__}")
    return RetentionTargets(store=bucket.store, warehouse=warehouse, instance=instance)


@dataclass(frozen=True, kw_only=True, slots=True)
class RetentionOutcome:
    """What is past its days: found when ``is_applied`` is false, else removed.

    ``refusal`` is why the server did not take the bucket's rules, empty when it did.
    """

    is_applied: bool
    rules: tuple[PrefixRetention, ...]
    refusal: str
    overdue: tuple[OverdueObjects, ...]
    rows: ExpiredRows
    dagster: ExpiredCampaigns

    @property
    def is_in_force(self) -> bool:
        """Whether the bucket has its rules and nothing is overdue."""
        has_rules = all(rule.is_applied for rule in self.rules)
        return has_rules and (self.is_applied or not any(found.objects for found in self.overdue))


def retention_status(
    targets: RetentionTargets, policy: RetentionPolicy, *, now: datetime
) -> RetentionOutcome:
    """Return what `apply_retention` would do; nothing is changed."""
    rules, refusal = _rules(targets.store, policy)
    overdue = overdue_objects(targets.store, policy, now=now)
    kept = _campaigns_kept(targets.store, overdue)
    return RetentionOutcome(
        is_applied=False,
        rules=rules,
        refusal=refusal,
        overdue=tuple(overdue),
        rows=expired_rows(targets.warehouse, policy, now=now),
        dagster=expired_campaigns(targets.instance, kept=kept, policy=policy, now=now),
    )


def apply_retention(
    targets: RetentionTargets, policy: RetentionPolicy, *, now: datetime
) -> RetentionOutcome:
    """Set the bucket's rules, remove everything that is past its days, and return what went.

    May be cut off anywhere and repeated. A server that refuses the rules is no reason to keep
    what is overdue.
    """
    refusal = ""
    try:
        apply_lifecycle(targets.store, policy)
    except ObjectStoreRefusedError as error:
        refusal = str(error)
    rules, _ = _rules(targets.store, policy)
    overdue = overdue_objects(targets.store, policy, now=now)
    remove_overdue_objects(targets.store, overdue)
    refresh_index(CampaignBucket(targets.store))
    rows = remove_expired_rows(targets.warehouse, policy, now=now)
    kept = _campaigns_kept(targets.store, ())
    dagster = remove_expired_campaigns(targets.instance, kept=kept, policy=policy, now=now)
    return RetentionOutcome(
        is_applied=True,
        rules=rules,
        refusal=refusal,
        overdue=tuple(overdue),
        rows=rows,
        dagster=dagster,
    )


def _rules(
    store: S3ObjectStore, policy: RetentionPolicy
) -> tuple[tuple[PrefixRetention, ...], str]:
    try:
        return tuple(lifecycle_status(store, policy)), ""
    except ObjectStoreRefusedError as error:
        wanted = wanted_days(policy).items()
        none = [PrefixRetention(prefix=p, wanted_days=d, found_days=None) for p, d in wanted]
        return tuple(none), str(error)


def _campaigns_kept(store: S3ObjectStore, going: Iterable[OverdueObjects]) -> set[str]:
    """Return the campaigns that can still be run, less those whose last objects are going."""
    leaving = {item.key for found in going for item in found.objects}
    return {
        campaign
        for prefix in (object_keys.INCOMING, object_keys.RAW)
        for item in store.list(prefix)
        if item.key not in leaving and (campaign := object_keys.campaign_of(item.key)) is not None
    }
