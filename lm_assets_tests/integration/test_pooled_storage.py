"""Dagster's own storage: few connections for many queries, and none lost to a restart."""

import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from lm_assets.orchestration.instance import open_instance
from lm_assets_tests.conftest import FAST_POSTGRES, PROJECT
from lm_assets_tests.integration.own_servers import OwnPostgres

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def postgres() -> Iterator[OwnPostgres]:
    with tempfile.TemporaryDirectory(prefix="lm-test-") as name:
        Path(name).chmod(0o711)
        server = OwnPostgres(Path(name) / "postgres", settings=FAST_POSTGRES)
        yield server
        server.stop()


@pytest.fixture
def instance(
    postgres: OwnPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dg.DagsterInstance]:
    """The instance that the shipped dagster.yaml describes."""
    for name, value in postgres.environment.items():
        monkeypatch.setenv(name, value)
    shutil.copyfile(PROJECT / "dagster.yaml", tmp_path / "dagster.yaml")
    with open_instance(tmp_path) as instance:
        yield instance


def ask_every_part(instance: dg.DagsterInstance, times: int) -> None:
    for number in range(times):
        instance.add_dynamic_partitions("campaign", [f"nightly-{number}"])
        assert instance.has_dynamic_partition("campaign", f"nightly-{number}")
        assert instance.get_runs(limit=1) == []
        assert list(instance.all_instigator_state()) == []


def server_processes_that_ask(instance: dg.DagsterInstance, times: int) -> set[int]:
    """Return the server's processes that answered each part of the storage."""
    seen = set()
    for _ in range(times):
        ask_every_part(instance, 1)
        with instance.event_log_storage.index_connection() as connection:
            seen.add(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar())
    return seen


def test_many_queries_share_few_connections(instance: dg.DagsterInstance) -> None:
    assert len(server_processes_that_ask(instance, 20)) <= 2


def test_a_server_that_was_started_again_loses_no_query(
    instance: dg.DagsterInstance, postgres: OwnPostgres
) -> None:
    ask_every_part(instance, 2)
    postgres.stop(signal.SIGKILL)
    postgres.start()
    ask_every_part(instance, 3)
    assert {"nightly-0", "nightly-2"} <= set(instance.get_dynamic_partitions("campaign"))


def test_the_instance_made_anew_elsewhere_keeps_its_connections_too(
    instance: dg.DagsterInstance,
) -> None:
    with dg.DagsterInstance.from_ref(instance.get_ref()) as elsewhere:
        assert len(server_processes_that_ask(elsewhere, 5)) <= 2
