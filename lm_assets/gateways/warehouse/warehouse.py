"""The queryable copy of every campaign, in Postgres."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Self, TypeVar

import psycopg
from psycopg import sql

from lm_assets.gateways.retrying import RetryPolicy
from lm_assets.gateways.warehouse import history, partitions, rows, schema
from lm_assets.gateways.warehouse.connection import RetryingConnection
from lm_assets.gateways.warehouse.errors import WarehouseError
from lm_assets.gateways.warehouse.history import CampaignOverview, HistoryPoint
from lm_assets.gateways.warehouse.locks import lock_campaign
from lm_assets.gateways.warehouse.rows import Row, Target
from lm_assets.model.campaign_facts import CampaignFacts
from lm_assets.model.record import RunRecord
from lm_assets.model.summary import MetricSummary
from lm_assets.model.verdict import CampaignVerdict

T = TypeVar("T")


def _nothing() -> None:
    """Wait for nothing."""


class Warehouse:
    """Campaigns as rows. Objects are primary: everything here can be made again from them.

    Each ``replace_…`` is one transaction that leaves exactly the given rows of a campaign,
    whatever was there; of two writers of the same campaign one waits for the other. Its
    ``before_commit`` is called when all rows are sent and none can be seen yet, and again when an
    outage cuts the transaction off; when it raises, nothing has changed. Every method
    raises `WarehouseUnavailableError` when Postgres stays out of reach, and
    `WarehouseSchemaError` when the database is not migrated to this version. For one thread.

    Parameters
    ----------
    url : str
        ``postgresql://user:password@host/database``.
    retry : RetryPolicy, optional
        How an outage is waited for.
    """

    def __init__(self, url: str, *, retry: RetryPolicy | None = None) -> None:
        self.url = url
        self._connection = RetryingConnection(
            url, retry=retry or RetryPolicy(), on_connect=schema.require_head
        )

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str], *, retry: RetryPolicy | None = None
    ) -> Self:
        """Return the warehouse that ``LM_POSTGRES_URL`` names."""
        url = environment.get("LM_POSTGRES_URL")
        if not url:
            raise WarehouseError(
                "LM_POSTGRES_URL is not set: postgresql://user:password@host/database"
            )
        return cls(url, retry=retry)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the next call would make a new one."""
        self._connection.close()

    def migrate(self) -> None:
        """Bring the database to this version's tables; nothing happens when it has them."""
        schema.migrate(self.url)

    def replace_runs(
        self,
        campaign: str,
        records: Iterable[RunRecord],
        *,
        before_commit: Callable[[], object] = _nothing,
    ) -> None:
        """Make these the campaign's load runs and their metrics, in place of any others."""
        kept = list(records)
        _require_campaign(campaign, {record.campaign for record in kept})
        months = partitions.months_of((r.started_at for r in kept), campaign=campaign)
        facts = CampaignFacts.of_records(campaign, kept)

        def write(connection: psycopg.Connection) -> None:
            _upsert_facts(connection, facts)
            _replace(connection, rows.RUNS, campaign, rows.run_rows(kept))
            _replace(connection, rows.RUN_METRICS, campaign, rows.run_metric_rows(kept))
            before_commit()

        self._write(campaign, write, months=months)

    def record_facts(self, facts: CampaignFacts) -> None:
        """Write down what is known of a campaign and its combinations; its runs stay as they are.

        For a campaign whose records have expired.
        """
        self._write(facts.campaign, lambda connection: _upsert_facts(connection, facts))

    def replace_summaries(
        self,
        campaign: str,
        summaries: Iterable[MetricSummary],
        *,
        before_commit: Callable[[], object] = _nothing,
    ) -> None:
        """Make these the campaign's summaries, in place of any others."""
        kept = list(summaries)
        _require_campaign(campaign, {summary.campaign for summary in kept})

        def write(connection: psycopg.Connection) -> None:
            _upsert_campaign(connection, {"campaign": campaign})
            _replace(connection, rows.SUMMARIES, campaign, rows.summary_rows(kept))
            connection.execute(_REMOVE_TOTALS, [campaign])
            connection.execute(_SUM_UP, [campaign])
            before_commit()

        self._write(campaign, write)

    def replace_verdict(
        self,
        verdict: CampaignVerdict,
        *,
        judged_at: datetime | None = None,
        before_commit: Callable[[], object] = _nothing,
    ) -> None:
        """Make this the campaign's verdict, with its cells and findings, in place of any other.

        It was made just now, unless ``judged_at`` tells.
        """
        campaign = verdict.campaign
        facts = rows.campaign_of_verdict(verdict, judged_at=judged_at or datetime.now(UTC))
        cells = list(rows.verdict_rows(campaign, verdict.cells))
        findings = list(rows.finding_rows(campaign, verdict.findings))

        def write(connection: psycopg.Connection) -> None:
            _upsert_campaign(connection, facts)
            _replace(connection, rows.VERDICTS, campaign, cells)
            _replace(connection, rows.FINDINGS, campaign, findings)
            before_commit()

        self._write(campaign, write)

    def ensure_campaign(self, campaign: str, *, first_stored_at: datetime) -> None:
        """Make the row of a campaign that has none, first stored at an earlier moment."""
        self._connection.run(lambda c: c.execute(_ENSURE_CAMPAIGN, [campaign, first_stored_at]))

    def campaigns(self) -> list[str]:
        """Return every campaign that has a row."""
        return [str(name) for (name,) in self.read(_CAMPAIGNS)]

    def row_counts(self, campaign: str) -> dict[str, int]:
        """Return how many rows of each table a campaign has."""
        return dict(self.read(_ROW_COUNTS, [campaign] * len(_COUNTED)))

    def was_delivered(self, campaign: str, channel: str, digest: str) -> bool:
        """Tell whether a channel has taken the message with this digest for a campaign."""
        row = self._connection.run(
            lambda c: c.execute(_WAS_DELIVERED, [campaign, channel, digest]).fetchone()
        )
        return row is not None

    def record_delivery(self, campaign: str, channel: str, digest: str) -> None:
        """Write down that a channel has taken a message; a second time changes nothing."""
        self._connection.run(lambda c: c.execute(_RECORD_DELIVERY, [campaign, channel, digest]))

    def combination_history(
        self, combination: str, *, metrics: Sequence[str] | None = None, campaigns: int = 400
    ) -> list[HistoryPoint]:
        """Return the summaries of a combination over its latest campaigns, the oldest first.

        Parameters
        ----------
        metrics : sequence of str, optional
            Only these; all when not given.
        campaigns : int
            At most so many campaigns.
        """
        return self._connection.run(
            lambda c: history.of_combination(c, combination, metrics, campaigns)
        )

    def metric_history(self, metric: str, *, campaigns: int = 400) -> list[HistoryPoint]:
        """Return the summaries of a metric for every combination, the oldest campaign first."""
        return self._connection.run(lambda c: history.of_metric(c, metric, campaigns))

    def recent_campaigns(self, *, limit: int = 50) -> list[CampaignOverview]:
        """Return the latest campaigns, the newest first."""
        return self._connection.run(lambda c: history.recent_campaigns(c, limit))

    def read(self, query: sql.SQL | sql.Composed, parameters: Sequence[object] = ()) -> list[Row]:
        """Return the rows of a query of the caller's own."""
        return self._connection.run(lambda c: c.execute(query, parameters).fetchall())

    def run(self, unit: Callable[[psycopg.Connection], T]) -> T:
        """Return what a unit of work returns; it is repeated when an outage cuts it off."""
        return self._connection.run(unit)

    def _write(
        self,
        campaign: str,
        write: Callable[[psycopg.Connection], None],
        *,
        months: Sequence[partitions.Month] = (),
    ) -> None:
        def attempt(connection: psycopg.Connection) -> bool:
            with connection.transaction():
                lock_campaign(connection, campaign)
                if months and partitions.missing_months(connection, months):
                    return False
                write(connection)
            return True

        # Made outside the transaction: to attach a partition inside it would lock other writers.
        while not self._connection.run(attempt):
            self._connection.run(lambda c: partitions.make_months(c, months))


def _require_campaign(campaign: str, found: set[str]) -> None:
    if others := sorted(found - {campaign}):
        raise WarehouseError(f"rows of campaign {campaign!r} belong to {others}")


def _upsert_facts(connection: psycopg.Connection, facts: CampaignFacts) -> None:
    _upsert_campaign(connection, rows.campaign_of_facts(facts))
    # In one order for everyone: two campaigns at once would else wait for each other.
    dimensions = [
        (name, rows.json_value(values)) for name, values in sorted(facts.combinations.items())
    ]
    with connection.cursor() as cursor:
        cursor.executemany(_UPSERT_COMBINATION, dimensions)


def _upsert_campaign(connection: psycopg.Connection, facts: Mapping[str, Any]) -> None:
    others = [name for name in facts if name != "campaign"]
    update = sql.SQL(", ").join(
        sql.SQL("{0} = EXCLUDED.{0}").format(sql.Identifier(name)) for name in others
    )
    connection.execute(
        sql.SQL("INSERT INTO campaigns ({}) VALUES ({}) ON CONFLICT (campaign) DO {}").format(
            sql.SQL(", ").join(map(sql.Identifier, facts)),
            sql.SQL(", ").join(map(sql.Placeholder, facts)),
            sql.SQL("UPDATE SET {}").format(update) if others else sql.SQL("NOTHING"),
        ),
        facts,
    )


def _replace(
    connection: psycopg.Connection, target: Target, campaign: str, new: Iterable[Row]
) -> None:
    table = sql.Identifier(target.table)
    connection.execute(sql.SQL("DELETE FROM {} WHERE campaign = %s").format(table), [campaign])
    columns = sql.SQL(", ").join(map(sql.Identifier, target.columns))
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(table, columns)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(list(target.columns.values()))
        for row in new:
            copy.write_row(row)


_UPSERT_COMBINATION = (
    "INSERT INTO combinations (combination, dimensions) VALUES (%s, %s) ON CONFLICT (combination) "
    "DO UPDATE SET dimensions = EXCLUDED.dimensions "
    "WHERE combinations.dimensions IS DISTINCT FROM EXCLUDED.dimensions"
)
_REMOVE_TOTALS = "DELETE FROM campaign_totals WHERE campaign = %s"
_SUM_UP = (
    "INSERT INTO campaign_totals (campaign, metric, unit, combinations, runs, total, mean) "
    "SELECT campaign, metric, min(unit), count(*), sum(n), sum(mean * n), avg(mean) "
    "FROM summaries WHERE campaign = %s AND mean IS NOT NULL GROUP BY campaign, metric"
)
_ENSURE_CAMPAIGN = (
    "INSERT INTO campaigns (campaign, first_stored_at) VALUES (%s, %s) ON CONFLICT DO NOTHING"
)
_CAMPAIGNS = sql.SQL("SELECT campaign FROM campaigns ORDER BY campaign")
_COUNTED = ("load_runs", "run_metrics", "summaries", "verdicts", "findings", "deliveries")
_ROW_COUNTS = sql.SQL(" UNION ALL ").join(
    sql.SQL("SELECT {}, count(*) FROM {} WHERE campaign = %s").format(
        sql.Literal(name), sql.Identifier(name)
    )
    for name in _COUNTED
)
_WAS_DELIVERED = "SELECT 1 FROM deliveries WHERE campaign = %s AND channel = %s AND digest = %s"
_RECORD_DELIVERY = (
    "INSERT INTO deliveries (campaign, channel, digest) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
)
