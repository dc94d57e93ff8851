"""``lm collect`` as a person and a script use it, alone and with servers that answer or do not."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import zstandard

from lm_assets.cli.main import main
from lm_assets.gateways.engines.processes import free_port
from lm_assets_tests.conftest import PROJECT
from lm_assets_tests.fakes.http_server import Answer, Request, serving
from lm_assets_tests.fakes.spark_events import event_lines, eventful_application

LOG = event_lines(*eventful_application("app-1"))
CANONICAL = {
    *("campaign", "combination", "dimensions", "run_id", "started_at", "ended_at", "subject"),
    *("environment", "tier1_stability", "tier2_efficiency", "tier3_performance", "provenance"),
    *("missing", "source_object"),
}
NAME = "3.5.0_connect_kubernetes_none_read_1gb"
LINE = {
    "test_name": f"p1_{NAME}",
    "run_id": "run-1",
    "start_time": "2026-11-22T10:00:00Z",
    "end_time": "2026-11-22T10:05:00Z",
    "exit_code": 0,
    "rows_read": 3_000,
}


@pytest.fixture
def lm(capsys, monkeypatch):
    monkeypatch.setenv("LM_CONFIG_DIR", str(PROJECT / "config"))

    def run(*arguments) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["collect", *map(str, arguments)])
        printed = capsys.readouterr()
        return int(ended.value.code), printed.out, printed.err

    return run


def values(record: dict[str, Any]) -> dict[str, float]:
    tiers = ("tier1_stability", "tier2_efficiency", "tier3_performance")
    return {name: value for tier in tiers for name, value in record[tier].items()}


def write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def rolling(folder: Path) -> Path:
    lines = LOG.splitlines(keepends=True)
    write(folder / "appstatus_app-1", b"")
    write(folder / "events_1_app-1.zstd", zstandard.compress(b"".join(lines[:9])))
    write(folder / "events_2_app-1.zstd", zstandard.compress(b"".join(lines[9:])))
    return folder


def test_attempts_of_one_application_are_runs_of_their_own(lm, tmp_path):
    """YARN starts a driver anew: four logs of one application id are four runs."""
    records = []
    for attempt in ("1", "2"):
        log = event_lines(*eventful_application("app-1", attempt=attempt))
        code, out, _ = lm("--event-log", write(tmp_path / f"app-1_{attempt}", log), "--json")
        records.append(json.loads(out))
        assert code == 0
    assert [r["run_id"] for r in records] == ["app-1_1", "app-1_2"]
    assert [r["extra"]["spark_attempt_id"] for r in records] == ["1", "2"]
    assert records[1]["extra"]["source_notes"]["event log"][-1] == "attempt 2 of it"


def test_every_form_of_one_log_gives_one_canonical_record(lm, tmp_path):
    forms = [
        write(tmp_path / "plain", LOG),
        write(tmp_path / "packed.gz", gzip.compress(LOG)),
        write(tmp_path / "packed.zstd", zstandard.compress(LOG)),
        rolling(tmp_path / "eventlog_v2_app-1"),
    ]
    printed = [lm("--event-log", form, "--json") for form in forms]
    assert {code for code, _, _ in printed} == {0}
    assert len({out for _, out, _ in printed}) == 1
    record = json.loads(printed[0][1])
    assert set(record) >= CANONICAL
    assert (record["run_id"], values(record)["failed_tasks"]) == ("app-1", 2.0)
    assert set(values(record)) | set(record["missing"]) == set(metric_names())
    assert set(record["provenance"].values()) == {"event log"}


def metric_names() -> list[str]:
    import yaml

    listed = yaml.safe_load((PROJECT / "config" / "metrics.yaml").read_text())["metrics"]
    return [metric["name"] for metric in listed]


def test_without_json_the_same_record_is_printed_for_a_person(lm, tmp_path):
    log = write(tmp_path / "plain", LOG)
    _, indented, _ = lm("--event-log", log)
    _, compact, _ = lm("--event-log", log, "--json")
    assert json.loads(indented) == json.loads(compact)
    assert indented.count("\n") > compact.count("\n") == 1


def test_explain_says_on_stderr_who_gave_each_metric_what_was_asked_and_answered(lm, tmp_path):
    code, out, err = lm("--event-log", write(tmp_path / "plain", LOG), "--json", "--explain")
    assert code == 0
    json.loads(out)
    for name in metric_names():
        assert name in err
    said = " ".join(err.split())
    assert "plain" in said
    assert "12 tasks" in said
    assert "1 of 2 jobs failed" in said
    assert "no source has this metric" in said


def test_a_result_line_wins_and_the_event_log_fills_its_gaps(lm, tmp_path):
    line = write(tmp_path / "line.jsonl", json.dumps(LINE).encode() + b"\n")
    _, out, _ = lm("--result-line", line, "--event-log", write(tmp_path / "plain", LOG), "--json")
    record = json.loads(out)
    assert (record["combination"], record["run_id"], record["exit_code"]) == (NAME, "run-1", 0)
    assert record["started_at"] == "2026-11-22T10:00:00Z"
    assert values(record)["duration_s"] == 300.0
    assert values(record)["throughput_rows_s"] == 10.0
    assert record["provenance"]["throughput_rows_s"] == "result line: rows_read / duration"
    assert record["provenance"]["latency_p50_ms"] == "event log"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"{}\n{}\n", "not_one_line", id="two lines"),
        pytest.param(b"", "not_one_line", id="none"),
        pytest.param(b'{"run_id":', "not_json", id="cut"),
    ],
)
def test_a_result_line_that_is_none_is_a_data_fault(lm, tmp_path, content, said):
    code, out, err = lm("--result-line", write(tmp_path / "line.jsonl", content))
    assert (code, out) == (4, "")
    assert said in err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"\x28\xb5\x2f\xfd broken", "event_log_unreadable", id="corrupted"),
        pytest.param(b"hello\n", "not_an_event_log", id="another file"),
        pytest.param(b"", "event_log_empty", id="empty"),
        pytest.param(gzip.compress(bytes(64 * 2**20)), "event_log_bomb", id="bomb"),
    ],
)
def test_a_log_that_gives_nothing_is_a_data_fault_with_its_reason_in_the_record(
    lm, tmp_path, content, said
):
    code, out, err = lm("--event-log", write(tmp_path / "log", content), "--json")
    record = json.loads(out)
    assert (code, values(record)) == (4, {})
    assert record["missing"]["failed_tasks"].startswith(f"event log: {said}")
    assert "no source gave any value" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "no source was named"),
        (("--event-log", "gone"), "'gone' does not exist"),
        (("--history-server", "http://127.0.0.1:1"), "--history-server needs --app-id"),
        (("--prometheus", "http://127.0.0.1:1"), "--prometheus needs --namespace"),
        (("--history-server", "ftp://x", "--app-id", "a"), "must be http"),
        (("--start", "2026-11-22T01:00:00"), "must say its time zone"),
        (("--wait-s", "-1"), "-1"),
    ],
)
def test_a_wrong_use_is_exit_code_1_and_says_what_is_wrong(lm, arguments, said):
    code, out, err = lm(*arguments)
    assert (code, out) == (1, "")
    assert said in err


def test_a_server_that_is_down_leaves_a_reason_and_the_log_gives_the_rest(lm, tmp_path):
    down = f"http://user:hunter2@127.0.0.1:{free_port()}"
    code, out, err = lm(
        *("--event-log", write(tmp_path / "plain", LOG), "--json", "--explain"),
        *("--prometheus", down, "--namespace", "load-42"),
        *("--start", "2025-11-22T10:00:00Z", "--end", "2025-11-22T10:05:00Z"),
    )
    record = json.loads(out)
    assert (code, values(record)["failed_tasks"]) == (0, 2.0)
    assert "unreachable" in record["missing"]["pod_restarts"]
    assert "hunter2" not in out + err


def test_an_application_that_the_server_does_not_know_is_named_and_never_zero(lm):
    with serving(lambda _request: Answer(status=404)) as server:
        code, out, _ = lm("--history-server", server.url, "--app-id", "app-9", "--json")
    record = json.loads(out)
    assert (code, values(record)) == (4, {})
    assert "application 'app-9' is unknown" in record["missing"]["failed_tasks"]


def test_pods_give_restarts_and_name_what_happened(lm, tmp_path):
    dead = {"reason": "OOMKilled", "exitCode": 1, "finishedAt": "2026-11-22T10:02:00Z"}
    pod = {
        "metadata": {"name": "exec-1", "labels": {"spark-role": "executor"}},
        "status": {
            "startTime": "2026-11-22T10:01:00Z",
            "reason": "Evicted",
            "message": "low disk",
            "containerStatuses": [{"name": "spark", "state": {"terminated": dead}}],
        },
    }
    pods = write(tmp_path / "pods.json", json.dumps({"items": [pod]}).encode())
    _, out, _ = lm(
        *("--pods", pods, "--json"),
        *("--start", "2026-11-22T10:00:00Z", "--end", "2026-11-22T12:05:00+02:00"),
    )
    record = json.loads(out)
    assert record["tier1_stability"] == {"oom_kills": 1.0, "pod_restarts": 0.0}
    assert record["extra"]["source_notes"]["pods.json"] == [
        "eviction of executor exec-1: low disk",
        "oom_kill of executor exec-1/spark at 2026-11-22T10:02:00+00:00: exit code 1",
    ]


def test_prometheus_is_asked_for_the_window_of_the_result_line(lm, tmp_path):
    def answer(request: Request) -> Answer:
        series = []
        if "restarts_total" in request.body:
            # 2026-11-22T10:01:00Z and a minute later.
            points = [[1_795_341_660, "0"], [1_795_341_720, "2"]]
            labels = {"namespace": "load-42", "pod": "p", "uid": "u", "container": "c"}
            series = [{"metric": labels, "values": points}]
        data = {"resultType": "matrix", "result": series}
        return Answer(body=json.dumps({"status": "success", "data": data}).encode())

    line = write(tmp_path / "l", json.dumps({**LINE, "namespace": "load-42"}).encode())
    with serving(answer) as server:
        _, out, err = lm("--result-line", line, "--prometheus", server.url, "--explain", "--json")
        asked = [request.body for request in server.requests]
    record = json.loads(out)
    assert record["tier1_stability"] == {"oom_kills": 0.0, "pod_restarts": 2.0}
    assert record["missing"]["cpu_core_seconds"] == "prometheus: no series"
    assert all("load-42" in body for body in asked)
    assert "container_status_restarts_total" in "".join(err.split())


@pytest.mark.external_data
def test_every_real_log_gives_what_an_independent_pass_found(lm, shared_data):
    spark = shared_data / "spark"
    truths = json.loads((spark / "expected.json").read_text())
    by_name = {name.rsplit("/", 1)[-1]: truth for name, truth in truths.items()}
    compared = 0
    for log in sorted((spark / "event_logs").iterdir()):
        truth = by_name.get(log.name)
        if truth is None:
            continue
        _, out, _ = lm("--event-log", log, "--json")
        record = json.loads(out)
        measured, totals = values(record), truth["totals_over_all_task_ends"]
        assert measured["failed_jobs"] == truth["jobs"]["failed"], log.name
        assert measured["failed_stages"] == truth["stages"]["failed"], log.name
        failed = truth["tasks"]["failed_excl_killed_and_resubmitted"]
        assert measured["failed_tasks"] == failed, log.name
        assert measured["duration_s"] == truth["duration_ms"] / 1000, log.name
        for metric, share in shares(totals).items():
            assert measured.get(metric) == pytest.approx(share), (log.name, metric)
        compared += 1
    assert compared >= 5


def shares(totals: dict[str, int]) -> dict[str, float | None]:
    """Section 4's ratios by hand; None where the denominator is zero, and so is nothing known."""
    written, run_ms = totals.get("Shuffle Write Bytes"), totals.get("Executor Run Time")
    return {
        "shuffle_spill_pct": 100 * totals["Disk Bytes Spilled"] / written if written else None,
        "gc_time_pct": 100 * totals["JVM GC Time"] / run_ms if run_ms else None,
        "cpu_core_seconds": totals.get("Executor CPU Time", 0) / 1e9 or None,
    }


@pytest.mark.external_data
def test_a_real_snapshot_gives_its_two_restarts_and_does_not_guess_why(lm, shared_data):
    _, out, _ = lm(
        *("--pods", shared_data / "kubernetes" / "kubelet_pods.json", "--json"),
        *("--start", "2026-06-26T10:12:00Z", "--end", "2026-06-26T10:20:00Z"),
    )
    record = json.loads(out)
    assert record["tier1_stability"] == {"pod_restarts": 2.0}
    assert record["missing"]["oom_kills"].endswith("1 earlier restarts are not in a snapshot")
