"""The heartbeats that Dagster's daemons leave in its own database."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Self

import psycopg

from lm_assets.gateways.warehouse.errors import WarehouseUnavailableError

# Of a scrape's 10 seconds most belong to the warehouse.
_PATIENCE_S = 2
_QUERY = "SELECT daemon_type, timestamp FROM daemon_heartbeats"

_READERS = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'lm_reader') THEN
        EXECUTE format('GRANT CONNECT ON DATABASE %I TO lm_reader', current_database());
        GRANT USAGE ON SCHEMA public TO lm_reader;
        GRANT SELECT ON daemon_heartbeats TO lm_reader;
    END IF;
END $$
"""


def let_readers_see(environment: Mapping[str, str]) -> None:
    """Let ``lm_reader`` read the heartbeats, and nothing else of Dagster's; its owner does it.

    Raises
    ------
    WarehouseUnavailableError
        When the database does not answer, or has no such table yet.
    """
    try:
        with psycopg.connect(
            environment["LM_DAGSTER_POSTGRES_URL"], autocommit=True, connect_timeout=_PATIENCE_S
        ) as connection:
            connection.execute(_READERS)
    except psycopg.Error as error:
        raise WarehouseUnavailableError(
            "lm_reader could not be let read Dagster's heartbeats "
            f"({type(error).__name__}); does the user of LM_DAGSTER_POSTGRES_URL own them?"
        ) from error


class DagsterHeartbeats:
    """Reads Dagster's table of heartbeats. For one thread; an outage is told at once.

    Parameters
    ----------
    url : str
        ``LM_DAGSTER_POSTGRES_URL``: the database of Dagster's instance.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: psycopg.Connection | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self | None:
        """Return the reader of ``LM_DAGSTER_POSTGRES_URL``, None where that is not set."""
        url = environment.get("LM_DAGSTER_POSTGRES_URL")
        return cls(url) if url else None

    def close(self) -> None:
        """Close the connection; the next call would make a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def heartbeats(self) -> dict[str, datetime]:
        """Return the last heartbeat of each daemon by its name.

        Raises
        ------
        WarehouseUnavailableError
            When the database does not answer, or Dagster has made no tables in it yet.
        """
        try:
            rows = self._open().execute(_QUERY).fetchall()
        except psycopg.Error as error:
            self.close()
            raise WarehouseUnavailableError(
                f"Dagster's heartbeats could not be read ({type(error).__name__}); is the server "
                "of LM_DAGSTER_POSTGRES_URL up, and has Dagster's daemon run?"
            ) from error
        # Dagster stores UTC in a column without a zone.
        return {
            name: moment if moment.tzinfo else moment.replace(tzinfo=UTC) for name, moment in rows
        }

    def _open(self) -> psycopg.Connection:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(
                self._url,
                autocommit=True,
                connect_timeout=_PATIENCE_S,
                tcp_user_timeout=_PATIENCE_S * 1000,
                application_name="lm-exporter",
                options=f"-c statement_timeout={_PATIENCE_S * 1000}",
            )
        return self._connection
