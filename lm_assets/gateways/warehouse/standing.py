"""What stands now, read from the warehouse as the role that may read and change nothing."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Self

import psycopg
from psycopg.rows import dict_row

from lm_assets.gateways.retrying import NO_RETRY
from lm_assets.gateways.warehouse import schema
from lm_assets.gateways.warehouse.connection import RetryingConnection
from lm_assets.gateways.warehouse.errors import WarehouseError
from lm_assets.model.standing import Degradation, Figure, Standing, StandingAlert, StandingCampaign

# Prometheus gives a scrape 10 seconds; the answer that the warehouse is down must fit in.
_PATIENCE_S = 3
_STATEMENT_LIMIT_MS = 5_000

LATEST_CHANGE = """
SELECT (SELECT max(judged_at) FROM campaigns), (SELECT count(*) FROM campaigns),
       (SELECT max(number) FROM alert_events)"""

# By the campaign's own time: a baseline that changes judges older campaigns anew, which makes them
# no later.
LATEST_CAMPAIGNS = """
SELECT DISTINCT ON (stage) campaign, stage, coalesce(git_sha, '') AS git_sha,
       coalesce(baseline_version, '') AS baseline_version, verdict, first_stored_at AS stored_at,
       judged_at, started_at, ended_at, runs, failed_runs, combinations, verdict_counts
FROM campaigns WHERE verdict IS NOT NULL AND stage IS NOT NULL
ORDER BY stage, coalesce(started_at, first_stored_at) DESC, campaign"""

FINDINGS = """
SELECT campaign, kind, severity, count(*) FROM findings
WHERE campaign = ANY (%(campaigns)s) GROUP BY 1, 2, 3"""

RESULTS = """
SELECT campaign, combination, metric, mean FROM summaries
WHERE campaign = ANY (%(campaigns)s) AND metric = ANY (%(metrics)s) AND mean IS NOT NULL"""

# Of several stages' campaigns the one that is judged against last; they share one catalogue.
BASELINES = """
SELECT DISTINCT ON (v.combination, v.metric) v.combination, v.metric, v.baseline_mean
FROM verdicts v JOIN campaigns c USING (campaign)
WHERE v.campaign = ANY (%(campaigns)s) AND v.metric = ANY (%(metrics)s)
  AND v.baseline_mean IS NOT NULL
ORDER BY v.combination, v.metric, c.judged_at DESC NULLS LAST, v.campaign"""

DEGRADATIONS = """
SELECT campaign, combination, metric, change_unit, degradation FROM verdicts
WHERE campaign = ANY (%(campaigns)s) AND verdict <> 'unchanged' AND verdict <> 'inconclusive'
  AND degradation IS NOT NULL"""

DIMENSIONS = """
SELECT combination, dimensions FROM combinations c
WHERE EXISTS (SELECT FROM summaries s
              WHERE s.campaign = ANY (%(campaigns)s) AND s.combination = c.combination)"""

# An alert that has just ended is told for a day, so that its open state is seen to be 0.
ALERTS = """
SELECT a.alert_id, a.stage, a.kind, a.metric, a.verdict, a.state, a.located_in, a.combinations,
       coalesce(a.acknowledged_by, a.owner, '') AS owner, a.change, a.change_unit,
       coalesce((SELECT max(e.recorded_at) FROM alert_events e
                 WHERE e.alert_id = a.alert_id AND e.to_state = 'open'
                   AND e.from_state IS DISTINCT FROM 'open'), a.opened_at) AS open_since
FROM alerts a
WHERE a.state IN ('open', 'acknowledged')
   OR EXISTS (SELECT FROM alert_events e WHERE e.alert_id = a.alert_id
              AND e.to_state = a.state AND e.recorded_at > now() - interval '1 day')"""

ALERT_COUNTS = "SELECT stage, state, count(*) FROM alerts GROUP BY 1, 2"

OLDEST_UNDELIVERED = """
SELECT due.channel, min(e.recorded_at) FROM alert_events e, unnest(e.due_on) AS due(channel)
WHERE e.due_on <> '{}' AND NOT EXISTS (
    SELECT FROM deliveries d WHERE d.event_id = e.event_id AND d.channel = due.channel)
GROUP BY 1"""


class StandingReader:
    """Reads what stands now. For one thread; an outage is told at once and not waited for.

    Parameters
    ----------
    url : str
        ``postgresql://user:password@host/database``; the user is of the role ``lm_reader``, or may
        become it.
    metrics : sequence of str
        The metrics whose results and baselines are read.
    """

    def __init__(self, url: str, *, metrics: Sequence[str]) -> None:
        self._metrics = list(metrics)
        self._connection = RetryingConnection(
            url, retry=NO_RETRY, on_connect=as_reader, patience_s=_PATIENCE_S
        )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], *, metrics: Sequence[str]) -> Self:
        """Return the reader of the warehouse that ``LM_POSTGRES_URL`` names."""
        return cls(warehouse_url(environment), metrics=metrics)

    def close(self) -> None:
        """Close the connection; the next call would make a new one."""
        self._connection.close()

    def change_token(self) -> object:
        """Return what is another value whenever a verdict or an alert changed."""
        return self._connection.run(lambda c: c.execute(LATEST_CHANGE).fetchone())

    def standing(self) -> Standing:
        """Return what stands now, all of it of one moment."""
        return self._connection.run(self._standing)

    def oldest_undelivered(self) -> dict[str, datetime]:
        """Return, by channel, since when the oldest message waits that it has not taken."""
        return dict(self._connection.run(lambda c: c.execute(OLDEST_UNDELIVERED).fetchall()))

    def _standing(self, connection: psycopg.Connection) -> Standing:
        with connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            campaigns = _campaigns(connection)
            stages = {c.campaign: c.stage for c in campaigns}
            asked = {"campaigns": list(stages), "metrics": self._metrics}
            first = connection.execute("SELECT min(first_stored_at) FROM campaigns").fetchone()
            return Standing(
                campaigns=campaigns,
                first_stored_at=first[0] if first else None,
                alerts=_alerts(connection),
                alert_counts={
                    (stage, state): count
                    for stage, state, count in connection.execute(ALERT_COUNTS)
                },
                dimensions=dict(connection.execute(DIMENSIONS, asked).fetchall()),
                results=[
                    Figure(stages[campaign], *rest)
                    for campaign, *rest in connection.execute(RESULTS, asked)
                ],
                baselines=[Figure("", *row) for row in connection.execute(BASELINES, asked)],
                degradations=[
                    Degradation(stages[campaign], *rest)
                    for campaign, *rest in connection.execute(DEGRADATIONS, asked)
                ],
            )


def warehouse_url(environment: Mapping[str, str]) -> str:
    """Return the address of the warehouse that ``LM_POSTGRES_URL`` names."""
    if url := environment.get("LM_POSTGRES_URL"):
        return url
    raise WarehouseError("LM_POSTGRES_URL is not set: postgresql://user:password@host/database")


def as_reader(connection: psycopg.Connection) -> None:
    """Make a connection one that reads: as ``lm_reader``, for a few seconds a statement."""
    schema.require_head(connection)
    try:
        connection.execute("SET ROLE lm_reader")
    except psycopg.errors.InsufficientPrivilege as error:
        user = connection.info.user
        raise WarehouseError(
            f"the user {user!r} of LM_POSTGRES_URL may not act as lm_reader; let an administrator "
            f'run: GRANT lm_reader TO "{user}"'
        ) from error
    connection.execute("SET default_transaction_read_only = on")
    connection.execute(f"SET statement_timeout = {_STATEMENT_LIMIT_MS}")


def _campaigns(connection: psycopg.Connection) -> list[StandingCampaign]:
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(LATEST_CAMPAIGNS).fetchall()
    names = [row["campaign"] for row in rows]
    findings: dict[str, dict[tuple[str, str], int]] = {name: {} for name in names}
    for campaign, kind, verdict, count in connection.execute(FINDINGS, {"campaigns": names}):
        findings[campaign][kind, verdict] = count
    return [StandingCampaign(**row, findings=findings[row["campaign"]]) for row in rows]


def _alerts(connection: psycopg.Connection) -> list[StandingAlert]:
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(ALERTS).fetchall()
    return [StandingAlert(**{**row, "located_in": _place(row)}) for row in map(_popped, rows)]


def _popped(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with its combinations folded into where it lives."""
    combinations = row.pop("combinations")
    if not row["located_in"] and len(combinations) == 1:
        row["located_in"] = {"combination": combinations[0]}
    return row


def _place(row: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in sorted(row["located_in"].items()))
