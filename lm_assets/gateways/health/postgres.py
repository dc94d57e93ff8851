"""The warehouse's database: of a known version, with this version's tables, and writable."""

from collections.abc import Iterator, Mapping

import psycopg

from lm_assets.gateways.health.diagnosis import Diagnosis, Health, diagnose
from lm_assets.gateways.warehouse import Warehouse, WarehouseError
from lm_assets.gateways.warehouse.schema import HEAD

OLDEST_VERSION, NEWEST_KNOWN_VERSION = 15, 18
_READER = "lm_reader"


def postgres_diagnoses(environment: Mapping[str, str]) -> Iterator[Diagnosis]:
    """Give how the database of ``LM_POSTGRES_URL`` is; nothing more where it is not reached."""
    tables = diagnose(
        "warehouse",
        lambda: _tables(environment),
        advice="set LM_POSTGRES_URL to a running Postgres; for tables it lacks run: lm prepare",
    )
    yield tables
    if tables.health is not Health.OK:
        return
    with Warehouse.from_environment(environment) as warehouse:
        yield _version(warehouse.run(lambda c: c.info.server_version // 10_000))
        yield diagnose(
            "warehouse, writing",
            lambda: warehouse.run(_writing),
            advice="let this user INSERT, UPDATE and DELETE, or use the owner of the tables",
        )
        yield diagnose(
            "warehouse, reader",
            lambda: warehouse.run(_reader),
            advice="run as an administrator: CREATE ROLE lm_reader NOLOGIN; then: lm prepare",
        )


def _tables(environment: Mapping[str, str]) -> str:
    with Warehouse.from_environment(environment) as warehouse:
        name = warehouse.run(lambda connection: connection.info.dbname)
    return f"database {name} is at revision {HEAD}"


def _version(found: int) -> Diagnosis:
    what, said = "warehouse, version", f"Postgres {found}"
    if found < OLDEST_VERSION:
        advice = f"use Postgres {OLDEST_VERSION} or newer"
        return Diagnosis(what=what, health=Health.FAILED, found=said, advice=advice)
    if found > NEWEST_KNOWN_VERSION:
        advice = f"known to work are {OLDEST_VERSION} to {NEWEST_KNOWN_VERSION}"
        return Diagnosis(what=what, health=Health.WARNING, found=said, advice=advice)
    return Diagnosis(what=what, health=Health.OK, found=said)


def _writing(connection: psycopg.Connection) -> str:
    row = connection.execute(
        "SELECT current_user, pg_is_in_recovery(), "
        "has_table_privilege('campaigns', 'INSERT') AND has_table_privilege('campaigns', 'DELETE')"
    ).fetchone()
    assert row is not None
    user, is_standby, may_write = row
    if is_standby:
        raise WarehouseError("this server is a standby: it takes no writes")
    if not may_write:
        raise WarehouseError(f"user {user!r} may not write the tables")
    return f"user {user} may write"


def _reader(connection: psycopg.Connection) -> str:
    query = (
        "SELECT has_table_privilege(oid, 'campaigns', 'SELECT') FROM pg_roles WHERE rolname = %s"
    )
    row = connection.execute(query, [_READER]).fetchone()
    if row is None:
        raise WarehouseError(f"there is no role {_READER} for dashboards")
    if not row[0]:
        raise WarehouseError(f"role {_READER} may not read the tables")
    return f"{_READER} may read"
