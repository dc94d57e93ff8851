"""A warehouse with a history as campaigns leave one, for everything that looks at it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
from psycopg.types.json import Jsonb

from lm_assets.gateways.warehouse import Warehouse
from lm_assets.model.campaign import Subject
from lm_assets.model.campaign_facts import CampaignFacts
from lm_assets.model.verdict import Verdict
from lm_assets_tests.builders import a_finding, a_record, a_report_material
from lm_assets_tests.builders import combinations as some_combinations

COMBINATIONS = 8
# By stage: how many campaigns, and how many hours lie between two of them.
CAMPAIGNS = {"ci": (3, 6), "nightly": (14, 24), "weekly": (4, 168)}
ALERT = {
    "alert_id": "a1b2c3d4",
    "fingerprint": "f1",
    "stage": "nightly",
    "kind": "dimension",
    "metric": "duration_s",
    "metrics": ["duration_s"],
    "located_in": Jsonb({"extension": "iceberg"}),
    "combinations": ["c1", "c2"],
    "verdict": "regressed",
    "state": "open",
    "change": 0.8,
    "change_ci95_low": 0.7,
    "change_ci95_high": 0.9,
    "change_unit": "relative",
    "cells": 2,
    "message": "duration_s +80 % where extension=iceberg",
    "first_campaign": "nightly-00",
    "last_campaign": "nightly-00",
    "clean_campaigns": 0,
    "reopened_count": 0,
}


def store_history(url: str, *, now: datetime) -> None:
    """Store campaigns of all stages up to now, runs of the newest, and alerts in each state."""
    with Warehouse(url) as warehouse:
        for stage, (count, hours) in CAMPAIGNS.items():
            for place in range(count):
                started = now - timedelta(hours=1 + hours * place)
                _store(warehouse, stage, place, started)
    with psycopg.connect(url, autocommit=True) as connection:
        # They were stored when they came, and not all of them just now.
        connection.execute("UPDATE campaigns SET first_stored_at = ended_at")
        open_alert(connection, at=now - timedelta(minutes=40))
        open_alert(connection, alert_id="e5f6a7b8", fingerprint="f2", at=now - timedelta(days=3))
        move_alert(connection, "e5f6a7b8", "acknowledged", by="o'brien", at=now)
        open_alert(connection, alert_id="c9d0e1f2", fingerprint="f3", at=now - timedelta(days=9))
        move_alert(connection, "c9d0e1f2", "resolved", at=now - timedelta(days=2))


def open_alert(connection: psycopg.Connection, *, at: datetime, **changes: object) -> None:
    """Open an alert, as a campaign does."""
    row = {**ALERT, "opened_at": at, "last_seen_at": at, **changes}
    names, places = ", ".join(row), ", ".join(f"%({name})s" for name in row)
    connection.execute(f"INSERT INTO alerts ({names}) VALUES ({places})", row)
    _event(connection, str(row["alert_id"]), "opened", None, "open", at=at)


def move_alert(
    connection: psycopg.Connection,
    alert_id: str,
    state: str,
    *,
    at: datetime,
    by: str | None = None,
) -> None:
    """Move an alert to another state, as a person or a clean campaign does."""
    found = connection.execute(
        "SELECT state FROM alerts WHERE alert_id = %s", [alert_id]
    ).fetchone()
    assert found is not None
    columns = {
        "acknowledged": "acknowledged_by = %(by)s, acknowledged_at = %(at)s",
        "resolved": "resolved_at = %(at)s, resolution = 'recovered'",
    }[state]
    connection.execute(
        f"UPDATE alerts SET state = %(state)s, {columns} WHERE alert_id = %(alert_id)s",
        {"alert_id": alert_id, "state": state, "by": by, "at": at},
    )
    _event(connection, alert_id, state, found[0], state, at=at, by=by)


def _event(
    connection: psycopg.Connection,
    alert_id: str,
    event: str,
    before: str | None,
    after: str,
    *,
    at: datetime,
    by: str | None = None,
) -> None:
    connection.execute(
        "INSERT INTO alert_events (event_id, alert_id, fingerprint, stage, at, event, from_state, "
        "to_state, by, reason, details, due_on, recorded_at) VALUES "
        "(%s, %s, 'f', 'nightly', %s, %s, %s, %s, %s, 'why', '{}', '{}', %s)",
        [f"{alert_id}-{event}-{at}", alert_id, at, event, before, after, by, at],
    )


def _store(warehouse: Warehouse, stage: str, place: int, started: datetime) -> None:
    name = f"{stage}-{place:02}"
    material = a_report_material(combination_count=COMBINATIONS, seed=place)
    dimensions = material.dimensions
    warehouse.record_facts(
        CampaignFacts(
            campaign=name,
            subject=Subject(git_sha=f"{place:07}"),
            environment={},
            started_at=started,
            ended_at=started + timedelta(minutes=50),
            runs=COMBINATIONS * 5,
            failed_runs=place % 2,
            combinations=dimensions,
        )
    )
    warehouse.replace_summaries(name, [replace(s, campaign=name) for s in material.summaries])
    cells = list(material.verdict.cells)
    cells[3] = replace(cells[3], verdict=Verdict.ACCEPTED_TRADEOFF)
    findings = (
        a_finding(where={"extension": "iceberg"}, combinations=tuple(dimensions)[:2], cells=2),
        a_finding(
            kind="environment_change",
            severity=Verdict.INCONCLUSIVE,
            where={},
            change=None,
            change_ci95=None,
            message="jdk: 17.0.12 instead of 17.0.11",
        ),
    )
    counts = {v.value: sum(c.verdict is v for c in cells) for v in Verdict}
    warehouse.replace_verdict(
        replace(
            material.verdict,
            campaign=name,
            stage=stage,
            cells=tuple(cells),
            findings=findings,
            counts={k: n for k, n in counts.items() if n},
            baseline_version=f"{place // 5:012}",
        )
    )
    if place == 0:
        _store_runs(warehouse, name, dimensions, started)


def _store_runs(
    warehouse: Warehouse, name: str, dimensions: Mapping[str, Mapping[str, str]], started: datetime
) -> None:
    warehouse.replace_runs(
        name,
        [
            a_record(
                campaign=name,
                combination=combination,
                dimensions=values,
                run_id=f"run-{number}",
                started_at=started + timedelta(minutes=number),
                ended_at=started + timedelta(minutes=number + 1),
            )
            for combination, values in dimensions.items()
            for number in range(5)
        ],
    )


def newest(stage: str) -> str:
    """Return the newest campaign of a stage."""
    return f"{stage}-00"


def stored_combinations() -> list[str]:
    """Return the combinations that every campaign has."""
    return list(some_combinations(COMBINATIONS))


def recently() -> datetime:
    """Return now, to the second: what is stored stays comparable."""
    return datetime.now(UTC).replace(microsecond=0)
