"""Every judged campaign since a moment, streamed: a year of them does not fit into memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

from lm_assets.gateways.retrying import NO_RETRY
from lm_assets.gateways.warehouse.connection import RetryingConnection
from lm_assets.gateways.warehouse.standing import as_reader

# Of two campaigns of a stage at the very same moment one: a series has one value at a time.
PAST_CAMPAIGNS = """
SELECT DISTINCT ON (stage, at) stage, coalesce(started_at, first_stored_at) AS at, verdict,
       verdict_counts, runs, failed_runs, combinations
FROM campaigns
WHERE verdict IS NOT NULL AND stage IS NOT NULL
  AND coalesce(started_at, first_stored_at) >= %(since)s
ORDER BY stage, at, campaign"""

PAST_RESULTS = """
SELECT DISTINCT ON (c.stage, s.combination, at) c.stage, s.combination,
       coalesce(c.started_at, c.first_stored_at) AS at, s.mean
FROM summaries s JOIN campaigns c USING (campaign)
WHERE c.verdict IS NOT NULL AND c.stage IS NOT NULL AND s.metric = %(metric)s
  AND s.mean IS NOT NULL AND coalesce(c.started_at, c.first_stored_at) >= %(since)s
ORDER BY c.stage, s.combination, at, s.campaign"""

PAST_BASELINES = """
SELECT DISTINCT ON (v.combination, at) '', v.combination,
       coalesce(c.started_at, c.first_stored_at) AS at, v.baseline_mean
FROM verdicts v JOIN campaigns c USING (campaign)
WHERE v.metric = %(metric)s AND v.baseline_mean IS NOT NULL
  AND coalesce(c.started_at, c.first_stored_at) >= %(since)s
ORDER BY v.combination, at, v.campaign"""

PastFigure = tuple[str, str, datetime, float]
"""Stage (empty for a baseline), combination, the campaign's time, value."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PastCampaign:
    """One judged campaign, counts None where nobody knows them."""

    stage: str
    at: datetime
    verdict: str
    verdict_counts: dict[str, int]
    runs: int | None
    failed_runs: int | None
    combinations: int | None


class PastReader:
    """Reads the past on one connection, everything of one moment."""

    def __init__(self, connection: psycopg.Connection, since: datetime) -> None:
        self._connection = connection
        self._since = since

    def campaigns(self) -> list[PastCampaign]:
        """Return the campaigns, stage by stage, the oldest first."""
        with self._connection.cursor(row_factory=class_row(PastCampaign)) as cursor:
            return cursor.execute(PAST_CAMPAIGNS, {"since": self._since}).fetchall()

    def results(self, metric: str) -> Iterator[PastFigure]:
        """Give the means of a metric, series by series, the oldest first."""
        return self._streamed(PAST_RESULTS, metric)

    def baselines(self, metric: str) -> Iterator[PastFigure]:
        """Give the baselines of a metric, series by series, the oldest first."""
        return self._streamed(PAST_BASELINES, metric)

    def _streamed(self, query: str, metric: str) -> Iterator[Any]:
        with self._connection.cursor(name="lm_past") as cursor:
            cursor.itersize = 10_000
            yield from cursor.execute(query, {"since": self._since, "metric": metric})


@contextmanager
def open_past(url: str, *, since: datetime) -> Iterator[PastReader]:
    """Open the past of a warehouse as ``lm_reader``; what campaigns add meanwhile is not in it."""
    kept = RetryingConnection(url, retry=NO_RETRY, on_connect=as_reader)
    try:
        connection = kept.run(_begun)
        yield PastReader(connection, since)
    finally:
        kept.close()


def _begun(connection: psycopg.Connection) -> psycopg.Connection:
    # A year of a full matrix is read for minutes.
    connection.execute("SET statement_timeout = 0")
    connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    return connection
