"""A suspicion on real servers: asked about in the bucket, answered by fresh runs, judged anew."""

import json
import re
import shlex
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import psycopg
import pytest
from click.testing import CliRunner

from lm_assets.cli.main import lm
from lm_assets.definitions import build_definitions
from lm_assets.gateways.baseline_file.file import read_catalogue, write_catalogue
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.verdict_json import campaign_verdict
from lm_assets.gateways.configuration import load_configuration
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.gateways.warehouse import Warehouse
from lm_assets.model.baseline import BaselineCatalogue, MetricBaseline
from lm_assets.model.verdict import CampaignVerdict, CellVerdict
from lm_assets_tests.builders import a_baseline
from lm_assets_tests.conftest import PROJECT
from lm_assets_tests.integration.result_files import land, result_line

pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]

CAMPAIGN = "nightly-2026-11-22-1a2b3c4"
FRESH = f"{CAMPAIGN}-confirm"
REQUEST = f"confirmations/{CAMPAIGN}.json"
HIT = "3.5.0_connect_kubernetes_none_read_1gb"
STEADY = (100.0, 101.0, 99.0, 100.5, 99.5)
# Worse by a quarter with p = 0.008: the plain rule holds, and among these cells q does not.
BEFORE, NOW = (90.0, 110.0, 100.0, 105.0, 95.0), (115.0, 150.0, 120.0, 140.0, 112.0)


@dataclass(frozen=True)
class Platform:
    """The campaign's and the confirmation's job, each in this process on real servers."""

    definitions: dg.Definitions
    bucket: CampaignBucket
    postgres_url: str

    def run(self, job: str) -> None:
        """Run a job, all but the PDF, which costs as much as everything else together."""
        definition = self.definitions.resolve_job_def(job)
        wanted = definition.asset_layer.selected_asset_keys - {dg.AssetKey("detailed_report")}
        with dg.DagsterInstance.ephemeral() as instance:
            instance.add_dynamic_partitions("campaign", [CAMPAIGN])
            result = definition.execute_in_process(
                instance=instance,
                partition_key=CAMPAIGN,
                asset_selection=sorted(wanted),
                run_config={"loggers": {"console": {"config": {"log_level": "ERROR"}}}},
            )
        assert result.success

    def verdict(self) -> CampaignVerdict:
        return campaign_verdict(self.bucket.verdict_rows(CAMPAIGN))

    def hit(self) -> CellVerdict:
        cells = self.verdict().cells
        return next(c for c in cells if (c.combination, c.metric) == (HIT, "duration_s"))

    def request(self) -> dict:
        return json.loads(self.bucket.store.read(REQUEST))

    def objects(self) -> dict[str, bytes]:
        store = self.bucket.store
        keys = [item.key for item in store.list("") if not item.key.startswith("incoming/")]
        return {key: store.read(key) for key in keys}

    def land_fresh(self, **sides: Sequence[float]) -> None:
        """Deliver fresh runs of the suspected combination as its request says."""
        lines = [
            result_line(HIT, number, seconds, run_id=f"{side}-{number}")
            for side, durations in sides.items()
            for number, seconds in enumerate(durations, start=1)
        ]
        land(self.bucket.store, FRESH, {HIT: ()}, extra_lines={HIT: lines})

    def rows(self) -> list[tuple]:
        query = (
            "SELECT c.campaign, c.verdict, v.verdict FROM campaigns c JOIN verdicts v USING "
            "(campaign) WHERE v.combination = %s AND v.metric = 'duration_s'"
        )
        with psycopg.connect(self.postgres_url) as connection:
            return connection.execute(query, [HIT]).fetchall()


def durations(hit: Sequence[float]) -> Mapping[str, Sequence[float]]:
    others = [c.id for c in load_configuration(PROJECT / "config").matrix.combinations]
    steady = [name for name in others if name != HIT and "_kubernetes_" in name][:11]
    return {**dict.fromkeys(steady, STEADY), HIT: hit}


def accept(path: Path) -> None:
    """Write the baselines of every combination of the campaign."""
    entries = {
        name: a_baseline(
            combination=name,
            environment={"cpu_model": "test"},
            metrics={
                "duration_s": MetricBaseline.of_samples(values),
                "throughput_rows_s": MetricBaseline.of_samples([1e6 / v for v in values]),
            },
        )
        for name, values in durations(BEFORE).items()
    }
    write_catalogue(path, BaselineCatalogue(entries=entries), read_catalogue(path).digest)


@pytest.fixture
def platform(
    service_environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Platform:
    config = tmp_path / "config"
    shutil.copytree(PROJECT / "config", config)
    settings = load_configuration(config)
    accept(settings.baselines_path)
    for name, value in {**service_environment, "LM_CONFIG_DIR": str(config)}.items():
        monkeypatch.setenv(name, value)
    with Warehouse.from_environment(service_environment) as warehouse:
        warehouse.migrate()
    bucket = CampaignBucket(S3ObjectStore.from_environment(service_environment))
    land(bucket.store, CAMPAIGN, durations(NOW))
    return Platform(
        build_definitions(settings.matrix), bucket, service_environment["LM_POSTGRES_URL"]
    )


def follow_advice(platform: Platform) -> None:
    """Run every command that the executive summary advises, as it is printed there."""
    summary = platform.bucket.report(CAMPAIGN, "executive.md").decode()
    advised = re.findall(r"^- .*: `(lm .*)`$", summary, re.MULTILINE)
    assert len(advised) >= 2
    assert any(command.startswith("lm baseline update") for command in advised)
    for command in advised:
        result = CliRunner().invoke(lm, shlex.split(command)[1:])
        assert result.exit_code in (0, 2, 3, 4), (command, result.output)
        assert not result.exception or isinstance(result.exception, SystemExit), command


def test_fresh_runs_turn_a_suspicion_into_a_regression_and_a_later_delivery_clears_it(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    platform.run("campaign_job")
    suspected = platform.verdict()
    assert (suspected.verdict, suspected.exit_code) == ("suspected", 3)
    request = platform.request()
    assert (request["status"], request["results_campaign"]) == ("open", FRESH)
    assert {(c["combination"], c["answer"]) for c in request["cells"]} == {(HIT, None)}
    assert request["subjects"]["current"]["git_sha"] == "1a2b3c4"
    assert request["subjects"]["baseline"][HIT]["subject"]["git_sha"] == "1a2b3c4d5e6f"
    assert REQUEST.encode() in platform.bucket.report(CAMPAIGN, "executive.md")

    platform.land_fresh(baseline=BEFORE, current=())
    platform.run("confirmation_job")
    assert platform.hit().verdict == "suspected"
    assert platform.request() == request

    platform.land_fresh(baseline=STEADY, current=[1.4 * v for v in STEADY])
    platform.run("confirmation_job")
    hit = platform.hit()
    assert (hit.verdict, hit.decided_by) == ("regressed", "confirmation")
    assert hit.explanation["confirmation"]["change"] == pytest.approx(0.4)
    assert (hit.n_baseline, hit.n_current) == (5, 5)
    assert platform.verdict().exit_code == 2
    assert platform.request()["status"] == "answered"
    assert platform.request()["runs"] == request["runs"]
    assert b"fresh runs 5 : 5 said +40" in platform.bucket.report(CAMPAIGN, "executive.md")
    follow_advice(platform)
    assert platform.rows() == [(CAMPAIGN, "regressed", "regressed")]

    before = platform.objects()
    platform.run("campaign_job")
    assert platform.objects() == before
    assert {record.run_id for record in platform.bucket.records(CAMPAIGN)} == {
        f"run-{number}" for number in range(1, 6)
    }

    platform.land_fresh(baseline=STEADY, current=[1.01 * v for v in STEADY])
    platform.run("confirmation_job")
    assert (platform.hit().verdict, platform.verdict().exit_code) == ("unchanged", 0)
    assert platform.request()["status"] == "answered"
    assert platform.rows() == [(CAMPAIGN, "unchanged", "unchanged")]
