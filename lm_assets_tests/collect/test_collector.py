"""A whole campaign from a bucket to records: every source is asked, and none can lose a run."""

import json
from datetime import UTC, datetime

import pytest

from lm_assets.collect import collector, run_sources
from lm_assets.collect.collector import CollectedCampaign, campaign_manifest, collect_campaign
from lm_assets.collect.run_sources import RunSources, Servers
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.configuration import load_configuration
from lm_assets.gateways.engines.processes import free_port
from lm_assets.gateways.http.history_server import HistoryServer
from lm_assets.gateways.object_store.protocol import ObjectStoreUnavailableError
from lm_assets.gateways.retrying import NO_RETRY
from lm_assets.model.campaign import Stage
from lm_assets_tests.conftest import PROJECT
from lm_assets_tests.fakes.http_server import Answer, serving
from lm_assets_tests.fakes.object_store import InMemoryObjectStore
from lm_assets_tests.gateways.http.test_history_server import whole_api
from lm_assets_tests.integration.result_files import land, result_line

CAMPAIGN = "nightly-2026-11-22-1a2b3c4"
COMBINATION = "3.5.0_connect_kubernetes_none_read_1gb"
NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
SETTINGS = load_configuration(PROJECT / "config")


@pytest.fixture
def bucket() -> CampaignBucket:
    return CampaignBucket(InMemoryObjectStore())


def collected(bucket: CampaignBucket, **servers) -> CollectedCampaign:
    return collect_campaign(
        CAMPAIGN,
        bucket=bucket,
        matrix=SETTINGS.matrix,
        metrics=SETTINGS.metrics,
        now=NOW,
        sources=RunSources(store=bucket.store, servers=Servers(**servers), concurrency=2),
    )


def write_run_file(bucket: CampaignBucket, name: str, content: bytes) -> None:
    bucket.store.write(f"incoming/{CAMPAIGN}/{COMBINATION}/run-1/{name}", content)


def test_a_run_with_only_a_result_line_is_a_record_and_says_what_is_missing(bucket):
    land(bucket.store, CAMPAIGN, {COMBINATION: [10.0]})
    (record,) = collected(bucket).records
    assert record.tier3_performance["duration_s"] == 10.0
    assert record.missing["failed_tasks"] == "event log: none was delivered"
    assert record.missing["pod_restarts"]


def test_every_known_metric_has_a_value_or_a_reason(bucket):
    land(bucket.store, CAMPAIGN, {COMBINATION: [10.0]})
    (record,) = collected(bucket).records
    assert set(record.metrics) | set(record.missing) == set(SETTINGS.metrics.names)


def test_an_unreadable_event_log_leaves_reasons_and_keeps_the_run(bucket):
    land(bucket.store, CAMPAIGN, {COMBINATION: [10.0]})
    write_run_file(bucket, "eventlog/local-1", b"this is no event log\n")
    (record,) = collected(bucket).records
    assert record.metrics["duration_s"] == 10.0
    assert record.missing["failed_tasks"].startswith("event log: ")


def test_a_pod_snapshot_gives_restarts_and_its_name_as_the_source(bucket):
    land(bucket.store, CAMPAIGN, {COMBINATION: [10.0]})
    write_run_file(bucket, "pods.json", json.dumps({"kind": "List", "items": []}).encode())
    (record,) = collected(bucket).records
    said = {**record.provenance, **record.missing}["pod_restarts"]
    assert "pods.json" in said


def test_a_broken_pod_snapshot_leaves_a_reason_and_keeps_the_run(bucket):
    land(bucket.store, CAMPAIGN, {COMBINATION: [10.0]})
    write_run_file(bucket, "pods.json", b"{")
    (record,) = collected(bucket).records
    assert "pods.json" in record.missing["pod_restarts"]


def test_a_history_server_is_not_asked_for_a_run_without_an_application(bucket):
    land(bucket.store, CAMPAIGN, {COMBINATION: [10.0]})
    server = HistoryServer(f"http://127.0.0.1:{free_port()}")
    (record,) = collected(bucket, history_server=server).records
    server.close()
    assert "names no spark_app_id" in record.missing["failed_tasks"]


def test_an_application_not_known_yet_is_asked_for_again_once_for_the_whole_campaign(bucket):
    lines = [result_line(COMBINATION, n, 10.0, spark_app_id="app-1") for n in (1, 2)]
    land(bucket.store, CAMPAIGN, {COMBINATION: []}, extra_lines={COMBINATION: lines})
    waits: list[float] = []
    with serving(lambda r: whole_api()(r) if waits else Answer(status=404)) as fake:
        server = HistoryServer(fake.url, retry=NO_RETRY)
        said: list[str] = []
        result = collect_campaign(
            CAMPAIGN,
            bucket=bucket,
            matrix=SETTINGS.matrix,
            metrics=SETTINGS.metrics,
            now=NOW,
            sources=RunSources(
                store=bucket.store,
                servers=Servers(history_server=server),
                history_server_wait_s=30.0,
                sleep=waits.append,
            ),
            report_progress=said.append,
        )
        server.close()
    assert waits == [5.0]
    assert any("does not know 2 applications as completed yet" in text for text in said)
    assert [r.provenance["failed_tasks"] for r in result.records] == ["history server"] * 2


def test_files_of_a_run_that_no_line_speaks_of_are_named(bucket):
    land(bucket.store, CAMPAIGN, {COMBINATION: []})
    write_run_file(bucket, "eventlog/local-1", b"")
    result = collected(bucket)
    assert result.records == ()
    assert [line.rule for line in result.quarantined] == ["run_without_result_line"]


def test_expected_combinations_that_did_not_land_are_absent(bucket):
    land(
        bucket.store, CAMPAIGN, {COMBINATION: [10.0], "4.0.0_connect_kubernetes_none_join_1gb": []}
    )
    assert collected(bucket).absent_combinations == ("4.0.0_connect_kubernetes_none_join_1gb",)


def test_a_broken_manifest_is_refused_and_the_stage_read_from_the_name(bucket):
    land(bucket.store, CAMPAIGN, {COMBINATION: [10.0]})
    bucket.store.write(f"incoming/{CAMPAIGN}/manifest.json", b"{")
    manifest, refused = campaign_manifest(bucket, CAMPAIGN)
    assert manifest.stage is Stage.NIGHTLY
    assert [line.rule for line in refused] == ["manifest"]
    assert len(collected(bucket).records) == 1


def test_the_same_objects_give_the_same_records_in_whatever_order_they_landed(bucket):
    other = CampaignBucket(InMemoryObjectStore())
    lines = [result_line(COMBINATION, run, 10.0 + run) for run in (1, 2)]
    folder = f"incoming/{CAMPAIGN}/{COMBINATION}"
    for store, order in ((bucket.store, (0, 1)), (other.store, (1, 0))):
        for number in order:
            store.write(f"{folder}/{number}.jsonl", lines[number].encode())
    assert collected(bucket).records == collected(other).records


def test_an_outage_while_an_event_log_is_read_fails_the_run_and_stores_no_gap(bucket, monkeypatch):
    land(bucket.store, CAMPAIGN, {COMBINATION: [10.0]})
    write_run_file(bucket, "eventlog/local-1", b"{}")

    def out_of_reach(key: str):
        raise ObjectStoreUnavailableError("the store does not answer")

    monkeypatch.setattr(bucket.store, "open", out_of_reach)
    with pytest.raises(ObjectStoreUnavailableError):
        collected(bucket)


def test_a_result_file_too_large_to_hold_is_quarantined_and_the_rest_is_used(bucket, monkeypatch):
    land(bucket.store, CAMPAIGN, {COMBINATION: [10.0]})
    bucket.store.write(f"incoming/{CAMPAIGN}/{COMBINATION}/huge.jsonl", b"x" * 2000)
    monkeypatch.setattr(collector, "MAX_RESULT_FILE_BYTES", 1000)
    result = collected(bucket)
    assert len(result.records) == 1
    assert [line.rule for line in result.quarantined] == ["object_too_large"]


def test_a_pod_snapshot_too_large_to_hold_leaves_a_reason_and_keeps_the_run(bucket, monkeypatch):
    land(bucket.store, CAMPAIGN, {COMBINATION: [10.0]})
    write_run_file(bucket, "pods.json", b" " * 2000)
    monkeypatch.setattr(run_sources, "MAX_SNAPSHOT_BYTES", 1000)
    (record,) = collected(bucket).records
    assert "pods.json" in record.missing["pod_restarts"]


def test_an_evicted_pod_is_named_in_the_record(bucket):
    land(bucket.store, CAMPAIGN, {COMBINATION: [10.0]})
    pod = {
        "metadata": {"name": "exec-1", "labels": {"spark-role": "executor"}},
        "status": {"phase": "Failed", "reason": "Evicted", "message": "out of disk"},
    }
    write_run_file(bucket, "pods.json", json.dumps({"kind": "List", "items": [pod]}).encode())
    (record,) = collected(bucket).records
    assert any("exec-1" in note for note in record.extra["source_notes"]["pods.json"])
