"""deploy/python-packages.sh: one hashed lock by uv, from where pip was told to look."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from lm_assets_tests.conftest import PROJECT

UV_LOCK = "deploy/uv-requirements.lock"
LOCKS = ("requirements.lock", "requirements-dev.lock")
PIP = """#!/bin/sh
if [ "$1" = config ]; then cat "$STAND_IN/pip-config"; else echo "pip $*" >> "$STAND_IN/log"; fi
"""
UV = """#!/bin/sh
if [ "$1" = cache ]; then echo "$STAND_IN/cache"; exit 0; fi
echo "uv $*" >> "$STAND_IN/log"
env | grep -E '^(UV_|SSL_CERT_FILE|ALL_PROXY)' | sort > "$STAND_IN/environment"
case "$*" in *--offline*) echo "not in the cache" >&2; exit "${IN_CACHE:-0}" ;; esac
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout in which stand-ins for pip and uv write down what they are asked."""
    (tmp_path / "deploy").mkdir()
    for name in (
        "deploy/python-packages.sh",
        UV_LOCK,
        "requirements.lock",
        "requirements-dev.lock",
    ):
        shutil.copy(PROJECT / name, tmp_path / name)
    tools = tmp_path / ".venv" / "bin"
    tools.mkdir(parents=True)
    for name, text in (("pip", PIP), ("uv", UV)):
        (tools / name).write_text(text, encoding="utf-8")
        (tools / name).chmod(0o755)
    return tmp_path


def install(
    checkout: Path, *, pip_config: str = "", lock: str = "requirements.lock", **environment: str
) -> subprocess.CompletedProcess[str]:
    (checkout / "pip-config").write_text(pip_config, encoding="utf-8")
    return subprocess.run(
        [checkout / "deploy" / "python-packages.sh", lock],
        env={"PATH": os.environ["PATH"], "STAND_IN": str(checkout), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def told_to_uv(checkout: Path) -> dict[str, str]:
    lines = (checkout / "environment").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines)


def asked(checkout: Path) -> list[str]:
    return (checkout / "log").read_text(encoding="utf-8").splitlines()


def test_pip_brings_uv_by_its_hash_and_uv_the_lock_by_its_hashes(checkout: Path) -> None:
    run = install(checkout)
    assert (run.returncode, run.stderr) == (0, "")
    by_pip, by_uv, editable = asked(checkout)
    assert by_pip == f"pip install -qq --require-hashes -r {UV_LOCK}"
    assert by_uv.endswith("--require-hashes -r requirements.lock")
    assert editable.endswith("deploy/build-requirements.lock --editable .")


def test_says_what_is_installed_and_how_much_before_it_begins(checkout: Path) -> None:
    first, last = install(checkout).stdout.splitlines()
    assert re.fullmatch(
        r"Installing \d+ packages of requirements.lock into .venv/ \(about .* GB on disk\), once",
        first,
    )
    assert re.fullmatch(r"Installed in \d+ s\.", last)


def test_what_lies_in_the_cache_is_taken_without_asking_an_index(checkout: Path) -> None:
    install(checkout)
    assert all("--offline" in line for line in asked(checkout) if line.startswith("uv"))


def test_what_does_not_is_looked_for_and_nothing_is_said_of_the_first_try(checkout: Path) -> None:
    run = install(checkout, IN_CACHE="1")
    assert (run.returncode, run.stderr) == (0, "")
    assert ["--offline" in line for line in asked(checkout)[1:]] == [True, False, True, False]


def test_uv_looks_where_pip_was_told_to_look(checkout: Path) -> None:
    config = """\
:env:.extra-index-url='https://one/simple https://two/simple'
global.cert='/etc/ssl/ours.crt'
global.extra-index-url='https://never/simple'
global.find-links='\\n/opt/wheels\\n/opt/more'
global.index-url='https://global/simple'
global.timeout='180'
install.index-url='https://mirror/simple'
"""
    install(checkout, pip_config=config)
    assert told_to_uv(checkout) == {
        "SSL_CERT_FILE": "/etc/ssl/ours.crt",
        "UV_DEFAULT_INDEX": "https://mirror/simple",
        "UV_FIND_LINKS": "/opt/wheels,/opt/more",
        "UV_HTTP_TIMEOUT": "180",
        "UV_INDEX": "https://one/simple https://two/simple",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }


def test_what_uv_itself_was_told_goes_before_what_pip_was(checkout: Path) -> None:
    config = "global.index-url='https://of-pip/simple'\nglobal.cert='/of/pip'\n"
    own = {"UV_DEFAULT_INDEX": "https://of-uv/simple", "SSL_CERT_FILE": "/of/uv"}
    install(checkout, pip_config=config, **own)
    assert told_to_uv(checkout) == own


def test_another_lock_is_refused_with_the_usage(checkout: Path) -> None:
    run = install(checkout, lock="deploy/requirements.lock")
    assert run.returncode == 1
    assert "usage: " in run.stderr


def test_uv_itself_is_pinned_with_the_hashes_of_its_files() -> None:
    text = (PROJECT / UV_LOCK).read_text(encoding="utf-8")
    assert re.match(r"uv==\d+\.\d+\.\d+ \\\n    --hash=sha256:[0-9a-f]{64}", text)
    assert "://" not in text
