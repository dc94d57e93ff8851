"""Alerts as rows: what is, what has happened, and what each channel still has to be told."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

import psycopg
from psycopg import sql
from psycopg.rows import class_row, dict_row

from lm_assets.gateways.warehouse.alert_rows import ALERT_COLUMNS, alert_of_row, alert_row, details
from lm_assets.gateways.warehouse.rows import json_value
from lm_assets.gateways.warehouse.warehouse import Warehouse
from lm_assets.model.alert import Alert, AlertEvent, StoredEvent

T = TypeVar("T")


class AlertRows:
    """The alerts' tables within one transaction that nobody else of the stage writes in."""

    def __init__(self, connection: psycopg.Connection, stage: str) -> None:
        self._connection = connection
        self._stage = stage

    def live(self) -> dict[str, Alert]:
        """Return the live alerts of the stage by id."""
        return {a.alert_id: a for a in _alerts(self._connection, [self._stage], is_live=True)}

    def event_ids(self, among: Iterable[str]) -> set[str]:
        """Return which of these events are stored already."""
        found = self._connection.execute(
            "SELECT event_id FROM alert_events WHERE event_id = ANY (%s)", [list(among)]
        )
        return {str(event_id) for (event_id,) in found}

    def told_alerts(self, among: Iterable[str]) -> set[str]:
        """Return of which of these alerts some channel was to be told."""
        found = self._connection.execute(_TOLD_ALERTS, [list(among)])
        return {str(alert_id) for (alert_id,) in found}

    def write(self, alerts: Iterable[Alert]) -> None:
        """Store alerts in place of what was known of them."""
        # What has ended goes first: at no moment may two of a fingerprint be live.
        rows = [alert_row(alert) for alert in sorted(alerts, key=lambda a: a.is_live)]
        with self._connection.cursor() as cursor:
            cursor.executemany(_UPSERT_ALERT, rows)

    def add(self, events: Iterable[tuple[AlertEvent, Sequence[str]]]) -> None:
        """Add events, each with the channels to be told of it; those that are there stay."""
        with self._connection.cursor() as cursor:
            cursor.executemany(
                _ADD_EVENT,
                [
                    {
                        "event_id": event.event_id,
                        "alert_id": event.alert_id,
                        "fingerprint": event.fingerprint,
                        "stage": event.stage,
                        "at": event.at,
                        "event": str(event.event),
                        "from_state": event.from_state and str(event.from_state),
                        "to_state": event.to_state and str(event.to_state),
                        "by": event.by,
                        "reason": event.reason,
                        "campaign": event.campaign,
                        "details": json_value(details(event)),
                        "due_on": list(due_on),
                    }
                    for event, due_on in events
                ],
            )


def in_stage(warehouse: Warehouse, stage: str, unit: Callable[[AlertRows], T]) -> T:
    """Return what a unit of work on a stage's alerts returns; of two, one waits for the other.

    It is run again when an outage cuts it off, so it must leave the same behind however often.
    """

    def attempt(connection: psycopg.Connection) -> T:
        with connection.transaction():
            connection.execute(_LOCK, [f"lm-assets alerts of {stage}"])
            return unit(AlertRows(connection, stage))

    return warehouse.run(attempt)


def alerts(
    warehouse: Warehouse, *, stages: Sequence[str] | None = None, is_live: bool | None = None
) -> list[Alert]:
    """Return alerts, the newest first; of every stage, live or ended, where not said otherwise."""
    return warehouse.run(lambda connection: _alerts(connection, stages, is_live=is_live))


def alerts_named(warehouse: Warehouse, beginning: str) -> list[Alert]:
    """Return the alerts whose id begins so."""
    return warehouse.run(
        lambda c: [
            alert_of_row(row)
            for row in c.cursor(row_factory=dict_row)
            .execute(_ALERTS_NAMED, [len(beginning), beginning])
            .fetchall()
        ]
    )


def events_of(warehouse: Warehouse, alert_id: str) -> list[StoredEvent]:
    """Return everything that happened to an alert, in order."""
    return _event_rows(warehouse, _EVENTS_OF, [alert_id])


def pending(warehouse: Warehouse, channel: str) -> list[StoredEvent]:
    """Return what a channel still has to be told, in the order in which it happened."""
    return _event_rows(warehouse, _PENDING, {"channel": channel})


class ChannelRows:
    """What one channel still has to be told, within its turn."""

    def __init__(self, connection: psycopg.Connection, channel: str) -> None:
        self._connection = connection
        self._channel = channel

    def pending(self) -> list[StoredEvent]:
        """Return what the channel still has to be told, in the order in which it happened."""
        with self._connection.cursor(row_factory=class_row(StoredEvent)) as cursor:
            return cursor.execute(_PENDING, {"channel": self._channel}).fetchall()

    def alerts(self, ids: Iterable[str]) -> dict[str, Alert]:
        """Return alerts as they are now, by the id asked for.

        For one that another judgement has under another id now, that one is returned.
        """
        with self._connection.cursor(row_factory=dict_row) as cursor:
            found = cursor.execute(_ALERTS_THAT_STAND_FOR, [list(ids)]).fetchall()
        return {row.pop("asked_id"): alert_of_row(row) for row in found}

    def live(self) -> list[Alert]:
        """Return what is live in every stage, the newest first."""
        return _alerts(self._connection, None, is_live=True)

    def record(self, events: Iterable[StoredEvent], *, digest: str) -> None:
        """Write down that the channel has taken a message about events."""
        rows = [(e.campaign or "", self._channel, digest, e.event_id) for e in events]
        with self._connection.cursor() as cursor:
            cursor.executemany(_RECORD_TOLD, rows)


def in_turn(warehouse: Warehouse, channel: str, unit: Callable[[ChannelRows], T]) -> T | None:
    """Return what a unit of telling a channel returns; None while somebody else tells it.

    What the unit records is there once it returns; when it raises, nothing is.
    """

    def attempt(connection: psycopg.Connection) -> T | None:
        with connection.transaction():
            row = connection.execute(_TRY_LOCK, [f"lm-assets channel {channel}"]).fetchone()
            return unit(ChannelRows(connection, channel)) if row and row[0] else None

    return warehouse.run(attempt)


def _event_rows(
    warehouse: Warehouse, query: str, parameters: Mapping[str, object] | Sequence[object]
) -> list[StoredEvent]:
    def unit(connection: psycopg.Connection) -> list[StoredEvent]:
        with connection.cursor(row_factory=class_row(StoredEvent)) as cursor:
            return cursor.execute(query.encode(), parameters).fetchall()

    return warehouse.run(unit)


def _alerts(
    connection: psycopg.Connection, stages: Sequence[str] | None, *, is_live: bool | None
) -> list[Alert]:
    with connection.cursor(row_factory=dict_row) as cursor:
        asked = {"stages": None if stages is None else list(stages), "is_live": is_live}
        return [alert_of_row(row) for row in cursor.execute(_ALERTS, asked).fetchall()]


_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
_TRY_LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))"
_UPSERT_ALERT = sql.SQL(
    "INSERT INTO alerts ({columns}) VALUES ({values}) ON CONFLICT (alert_id) DO UPDATE SET {update}"
).format(
    columns=sql.SQL(", ").join(map(sql.Identifier, ALERT_COLUMNS)),
    values=sql.SQL(", ").join(map(sql.Placeholder, ALERT_COLUMNS)),
    update=sql.SQL(", ").join(
        sql.SQL("{0} = EXCLUDED.{0}").format(sql.Identifier(name))
        for name in ALERT_COLUMNS
        if name != "alert_id"
    ),
)
_ADD_EVENT = (
    "INSERT INTO alert_events (event_id, alert_id, fingerprint, stage, at, event, from_state,"
    " to_state, by, reason, campaign, details, due_on) VALUES (%(event_id)s, %(alert_id)s,"
    " %(fingerprint)s, %(stage)s, %(at)s, %(event)s, %(from_state)s, %(to_state)s, %(by)s,"
    " %(reason)s, %(campaign)s, %(details)s, %(due_on)s) ON CONFLICT (event_id) DO NOTHING"
)
_TOLD_ALERTS = (
    "SELECT DISTINCT alert_id FROM alert_events WHERE alert_id = ANY (%s) AND due_on <> '{}'"
)
_EVENTS_OF = "SELECT * FROM alert_events WHERE alert_id = %s ORDER BY at, number"
_PENDING = (
    "SELECT e.* FROM alert_events e WHERE due_on <> '{}'"
    " AND %(channel)s = ANY (due_on) AND NOT EXISTS (SELECT FROM deliveries d"
    " WHERE d.event_id = e.event_id AND d.channel = %(channel)s) ORDER BY number"
)
_ALERTS = (
    "SELECT * FROM alerts WHERE (%(stages)s::text[] IS NULL OR stage = ANY (%(stages)s::text[]))"
    " AND (%(is_live)s::boolean IS NULL"
    " OR (state IN ('open', 'acknowledged')) = %(is_live)s::boolean)"
    " ORDER BY opened_at DESC, alert_id"
)
# UNION, and not UNION ALL: ids that name one another in a circle end.
_ALERTS_THAT_STAND_FOR = (
    "WITH RECURSIVE standing (asked_id, alert_id) AS ("
    " SELECT alert_id, alert_id FROM alerts WHERE alert_id = ANY (%s)"
    " UNION SELECT s.asked_id, a.duplicate_of FROM standing s JOIN alerts a USING (alert_id)"
    " WHERE a.resolution = 'withdrawn' AND a.duplicate_of IS NOT NULL)"
    " SELECT s.asked_id, a.* FROM standing s JOIN alerts a USING (alert_id)"
    " WHERE a.resolution IS DISTINCT FROM 'withdrawn' OR a.duplicate_of IS NULL"
)
_ALERTS_NAMED = "SELECT * FROM alerts WHERE left(alert_id, %s) = %s ORDER BY opened_at DESC"
_RECORD_TOLD = (
    "INSERT INTO deliveries (campaign, channel, digest, event_id) VALUES (%s, %s, %s, %s)"
    " ON CONFLICT DO NOTHING"
)
