"""A connection to Postgres that is made again when it breaks."""

from collections.abc import Callable
from typing import Any, TypeVar

import psycopg
from psycopg import errors
from psycopg.conninfo import make_conninfo

from lm_assets.gateways.retrying import RetryPolicy
from lm_assets.gateways.warehouse.errors import WarehouseError, WarehouseUnavailableError

T = TypeVar("T")

_TRANSIENT = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    errors.SerializationFailure,
    errors.DeadlockDetected,
)
# Operational for psycopg, but no retry mends them.
_PERMANENT = (
    errors.InvalidPassword,
    errors.InvalidAuthorizationSpecification,
    errors.InvalidCatalogName,
    errors.DiskFull,
    errors.QueryCanceled,
)
# Of a connection that a server refuses psycopg has no code, only the server's words; in another
# language than English they are waited out.
_REFUSALS = (
    "password authentication failed",
    "no password supplied",
    "no pg_hba.conf entry",
    "is not permitted to log in",
)


class RetryingConnection:
    """Runs whole units of work on one connection; a unit cut off by an outage is run again.

    So a unit must leave the same behind however often it is run. Not for several threads.

    Parameters
    ----------
    url : str
        Connection URL of the database.
    retry : RetryPolicy
        How an outage is waited for.
    on_connect : callable
        Called with each new connection, before its first unit.
    patience_s : int
        How long a server may take to answer a connection, and to acknowledge what was sent to it.
    """

    def __init__(
        self,
        url: str,
        *,
        retry: RetryPolicy,
        on_connect: Callable[[psycopg.Connection], None],
        patience_s: int | None = None,
    ) -> None:
        self._url = url
        self._retry = retry
        # Without a limit of its own a connection whose server vanished is noticed after minutes.
        self._limits: dict[str, Any] = (
            {"connect_timeout": 10}
            if patience_s is None
            else {"connect_timeout": patience_s, "tcp_user_timeout": patience_s * 1000}
        )
        self._on_connect = on_connect
        self._connection: psycopg.Connection | None = None

    def run(self, unit: Callable[[psycopg.Connection], T]) -> T:
        """Return what the unit returns.

        Raises
        ------
        WarehouseUnavailableError
            When Postgres stays out of reach.
        WarehouseError
            When it refuses the unit.
        """
        try:
            return self._retry.run(lambda: self._attempt(unit), is_transient=_is_transient)
        except psycopg.Error as error:
            raise self._translated(error) from error

    def _attempt(self, unit: Callable[[psycopg.Connection], T]) -> T:
        try:
            return unit(self._open())
        except psycopg.Error as error:
            if _is_transient(error):
                self.close()
            raise

    def _open(self) -> psycopg.Connection:
        if self._connection is None or self._connection.closed:
            connection = psycopg.connect(
                self._url, autocommit=True, application_name="lm-assets", **self._limits
            )
            try:
                connection.execute("SET TIME ZONE 'UTC'")
                self._on_connect(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _translated(self, error: psycopg.Error) -> WarehouseError:
        # The text of a server's error may quote rows, never the URL; a connection's may name it.
        kind = type(error).__name__
        if _is_transient(error):
            return WarehouseUnavailableError(
                f"Postgres did not do its work ({kind}), after {self._retry.attempts} attempts; "
                "is the server of LM_POSTGRES_URL up?"
            )
        if _is_refusal(error):
            return WarehouseError(
                "Postgres refuses the user or the password of LM_POSTGRES_URL; mend it there"
            )
        detail = error.diag.message_primary or kind
        return WarehouseError(f"Postgres refused ({kind}: {detail}); check LM_POSTGRES_URL")

    def close(self) -> None:
        """Close the connection; the next unit makes a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _is_transient(error: Exception) -> bool:
    is_permanent = isinstance(error, _PERMANENT) or _is_refusal(error)
    return isinstance(error, _TRANSIENT) and not is_permanent


def _is_refusal(error: Exception) -> bool:
    said = str(error) if isinstance(error, psycopg.OperationalError) else ""
    return any(words in said for words in _REFUSALS)


def read_only(url: str) -> str:
    """Return the same address, on whose connections the server itself lets nothing be changed."""
    return make_conninfo(url, options="-c default_transaction_read_only=on")
