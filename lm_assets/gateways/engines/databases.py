"""Databases beside one another on a Postgres server."""

from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from lm_assets.gateways.engines.processes import EngineError


def sibling_url(url: str, database: str) -> str:
    """Return the URL of another database on the same server, for the same user."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"}:
        raise EngineError(
            "LM_POSTGRES_URL must be a URL such as postgresql://user:password@host/database; "
            f"its scheme is {parts.scheme!r}"
        )
    return urlunsplit(parts._replace(path=f"/{database}"))


def ensure_database(url: str, database: str) -> None:
    """Make a database on the server of this URL unless it is there.

    Raises
    ------
    EngineError
        When the server cannot be reached, or does not let this user make it.
    """
    try:
        with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database])
            if found.fetchone() is None:
                name = sql.Identifier(database)
                connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
    except psycopg.errors.DuplicateDatabase:
        return
    except psycopg.Error as error:
        raise EngineError(
            f"no database {database!r} on the server of LM_POSTGRES_URL, and it could not be made "
            f"({type(error).__name__}); make it, or set LM_DAGSTER_POSTGRES_URL to another one"
        ) from error
