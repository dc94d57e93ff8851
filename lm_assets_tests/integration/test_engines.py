"""The embedded engines: started, shared, stopped, and never left behind."""

import os
import signal
import stat
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import requests

from lm_assets.gateways.engines import EmbeddedEngines, EngineError, postgres, seaweedfs
from lm_assets.gateways.engines.processes import ProcessIdentity
from lm_assets.gateways.engines.state import StateFolder
from lm_assets.gateways.object_store.protocol import ObjectStoreRefusedError
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.gateways.retrying import NO_RETRY
from lm_assets_tests.integration.ended import end_for_certain

pytestmark = pytest.mark.integration


def servers_of(directory: Path) -> dict[str, ProcessIdentity]:
    recorded = StateFolder(directory).running.get("processes", {})
    return {name: ProcessIdentity(**identity) for name, identity in recorded.items()}


def wait_until_ended(servers: dict[str, ProcessIdentity], *, within_s: float) -> set[str]:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline and any(s.is_running() for s in servers.values()):
        time.sleep(0.05)
    return {name for name, server in servers.items() if server.is_running()}


@contextmanager
def command_that_holds_engines(directory: Path) -> Iterator[subprocess.Popen[str]]:
    """Start another process that runs the engines, once they are up; it is ended for certain."""
    program = """
        import signal, sys
        from pathlib import Path
        from lm_assets.gateways.engines import EmbeddedEngines
        # Who is started in the background ignores it otherwise.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        with EmbeddedEngines(Path(sys.argv[1]), environment={}) as engines:
            engines.start()
            print("up", flush=True)
            sys.stdin.read()
    """
    command = [sys.executable, "-c", textwrap.dedent(program), str(directory)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={"PATH": "/usr/bin"}
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        yield process
        close(process)
    finally:
        end_for_certain(process)


def close(process: subprocess.Popen[str]) -> None:
    process.communicate(timeout=120)


def test_data_keys_and_addresses_outlive_a_restart(state_folder):
    with EmbeddedEngines(state_folder, environment={}) as engines:
        first = engines.start()
        S3ObjectStore.from_environment(first).write("raw/c1/a.jsonl", b"kept")
        with psycopg.connect(first["LM_POSTGRES_URL"]) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
        servers = servers_of(state_folder)
    assert servers.keys() == {"s3", "postgres"}
    assert wait_until_ended(servers, within_s=0) == set()
    with EmbeddedEngines(state_folder, environment={}) as engines:
        second = engines.start()
        assert S3ObjectStore.from_environment(second).read("raw/c1/a.jsonl") == b"kept"
        with psycopg.connect(second["LM_POSTGRES_URL"]) as connection:
            assert connection.execute("SELECT one FROM kept").fetchall() == [(1,)]
    assert second == first


def test_secrets_are_readable_by_their_owner_only(state_folder):
    with EmbeddedEngines(state_folder, environment={}) as engines:
        environment = engines.start()
        for file in ("secrets.json", "engines.json", "engines.lock"):
            assert stat.S_IMODE((state_folder / file).stat().st_mode) == 0o600
        for folder in ("s3", "postgres"):
            assert stat.S_IMODE((state_folder / folder).stat().st_mode) == 0o700
    assert len(environment["AWS_SECRET_ACCESS_KEY"]) >= 40


def test_the_object_store_leaves_nothing_in_the_common_folder_of_temporary_files(state_folder):
    with EmbeddedEngines(state_folder, environment={}) as engines:
        engines.start()
        pid = servers_of(state_folder)["s3"].pid
        ports = StateFolder(state_folder).running["ports"]
    assert (state_folder / "s3" / "server.log").stat().st_size > 0
    logs = [*Path("/tmp").glob(f"weed.*.{pid}")]
    sockets = [file for port in ports for file in Path("/tmp").glob(f"*-{port}.sock")]
    assert logs + sockets == []


@pytest.mark.parametrize(("name", "title"), [("s3", "SeaweedFS"), ("postgres", "Postgres")])
def test_a_server_that_ends_by_itself_is_named(state_folder, name, title):
    with EmbeddedEngines(state_folder, environment={}) as engines:
        engines.start()
        engines.check_alive()
        server = servers_of(state_folder)[name]
        os.kill(server.pid, signal.SIGKILL)
        assert wait_until_ended({name: server}, within_s=10) == set()
        with pytest.raises(EngineError, match=rf"{title} ended by itself \(exit status -9\)"):
            engines.check_alive()


def test_wrong_credentials_are_refused_without_being_repeated(engines):
    wrong = {**engines, "AWS_SECRET_ACCESS_KEY": "not-the-key"}
    store = S3ObjectStore.from_environment(wrong, retry=NO_RETRY)
    with pytest.raises(ObjectStoreRefusedError, match="AWS_SECRET_ACCESS_KEY") as refusal:
        list(store.list("raw/"))
    assert "not-the-key" not in str(refusal.value)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(engines["LM_POSTGRES_URL"], password="not-the-key")


def test_the_s3_server_asks_everyone_for_credentials(engines):
    address = f"{engines['LM_S3_ENDPOINT']}/{engines['LM_S3_BUCKET']}?list-type=2"
    assert requests.get(address, timeout=10).status_code == 403


def test_every_port_is_on_the_loopback_only(engines):
    listening = subprocess.run(["ss", "-Hltnp"], capture_output=True, text=True, check=True).stdout
    addresses = {line.split()[3] for line in listening.splitlines() if '"weed"' in line}
    assert addresses
    assert {a.rpartition(":")[0] for a in addresses} == {"127.0.0.1"}


def test_a_second_command_uses_the_engines_of_the_first_and_leaves_them_running(state_folder):
    with command_that_holds_engines(state_folder):
        servers = servers_of(state_folder)
        with EmbeddedEngines(state_folder, environment={}) as engines:
            environment = engines.start()
            S3ObjectStore.from_environment(environment).write("raw/c1/a.jsonl", b"x")
        assert servers_of(state_folder) == servers
        assert all(server.is_running() for server in servers.values())
    assert wait_until_ended(servers, within_s=0) == set()


def test_ctrl_c_three_times_leaves_no_server_and_no_socket(state_folder):
    deep = state_folder / ("d" * 120)
    with command_that_holds_engines(deep) as holder:
        servers, ports = servers_of(deep), StateFolder(deep).running["ports"]
        for _ in range(3):
            holder.send_signal(signal.SIGINT)
            time.sleep(0.05)
    assert holder.returncode != 0, "it was not interrupted"
    assert wait_until_ended(servers, within_s=0) == set()
    of_postgres = postgres.PostgresServer(deep / "postgres", password="").socket_directory
    left = [*deep.rglob("*"), *of_postgres.glob(".s.*")]
    left += [file for port in ports for file in Path("/tmp").glob(f"*-{port}.sock")]
    assert [file for file in left if file.is_socket()] == []


def test_a_killed_command_leaves_no_server_behind_and_loses_nothing(state_folder):
    with command_that_holds_engines(state_folder) as holder:
        servers = servers_of(state_folder)
        with EmbeddedEngines(state_folder, environment={}) as engines:
            store = S3ObjectStore.from_environment(engines.start())
            for number in range(50):
                store.write(f"raw/c1/{number}.jsonl", b"%d" % number)
        holder.send_signal(signal.SIGKILL)
    assert wait_until_ended(servers, within_s=10) == set()
    with EmbeddedEngines(state_folder, environment={}) as engines:
        store = S3ObjectStore.from_environment(engines.start())
        kept = [store.read(f"raw/c1/{number}.jsonl") for number in range(50)]
    assert kept == [b"%d" % number for number in range(50)]


def test_servers_that_were_left_behind_are_stopped_by_the_next_start(state_folder, monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")  # no setpriv: as on a system without it
    abandoned = EmbeddedEngines(state_folder, environment={})
    abandoned.start()
    left_behind = servers_of(state_folder)
    processes, abandoned._processes = abandoned._processes, {}
    abandoned._stack.close()
    with EmbeddedEngines(state_folder, environment={}) as engines:
        environment = engines.start()
        assert wait_until_ended(left_behind, within_s=0) == set()
        assert servers_of(state_folder).keys() == {"s3", "postgres"}
        assert list(S3ObjectStore.from_environment(environment).list("")) == []
    for process in processes.values():
        end_for_certain(process)


def test_a_users_own_servers_are_used_and_not_started(state_folder, service_environment):
    given = {k: v for k, v in service_environment.items() if k != "LM_DAGSTER_POSTGRES_URL"}
    with EmbeddedEngines(state_folder, environment=given) as engines:
        environment = engines.start()
        assert servers_of(state_folder) == {}
    assert {name: environment[name] for name in given} == given
    assert environment["LM_DAGSTER_POSTGRES_URL"].partition("?")[0].endswith("/dagster")
    with psycopg.connect(environment["LM_DAGSTER_POSTGRES_URL"]) as connection:
        assert connection.info.dbname == "dagster"


def test_only_the_missing_one_of_two_is_started(state_folder, s3_environment):
    with EmbeddedEngines(state_folder, environment=s3_environment) as engines:
        environment = engines.start()
        assert servers_of(state_folder).keys() == {"postgres"}
    assert environment["LM_S3_ENDPOINT"] == s3_environment["LM_S3_ENDPOINT"]
    assert environment["LM_S3_BUCKET"] == s3_environment["LM_S3_BUCKET"]


def test_a_server_that_cannot_start_says_why_and_the_other_is_stopped(state_folder):
    with EmbeddedEngines(
        state_folder, environment={}, postgres_settings={"max_connections": "nonsense"}
    ) as engines:
        with pytest.raises(EngineError, match=r"(?s)Postgres ended.*max_connections"):
            engines.start()
        assert wait_until_ended(servers_of(state_folder), within_s=0) == set()


def test_a_state_folder_too_deep_for_a_socket_works(state_folder):
    deep = state_folder / ("d" * 120)
    with EmbeddedEngines(deep, environment={}) as engines:
        psycopg.connect(engines.start()["LM_POSTGRES_URL"]).close()


def test_what_is_not_installed_is_named_with_what_to_do(monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr("sysconfig.get_path", lambda name: "/nonexistent")
    with pytest.raises(EngineError, match=r"lm-assets\[local\].*LM_S3_ENDPOINT"):
        seaweedfs.weed_executable()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(EngineError, match=r"lm-assets\[local\].*LM_POSTGRES_URL"):
        postgres.wheel_executables()


def test_a_process_number_given_to_another_process_is_not_taken_for_the_old_one():
    mine = ProcessIdentity.of(os.getpid())
    assert mine is not None
    assert mine.is_running()
    assert not ProcessIdentity(pid=os.getpid(), started="1").is_running()
    ended = subprocess.Popen(["true"])
    identity = ProcessIdentity.of(ended.pid)
    ended.wait()
    assert identity is None or not identity.is_running()
