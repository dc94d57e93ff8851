"""Nothing of the user's is ever removed: what the demo did not make is told by its content."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from lm_assets.cli.platform.demo_run import BASELINE, JUDGED, DemoPlaces, prepare
from lm_assets.cli.platform.demo_state import make_anew, refuse_in_use, write_down
from lm_assets.cli.platform.serve import refuse_taken_port
from lm_assets.gateways.engines import EmbeddedEngines
from lm_assets.gateways.engines.state import StateFolder
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.model.errors import LmError
from lm_assets_tests.conftest import PROJECT

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

OWN = frozenset({BASELINE, *JUDGED})


@pytest.fixture
def made(state_folder: Path) -> Path:
    """A state folder as the demo's first step leaves it."""
    prepare(DemoPlaces(project=PROJECT, state=state_folder))
    return state_folder


def deliver(state: Path, *keys: str) -> None:
    with EmbeddedEngines(state, environment={}) as engines:
        store = S3ObjectStore.from_environment(engines.start())
        for key in keys:
            store.write(key, b"{}")


def everything(state: Path) -> dict[str, bytes]:
    own = [p for name in ("config", "reports") for p in (state / name).rglob("*")]
    return {str(p): p.read_bytes() for p in own if p.is_file()}


def test_what_the_demo_made_is_made_anew(made):
    deliver(made, f"incoming/{BASELINE}/a/r.jsonl", f"incoming/{JUDGED[0]}-confirm/a/r.jsonl")
    prepare(DemoPlaces(project=PROJECT, state=made))
    assert not (made / "s3").exists()
    assert (made / "config" / "matrix.yaml").is_file()


@pytest.mark.parametrize(
    "name", ["config/matrix.yaml", "config/baselines/load-test-baselines.yaml", "reports/x/y.md"]
)
def test_an_edited_or_added_file_is_the_users_and_named(made, name):
    path = made / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("# mine\n")
    before = everything(made)
    with pytest.raises(LmError, match=f"{path}.*lm demo --state"):
        make_anew(made, OWN)
    assert everything(made) == before


def test_a_campaign_of_the_users_is_left_and_named(made):
    deliver(made, "incoming/nightly-mine/a/r.jsonl")
    with pytest.raises(LmError, match="campaign nightly-mine"):
        make_anew(made, OWN)
    deliver(made)
    with EmbeddedEngines(made, environment={}) as engines:
        store = S3ObjectStore.from_environment(engines.start())
        assert store.read("incoming/nightly-mine/a/r.jsonl") == b"{}"


def test_a_folder_that_is_no_state_is_left(tmp_path):
    (tmp_path / "thesis.txt").write_text("x")
    with pytest.raises(LmError, match=r"thesis\.txt"):
        make_anew(tmp_path, OWN)
    assert (tmp_path / "thesis.txt").is_file()


def test_what_is_written_down_later_is_the_demos_too(made):
    reports = made / "reports" / "c"
    reports.mkdir(parents=True)
    (reports / "executive.md").write_text("x")
    write_down(made)
    make_anew(made, OWN)
    assert [p.name for p in made.iterdir()] in ([], ["engines.lock"])


def test_a_folder_in_use_is_refused_with_the_process_that_has_it(made):
    with StateFolder(made).ownership(), pytest.raises(LmError, match=f"process {os.getpid()} "):
        refuse_in_use(made)
    refuse_in_use(made)


def test_serve_refuses_a_taken_port_before_it_prints_an_address(tmp_path):
    lm = [sys.executable, "-c", "from lm_assets.cli.main import main; main()"]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(LmError, match=f"port {port} .*--port"):
            refuse_taken_port(port)
        ended = subprocess.run(
            [*lm, "serve", "--state", str(tmp_path / "s"), "--port", str(port)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd=PROJECT,
        )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "--port" in ended.stderr
    assert not (tmp_path / "s").exists()
