"""A campaign through the services of deploy/compose.yaml, each started as a process."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.verdict_json import campaign_verdict
from lm_assets.gateways.object_store.protocol import ObjectNotFoundError
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets_tests.integration.compose_processes import ComposeProcesses
from lm_assets_tests.integration.fault_trials import CAMPAIGN, CampaignRuns
from lm_assets_tests.integration.killable_platform import waited_for

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

_RUNS = "{ runsOrError(limit: 1) { ... on Runs { results { runId status } } } }"
_LOGS = "query Logs($key: [String!]!) { capturedLogs(logKey: $key) { stdout stderr } }"


@pytest.fixture(scope="module")
def compose() -> Iterator[ComposeProcesses]:
    with tempfile.TemporaryDirectory(prefix="lm-test-") as folder:
        Path(folder).chmod(0o711)
        with ComposeProcesses(Path(folder)) as processes:
            prepared = processes.run("prepare")
            assert prepared.returncode == 0, prepared.stderr
            processes.start("code-server", "exporter", "prometheus", "alertmanager")
            waited_for(lambda: processes.is_healthy("code-server") or None, "the code server")
            processes.start("webserver", "daemon")
            yield processes


@pytest.fixture(scope="module")
def bucket(compose: ComposeProcesses) -> CampaignBucket:
    return CampaignBucket(S3ObjectStore.from_environment(compose.platform_environment()))


def asked(compose: ComposeProcesses, query: str, **variables: object) -> dict[str, Any]:
    address = f"http://127.0.0.1:{compose.ports['3000']}/graphql"
    answer = requests.post(address, json={"query": query, "variables": variables}, timeout=30)
    answer.raise_for_status()
    return answer.json()["data"]


@pytest.fixture(scope="module")
def judged(compose: ComposeProcesses, bucket: CampaignBucket) -> str:
    """The run that judged a campaign which landed in the bucket."""
    CampaignRuns(compose.platform_environment(), CAMPAIGN).deliver(0)

    def verdict() -> object | None:
        try:
            return campaign_verdict(bucket.verdict_rows(CAMPAIGN))
        except ObjectNotFoundError:
            return None

    waited_for(verdict, "the verdict of the campaign")

    def ended() -> str | None:
        (run,) = asked(compose, _RUNS)["runsOrError"]["results"]
        assert run["status"] != "FAILURE", compose.log("code-server")[-3000:]
        return run["runId"] if run["status"] == "SUCCESS" else None

    return waited_for(ended, "the end of the run")


def test_a_campaign_that_lands_is_judged_with_its_four_reports(judged, bucket):
    names = {item.key.rpartition("/")[2] for item in bucket.store.list(f"reports/{CAMPAIGN}/")}
    assert names == {"executive.md", "technical.html", "detailed.pdf", "raw.jsonl"}


def test_what_the_run_printed_lies_in_the_bucket_and_is_shown_by_the_web_server(
    judged, compose, bucket
):
    kept = [item.key for item in bucket.store.list(f"compute-logs/storage/{judged}/")]
    errors = [key for key in kept if key.endswith(".err")]
    assert errors, kept
    name = errors[0].rpartition("/")[2].removesuffix(".err")
    shown = asked(compose, _LOGS, key=[judged, "compute_logs", name])["capturedLogs"]
    assert shown["stderr"].encode() == bucket.store.read(errors[0])
    assert CAMPAIGN in shown["stderr"] or "raw_metrics" in shown["stderr"]


@pytest.mark.parametrize("service", ["code-server", "webserver", "daemon", "exporter"])
def test_each_service_is_well_by_its_own_check(judged, compose, service):
    assert waited_for(lambda: compose.is_healthy(service) or None, service)


def test_prometheus_scrapes_the_exporter_as_the_reader(judged, compose):
    address = f"http://127.0.0.1:{compose.ports['9090']}/api/v1/query"

    def warehouse_is_up() -> object | None:
        try:
            answer = requests.get(address, params={"query": "lm_warehouse_up"}, timeout=10).json()
        except requests.RequestException:
            return None
        return [r for r in answer["data"]["result"] if r["value"][1] == "1"] or None

    assert waited_for(warehouse_is_up, "a scrape with the warehouse up")


def test_alertmanager_took_the_projects_routes(compose):
    address = f"http://127.0.0.1:{compose.ports['9093']}/api/v2/status"

    def status() -> object | None:
        try:
            return requests.get(address, timeout=10).json()
        except requests.RequestException:
            return None

    assert "LmWatchdog" in json.dumps(waited_for(status, "Alertmanager"))
