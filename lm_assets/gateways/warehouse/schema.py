"""The tables of the warehouse: made and brought up to date by Alembic migrations."""

import io
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import sqlalchemy

from lm_assets.gateways.warehouse.errors import (
    WarehouseError,
    WarehouseSchemaError,
    WarehouseUnavailableError,
)

if TYPE_CHECKING:
    from alembic.config import Config

# The newest revision: what this version of the platform works with.
HEAD = "0008"
VERSION_TABLE = "lm_schema_version"
_MIGRATION_LOCK = "lm-assets migrations"


def migrate(url: str, *, revision: str = HEAD) -> None:
    """Bring an empty or older database to a revision; nothing happens when it is there already.

    Of several at the same time one migrates and the others wait for it.

    Raises
    ------
    WarehouseUnavailableError
        When Postgres cannot be reached.
    WarehouseSchemaError
        When the database is newer than this version, or refuses a statement.
    """
    try:
        _migrate(url, revision)
    except (psycopg.Error, sqlalchemy.exc.SQLAlchemyError) as error:
        raise _refused(error) from error
    except UnicodeError as error:
        raise WarehouseSchemaError(f"the database must be of encoding UTF8: {error}") from error


def _refused(error: psycopg.Error | sqlalchemy.exc.SQLAlchemyError) -> WarehouseError:
    """Return what went wrong in words; a connection's own text may name the password."""
    cause = getattr(error, "orig", None) or error
    kind = type(cause).__name__
    said = cause.diag.message_primary if isinstance(cause, psycopg.Error) else None
    if isinstance(cause, psycopg.OperationalError) and said is None:
        return WarehouseUnavailableError(
            f"Postgres was not reached ({kind}); is the server of LM_POSTGRES_URL up?"
        )
    if isinstance(cause, psycopg.ProgrammingError) and said is None:
        return WarehouseSchemaError(
            f"LM_POSTGRES_URL is no address of a database ({kind}); it is spelt "
            "postgresql://user:password@host/database"
        )
    hint = cause.diag.message_hint if isinstance(cause, psycopg.Error) else None
    advice = f"; {hint}" if hint else ""
    return WarehouseSchemaError(
        f"Postgres refused the migration ({kind}: {said or 'no reason was given'}){advice}; "
        "nothing was changed"
    )


def _migrate(url: str, revision: str) -> None:
    with psycopg.connect(url, autocommit=True) as lock:
        lock.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [_MIGRATION_LOCK])
        if (found := stored_revision(lock)) is not None and found > HEAD:
            require_head(lock)
        engine = sqlalchemy.create_engine(
            "postgresql+psycopg://",
            creator=lambda: psycopg.connect(url),
            poolclass=sqlalchemy.pool.NullPool,
        )
        with engine.begin() as connection:
            configuration = _configuration()
            configuration.attributes["connection"] = connection
            _upgrade(configuration, revision)


def offline_sql(*, start: str | None = None, revision: str = HEAD) -> str:
    """Return the SQL that takes a database to a revision, for administrators to run.

    Parameters
    ----------
    start : str, optional
        The revision that the database is at; an empty one when not given.
    revision : str
        Where it is taken to.

    Raises
    ------
    WarehouseSchemaError
        When there is no such revision.
    """
    known = [f"{number:04}" for number in range(1, int(HEAD) + 1)]
    if start is not None and start not in known:
        raise WarehouseSchemaError(f"there is no revision {start!r}; known: {', '.join(known)}")
    output = io.StringIO()
    configuration = _configuration()
    configuration.output_buffer = output
    _upgrade(configuration, f"{start}:{revision}" if start else revision, sql=True)
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
