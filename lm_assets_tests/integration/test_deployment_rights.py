"""Who may do what in a deployment, and what comes back from a backup: docs/deploy.md, really."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

import psycopg
import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner, Result

from lm_assets.cli.main import lm
from lm_assets.gateways.dagster_heartbeats import DagsterHeartbeats
from lm_assets.gateways.object_store.protocol import ObjectStoreRefusedError
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.gateways.warehouse.standing import StandingReader
from lm_assets.orchestration.instance import open_instance
from lm_assets_tests.integration.fault_trials import FIVE, JOIN, READ
from lm_assets_tests.integration.in_process_platform import InProcessPlatform
from lm_assets_tests.integration.left_behind import left_behind
from lm_assets_tests.integration.own_deployment import (
    OwnDeployment,
    keys_of,
    own_deployment,
    program,
)
from lm_assets_tests.integration.result_files import land, result_line

pytestmark = pytest.mark.integration

CAMPAIGN = "nightly-2026-11-22-1a2b3c4"
OTHER = "ci-1-deeds"
DELIVERED, MADE = f"incoming/{OTHER}/x/1.jsonl", f"raw/{OTHER}/x.jsonl"
VERDICTS = f"aggregated/{OTHER}/verdicts.jsonl"
DEEDS: Mapping[str, Callable[[S3ObjectStore], object]] = {
    "deliver": lambda store: store.write(DELIVERED, b"{}"),
    "read what was delivered": lambda store: store.read(DELIVERED),
    "delete what was delivered": lambda store: store.delete(DELIVERED),
    "list": lambda store: list(store.list("")),
    "write what runs make": lambda store: store.write(MADE, b"{}"),
    "read what runs made": lambda store: store.read(MADE),
    "read verdicts": lambda store: store.read(VERDICTS),
    "delete verdicts": lambda store: store.delete(VERDICTS),
    "change the policy": lambda store: store.client.delete_bucket_policy(Bucket=store.bucket),
}
MAY = {
    "lm-runner": {"deliver"},
    "lm-submit": {"deliver", "delete what was delivered", "list", "read verdicts"},
    "lm-dashboards": set(),
}


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnDeployment]:
    folder = tmp_path_factory.mktemp("deployment")
    folder.chmod(0o711)
    with own_deployment(folder) as made, pytest.MonkeyPatch.context() as patch:
        for name, value in made.platform.items():
            patch.setenv(name, value)
        invoke("prepare")
        land(S3ObjectStore.from_environment(os.environ), CAMPAIGN, {READ: FIVE, JOIN: FIVE})
        run = InProcessPlatform.of_environment().run(CAMPAIGN)
        assert run.success
        yield made


@pytest.fixture
def platform(deployment: OwnDeployment, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    for name, value in deployment.platform.items():
        monkeypatch.setenv(name, value)
    return deployment.platform


def invoke(*arguments: str) -> Result:
    done = CliRunner().invoke(lm, arguments, standalone_mode=False)
    assert done.exception is None, done.output
    return done


def test_the_platform_is_well_with_its_few_rights(platform):
    found = json.loads(invoke("doctor", "--json").stdout)
    assert [each for each in found if each["health"] == "failed"] == []


@pytest.mark.parametrize("user", MAY)
def test_a_user_of_the_bucket_may_do_what_the_policy_says_and_nothing_else(deployment, user):
    everything, store, may = deployment.everything, deployment.store(user), set()
    for key in (DELIVERED, MADE, VERDICTS):
        everything.write(key, b"{}")
    for name, deed in DEEDS.items():
        with suppress(ObjectStoreRefusedError, ClientError):
            deed(store)
            may.add(name)
    for key in (DELIVERED, MADE, VERDICTS):
        everything.delete(key)
    assert may == MAY[user]


def test_submit_needs_no_more_than_its_own_rights(deployment, platform, tmp_path, monkeypatch):
    (tmp_path / READ).mkdir()
    lines = "\n".join(result_line(READ, run, 10.0) for run in range(1, 6))
    (tmp_path / READ / "results.jsonl").write_text(lines)
    for name, value in keys_of("lm-submit").items():
        monkeypatch.setenv(name, value)
    submit = ("submit", str(tmp_path), "--campaign", "ci-1-abc")
    assert "1 objects sent" in invoke(*submit).output
    assert "0 objects sent" in invoke(*submit).output


def test_the_exporter_reads_as_the_reader_and_can_do_nothing_else(deployment):
    reader = deployment.environment("reader.env")
    standing = StandingReader.from_environment(reader, metrics=["duration_s"])
    assert standing.change_token() is not None
    standing.close()
    heartbeats = DagsterHeartbeats.from_environment(reader)
    assert heartbeats is not None
    assert heartbeats.heartbeats() == {}
    heartbeats.close()
    for url, refused in (
        (reader["LM_POSTGRES_URL"], "DELETE FROM campaigns"),
        (reader["LM_POSTGRES_URL"], "CREATE TABLE mine (x int)"),
        (reader["LM_DAGSTER_POSTGRES_URL"], "SELECT * FROM runs"),
        (reader["LM_DAGSTER_POSTGRES_URL"], "SELECT * FROM event_logs"),
    ):
        with (
            psycopg.connect(url) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(refused)


def test_the_writer_makes_no_role_and_no_database(deployment, platform):
    with psycopg.connect(platform["LM_POSTGRES_URL"], autocommit=True) as connection:
        for refused in ("CREATE ROLE other", "CREATE DATABASE other"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(refused)


def test_a_backup_gives_back_every_object_and_every_row(deployment, platform, tmp_path):
    before = left_behind(platform, CAMPAIGN)
    assert before.count("load_runs") == 10
    with open_instance(deployment.home) as instance:
        instance.add_dynamic_partitions("campaign", [CAMPAIGN])
    dump = str(tmp_path / "dagster.dump")
    program("pg_dump", "--format=custom", f"--file={dump}", platform["LM_DAGSTER_POSTGRES_URL"])
    everything = deployment.everything
    saved = {item.key: everything.read(item.key) for item in everything.list("")}

    for key in saved:
        everything.delete(key)
    for name in ("load_metrics", "dagster"):
        deployment.psql("postgres", "--command", f"DROP DATABASE {name} WITH (FORCE)")
        deployment.psql("postgres", "--command", f"CREATE DATABASE {name} OWNER lm_assets")

    for key, content in saved.items():
        everything.write(key, content)
    program("pg_restore", "--no-owner", f"--dbname={platform['LM_DAGSTER_POSTGRES_URL']}", dump)
    assert not invoke("prepare").return_value
    assert not invoke("warehouse", "rebuild").return_value
    after = left_behind(platform, CAMPAIGN)
    assert (after.lost(before), after.doubled(before)) == ([], [])
    with open_instance(deployment.home) as instance:
        assert instance.get_dynamic_partitions("campaign") == [CAMPAIGN]
