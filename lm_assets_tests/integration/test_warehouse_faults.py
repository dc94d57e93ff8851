"""Writers that are killed and servers that go away: afterwards every campaign is whole."""

import random
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from lm_assets.gateways.warehouse import Warehouse, WarehouseError
from lm_assets_tests.builders import CAMPAIGN, a_record
from lm_assets_tests.integration.own_servers import OwnPostgres

pytestmark = pytest.mark.integration
TRIALS = 20
RUNS = 300

# Replaces one campaign over and over, by 300 runs of "a" and by 300 runs of "b" in turn.
WRITER = """
    import dataclasses, sys
    from lm_assets.gateways.warehouse import Warehouse
    from lm_assets_tests.builders import CAMPAIGN, a_record
    sets = [[a_record(run_id=f"{mark}-{n}") for n in range(300)] for mark in "ab"]
    with Warehouse(sys.argv[1]) as warehouse:
        print("writing", flush=True)
        for turn in range(10_000):
            warehouse.replace_runs(CAMPAIGN, sets[turn % 2])
"""


def stored_runs(url: str) -> tuple[list[str], list[str]]:
    """Return the run ids in both tables, each as often as it is there."""
    with psycopg.connect(url) as connection:
        runs = connection.execute("SELECT run_id FROM load_runs ORDER BY 1").fetchall()
        metrics = connection.execute(
            "SELECT run_id FROM run_metrics WHERE metric = 'duration_s' ORDER BY 1"
        ).fetchall()
    return [r for (r,) in runs], [r for (r,) in metrics]


def test_a_writer_killed_at_any_moment_leaves_the_old_or_the_new_campaign_whole(warehouse_url):
    seeded = random.Random(20261122)
    whole = [sorted(f"{mark}-{n}" for n in range(RUNS)) for mark in "ab"]
    seen = set()
    for _ in range(TRIALS):
        writer = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(WRITER), warehouse_url],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"writing\n"
        time.sleep(seeded.uniform(0.05, 0.5))
        writer.kill()
        writer.communicate()
        runs, metrics = stored_runs(warehouse_url)
        # Before the first commit there is nothing, and nothing is a whole campaign too.
        assert runs in (*whole, [])
        assert metrics == runs
        seen.add(runs[0][0] if runs else "")
    with Warehouse(warehouse_url) as warehouse:
        warehouse.replace_runs(CAMPAIGN, [a_record(run_id="last")])
    assert stored_runs(warehouse_url) == (["last"], ["last"])
    assert len(seen) > 1


@pytest.fixture
def postgres(state_folder: Path) -> Iterator[OwnPostgres]:
    state_folder.mkdir(mode=0o711)
    server = OwnPostgres(state_folder / "postgres")
    yield server
    server.stop()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["stopped", "crashed"])
def test_a_server_that_goes_away_and_comes_back_loses_and_doubles_nothing(postgres, how):
    campaigns = [f"c{n:02}" for n in range(40)]
    failures: list[WarehouseError] = []
    stored = threading.Event()

    def write() -> None:
        try:
            with Warehouse(postgres.url) as warehouse:
                warehouse.migrate()
                for n, campaign in enumerate(campaigns):
                    records = [a_record(campaign=campaign, run_id=str(i)) for i in range(100)]
                    warehouse.replace_runs(campaign, records)
                    warehouse.record_delivery(campaign, "slack", "digest")
                    if n == 5:
                        stored.set()
        except WarehouseError as error:
            failures.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    assert stored.wait(timeout=60)
    postgres.stop(how)
    time.sleep(0.5)
    postgres.start()
    writer.join(timeout=60)
    assert failures == []
    with psycopg.connect(postgres.url) as connection:
        for table, each in (("load_runs", 100), ("run_metrics", 300), ("deliveries", 1)):
            counts = connection.execute(f"SELECT campaign, count(*) FROM {table} GROUP BY 1")
            assert dict(counts.fetchall()) == dict.fromkeys(campaigns, each)
