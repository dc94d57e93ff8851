"""What has expired in the warehouse: found, and removed campaign by campaign."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import psycopg
from psycopg import sql

from lm_assets.gateways.warehouse import partitions
from lm_assets.gateways.warehouse.locks import lock_campaign
from lm_assets.gateways.warehouse.warehouse import Warehouse
from lm_assets.model.retention import RetentionPolicy

RAW_TABLES = ("load_runs", "run_metrics")
AGGREGATED_TABLES = (
    *("summaries", "campaign_totals", "verdicts", "findings", "deliveries"),
    "campaigns",
)

# A campaign is as old as its last sign of life, so that no half of one expires. No run ends much
# later than it is stored: a clock that is years ahead must not keep rows for years.
EXPIRED_AGGREGATED = """
SELECT campaign FROM campaigns c
WHERE least(coalesce(ended_at, started_at, first_stored_at), first_stored_at + interval '1 day')
    < %(cutoff)s
"""
EXPIRED_RAW = EXPIRED_AGGREGATED + (
    "AND EXISTS (SELECT FROM load_runs r WHERE r.campaign = c.campaign)"
)
# Of messages about no campaign, or about one that was never stored.
_REMOVE_DELIVERIES = """
DELETE FROM deliveries d WHERE delivered_at < %(cutoff)s AND event_id = ''
AND NOT EXISTS (SELECT FROM campaigns c WHERE c.campaign = d.campaign)
"""
_OLDEST_KEPT = """
SELECT min(started_at) FROM campaigns
WHERE least(coalesce(ended_at, started_at, first_stored_at), first_stored_at + interval '1 day')
    >= %(cutoff)s
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class ExpiredRows:
    """What is past its days: campaigns whose runs go, campaigns that go whole, whole months."""

    raw_campaigns: tuple[str, ...]
    aggregated_campaigns: tuple[str, ...]
    partitions: tuple[str, ...]


def expired_rows(warehouse: Warehouse, policy: RetentionPolicy, *, now: datetime) -> ExpiredRows:
    """Return what `remove_expired_rows` would remove."""
    return warehouse.run(lambda connection: _expired(connection, policy, now))


def remove_expired_rows(
    warehouse: Warehouse, policy: RetentionPolicy, *, now: datetime
) -> ExpiredRows:
    """Remove what is past its days and return it; a repeat finds nothing more.

    Whole months of ``run_metrics`` go as dropped partitions. What is known of combinations stays.
    """
    expired = expired_rows(warehouse, policy, now=now)
    warehouse.run(
        lambda c: partitions.drop_months_before(c, lambda locked: _horizon(locked, policy, now))
    )
    for campaigns, tables in (
        (expired.raw_campaigns, RAW_TABLES),
        (expired.aggregated_campaigns, (*RAW_TABLES, *AGGREGATED_TABLES)),
    ):
        for campaign in campaigns:
            warehouse.run(partial(_remove, campaign=campaign, tables=tables))
    cutoff = now - timedelta(days=policy.aggregated_days)
    warehouse.run(lambda c: c.execute(_REMOVE_DELIVERIES, {"cutoff": cutoff}))
    return expired


def _expired(connection: psycopg.Connection, policy: RetentionPolicy, now: datetime) -> ExpiredRows:
    raw = {"cutoff": now - timedelta(days=policy.raw_days)}
    aggregated = {"cutoff": now - timedelta(days=policy.aggregated_days)}
    months = partitions.expired_months(connection, _horizon(connection, policy, now))
    return ExpiredRows(
        raw_campaigns=tuple(sorted(k for (k,) in connection.execute(EXPIRED_RAW, raw))),
        aggregated_campaigns=tuple(
            sorted(k for (k,) in connection.execute(EXPIRED_AGGREGATED, aggregated))
        ),
        partitions=tuple(months),
    )


def _horizon(connection: psycopg.Connection, policy: RetentionPolicy, now: datetime) -> datetime:
    """Return the moment before which no campaign that is kept has a run."""
    cutoff = now - timedelta(days=policy.raw_days)
    row = connection.execute(_OLDEST_KEPT, {"cutoff": cutoff}).fetchone()
    oldest = row[0] if row else None
    return cutoff if oldest is None else min(cutoff, oldest)


def _remove(connection: psycopg.Connection, campaign: str, tables: tuple[str, ...]) -> None:
    with connection.transaction():
        lock_campaign(connection, campaign)
        for table in tables:
            statement = sql.SQL("DELETE FROM {} WHERE campaign = %s").format(sql.Identifier(table))
            if table == "deliveries":
                # Without these an event of an alert would be told once more.
                statement += sql.SQL(" AND event_id = ''")
            connection.execute(statement, [campaign])
