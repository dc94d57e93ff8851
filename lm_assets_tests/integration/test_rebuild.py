"""``lm warehouse rebuild`` on a real bucket and a real Postgres: the same rows as before."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from click.testing import CliRunner, Result
from psycopg import sql

from lm_assets.cli.platform.warehouse import warehouse as warehouse_command
from lm_assets.definitions import build_definitions
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.object_keys import facts_key
from lm_assets.gateways.bucket.verdict_json import verdict_rows
from lm_assets.gateways.configuration import load_configuration
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.gateways.warehouse import Warehouse
from lm_assets.gateways.warehouse.rebuild import rebuild_campaign
from lm_assets.gateways.warehouse.retention import remove_expired_rows
from lm_assets.model.errors import DataFaultError
from lm_assets.model.retention import RetentionPolicy
from lm_assets_tests.builders import STARTED, a_cell, a_finding, a_record, a_summary, a_verdict
from lm_assets_tests.conftest import PROJECT
from lm_assets_tests.integration.result_files import land

pytestmark = pytest.mark.integration

RUN, BUILT, OTHER = "nightly-2026-11-22-1a2b3c4", "nightly-2026-11-20-built", "weekly-2026-11-15-x"
COMBINATIONS = ("3.5.0_connect_kubernetes_none_read_1gb", "4.0.0_connect_kubernetes_none_join_1gb")
MADE_AGAIN = (
    *("campaigns", "combinations", "load_runs", "run_metrics"),
    *("summaries", "verdicts", "findings"),
)
Dump = dict[str, list[str]]


@dataclass(frozen=True)
class Stored:
    """A bucket and a warehouse that agree."""

    bucket: CampaignBucket
    warehouse: Warehouse

    def store(self, campaign: str, *, runs: int = 3) -> None:
        """Write what a run writes, objects first: several months, gaps, findings, odd text."""
        records = [
            a_record(
                campaign=campaign,
                run_id=f"run-{n}",
                started_at=STARTED + timedelta(days=20 * n),
                ended_at=STARTED + timedelta(days=20 * n, seconds=12.3456),
                exit_code=n % 2,
                extra={"note": "ü '; \\N\t", "nested": {"a": [1, None, 0.1 + 0.2]}},
            )
            for n in range(runs)
        ]
        records.append(a_record(campaign=campaign, run_id="u", started_at=None, ended_at=None))
        summaries = [
            a_summary(campaign=campaign),
            replace(a_summary(campaign=campaign, metric="gc_time_pct"), n=0, mean=None, cv=None),
        ]
        cells = [a_cell(), a_cell(metric="gc_time_pct", change=None, change_ci95=None, p=None)]
        findings = (a_finding(kind="common_shift", where={}), a_finding())
        verdict = a_verdict(cells, campaign=campaign, findings=findings, notes=("a", "b"))
        self.bucket.write_records(campaign, records)
        self.warehouse.replace_runs(campaign, records)
        self.bucket.write_summaries(campaign, summaries)
        self.warehouse.replace_summaries(campaign, summaries)
        self.bucket.write_verdict_rows(campaign, verdict_rows(verdict))
        self.warehouse.replace_verdict(verdict)

    def dump(self) -> Dump:
        """Return every row of every table, without the moments of storing and judging."""
        moments = "to_jsonb(t) - 'first_stored_at' - 'judged_at'"
        query = sql.SQL(f"SELECT ({moments})::text FROM {{}} t ORDER BY 1")
        return {
            table: [row for (row,) in self.warehouse.read(query.format(sql.Identifier(table)))]
            for table in (*MADE_AGAIN, "deliveries")
        }

    def lose(self, *tables: str) -> None:
        names = sql.SQL(", ").join(map(sql.Identifier, tables or MADE_AGAIN))
        self.warehouse.run(lambda c: c.execute(sql.SQL("TRUNCATE {}").format(names)))

    def remove_objects(self, prefix: str) -> None:
        for item in list(self.bucket.store.list(prefix)):
            self.bucket.store.delete(item.key)

    def rebuild(self, *arguments: str) -> Result:
        return CliRunner().invoke(warehouse_command, ["rebuild", *arguments], standalone_mode=False)


@pytest.fixture
def stored(s3_environment, warehouse_url, monkeypatch) -> Iterator[Stored]:
    environment = {
        **s3_environment,
        "LM_POSTGRES_URL": warehouse_url,
        "LM_CONFIG_DIR": str(PROJECT / "config"),
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with Warehouse.from_environment(os.environ) as warehouse:
        yield Stored(CampaignBucket(S3ObjectStore.from_environment(os.environ)), warehouse)


def run_of_the_platform(stored: Stored) -> None:
    """Land a campaign and run the assets that store rows."""
    durations = dict.fromkeys(COMBINATIONS, (10.0, 10.2, 9.9, 10.1, 10.3))
    land(stored.bucket.store, RUN, durations)
    matrix = load_configuration(PROJECT / "config").matrix
    job = build_definitions(matrix).resolve_job_def("campaign_job")
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("campaign", [RUN])
        job.execute_in_process(
            instance=instance,
            partition_key=RUN,
            asset_selection=[
                dg.AssetKey(name)
                for name in ("raw_metrics", "statistical_summaries", "regression_verdicts")
            ],
            run_config={"loggers": {"console": {"config": {"log_level": "ERROR"}}}},
        )


def test_every_row_of_every_table_comes_back_as_it_was(stored):
    run_of_the_platform(stored)
    for campaign in (BUILT, OTHER):
        stored.store(campaign)
    stored.warehouse.record_delivery(RUN, "slack", "digest")
    before = stored.dump()
    assert all(before.values()), "each table has rows"

    stored.lose()
    assert stored.rebuild().return_value == 0
    assert stored.dump() == before
    assert stored.rebuild().return_value == 0, "a repeat"
    assert stored.dump() == before


def test_a_database_restored_from_yesterday_has_todays_rows_again(stored):
    stored.store(BUILT)
    stored.store(OTHER, runs=5)
    today = stored.dump()
    yesterday = [a_record(campaign=OTHER, run_id="yesterday")]
    stored.warehouse.replace_runs(OTHER, yesterday)
    stored.warehouse.replace_verdict(a_verdict([a_cell()], campaign=OTHER))
    stored.warehouse.run(lambda c: c.execute("DELETE FROM campaigns WHERE campaign = %s", [BUILT]))
    assert stored.dump() != today
    stored.rebuild()
    assert stored.dump() == today


def test_a_campaign_that_has_no_load_run_any_more_has_no_rows_of_any(stored):
    stored.store(BUILT)
    stored.bucket.write_records(BUILT, [])
    assert json.loads(stored.rebuild("--json").stdout)["campaigns"][0]["runs"] == 0
    after = stored.dump()
    assert after["load_runs"] == after["run_metrics"] == []
    assert json.loads(after["campaigns"][0])["runs"] == 0


def test_a_campaign_whose_records_have_expired_keeps_its_facts(stored):
    stored.store(BUILT)
    stored.store(OTHER)
    stored.remove_objects(f"raw/{BUILT}/")
    policy = RetentionPolicy(raw_days=30, aggregated_days=365)
    later = STARTED + timedelta(days=40 + 31)
    remove_expired_rows(stored.warehouse, policy, now=later)
    stored.store(OTHER)
    before = stored.dump()
    (facts,) = (json.loads(row) for row in before["campaigns"] if BUILT in row)
    assert (facts["runs"], facts["git_sha"]) == (4, a_record().subject.git_sha)
    assert not any(BUILT in row for row in before["load_runs"])
    assert any(BUILT in row for row in before["verdicts"])

    stored.lose()
    assert stored.rebuild().return_value == 0
    assert stored.dump() == before


def test_what_is_not_known_of_a_campaign_is_null_and_said(stored):
    stored.store(BUILT)
    stored.remove_objects(f"raw/{BUILT}/")
    stored.bucket.store.delete(facts_key(BUILT))
    stored.lose()
    result = stored.rebuild("--json")
    assert json.loads(result.stdout)["campaigns"][0]["has_facts"] is False
    assert "are not in the bucket" in result.stderr
    (row,) = map(json.loads, stored.dump()["campaigns"])
    assert [row[name] for name in ("runs", "failed_runs", "started_at")] == [None] * 3
    assert row["verdict"] == str(a_verdict().verdict)


def test_what_is_known_only_to_the_database_stays_there(stored):
    stored.store(BUILT)
    stored.store(OTHER)
    before = stored.dump()
    stored.remove_objects(f"raw/{BUILT}/")
    stored.bucket.store.delete(facts_key(BUILT))
    stored.remove_objects(f"raw/{OTHER}/")
    stored.remove_objects(f"aggregated/{OTHER}/")
    result = stored.rebuild("--json")
    assert stored.dump() == before
    document = json.loads(result.stdout)
    assert document["without_objects"] == [OTHER]
    assert document["campaigns"][0]["kept_rows"] == ["load_runs"]
    assert f"{OTHER}: the bucket holds nothing of it; its rows were left" in result.stderr


def test_a_part_of_the_records_is_not_taken_for_all(stored):
    records = [a_record(campaign=BUILT), a_record(campaign=BUILT, combination="other")]
    stored.bucket.write_records(BUILT, records)
    stored.warehouse.replace_runs(BUILT, records)
    stored.bucket.store.delete(f"raw/{BUILT}/other.jsonl")
    before = stored.dump()
    result = stored.rebuild("--json")
    assert result.return_value == 4
    assert f"{BUILT}: raw/ holds 1 of its 2 load runs" in result.stderr
    assert stored.dump() == before, "the database still had both"

    stored.lose()
    stored.rebuild()
    after = stored.dump()
    assert len(after["load_runs"]) == 1
    assert json.loads(after["campaigns"][0])["runs"] == 2


def test_a_dry_run_reads_everything_and_writes_nothing(stored):
    stored.store(BUILT)
    stored.lose()
    result = stored.rebuild("--dry-run", "--json")
    document = json.loads(result.stdout)
    assert result.return_value == 0
    assert (document["dry_run"], document["campaigns"][0]["runs"]) == (True, 4)
    assert not any(stored.dump().values())


def test_one_broken_campaign_does_not_stop_the_others(stored):
    stored.store(BUILT)
    stored.store(OTHER)
    before = stored.dump()
    stored.lose()
    key = f"aggregated/{BUILT}/summaries.jsonl"
    stored.bucket.store.write(key, b'{"campaign": 1}\n')
    result = stored.rebuild("--json")
    assert result.return_value == 4
    assert f"{key} line 1" in json.loads(result.stdout)["failed"][BUILT]
    expected = {table: [row for row in found if OTHER in row] for table, found in before.items()}
    expected["combinations"] = before["combinations"]
    assert stored.dump() == expected


@pytest.mark.parametrize("arguments", [[], ["--dry-run"]], ids=["written", "dry run"])
def test_a_run_in_an_impossible_year_stops_its_own_campaign_only(stored, arguments):
    stored.store(OTHER)
    wrong = datetime(9999, 12, 31, 23, tzinfo=UTC)
    records = [a_record(campaign=BUILT, started_at=wrong, ended_at=None)]
    stored.bucket.write_records(BUILT, records)
    stored.lose()
    result = stored.rebuild("--json", *arguments)
    document = json.loads(result.stdout)
    assert result.return_value == 4
    assert "starts in the year 9999" in document["failed"][BUILT]
    assert [c["campaign"] for c in document["campaigns"]] == [OTHER]


def test_one_campaign_can_be_asked_for_and_must_be_there(stored):
    stored.store(BUILT)
    stored.store(OTHER)
    stored.lose()
    assert stored.rebuild("--campaign", BUILT).return_value == 0
    assert stored.warehouse.campaigns() == [BUILT]
    result = stored.rebuild("--campaign", "nightly-unheard-of")
    assert result.return_value == 4
    assert "the bucket holds nothing of campaign 'nightly-unheard-of'" in result.stderr


def test_a_name_that_can_be_no_campaign_is_refused_before_any_work(stored):
    stored.store(BUILT)
    stored.lose()
    result = stored.rebuild("--campaign", BUILT, "--campaign", "../x")
    assert "../x" in str(result.exception)
    assert stored.warehouse.campaigns() == []


class CutOffError(Exception):
    """The process is gone."""


def test_cut_off_before_any_write_and_repeated_it_makes_the_same_rows(stored, monkeypatch):
    stored.store(BUILT)
    before = stored.dump()
    writes = ("replace_runs", "record_facts", "replace_summaries", "replace_verdict")
    for name in writes:
        stored.lose()
        with monkeypatch.context() as patch:
            patch.setattr(Warehouse, name, _cut)
            assert isinstance(stored.rebuild().exception, CutOffError)
        assert stored.dump() != before
        assert stored.rebuild().return_value == 0
        assert stored.dump() == before


def _cut(*_: object, **__: object) -> None:
    raise CutOffError


def test_killed_between_any_two_campaigns_and_repeated_it_makes_the_same_rows(stored):
    campaigns = 12
    for day in range(campaigns):
        stored.store(f"nightly-2026-10-{day + 1:02}-killed")
    before = stored.dump()
    for seen in range(campaigns - 2):
        stored.lose()
        with subprocess.Popen(
            [Path(sys.executable).with_name("lm"), "warehouse", "rebuild"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process:
            while len(stored.warehouse.campaigns()) <= seen and process.poll() is None:
                time.sleep(0.001)
            process.kill()
            output = process.communicate()[0]
        assert process.returncode == -signal.SIGKILL, output.decode()
        assert len(stored.dump()["campaigns"]) < campaigns
        assert stored.rebuild().return_value == 0
        assert stored.dump() == before


class BucketOfARun(CampaignBucket):
    """Does something once, just after the verdicts were read."""

    def __init__(self, bucket: CampaignBucket, then: Callable[[], None]) -> None:
        super().__init__(bucket.store)
        self.then = [then]

    def verdict_rows(self, campaign):
        found = super().verdict_rows(campaign)
        while self.then:
            self.then.pop()()
        return found


def test_a_run_that_stores_the_campaign_meanwhile_is_not_undone(stored):
    stored.store(BUILT, runs=3)
    bucket = BucketOfARun(stored.bucket, lambda: stored.store(BUILT, runs=6))
    rebuilt = rebuild_campaign(BUILT, bucket=bucket, warehouse=stored.warehouse)
    assert rebuilt.runs == 7
    assert len(stored.dump()["load_runs"]) == 7


def test_objects_that_are_gone_while_they_are_read_are_looked_for_again(stored):
    stored.store(BUILT)
    bucket = BucketOfARun(stored.bucket, lambda: stored.remove_objects(""))
    with pytest.raises(DataFaultError, match="holds nothing of campaign"):
        rebuild_campaign(BUILT, bucket=bucket, warehouse=stored.warehouse)
