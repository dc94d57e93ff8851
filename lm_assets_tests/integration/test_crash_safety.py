"""A run killed at any point and started again leaves what an undisturbed run leaves, once."""

import multiprocessing
import signal
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from lm_assets.gateways.s3_object_store import S3ObjectStore
from lm_assets.gateways.warehouse import Warehouse
from lm_assets_tests.conftest import PROJECT
from lm_assets_tests.integration.crash_run import run_campaign
from lm_assets_tests.integration.result_files import land

pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]

CAMPAIGN = "nightly-2026-11-22-1a2b3c4"
COMBINATIONS = ("3.5.0_connect_kubernetes_none_read_1gb", "4.0.0_connect_kubernetes_none_join_1gb")
BROKEN = {COMBINATIONS[0]: ["{broken", '{"test_name": "p1_nothing_known", "run_id": "x"}']}
TABLES = ("campaigns", "load_runs", "run_metrics", "summaries", "verdicts", "findings")
# When a row was stored is the one thing that differs between two equal runs.
TIMES_OF_STORING = {"first_stored_at", "stored_at", "updated_at"}


@dataclass(frozen=True)
class Disturbed:
    """Runs of one campaign on a bucket and a database of the test's own."""

    environment: dict[str, str]
    folder: Path

    def run(self, kill_at: int | None = None) -> int | None:
        """Run the job in a process; return the points passed, None when it was killed."""
        passed = self.folder / "passed"
        passed.unlink(missing_ok=True)
        process = multiprocessing.get_context("forkserver").Process(
            target=run_campaign, args=(CAMPAIGN, self.environment, kill_at, passed)
        )
        process.start()
        process.join(120)
        if process.exitcode == -signal.SIGKILL:
            return None
        assert process.exitcode == 0
        return int(passed.read_text())

    def objects(self) -> dict[str, bytes]:
        """Return every object that the run made, whole."""
        store = S3ObjectStore.from_environment(self.environment)
        keys = [item.key for item in store.list("") if not item.key.startswith("incoming/")]
        return {key: store.read(key) for key in keys}

    def rows(self) -> dict[str, list[str]]:
        """Return every row that the run made, as text, sorted."""
        found: dict[str, list[str]] = {}
        with psycopg.connect(self.environment["LM_POSTGRES_URL"]) as connection:
            for table in TABLES:
                query = sql.SQL("SELECT to_jsonb(t) FROM {} t").format(sql.Identifier(table))
                found[table] = sorted(
                    str({k: v for k, v in row.items() if k not in TIMES_OF_STORING})
                    for (row,) in connection.execute(query)
                )
        return found

    def clear(self) -> None:
        """Remove everything that runs made."""
        store = S3ObjectStore.from_environment(self.environment)
        for item in list(store.list("")):
            if not item.key.startswith("incoming/"):
                store.delete(item.key)
        with psycopg.connect(self.environment["LM_POSTGRES_URL"], autocommit=True) as connection:
            names = sql.SQL(", ").join(map(sql.Identifier, TABLES))
            connection.execute(sql.SQL("TRUNCATE {}").format(names))


@pytest.fixture
def disturbed(service_environment: dict[str, str], tmp_path: Path) -> Disturbed:
    environment = {**service_environment, "LM_CONFIG_DIR": str(PROJECT / "config")}
    with Warehouse.from_environment(environment) as warehouse:
        warehouse.migrate()
    durations = dict.fromkeys(COMBINATIONS, (10.0, 10.2, 9.9, 10.1, 10.3))
    store = S3ObjectStore.from_environment(environment)
    land(store, CAMPAIGN, durations, extra_lines=BROKEN)
    multiprocessing.get_context("forkserver").set_forkserver_preload(
        ["lm_assets_tests.integration.crash_run"]
    )
    return Disturbed(environment, tmp_path)


def test_a_run_killed_at_any_point_and_repeated_loses_and_doubles_nothing(disturbed: Disturbed):
    points = disturbed.run()
    undisturbed = disturbed.objects(), disturbed.rows()
    assert points is not None
    assert points > 20
    assert len(undisturbed[1]["load_runs"]) == 10
    assert any(key.startswith("quarantine/") for key in undisturbed[0])

    for kill_at in range(1, points + 1):
        disturbed.clear()
        assert disturbed.run(kill_at) is None, f"the run outlived point {kill_at}"
        disturbed.run()
        assert (disturbed.objects(), disturbed.rows()) == undisturbed, f"killed at {kill_at}"


def test_a_repeat_without_reports_writes_them_byte_for_byte_again(disturbed: Disturbed):
    disturbed.run()
    before = disturbed.objects()
    store = S3ObjectStore.from_environment(disturbed.environment)
    reports = [key for key in before if key.startswith("reports/")]
    assert len(reports) == 4
    for key in reports:
        store.delete(key)
    disturbed.run()
    assert disturbed.objects() == before
