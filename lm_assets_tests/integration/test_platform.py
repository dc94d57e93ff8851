"""The real daemon and web server: a campaign lands, the sensor sees it, and everything follows."""

import json
import os
import re
import shutil
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import sync_playwright

from lm_assets.gateways.baseline_file.file import content_digest, write_catalogue
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.object_keys import REPORT_NAMES
from lm_assets.gateways.bucket.verdict_json import campaign_verdict
from lm_assets.gateways.configuration import load_configuration
from lm_assets.gateways.dagster_services import DagsterHome, DagsterServices
from lm_assets.gateways.engines.processes import free_port
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.gateways.warehouse import Warehouse
from lm_assets.model.baseline import BaselineCatalogue
from lm_assets.orchestration.backfill import launch_backfill
from lm_assets.regression.baselines import initial_entries
from lm_assets_tests.conftest import PROJECT
from lm_assets_tests.integration.result_files import land, result_line

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

CAMPAIGN = "nightly-2026-11-22-1a2b3c4"
COMBINATIONS = ("3.5.0_connect_kubernetes_none_read_1gb", "4.0.0_connect_kubernetes_none_join_1gb")
ARTEFACTS = PROJECT / ".ci" / "artefacts"
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(frozen=True)
class Platform:
    address: str
    bucket: CampaignBucket
    postgres_url: str
    workspace: Path
    environment: dict[str, str]
    baselines: Path


@pytest.fixture
def platform(service_environment: dict[str, str], tmp_path: Path) -> Iterator[Platform]:
    """The code location in a real daemon and a real web server, on servers of the test's own."""
    home = DagsterHome.prepare(tmp_path / "state", project=PROJECT)
    configuration = shutil.copytree(PROJECT / "config", tmp_path / "config")
    shutil.rmtree(configuration / "baselines", ignore_errors=True)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "LM_CONFIG_DIR": str(configuration),
        "PYTHONPATH": str(PROJECT),
        **service_environment,
    }
    store = S3ObjectStore.from_environment(service_environment)
    with Warehouse.from_environment(service_environment) as warehouse:
        warehouse.migrate()
    with DagsterServices(home, environment) as services:
        services.start_daemon()
        address = services.start_webserver(port=free_port())
        yield Platform(
            address=address,
            bucket=CampaignBucket(store),
            postgres_url=service_environment["LM_POSTGRES_URL"],
            workspace=home.workspace,
            environment={**environment, "DAGSTER_HOME": str(home.directory)},
            baselines=load_configuration(configuration).baselines_path,
        )


def ask(platform: Platform, query: str) -> dict:
    request = urllib.request.Request(
        f"{platform.address}/graphql",
        data=json.dumps({"query": query}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)["data"]


def wait_for_runs(platform: Platform, *, at_least: int, seconds: float = 150) -> list[dict]:
    """Return the runs once so many have ended; the test fails when they do not."""
    deadline = time.monotonic() + seconds
    runs: list[dict] = []
    while time.monotonic() < deadline:
        answer = ask(
            platform,
            "{ runsOrError { ... on Runs { results { runId status tags { key value } } } } }",
        )
        runs = answer["runsOrError"]["results"]
        if len([r for r in runs if r["status"] in {"SUCCESS", "FAILURE"}]) >= at_least:
            return runs
        time.sleep(1)
    pytest.fail(f"{at_least} runs did not end within {seconds} s; there are {runs}")


def broken_lines() -> list[str]:
    """Return a broken line, an unknown combination, a second delivery of a run, and a NaN."""
    return [
        '{"test_name": "p1_',
        result_line("nothing_known", 7, 10.0),
        result_line(COMBINATIONS[0], 1, 99.0),
        result_line(COMBINATIONS[0], 8, 10.0).replace("10.0,", "NaN,", 1),
    ]


def test_a_landed_campaign_becomes_reports_rows_and_a_page(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
):
    land(
        platform.bucket.store,
        CAMPAIGN,
        dict.fromkeys(COMBINATIONS, (10.0, 10.2, 9.9, 10.1, 10.3)),
        extra_lines={COMBINATIONS[0]: broken_lines()},
    )

    runs = wait_for_runs(platform, at_least=1)

    assert [run["status"] for run in runs] == ["SUCCESS"]
    assert {"key": "dagster/partition", "value": CAMPAIGN} in runs[0]["tags"]
    for name in REPORT_NAMES:
        assert platform.bucket.report(CAMPAIGN, name)
    assert len(platform.bucket.records(CAMPAIGN)) == 10
    refused = [line.rule for line in platform.bucket.quarantine(CAMPAIGN)]
    assert refused == ["not_json", "unknown_combination", "duplicate_run", "not_finite"]
    with psycopg.connect(platform.postgres_url) as connection:
        assert connection.execute("SELECT count(*) FROM load_runs").fetchone() == (10,)
        assert connection.execute("SELECT DISTINCT campaign FROM verdicts").fetchone() == (
            CAMPAIGN,
        )
    look_at_the_pages(platform)
    # Stale is what the verdicts are from the change to the new judgement: it is looked for at once.
    digest = accept_baselines(platform)
    changed_baselines_judge_anew(platform, digest)
    backfill_is_a_run_of_its_own(platform, monkeypatch)


def accept_baselines(platform: Platform) -> str:
    """Accept the campaign's runs, as `lm baseline init` does; return the file's new digest."""
    entries, refused = initial_entries(
        platform.bucket.records(CAMPAIGN), now=datetime.now(UTC), reason="initial baseline"
    )
    assert refused == []
    before = content_digest(platform.baselines)
    return write_catalogue(platform.baselines, BaselineCatalogue(entries=entries), before).digest


def changed_baselines_judge_anew(platform: Platform, digest: str) -> None:
    """See the verdicts become stale with the catalogue, and its sensor judge them anew."""
    node = f"""{{
        assetNodeOrError(assetKey: {{path: ["regression_verdicts"]}}) {{ ... on AssetNode {{
            staleStatus(partition: "{CAMPAIGN}")
            staleCauses(partition: "{CAMPAIGN}") {{ reason key {{ path }} }}
        }} }}
    }}"""
    deadline = time.monotonic() + 120
    while (seen := ask(platform, node)["assetNodeOrError"])["staleStatus"] != "STALE":
        assert time.monotonic() < deadline, f"the verdicts never became stale: {seen}"
        time.sleep(0.5)
    causes = [(cause["key"]["path"], cause["reason"]) for cause in seen["staleCauses"]]
    assert (["baseline_catalogue"], "has a new data version") in causes
    look_at_stale_verdicts(platform)
    runs = wait_for_runs(platform, at_least=2)
    assert [run["status"] for run in runs] == ["SUCCESS", "SUCCESS"]
    judged = campaign_verdict(platform.bucket.verdict_rows(CAMPAIGN))
    assert judged.baseline_version == digest
    assert judged.counts.get("no_baseline", 0) == 0


def look_at_stale_verdicts(platform: Platform) -> None:
    """Keep a picture of a stale partition as the page shows it."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        page = browser.new_page(viewport={"width": 1800, "height": 1000})
        page.set_default_timeout(90_000)
        address = f"{platform.address}/assets/regression_verdicts"
        page.goto(f"{address}?view=partitions&partition={CAMPAIGN}")
        page.get_by_text(CAMPAIGN).locator("visible=true").first.wait_for()
        page.screenshot(path=str(ARTEFACTS / "stale-verdicts.png"))
        browser.close()


def backfill_is_a_run_of_its_own(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask for the weekly backfill as its job does; see it among the backfills, and its run end."""
    for name, value in platform.environment.items():
        monkeypatch.setenv(name, value)
    backfill = launch_backfill([CAMPAIGN], title="Weekly", workspace=platform.workspace)
    runs = wait_for_runs(platform, at_least=3)
    assert [run["status"] for run in runs] == ["SUCCESS"] * 3
    query = "{ partitionBackfillsOrError { ... on PartitionBackfills { results { id title } } } }"
    listed = ask(platform, query)["partitionBackfillsOrError"]["results"]
    assert listed == [{"id": backfill, "title": "Weekly"}]
    assert len(platform.bucket.records(CAMPAIGN)) == 10


def look_at_the_pages(platform: Platform) -> None:
    """See the asset graph and the failed check as a person does; keep the pictures."""
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        page = browser.new_page(viewport={"width": 1800, "height": 1000})
        page.set_default_timeout(90_000)
        page.goto(f"{platform.address}/asset-groups/")
        groups = page.locator("foreignObject")
        for name in ("collect", "baselines", "judgement", "reports", "alerts"):
            groups.filter(has_text=name).first.wait_for()
        page.screenshot(path=str(ARTEFACTS / "asset-graph.png"))
        groups.filter(has_text="judgement").first.click()
        groups.filter(has_text="regression_verdicts").first.wait_for()
        page.screenshot(path=str(ARTEFACTS / "asset-graph-judgement.png"))
        page.goto(f"{platform.address}/assets/raw_metrics/?view=checks")
        page.get_by_text("nothing_quarantined").first.click()
        page.get_by_text(re.compile("1 × duplicate_run")).first.wait_for()
        page.screenshot(path=str(ARTEFACTS / "checks.png"))
        page.goto(f"{platform.address}/assets/regression_verdicts?view=overview")
        told = page.locator("table").filter(has_text="baseline_version").filter(has_text="columns")
        told.first.wait_for()
        rows = told.first.inner_text()
        assert rows.index("verdict") < rows.index("columns"), "the verdict stands above its columns"
        assert page.get_by_placeholder("Filter columns").count() == 0
        page.screenshot(path=str(ARTEFACTS / "verdict.png"))
        browser.close()
