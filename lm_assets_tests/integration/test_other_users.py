"""Another user of the machine can neither read nor change anything of the embedded engines."""

import json
import os
import socket
import ssl
import stat
import subprocess
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from lm_assets.gateways.engines import EmbeddedEngines, EngineError
from lm_assets.gateways.engines.postgres import PostgresServer
from lm_assets.gateways.engines.seaweedfs import PORT_FLAGS
from lm_assets.gateways.engines.state import StateFolder
from lm_assets.gateways.object_store.s3 import S3ObjectStore

pytestmark = pytest.mark.integration

KEY = "incoming/nightly-2026-11-22-1a2b3c4/_SUCCESS"
NOBODY = 65_534
PYTHON = "/usr/bin/python3"
# Says, for each way in, what a user without any key is answered: a status, or that there is none.
INTRUDER = """
    import http.client, json, ssl, sys
    ports, bucket, key = json.loads(sys.argv[1]), sys.argv[2], sys.argv[3]
    tries = [("GET", "/"), ("GET", f"/{bucket}/{key}"), ("PUT", f"/{bucket}/{key}"),
             ("DELETE", f"/{bucket}/{key}"), ("GET", f"/buckets/{bucket}/{key}"),
             ("POST", f"/buckets/{bucket}/{key}"), ("DELETE", f"/buckets/{bucket}/{key}"),
             ("GET", "/dir/assign"), ("GET", "/dir/status"), ("GET", "/vol/status"),
             ("GET", "/1,01637037d6"), ("POST", "/?Action=ListUsers"), ("OPTIONS", f"/{bucket}/")]
    plain = ssl.create_default_context()
    plain.check_hostname, plain.verify_mode = False, ssl.CERT_NONE
    answers = []
    for port in ports:
        for secure in (False, True):
            for method, path in tries:
                c = (http.client.HTTPSConnection("127.0.0.1", port, timeout=5, context=plain)
                     if secure else http.client.HTTPConnection("127.0.0.1", port, timeout=5))
                try:
                    c.request(method, path, headers={"Origin": "https://page.example"})
                    r = c.getresponse()
                    body = r.read(200).decode("latin-1")
                    allowed = r.headers.get("Access-Control-Allow-Origin", "")
                    answers.append([port, secure, method, path, r.status, allowed, body])
                except (OSError, http.client.HTTPException) as e:
                    answers.append([port, secure, method, path, None, "", type(e).__name__])
                finally:
                    c.close()
    print(json.dumps(answers))
"""


@dataclass(frozen=True)
class Running:
    state: Path
    environment: Mapping[str, str]

    @property
    def ports(self) -> list[int]:
        return StateFolder(self.state).running["ports"]


@pytest.fixture
def running(state_folder: Path) -> Iterator[Running]:
    with EmbeddedEngines(state_folder, environment={}) as engines:
        environment = engines.start()
        S3ObjectStore.from_environment(environment).write(KEY, b"verdict")
        yield Running(state=state_folder, environment=environment)


def as_stranger(program: str, *arguments: str) -> str:
    """Run a program as another user where this one may, else as this one without any key."""
    if not Path(PYTHON).exists():
        pytest.skip(f"no {PYTHON}, which another user could run")
    who = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    done = subprocess.run(
        [PYTHON, "-c", textwrap.dedent(program), *arguments],
        capture_output=True,
        text=True,
        cwd="/",
        env={"PATH": "/usr/bin:/bin"},
        timeout=120,
        check=False,
        **who,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_no_port_of_the_object_store_lets_a_stranger_read_write_or_delete(running: Running):
    assert len(running.ports) == len(PORT_FLAGS)
    bucket = running.environment["LM_S3_BUCKET"]
    answers = json.loads(as_stranger(INTRUDER, json.dumps(running.ports), bucket, KEY))
    # 400 is what a TLS port says to plain HTTP, 405 what no path of S3 takes; a browser's question
    # before the question (OPTIONS) may be answered, with nothing.
    refused = {None, 400, 401, 403, 405}
    assert [a for a in answers if a[4] not in refused and a[2] != "OPTIONS"] == []
    # S3's own port lets any page read that it was refused; the others answer no page at all.
    others = running.ports[1:]
    assert [a for a in answers if a[0] in others and a[5]] == []
    assert S3ObjectStore.from_environment(running.environment).read(KEY) == b"verdict"


def test_the_ports_between_the_parts_ask_for_a_certificate(running: Running):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    for flag, port in list(zip(PORT_FLAGS, running.ports, strict=True))[1:]:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as raw:
            try:
                with context.wrap_socket(raw) as tls:
                    tls.settimeout(5)
                    tls.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                    answer = tls.recv(100)
            except (ssl.SSLError, ConnectionError):
                continue
        assert answer == b"", (flag, answer)


READER = """
    import os, sys
    def look(path, depth=0):
        found = []
        try:
            names = os.listdir(path)
        except OSError:
            return found
        for name in names:
            item = os.path.join(path, name)
            found.append(item)
            if os.path.isdir(item) and not os.path.islink(item) and depth < 6:
                found += look(item, depth + 1)
        return found
    root = sys.argv[1]
    seen = look(root)
    for name in ("secrets.json", "engines.json", "s3/data/security.toml", "s3/data/keys/own.key",
                 "s3/server.log", "postgres/server.log"):
        try:
            open(os.path.join(root, name)).read()
            seen.append(name)
        except OSError:
            pass
    print(seen)
"""


def test_a_stranger_sees_no_file_of_the_state_folder(running: Running):
    if os.geteuid() != 0:
        pytest.skip("another user: only root may become one")
    assert as_stranger(READER, str(running.state)).strip() == "[]"


def test_no_secret_stands_on_a_command_line(running: Running):
    lines = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    secrets = [
        running.environment["AWS_SECRET_ACCESS_KEY"],
        running.environment["LM_POSTGRES_URL"].split(":")[2].split("@")[0],
    ]
    assert [secret for secret in secrets if secret in lines] == []


def test_nothing_outside_of_the_state_folder_changes_its_mode(
    tmp_path_factory: pytest.TempPathFactory,
):
    private = tmp_path_factory.mktemp("private")
    private.chmod(0o700)
    before = {p: p.stat().st_mode for p in [private, *private.parents]}
    server = PostgresServer(private / "state" / "postgres", password="x")
    process = server.launch()
    try:
        server.wait()
    finally:
        process.kill()
        process.wait()
    assert {p: p.stat().st_mode for p in before} == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's server runs as somebody else")
def test_behind_a_private_folder_the_server_may_pass_and_look_and_nothing_more(
    tmp_path_factory: pytest.TempPathFactory,
):
    private = tmp_path_factory.mktemp("private")
    private.chmod(0o700)
    server = PostgresServer(private / "state" / "postgres", password="x")
    process = server.launch()
    try:
        server.wait()
        status = Path(f"/proc/{process.pid}/status").read_text()
    finally:
        process.kill()
        process.wait()
    told = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    # CAP_DAC_READ_SEARCH is the third: 1 << 2.
    assert {int(told[f"Cap{name}"], 16) for name in ("Prm", "Eff", "Amb", "Bnd")} == {1 << 2}
    assert "0" not in told["Uid"].split()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's server runs as somebody else")
def test_where_nobody_may_be_let_through_the_start_is_refused_with_what_to_do(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
):
    private = tmp_path_factory.mktemp("private")
    private.chmod(0o700)
    module = "lm_assets.gateways.engines.postgres"
    monkeypatch.setattr(f"{module}.can_pass_private_folders", lambda *_: False)
    server = PostgresServer(private / "state" / "postgres", password="x")
    with pytest.raises(EngineError, match=r"cannot pass through .*chmod o\+x"):
        server.launch()


def test_a_link_in_place_of_the_socket_folder_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    victim = tmp_path / "victim"
    victim.mkdir(mode=0o755)
    before = victim.stat()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    server = PostgresServer(tmp_path / ("deep" * 30) / "postgres", password="x")
    assert server.socket_directory.parent == tmp_path
    server.socket_directory.symlink_to(victim)
    with pytest.raises(EngineError, match="is a link or another user's"):
        server._make_socket_directory()
    after = victim.stat()
    assert (after.st_uid, stat.S_IMODE(after.st_mode)) == (before.st_uid, 0o755)
