"""Dagster's own storage in Postgres, over connections that are kept.

Dagster opens and closes a connection for every query it makes, which is most of what it costs a
run: some 700 of them for one campaign, each with a process of the server's that knows no table yet.
Only its web server keeps some. ``dagster.yaml`` names this class in place of its own.
"""

from typing import Any

from dagster_postgres import DagsterPostgresStorage
from dagster_postgres.utils import (
    create_pg_engine,
    get_token_provider_from_config,
    pg_url_from_config,
)

# Runs need one, now and then one within another; the daemon's threads need more, for moments.
_KEPT_CONNECTIONS = 2
_MORE_AT_BUSY_MOMENTS = 20


class PooledPostgresStorage(DagsterPostgresStorage):
    """Dagster's Postgres storage whose three parts share one pool of connections."""

    def __init__(self, postgres_url: str, **options: Any) -> None:
        super().__init__(postgres_url, **options)
        self.engine = create_pg_engine(
            postgres_url,
            options.get("token_provider"),
            isolation_level="AUTOCOMMIT",
            pool_size=_KEPT_CONNECTIONS,
            max_overflow=_MORE_AT_BUSY_MOMENTS,
            # A server that was started again is noticed before a query is lost to it.
            pool_pre_ping=True,
        )
        for part in (self.run_storage, self.event_log_storage, self.schedule_storage):
            # Dagster has no setting for it; the pinned version has this attribute, and a test asks.
            part._engine = self.engine  # type: ignore[union-attr]

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> "PooledPostgresStorage":
        """Return the storage that ``dagster.yaml`` describes, in the words of Dagster's own."""
        return cls(
            pg_url_from_config(config_value),
            should_autocreate_tables=config_value.get("should_autocreate_tables", True),
            inst_data=inst_data,
            token_provider=get_token_provider_from_config(config_value),
        )
