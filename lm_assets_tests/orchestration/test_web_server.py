"""The web page answers itself and nobody else's page."""

import subprocess
import sys

import pytest
import requests

from lm_assets.gateways.dagster_services import DagsterHome, DagsterServices
from lm_assets.gateways.engines.processes import free_port
from lm_assets.orchestration.web_server import SameSite, public_address

OURS = {"host": "127.0.0.1:3000"}
STOP = 'mutation { stopSensor(id: "x") { __typename } }'


def refusal(method="POST", path="/graphql", query="", public="", **headers):
    return SameSite(public=public).refusal(method, path, query, {**OURS, **headers})


@pytest.mark.parametrize("host", ["127.0.0.1:3000", "localhost:8080", "[::1]:3000", "localhost"])
def test_the_page_itself_is_answered_by_every_name_of_this_machine(host):
    assert refusal(host=host) == ""
    assert refusal(host=host, origin=f"http://{host}") == ""


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example:3000", "", "10.0.0.1:3000", "[::1", "[x]:1"]
)
def test_a_name_that_somebody_else_points_here_is_refused(host):
    assert "has no name" in refusal(host=host)


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "http://127.0.0.1:8000",
        "null",
        "http://localhost:3000",
        "http://[::1",
    ],
)
def test_a_page_of_another_site_is_refused_even_on_this_machine(origin):
    assert "has no business here" in refusal(origin=origin)


def test_a_query_in_an_address_is_refused_and_the_page_that_asks_queries_is_not():
    for method in ("GET", "HEAD"):
        assert "asked by POST" in refusal(method, query="query=mutation%7Bx%7D")
    assert refusal("GET", query="") == ""


@pytest.mark.parametrize("said", ["dagster.example", "http://[::1", "ftp://dagster.example", "x"])
def test_a_public_address_that_is_none_is_told_before_anything_starts(said):
    with pytest.raises(SystemExit, match="LM_DAGSTER_URL is no web address"):
        public_address({"LM_DAGSTER_URL": said})


def test_there_may_be_no_public_address():
    assert public_address({}) == public_address({"LM_DAGSTER_URL": " "}) == ""
    assert public_address({"LM_DAGSTER_URL": "https://d.example "}) == "https://d.example"


def test_behind_a_proxy_its_public_name_is_its_own():
    public = "https://dagster.example"
    assert refusal(host="dagster.example", origin=public, public=public) == ""
    assert refusal(origin=public, public=public) == ""
    assert "has no name" in refusal(host="other.example", public=public)


@pytest.mark.integration
@pytest.mark.timeout(180)
def test_dagsters_own_server_stands_behind_it(tmp_path):
    home = DagsterHome.prepare(tmp_path)
    (home.directory / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    home.workspace.write_text("load_from: []\n")
    with DagsterServices(home, {"PATH": "/usr/bin:/bin"}) as services:
        address = services.start_webserver(port=free_port())
        ask = {"json": {"query": "{ version }"}, "timeout": 30}
        assert "version" in requests.post(f"{address}/graphql", **ask).json()["data"]
        evil = {"Origin": "http://evil.example"}
        assert requests.post(f"{address}/graphql", headers=evil, **ask).status_code == 403
        image = requests.get(f"{address}/graphql", params={"query": STOP}, timeout=30)
        assert image.status_code == 403
        rebound = requests.get(address, headers={"Host": "evil.example"}, timeout=30)
        assert (rebound.status_code, "has no name" in rebound.text) == (403, True)
    assert (home.logs.stat().st_mode & 0o777, home.directory.stat().st_mode & 0o777) == (0o700,) * 2


def test_it_takes_the_options_of_dagsters_command():
    command = [sys.executable, "-m", "lm_assets.orchestration.web_server", "--help"]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert "--workspace" in shown.stdout
