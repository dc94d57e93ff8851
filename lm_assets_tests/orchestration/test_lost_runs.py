"""Which runs are known to be lost: those of this machine whose server and process are gone."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster import DagsterRunStatus
from dagster._core.events import EngineEventData

from lm_assets.orchestration import lost_runs as module
from lm_assets.orchestration.lost_runs import MACHINE_TAG, lost_runs

# Above the largest number that Linux gives.
NO_PROCESS = 2**22 + 1


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as found:
        yield found


@dg.job
def a_job() -> None:
    """Nothing: only its runs are looked at."""


def a_started_run(instance: dg.DagsterInstance, address: Path, **tags: str) -> str:
    """Return the id of a run that a code server with this socket started in a process."""
    run = instance.create_run_for_job(
        a_job,
        status=DagsterRunStatus.STARTED,
        tags={
            ".dagster/grpc_info": json.dumps({"host": "localhost", "socket": str(address)}),
            **tags,
        },
    )
    instance.report_engine_event(
        "Started process for run",
        run,
        EngineEventData(metadata={"pid": dg.MetadataValue.text(str(NO_PROCESS))}),
    )
    return run.run_id


def lost(instance: dg.DagsterInstance) -> list[str]:
    return [run.run_id for run, _ in lost_runs(instance)]


def listening(address: Path) -> socket.socket:
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(address))
    server.listen()
    return server


def test_a_run_whose_server_was_killed_here_is_lost(instance, tmp_path):
    address = tmp_path / "s"
    listening(address).close()
    run_id = a_started_run(instance, address)
    assert lost(instance) == [run_id]


def test_a_run_of_another_machine_is_left_to_it(instance, tmp_path):
    a_started_run(instance, tmp_path / "not-here")
    a_started_run(instance, tmp_path / "not-here", **{MACHINE_TAG: "another pid:[1]"})
    assert lost(instance) == []


def test_a_run_that_was_seen_here_is_lost_after_a_restart_that_cleared_the_sockets(
    instance, tmp_path
):
    address = tmp_path / "s"
    with listening(address):
        run_id = a_started_run(instance, address)
        assert lost(instance) == []
    assert instance.get_run_by_id(run_id).tags[MACHINE_TAG].startswith(socket.gethostname())
    address.unlink()
    assert lost(instance) == [run_id]


def test_another_container_with_the_same_name_does_not_take_it_for_its_own(
    instance, tmp_path, monkeypatch
):
    address = tmp_path / "s"
    with listening(address):
        a_started_run(instance, address)
        assert lost(instance) == []
    address.unlink()
    monkeypatch.setattr(module, "_this_machine", lambda: f"{socket.gethostname()} pid:[2]")
    assert lost(instance) == []
