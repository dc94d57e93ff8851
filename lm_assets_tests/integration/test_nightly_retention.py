"""Retention of everything at once, on a real bucket, warehouse and Dagster instance in Postgres."""

import json
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import psycopg
import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner, Result

from lm_assets.cli.platform.retention import retention as retention_command
from lm_assets.definitions import build_definitions
from lm_assets.gateways.baseline_file.file import read_catalogue, write_catalogue
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.overdue import GRACE
from lm_assets.gateways.bucket.retention import lifecycle_status
from lm_assets.gateways.configuration import load_configuration
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.gateways.warehouse import Warehouse
from lm_assets.model.baseline import AcknowledgedFinding, BaselineCatalogue
from lm_assets.model.retention import RetentionPolicy
from lm_assets.orchestration.expired_campaigns import (
    expired_campaigns,
    remove_expired_campaigns,
)
from lm_assets.orchestration.instance import open_instance
from lm_assets.orchestration.partitions import campaign_partitions
from lm_assets.orchestration.retention import (
    RetentionTargets,
    apply_retention,
    retention_status,
)
from lm_assets.orchestration.schedules import nightly_retention_job
from lm_assets_tests.builders import COMBINATION, a_baseline, a_record
from lm_assets_tests.conftest import PROJECT
from lm_assets_tests.fakes.clock import FixedClock

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

POLICY = RetentionPolicy(raw_days=30, aggregated_days=365)
RAW = dg.AssetKey("raw_metrics")
SILENT = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}}


@dg.asset(name="raw_metrics", partitions_def=campaign_partitions)
def stands_for_raw_metrics() -> None:
    """Stands for the platform's asset of this name: only that it was made matters here."""


@dataclass(frozen=True)
class DagsterRecords:
    """A real instance, with a way to make its runs look older or unfinished."""

    instance: dg.DagsterInstance
    url: str

    def run(self, *campaigns: str) -> None:
        self.instance.add_dynamic_partitions("campaign", list(campaigns))
        for campaign in campaigns:
            dg.materialize(
                [stands_for_raw_metrics],
                instance=self.instance,
                partition_key=campaign,
                run_config=SILENT,
            )
        self.shown()

    def change(self, campaign: str, **columns: object) -> None:
        with psycopg.connect(self.url) as connection:
            for column, value in columns.items():
                connection.execute(
                    f"UPDATE runs SET {column} = %s WHERE run_id IN "
                    "(SELECT run_id FROM run_tags WHERE key = 'dagster/partition' AND value = %s)",
                    [value, campaign],
                )

    def keys(self) -> list[str]:
        return sorted(self.instance.get_dynamic_partitions("campaign"))

    def runs(self) -> list[str]:
        records = self.instance.get_run_records()
        return sorted(r.dagster_run.tags["dagster/partition"] for r in records)

    def shown(self) -> dict[str, bool]:
        """Return what the asset's page shows; as the page does, this fills the status cache."""
        status = self.instance.get_status_by_partition(RAW, self.keys(), campaign_partitions)
        return {key: value is not None for key, value in (status or {}).items()}

    def cached(self) -> str:
        (record,) = self.instance.get_asset_records([RAW])
        return str(record.asset_entry.cached_status)

    def events(self) -> int:
        with psycopg.connect(self.url) as connection:
            query = "SELECT count(*) FROM event_logs WHERE partition = 'expired' AND run_id <> ''"
            return connection.execute(query).fetchone()[0]


@pytest.fixture
def home(service_environment, tmp_path, monkeypatch) -> Path:
    configuration = tmp_path / "config"
    shutil.copytree(PROJECT / "config", configuration)
    for name, value in {**service_environment, "LM_CONFIG_DIR": str(configuration)}.items():
        monkeypatch.setenv(name, value)
    with Warehouse.from_environment(os.environ) as warehouse:
        warehouse.migrate()
    folder = tmp_path / "dagster"
    folder.mkdir()
    shutil.copyfile(PROJECT / "dagster.yaml", folder / "dagster.yaml")
    return folder


@pytest.fixture
def dagster(home) -> Iterator[DagsterRecords]:
    with open_instance(home) as instance:
        yield DagsterRecords(instance, os.environ["LM_DAGSTER_POSTGRES_URL"])


class TestDagstersRecords:
    LATER = datetime.now(UTC) + timedelta(days=31)

    def remove(self, dagster: DagsterRecords, *kept: str):
        return remove_expired_campaigns(
            dagster.instance, kept=set(kept), policy=POLICY, now=self.LATER
        )

    def test_of_expired_campaigns_go_and_the_others_stay(self, dagster):
        dagster.run("expired", "kept", "young", "busy")
        dagster.instance.add_dynamic_partitions("campaign", ["never-run"])
        dagster.change("young", create_timestamp=datetime.now(UTC) + timedelta(days=20))
        dagster.change("busy", status="STARTED")
        expected = expired_campaigns(dagster.instance, kept={"kept"}, policy=POLICY, now=self.LATER)
        assert [e.campaign for e in expected.campaigns] == ["expired", "never-run"]
        assert expected.busy == ("busy",)
        assert dagster.runs() == ["busy", "expired", "kept", "young"], "only listed so far"
        assert dagster.events() > 0

        done = self.remove(dagster, "kept")
        assert done.campaigns == expected.campaigns
        assert done.stale_assets == ("raw_metrics",)
        assert dagster.runs() == ["busy", "kept", "young"]
        assert dagster.events() == 0
        assert dagster.cached() == "None"
        assert dagster.shown() == {"busy": True, "kept": True, "young": True}
        assert "expired" not in dagster.cached()

        again = self.remove(dagster, "kept")
        assert (again.campaigns, again.stale_assets) == ((), ())
        assert "kept" in dagster.cached(), "a repeat leaves a good cache alone"

    @pytest.mark.parametrize("step", ["delete_run", "delete_dynamic_partition", "wipe"])
    def test_that_a_killed_removal_left_go_with_the_next(self, dagster, monkeypatch, step):
        dagster.run("expired", "kept")
        name = "wipe_asset_cached_status" if step == "wipe" else step
        with monkeypatch.context() as patch:
            patch.setattr(dg.DagsterInstance, name, _killed)
            with pytest.raises(KeyboardInterrupt):
                self.remove(dagster, "kept")
        self.remove(dagster, "kept")
        assert (dagster.keys(), dagster.runs()) == (["kept"], ["kept"])
        assert dagster.shown() == {"kept": True}
        assert "expired" not in dagster.cached()

    def test_of_a_campaign_that_is_started_meanwhile_stay(self, dagster, monkeypatch):
        dagster.run("expired")
        delete = dg.DagsterInstance.delete_run

        def delete_while_somebody_starts_it(instance: dg.DagsterInstance, run_id: str) -> None:
            delete(instance, run_id)
            dagster.run("expired")

        monkeypatch.setattr(dg.DagsterInstance, "delete_run", delete_while_somebody_starts_it)
        done = self.remove(dagster)
        assert (done.campaigns, done.busy) == ((), ("expired",))
        assert (dagster.keys(), dagster.runs()) == (["expired"], ["expired"])


def _killed(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


@dataclass(frozen=True)
class Platform:
    """Two campaigns everywhere: one is past its days at ``now``, one landed three seconds later."""

    targets: RetentionTargets
    dagster: DagsterRecords
    now: datetime

    def object_keys(self) -> list[str]:
        return [item.key for item in self.targets.store.list("")]

    def rows(self, table: str) -> list[str]:
        query = f"SELECT DISTINCT campaign FROM {table} ORDER BY 1"
        found = self.targets.warehouse.run(lambda c: c.execute(query).fetchall())
        return [name for (name,) in found]


@pytest.fixture
def platform(dagster) -> Iterator[Platform]:
    store = S3ObjectStore.from_environment(os.environ)
    bucket = CampaignBucket(store)
    with Warehouse.from_environment(os.environ) as warehouse:
        for campaign in ("expired", "kept"):
            moment = datetime.now(UTC) + timedelta(days=30 if campaign == "kept" else 0)
            record = a_record(campaign=campaign, started_at=moment, ended_at=moment)
            store.write(f"incoming/{campaign}/x/1.jsonl", b"{}")
            bucket.write_records(campaign, [record])
            warehouse.ensure_campaign(campaign, first_stored_at=moment)
            warehouse.replace_runs(campaign, [record])
            if campaign == "expired":
                landed = datetime.now(UTC)
                time.sleep(3)
        dagster.run("expired", "kept")
        yield Platform(
            targets=RetentionTargets(store=store, warehouse=warehouse, instance=dagster.instance),
            dagster=dagster,
            now=landed + timedelta(days=30, seconds=1.5) + GRACE,
        )


def test_everything_that_is_past_its_days_goes_and_nothing_else(platform):
    catalogue = Path(os.environ["LM_CONFIG_DIR"]) / "baselines" / "load-test-baselines.yaml"
    acknowledged = AcknowledgedFinding(
        finding="ticket-1",
        by="Jo",
        at="2026-11-22T12:00:00Z",
        reason="a safer default",
        loss=0.3,
        loss_since_anchor=None,
    )
    entry = a_baseline(
        source_campaigns=("expired",), acknowledged_findings={"duration_s": acknowledged}
    )
    before = read_catalogue(catalogue)
    write_catalogue(catalogue, BaselineCatalogue(entries={COMBINATION: entry}), before.digest)
    everything = platform.object_keys()

    listed = retention_status(platform.targets, POLICY, now=platform.now)
    assert not listed.is_in_force
    assert [item.key for found in listed.overdue for item in found.objects] == [
        "incoming/expired/x/1.jsonl",
        f"raw/expired/{a_record().combination}.jsonl",
    ]
    assert listed.rows.raw_campaigns == ("expired",)
    assert [e.campaign for e in listed.dagster.campaigns] == ["expired"]
    assert platform.object_keys() == everything, "only listed"

    done = apply_retention(platform.targets, POLICY, now=platform.now)
    assert done.is_in_force
    assert (done.overdue, done.rows) == (listed.overdue, listed.rows)
    assert platform.object_keys() == [
        "aggregated/expired/campaign.json",
        "aggregated/kept/campaign.json",
        "incoming/kept/x/1.jsonl",
        f"raw/kept/{a_record().combination}.jsonl",
        "reports/_index/digests.json",
        "reports/index.html",
    ]
    assert platform.rows("load_runs") == platform.rows("run_metrics") == ["kept"]
    assert platform.rows("campaigns") == ["expired", "kept"]
    assert (platform.dagster.keys(), platform.dagster.runs()) == (["kept"], ["kept"])
    (after,) = read_catalogue(catalogue).entries.values()
    assert after.acknowledged_findings == {"duration_s": acknowledged}, "kept for ever"
    assert after.metrics == entry.metrics

    again = apply_retention(platform.targets, POLICY, now=platform.now)
    assert not any(found.objects for found in again.overdue)
    assert again.rows.raw_campaigns == ()
    assert again.dagster.campaigns == ()


def test_a_server_without_lifecycle_rules_is_no_reason_to_keep_what_is_overdue(
    platform, monkeypatch
):
    def refuse(**_: object) -> None:
        answer = {"Error": {"Code": "NotImplemented"}, "ResponseMetadata": {"HTTPStatusCode": 501}}
        raise ClientError(answer, "PutBucketLifecycleConfiguration")

    client = platform.targets.store.client
    monkeypatch.setattr(client, "put_bucket_lifecycle_configuration", refuse)
    done = apply_retention(platform.targets, POLICY, now=platform.now)
    assert "refused (NotImplemented)" in done.refusal
    assert not done.is_in_force
    assert not [
        key for key in platform.object_keys() if key.startswith(("incoming/exp", "raw/exp"))
    ]


def test_the_nightly_job_lists_on_request_and_shows_what_went(platform):
    resources = {
        "bucket": CampaignBucket(platform.targets.store),
        "warehouse": platform.targets.warehouse,
        "retention": POLICY,
        "clock": FixedClock(platform.now),
    }

    def run(*, dry_run: bool) -> dict[str, object]:
        config = {"ops": {"remove_expired": {"config": {"dry_run": dry_run}}}, **SILENT}
        result = nightly_retention_job.execute_in_process(
            instance=platform.dagster.instance, run_config=config, resources=resources
        )
        assert result.success
        (event,) = (e for e in result.all_events if e.event_type_value == "STEP_OUTPUT")
        metadata = event.event_specific_data.metadata
        return {name: getattr(value, "value", value) for name, value in metadata.items()}

    listed = run(dry_run=True)
    assert listed["removed"] is False
    assert listed["campaigns_gone_from_dagster"] == ["expired"]
    assert platform.dagster.keys() == ["expired", "kept"]
    done = run(dry_run=False)
    assert done["removed"] is True
    assert done["dagster_runs"] == 1
    assert platform.dagster.keys() == ["kept"]
    assert run(dry_run=False)["campaigns_gone_from_dagster"] == []


def test_the_code_locations_own_job_does_it_with_what_the_environment_names(dagster):
    matrix = load_configuration(Path(os.environ["LM_CONFIG_DIR"])).matrix
    job = build_definitions(matrix).resolve_job_def("nightly_retention_job")
    assert job.execute_in_process(instance=dagster.instance, run_config=SILENT).success
    rules = lifecycle_status(S3ObjectStore.from_environment(os.environ), POLICY)
    assert all(rule.is_applied for rule in rules)


class TestCommand:
    def run(self, home: Path, *arguments: str) -> Result:
        return CliRunner().invoke(
            retention_command, [*arguments, "--dagster-home", str(home)], standalone_mode=False
        )

    def test_sets_the_rules_and_says_so(self, home):
        before = self.run(home, "status", "--json")
        assert before.return_value == 4
        assert {r["found_days"] for r in json.loads(before.stdout)["rules"]} == {None}
        assert self.run(home, "apply", "--dry-run").return_value == 4
        assert self.run(home, "apply").return_value == 0
        after = self.run(home, "status", "--json")
        assert after.return_value == 0
        document = json.loads(after.stdout)
        assert all(rule["is_applied"] for rule in document["rules"])
        assert document["exit_code"] == 0
        assert "raw/            kept 30 days, rule of 30 days" in self.run(home, "status").stdout

    def test_says_which_variable_to_look_at_when_dagster_is_out_of_reach(self, home, monkeypatch):
        monkeypatch.delenv("LM_DAGSTER_POSTGRES_URL")
        result = self.run(home, "status")
        assert "is LM_DAGSTER_POSTGRES_URL set" in str(result.exception)

    def test_does_not_make_an_instance_where_there_is_none(self, home, tmp_path):
        empty = tmp_path / "empty"
        empty.mkdir()
        result = self.run(empty, "status")
        assert "holds no dagster.yaml" in str(result.exception)
        assert list(empty.iterdir()) == []
