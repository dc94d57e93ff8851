"""The real asset with servers that fail for some runs: no run is lost, no gap is silent."""

import dataclasses
import json
from collections.abc import Iterator

import dagster as dg
import pytest

from lm_assets.collect.run_sources import RunSources, Servers
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.configuration import Configuration, load_configuration
from lm_assets.gateways.http.history_server import HistoryServer
from lm_assets.gateways.retrying import NO_RETRY
from lm_assets.model.policy import TierCoverage
from lm_assets.orchestration import checks
from lm_assets.orchestration.assets.metrics import raw_metrics, statistical_summaries
from lm_assets.orchestration.partitions import CAMPAIGN_DIMENSION
from lm_assets.orchestration.resources import sources_resource
from lm_assets_tests.conftest import PROJECT
from lm_assets_tests.fakes.clock import FixedClock
from lm_assets_tests.fakes.http_server import Answer, FakeServer, Request, serving
from lm_assets_tests.fakes.object_store import InMemoryObjectStore
from lm_assets_tests.gateways.http.test_history_server import whole_api
from lm_assets_tests.integration.result_files import STARTED, land, result_line

CAMPAIGN = "nightly-2026-11-22-1a2b3c4"
COMBINATION = "3.5.0_connect_kubernetes_none_read_1gb"
UNREAD = {"latency_p95_ticks": 3}
# By run: what the History Server does when it is asked for the run's application.
FAULTS = {
    3: Answer(status=500),
    4: Answer(body=b"<html>Sign in</html>"),
    5: Answer(status=404),
}


def some_fail(request: Request) -> Answer:
    """Answer for the applications of runs 1 and 2 as a server does, and badly for the others."""
    number = int(request.target.split("/applications/app-", 1)[1][0])
    if number in FAULTS:
        return FAULTS[number]
    return whole_api()(
        dataclasses.replace(request, target=request.target.replace("app-2", "app-1"))
    )


@pytest.fixture
def history() -> Iterator[FakeServer]:
    with serving(some_fail) as server:
        yield server


@pytest.fixture
def bucket() -> CampaignBucket:
    store = InMemoryObjectStore()
    lines = {
        COMBINATION: [
            result_line(
                COMBINATION, run, 10.0, spark_app_id=f"app-{run}", **({} if run > 2 else UNREAD)
            )
            for run in range(1, 6)
        ]
    }
    land(store, CAMPAIGN, {COMBINATION: []}, extra_lines=lines)
    return CampaignBucket(store)


def settings(allowed_missing_share: float) -> Configuration:
    """The shipped configuration with tier 1 required of all but a share of the runs."""
    shipped = load_configuration(PROJECT / "config")
    required = (TierCoverage(tier=1, allowed_missing_share=allowed_missing_share),)
    stages = {
        stage: dataclasses.replace(policy, coverage=required)
        for stage, policy in shipped.regression.stages.items()
    }
    return dataclasses.replace(
        shipped, regression=dataclasses.replace(shipped.regression, stages=stages)
    )


def collect(
    bucket: CampaignBucket, history: FakeServer, *, allowed: float
) -> dg.ExecuteInProcessResult:
    """Materialise the asset, its checks and what stands on it, as a campaign's run does."""
    server = HistoryServer(history.url, retry=NO_RETRY)
    definitions = dg.Definitions(
        assets=[raw_metrics, statistical_summaries],
        asset_checks=checks.ALL,
        jobs=[dg.define_asset_job("collect", executor_def=dg.in_process_executor)],
        resources={
            "settings": settings(allowed),
            "bucket": bucket,
            "sources": RunSources(
                store=bucket.store, servers=Servers(history_server=server), concurrency=2
            ),
            "clock": FixedClock(STARTED),
            "io_manager": dg.InMemoryIOManager(),
        },
    )
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(CAMPAIGN_DIMENSION, [CAMPAIGN])
        result = definitions.resolve_job_def("collect").execute_in_process(
            instance=instance,
            partition_key=CAMPAIGN,
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "INFO"}}}},
        )
    server.close()
    return result


def test_a_source_that_fails_for_some_runs_loses_none_and_says_so_everywhere(
    bucket, history, capfd
):
    result = collect(bucket, history, allowed=0.6)

    assert result.success
    frame = result.output_for_node("raw_metrics")
    assert list(frame["run_id"]) == [f"run-{n}" for n in range(1, 6)]
    (event,) = [
        e for e in result.get_asset_materialization_events() if e.asset_key.path == ["raw_metrics"]
    ]
    metadata = event.materialization.metadata
    coverage = {row.data["metric"]: row.data for row in metadata["coverage"].value.records}
    failed_tasks = coverage["failed_tasks"]
    assert (failed_tasks["runs_with_value"], failed_tasks["of"]) == (2, 5)
    assert failed_tasks["sources"] == "history server (2)"
    for said in ("server_error: status 500", "not_json", "application 'app-5' is unknown"):
        assert said in failed_tasks["missing_because"]
    assert coverage["duration_s"]["sources"] == "result line (5)"
    assert "asked for 5 of 5 load runs" in capfd.readouterr().err
    said = {c.check_name: c for c in result.get_asset_check_evaluations()}["every_tier_measured"]
    assert not said.passed
    assert "latency_p95_ticks" in (said.description or "")
    assert "(2 runs)" in (said.description or "")


@pytest.mark.parametrize(("allowed", "is_fit"), [(0.6, True), (0.59, False)])
def test_a_required_tier_missing_for_more_runs_than_allowed_is_red_and_the_run_goes_on(
    bucket, history, allowed, is_fit
):
    result = collect(bucket, history, allowed=allowed)

    assert result.success
    (check,) = [c for c in result.get_asset_check_evaluations() if c.check_name == "fit_to_judge"]
    assert (check.passed, check.blocking) == (is_fit, False)
    assert ("tier 1 (60% of runs" in (check.description or "")) != is_fit
    made = {e.asset_key.path[-1] for e in result.get_asset_materialization_events()}
    assert "statistical_summaries" in made


def test_a_second_run_gives_the_same_records(bucket, history):
    first, second = (
        collect(bucket, history, allowed=1.0).output_for_node("raw_metrics") for _ in range(2)
    )
    as_json = [json.loads(frame.to_json(orient="records")) for frame in (first, second)]
    assert as_json[0] == as_json[1]


def test_concurrency_and_waiting_are_those_of_the_configuration(bucket, monkeypatch):
    monkeypatch.setenv("LM_HISTORY_SERVER_URL", "http://127.0.0.1:1")
    shipped = settings(1.0)
    changed = {**shipped.collection, "concurrency": 3, "history_server": {"wait_s": 7}}
    with dg.build_resources(
        {
            "settings": dataclasses.replace(shipped, collection=changed),
            "bucket": bucket,
            "sources": sources_resource,
        }
    ) as resources:
        sources: RunSources = resources.sources
    assert (sources.concurrency, sources.history_server_wait_s) == (3, 7.0)
    assert sources.servers.history_server is not None
    assert sources.servers.history_server.limits.max_concurrent == 3
    assert sources.servers.prometheus is None
