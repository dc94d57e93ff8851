"""A simulated campaign is one to the platform: from files in the bucket to a verdict."""

import json
import multiprocessing
import shutil
from pathlib import Path

import pytest

from lm_assets.cli.main import main
from lm_assets.collect.landing.manifest import parse_manifest
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.verdict_json import campaign_verdict
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.gateways.warehouse import Warehouse
from lm_assets_tests.conftest import PROJECT
from lm_assets_tests.integration.crash_run import run_campaign

pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]

BEFORE, AFTER = "nightly-simulated-before", "nightly-simulated-after"


@pytest.fixture
def environment(service_environment, tmp_path, monkeypatch):
    shutil.copytree(PROJECT / "config", tmp_path / "config")
    (tmp_path / "config" / "baselines" / "load-test-baselines.yaml").unlink(missing_ok=True)
    variables = {**service_environment, "LM_CONFIG_DIR": str(tmp_path / "config")}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with Warehouse.from_environment(variables) as warehouse:
        warehouse.migrate()
    return variables


def lm(*arguments):
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return ended.value.code


def upload(store: S3ObjectStore, folder: Path) -> None:
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            store.write(str(file.relative_to(folder)), file.read_bytes())


def run(campaign, environment):
    context = multiprocessing.get_context("spawn")
    passed = context.Value("i", -1)
    process = context.Process(target=run_campaign, args=(campaign, environment, None, passed))
    process.start()
    process.join()
    assert process.exitcode == 0


def test_a_simulated_campaign_is_judged_as_its_samples_are(environment, tmp_path, capsys):
    store = S3ObjectStore.from_environment(environment)
    for campaign, seed, effects in (
        (BEFORE, 1, ()),
        (AFTER, 2, ("--effect", "factor=1.6,operation=read")),
    ):
        written = lm(
            *("simulate", "--campaign", campaign, "--output", tmp_path / "sim", "--seed", seed),
            *("--samples", tmp_path / f"{campaign}.jsonl", "--priority", "p0", "--noise", 0.03),
            *effects,
        )
        assert written == 0
    upload(store, tmp_path / "sim")
    run(BEFORE, environment)
    guards = ("--allow", "outliers", "--allow", "two_modes")
    assert lm("baseline", "init", "--campaign", BEFORE, *guards) == 0
    run(AFTER, environment)

    bucket = CampaignBucket(store)
    assert parse_manifest(bucket.manifest(AFTER), campaign=AFTER).is_simulated
    verdict = campaign_verdict(bucket.verdict_rows(AFTER))
    assert verdict.exit_code == 2
    platform = {(cell.combination, cell.metric): cell for cell in verdict.cells}
    files = [tmp_path / f"{campaign}.jsonl" for campaign in (BEFORE, AFTER)]
    capsys.readouterr()
    assert lm("judge", "--baseline", files[0], "--current", files[1], "--json") == 2
    judged = json.loads(capsys.readouterr().out)["cells"]
    compared = {"duration_s", "latency_p99_ms"}
    pairs = [
        (platform[cell["combination"], cell["metric"]], cell)
        for cell in judged
        if cell["metric"] in compared
    ]
    assert len(pairs) == 8
    for stored, cell in pairs:
        assert stored.change == pytest.approx(cell["change"], abs=1e-6)
        assert (stored.verdict == "regressed") == ("_read_" in cell["combination"])
