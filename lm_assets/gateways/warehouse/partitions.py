"""Months of ``run_metrics``: made before they are needed, dropped when they have expired."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg
from psycopg import sql

from lm_assets.gateways.warehouse.errors import WarehouseError

# Runs of one campaign lie hours apart; months by the dozen mean a clock that is wrong.
MOST_MONTHS = 24
# A partition of another year is a clock that is wrong, and Python's last month has no end.
_YEARS = range(1970, 2200)
_LOCK = "lm-assets run_metrics partitions"
_NAME = re.compile(r"run_metrics_(\d{4})_(\d{2})")


@dataclass(frozen=True, order=True, slots=True)
class Month:
    """A calendar month, UTC."""

    year: int
    month: int

    @classmethod
    def of(cls, moment: datetime) -> "Month":
        """Return the month of a moment."""
        utc = moment.astimezone(UTC)
        return cls(utc.year, utc.month)

    @property
    def start(self) -> datetime:
        """Its first moment."""
        return datetime(self.year, self.month, 1, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """The first moment after it."""
        years, month = divmod(self.month, 12)
        return datetime(self.year + years, month + 1, 1, tzinfo=UTC)

    @property
    def table(self) -> str:
        """The name of its partition."""
        return f"run_metrics_{self.year:04d}_{self.month:02d}"


def months_of(moments: Iterable[datetime | None], *, campaign: str) -> list[Month]:
    """Return the months that a campaign's runs lie in, in order.

    Raises
    ------
    WarehouseError
        When they are more than `MOST_MONTHS`, or of a year that no clock should say.
    """
    months = sorted({Month.of(moment) for moment in moments if moment is not None})
    if impossible := [month for month in months if month.year not in _YEARS]:
        raise WarehouseError(
            f"a run of campaign {campaign!r} starts in the year {impossible[0].year}; years from "
            f"{_YEARS.start} to {_YEARS.stop - 1} are stored: check the clocks of the load runners"
        )
    if len(months) > MOST_MONTHS:
        raise WarehouseError(
            f"the runs of campaign {campaign!r} start in {len(months)} different months, from "
            f"{months[0].start:%Y-%m} to {months[-1].start:%Y-%m}; at most {MOST_MONTHS} are "
            "stored: check the clocks of the load runners"
        )
    return months


def missing_months(connection: psycopg.Connection, months: Iterable[Month]) -> list[Month]:
    """Return those months that have no partition.

    Until the end of the transaction none is dropped either.
    """
    connection.execute("SELECT pg_advisory_xact_lock_shared(hashtextextended(%s, 0))", [_LOCK])
    there = {month for month, _ in _partitions(connection)}
    return [month for month in months if month not in there]


def make_months(connection: psycopg.Connection, months: Iterable[Month]) -> None:
    """Make the partitions that are not there yet, each in a transaction of its own.

    A new table is attached, not made as a partition: that would lock every reader and writer out.
    """
    for month in months:
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [_LOCK])
            if month in {there for there, _ in _partitions(connection)}:
                continue
            names = {
                "table": sql.Identifier(month.table),
                "start": sql.Literal(month.start),
                "end": sql.Literal(month.end),
                "comment": sql.Literal(f"Rows of run_metrics of {month.start:%Y-%m} (UTC)."),
            }
            for statement in _MAKE_MONTH:
                connection.execute(sql.SQL(statement).format(**names))


def drop_months_before(
    connection: psycopg.Connection, horizon: Callable[[psycopg.Connection], datetime]
) -> list[str]:
    """Drop the partitions that end at or before a moment; return their names.

    The moment is asked for when no writer is left that is storing runs of an earlier one.
    """
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [_LOCK])
        names = expired_months(connection, horizon(connection))
        for name in names:
            connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(name)))
    return names


def expired_months(connection: psycopg.Connection, moment: datetime) -> list[str]:
    """Return the names of the partitions that end at or before a moment."""
    return [name for month, name in _partitions(connection) if month.end <= moment]


def _partitions(connection: psycopg.Connection) -> list[tuple[Month, str]]:
    names = connection.execute(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
        "WHERE i.inhparent = 'run_metrics'::regclass ORDER BY c.relname"
    )
    found = ((_NAME.fullmatch(name), name) for (name,) in names)
    return [(Month(int(m[1]), int(m[2])), name) for m, name in found if m]


# Rows of the month that came while it had no partition stand in the way of attaching one.
_MOVE_ROWS = """
WITH moved AS (
    DELETE FROM run_metrics_undated WHERE started_at >= {start} AND started_at < {end} RETURNING *
)
INSERT INTO {table} SELECT * FROM moved"""
_MAKE_MONTH = (
    "CREATE TABLE {table} (LIKE run_metrics INCLUDING ALL)",
    "COMMENT ON TABLE {table} IS {comment}",
    _MOVE_ROWS,
    "ALTER TABLE run_metrics ATTACH PARTITION {table} FOR VALUES FROM ({start}) TO ({end})",
)
