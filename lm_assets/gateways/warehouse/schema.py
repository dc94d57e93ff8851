"""The tables of the warehouse: made and brought up to date by Alembic migrations."""

import io
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import sqlalchemy

from lm_assets.gateways.warehouse.errors import WarehouseSchemaError

if TYPE_CHECKING:
    from alembic.config import Config

# The newest revision: what this version of the platform works with.
HEAD = "0003"
VERSION_TABLE = "lm_schema_version"
_MIGRATION_LOCK = "lm-assets migrations"


def migrate(url: str, *, revision: str = HEAD) -> None:
    """Bring an empty or older database to a revision; nothing happens when it is there already.

    Of several at the same time one migrates and the others wait for it.
    """
    with psycopg.connect(url, autocommit=True) as lock:
        lock.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [_MIGRATION_LOCK])
        engine = sqlalchemy.create_engine(
            "postgresql+psycopg://",
            creator=lambda: psycopg.connect(url),
            poolclass=sqlalchemy.pool.NullPool,
        )
        with engine.begin() as connection:
            configuration = _configuration()
            configuration.attributes["connection"] = connection
            _upgrade(configuration, revision)


def offline_sql(*, revision: str = HEAD) -> str:
    """Return the SQL that takes an empty database to a revision, for administrators to run."""
    output = io.StringIO()
    configuration = _configuration()
    configuration.output_buffer = output
    _upgrade(configuration, revision, sql=True)
    return output.getvalue()


def stored_revision(connection: psycopg.Connection) -> str | None:
    """Return the revision of a database, None when it has never been migrated."""
    found = connection.execute("SELECT to_regclass(%s)", [VERSION_TABLE]).fetchone()
    if found is None or found[0] is None:
        return None
    row = connection.execute("SELECT version_num FROM lm_schema_version").fetchone()
    return None if row is None else str(row[0])


def require_head(connection: psycopg.Connection) -> None:
    """Check that the database has exactly the tables that this version works with.

    Raises
    ------
    WarehouseSchemaError
        When it is empty, older or newer; the message says which, and what to do.
    """
    revision = stored_revision(connection)
    if revision == HEAD:
        return
    found = "has no tables yet" if revision is None else f"is at revision {revision}"
    advice = (
        "use the version of lm-assets that migrated it"
        if revision is not None and revision > HEAD
        else "run: lm warehouse migrate"
    )
    raise WarehouseSchemaError(
        f"database {connection.info.dbname!r} of LM_POSTGRES_URL {found}, this version of the "
        f"platform works with revision {HEAD}; {advice}"
    )


# Alembic is imported where it is used: every run reads the revision, and only migrations need more.
def _upgrade(configuration: "Config", revision: str, *, sql: bool = False) -> None:
    from alembic import command  # noqa: PLC0415

    command.upgrade(configuration, revision, sql=sql)


def _configuration() -> "Config":
    from alembic.config import Config  # noqa: PLC0415

    configuration = Config()
    configuration.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    configuration.set_main_option("path_separator", "os")
    return configuration
