"""`lm init --deployment`: what a deployment is started with, and nobody else knows."""

import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lm_assets.cli.main import lm
from lm_assets_tests.deploy.compose_file import compose, example_variables, filled

NAMES = {".env", "platform.env", "reader.env", "databases.sql"}


def init(*arguments: object) -> Result:
    return CliRunner().invoke(lm, ["init", *map(str, arguments)])


def variables(path: Path) -> dict[str, str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    before = os.umask(0)
    try:
        assert init(tmp_path / "deploy", "--deployment").exit_code == 0
    finally:
        os.umask(before)
    return tmp_path / "deploy"


def test_every_file_is_its_owners_alone_whatever_the_umask(folder):
    assert {path.name for path in folder.iterdir()} == NAMES
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_compose_starts_with_it_and_every_secret_is_another_one(folder):
    made = variables(folder / ".env")
    assert made.keys() == example_variables().keys()
    filled(compose(), made)
    new = [made[name] for name, value in example_variables().items() if made[name] != value]
    assert len(new) == len(set(new)) == 6
    assert all(re.fullmatch(r"[0-9a-f]{48}", secret) for secret in new)


def test_no_two_deployments_share_a_secret(folder, tmp_path):
    init(tmp_path / "other", "--deployment")
    first, second = (variables(f / ".env") for f in (folder, tmp_path / "other"))
    same = {name for name in first if first[name] == second[name]}
    assert same == {
        name for name, value in first.items() if not re.fullmatch(r"[0-9a-f]{48}", value)
    }


def test_processes_and_databases_have_the_same_secrets_and_readers_no_other(folder):
    compose_has = variables(folder / ".env")
    platform, reader = variables(folder / "platform.env"), variables(folder / "reader.env")
    assert compose_has["LM_DB_PASSWORD"] in platform["LM_POSTGRES_URL"]
    assert compose_has["LM_READER_PASSWORD"] in reader["LM_POSTGRES_URL"]
    assert platform["AWS_SECRET_ACCESS_KEY"] == compose_has["AWS_SECRET_ACCESS_KEY"]
    assert reader.keys() == {"LM_POSTGRES_URL", "LM_DAGSTER_POSTGRES_URL"}
    assert compose_has["LM_DB_PASSWORD"] not in (folder / "reader.env").read_text()
    sql = (folder / "databases.sql").read_text()
    assert all(compose_has[name] in sql for name in ("LM_DB_PASSWORD", "LM_READER_PASSWORD"))


def test_a_secret_in_use_is_not_overwritten(folder):
    before = {path: path.read_bytes() for path in folder.iterdir()}
    (folder / "reader.env").unlink()
    again = init(folder, "--deployment")
    assert again.exit_code == 1
    assert ".env: there already" in again.output or "there already" in str(again.exception)
    assert not (folder / "reader.env").exists()
    assert all(path.read_bytes() == before[path] for path in folder.iterdir())


def test_it_writes_no_configuration_beside(tmp_path):
    refused = init(tmp_path / "x", "--deployment", "--dimension", "db=a,b")
    assert refused.exit_code == 1
    assert not (tmp_path / "x").exists()
