"""`lm prepare` and `lm doctor` on real servers: from nothing to a deployment that is well."""

import json
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from click.testing import CliRunner

from lm_assets.cli.platform.doctor import doctor
from lm_assets.cli.platform.prepare import prepare
from lm_assets.gateways.health.bucket import bucket_diagnoses
from lm_assets.gateways.health.diagnosis import Health
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.model.retention import RetentionPolicy
from lm_assets_tests.conftest import PROJECT
from lm_assets_tests.fakes.clock import FixedClock
from lm_assets_tests.fakes.webhook import WebhookServer

pytestmark = pytest.mark.integration


@pytest.fixture
def deployment(service_environment, tmp_path, monkeypatch) -> Mapping[str, str]:
    """A bucket and two databases without tables, and the project's own Dagster instance."""
    shutil.copy(PROJECT / "dagster.yaml", tmp_path)
    environment = {
        **service_environment,
        "DAGSTER_HOME": str(tmp_path),
        "LM_CONFIG_DIR": str(PROJECT / "config"),
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return environment


def diagnoses() -> tuple[int, dict[str, dict[str, str]]]:
    run = CliRunner().invoke(doctor, ["--json"], standalone_mode=False)
    assert run.exception is None, run.output
    found = json.loads(run.stdout)
    return run.return_value, {each["what"]: each for each in found}


def test_a_new_deployment_is_told_what_to_do_and_is_well_when_it_was_done(deployment):
    code, before = diagnoses()
    assert code == 4
    assert before["warehouse"]["health"] == "failed"
    assert "lm prepare" in before["warehouse"]["advice"]
    assert before["bucket, lifecycle rules"]["health"] == "warning"

    prepared = CliRunner().invoke(prepare, ["--json"])
    assert prepared.exit_code == 0, prepared.output
    assert json.loads(prepared.stdout)["days"]["compute-logs/"] == 30

    code, after = diagnoses()
    assert code == 0
    health = {what: each["health"] for what, each in after.items()}
    daemons = health.pop("Dagster, daemons")
    assert daemons == "warning", "none was started here"
    assert set(health.values()) == {"ok", "not configured"}
    assert after["warehouse, version"]["found"].startswith("Postgres 18")


def test_preparing_twice_changes_nothing(deployment):
    first, second = (CliRunner().invoke(prepare, ["--json"]) for _ in range(2))
    assert first.exit_code == second.exit_code == 0
    assert json.loads(first.stdout) == json.loads(second.stdout)


def test_the_doctor_leaves_no_object_behind(deployment):
    CliRunner().invoke(doctor, [])
    assert list(S3ObjectStore.from_environment(deployment).list("")) == []


def test_a_missing_bucket_is_named_with_the_command_that_makes_it(deployment, monkeypatch):
    monkeypatch.setenv("LM_S3_BUCKET", "not-made-yet")
    code, found = diagnoses()
    assert code == 4
    assert "not-made-yet" in found["bucket"]["found"]
    assert "lm prepare" in found["bucket"]["advice"]


def test_a_user_who_may_only_read_the_tables_is_told_so(deployment, monkeypatch):
    CliRunner().invoke(prepare, [])
    with psycopg.connect(deployment["LM_POSTGRES_URL"], autocommit=True) as owner:
        owner.execute("DROP ROLE IF EXISTS only_reads")
        owner.execute("CREATE ROLE only_reads LOGIN PASSWORD 'reads' IN ROLE lm_reader")
        monkeypatch.setenv("LM_POSTGRES_URL", _as("only_reads", "reads", owner))
        try:
            _, found = diagnoses()
        finally:
            owner.execute("DROP ROLE only_reads")
    assert found["warehouse, writing"]["health"] == "failed"
    assert "'only_reads' may not write" in found["warehouse, writing"]["found"]


def _as(user: str, password: str, owner: psycopg.Connection) -> str:
    info = owner.info
    parameters = {"user": user, "password": password, "host": info.host, "port": info.port}
    return psycopg.conninfo.make_conninfo(dbname=info.dbname, **parameters)


@pytest.mark.parametrize(
    ("skew", "health"),
    [(timedelta(seconds=30), Health.OK), (timedelta(minutes=-14), Health.FAILED)],
    ids=["half a minute", "fourteen minutes behind"],
)
def test_a_clock_is_compared_with_the_object_store(s3_store, skew, health):
    clock = FixedClock(datetime.now(UTC) + skew)
    found = {d.what: d for d in bucket_diagnoses(s3_store, RetentionPolicy(), clock)}
    assert found["clock"].health is health


def test_a_message_is_sent_when_asked_for_and_not_before(deployment, monkeypatch):
    with WebhookServer() as receiver:
        monkeypatch.setenv("LM_WEBHOOK_URL", receiver.address)
        CliRunner().invoke(doctor, [])
        assert receiver.received == []
        CliRunner().invoke(doctor, ["--send-message"])
    assert b"a test message" in receiver.received[0].body
