"""Whatever one input of fifty is: the campaign ends with a verdict, and says what was wrong."""

import gzip
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lm_assets_tests.fakes.spark_events import event_lines, eventful_application
from lm_assets_tests.fuzz.effort import inputs
from lm_assets_tests.fuzz.hostile import NUMBERS, TEXTS, as_json, changed, mutated, spoiled
from lm_assets_tests.fuzz.one_of_fifty import CAMPAIGN, RUNS, Ended, campaign_of, sound_line
from lm_assets_tests.fuzz.servers import history_server_that, prometheus_that
from lm_assets_tests.gateways.http.test_history_server import APPLICATION, stage, task

FIELDS = [
    *("test_name", "combination", "run_id", "iteration", "start_time", "end_time"),
    *("duration_sec", "duration_s", "exit_code", "rows_read", "rows_written", "throughput"),
    *("throughput_rows_sec", "latency_p50_ms", "latency_p95_ms", "latency_p99_ms"),
    *("spark_app_id", "namespace", "spark_version", "operation", "latency_p95_s"),
]
MANIFEST = {
    "campaign": CAMPAIGN,
    "stage": "nightly",
    "priority": "p1",
    "created_at": "2026-11-22T01:30:00Z",
    "subject": {"git_sha": "1a2b3c4", "version_labels": {"spark": "3.5.0"}},
    "environment": {"cpu_model": "x"},
    "runs_per_combination": 5,
    "expected_combinations": [],
}
PODS = {
    "items": [
        {
            "metadata": {
                "name": "exec-1",
                "uid": "u",
                "labels": {"spark-role": "executor", "spark-app-selector": "app-1"},
            },
            "status": {
                "phase": "Running",
                "startTime": "2026-11-22T01:01:00Z",
                "containerStatuses": [
                    {
                        "name": "spark",
                        "restartCount": 1,
                        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "x"}},
                        "lastState": {
                            "terminated": {
                                "reason": "OOMKilled",
                                "exitCode": 137,
                                "finishedAt": "2026-11-22T01:01:30Z",
                            }
                        },
                    }
                ],
            },
        }
    ]
}
LOG = eventful_application("app-1")
LABELS = {"namespace": "load-42", "pod": "p", "container": "c", "resource": "cpu"}
RUN_STARTS_S = 1_795_309_260.0
HISTORY: dict[str, Any] = {
    "app-1": {**APPLICATION, "name": "load"},
    "stages": [stage(0, numCompleteTasks=3)],
    "jobs": [{"jobId": 0, "status": "SUCCEEDED"}],
    "allexecutors": [
        {
            "id": "1",
            "isActive": True,
            "totalCores": 4,
            "addTime": "2026-11-22T01:01:00.000GMT",
            "peakMemoryMetrics": {"JVMHeapMemory": 500},
        }
    ],
    "environment": {"sparkProperties": [["spark.executor.memory", "2g"]]},
    "taskList": [task(number) for number in range(3)],
}


def judged(ended: Ended) -> None:
    """Hold the property that every input is tried against."""
    assert ended.verdict.verdict is not None
    assert ended.verdict.cells
    assert len(ended.records) >= RUNS - 1
    if ended.one is None:
        assert ended.quarantined, "the fiftieth run is neither a record nor refused"
    else:
        named = {*ended.one.metrics, *ended.one.missing}
        assert named >= set(ended.one.metrics)
        assert all(ended.one.missing.values())


@inputs(1000)
@given(fields=changed(FIELDS))
def test_a_result_line_of_any_fields(fields: dict[str, Any]) -> None:
    judged(campaign_of(line=as_json({**json.loads(sound_line()), **fields})))


@inputs(500)
@given(line=mutated(sound_line()))
def test_a_result_line_of_any_bytes(line: bytes) -> None:
    content = line if line.strip(b" \t\r\n\x0b\x0c\xef\xbb\xbf") else b"{"
    judged(campaign_of(line=content))


@inputs(400)
@given(manifest=spoiled(MANIFEST))
def test_a_manifest_of_any_values(manifest: Any) -> None:
    judged(campaign_of(manifest=as_json(manifest)))


@inputs(150)
@given(manifest=mutated(as_json(MANIFEST)))
def test_a_manifest_of_any_bytes(manifest: bytes) -> None:
    judged(campaign_of(manifest=manifest))


@inputs(700)
@given(data=st.data())
def test_an_event_log_of_any_values(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(LOG) - 1))
    log = [*LOG[:at], data.draw(spoiled(LOG[at])), *LOG[at + 1 :]]
    content = b"".join(as_json(event) + b"\n" for event in log)
    judged(campaign_of(files={"eventlog/app-1": content}))


@inputs(300)
@given(
    content=mutated(event_lines(*LOG)),
    name=st.sampled_from(["app-1", "app-1.gz", "app-1.zstd", "app-1.lz4", "app-1.snappy"]),
    is_packed=st.booleans(),
)
def test_an_event_log_of_any_bytes(content: bytes, name: str, is_packed: bool) -> None:
    packed = gzip.compress(content) if is_packed else content
    judged(campaign_of(files={f"eventlog/{name}": packed}))


@inputs(150)
@given(content=mutated(gzip.compress(event_lines(*LOG), mtime=0)))
def test_a_packed_event_log_of_any_bytes(content: bytes) -> None:
    judged(campaign_of(files={"eventlog/app-1.gz": content}))


PART_NAMES = st.one_of(
    st.builds(
        "events_{}_{}{}".format,
        st.one_of(st.integers(0, 10**12), st.just("9" * 200)),
        st.sampled_from(["app-1", "app-2"]),
        st.sampled_from(["", ".compact", ".zstd", ".inprogress"]),
    ),
    st.sampled_from(["appstatus_app-1", "eventlog", "eventlog-2026-11-22--01-00.gz", ".x", "a"]),
    st.text(st.characters(exclude_characters="/\\", exclude_categories=["C"]), min_size=1),
)


@inputs(300)
@given(names=st.lists(PART_NAMES, min_size=1, max_size=4, unique=True))
def test_rolled_files_of_any_names(names: list[str]) -> None:
    log = event_lines(*LOG)
    judged(campaign_of(files={f"eventlog/{name[:120]}": log for name in names}))


@inputs(500)
@given(pods=spoiled(PODS))
def test_pods_of_any_values(pods: Any) -> None:
    judged(campaign_of(files={"pods.json": as_json(pods)}))


@inputs(100)
@given(content=mutated(as_json(PODS)))
def test_pods_of_any_bytes(content: bytes) -> None:
    judged(campaign_of(files={"pods.json": content}))


SAMPLES = st.lists(
    st.tuples(
        st.one_of(st.floats(0.0, 130.0).map(lambda s: RUN_STARTS_S + s), NUMBERS),
        st.one_of(NUMBERS.map(str), st.sampled_from(["NaN", "+Inf", "-Inf"]), TEXTS),
    ),
    max_size=6,
)


@inputs(500)
@given(data=st.data())
def test_prometheus_answers_of_any_samples(data: st.DataObject) -> None:
    def answer(_path: str, _form: object) -> bytes:
        result = [
            {"metric": {**LABELS, "pod": f"p-{n}"}, "values": data.draw(SAMPLES)}
            for n in range(data.draw(st.integers(0, 2)))
        ]
        return as_json({"status": "success", "data": {"resultType": "matrix", "result": result}})

    # Drawn on one thread only: the values must not depend on who asks first.
    given = [answer("", {}) for _ in range(2)]
    of_query = prometheus_that(lambda _path, form: given[len(str(form["query"])) % 2])
    judged(campaign_of(servers=of_query))


@inputs(100)
@given(
    body=spoiled(
        {
            "status": "success",
            "warnings": ["x"],
            "data": {
                "resultType": "matrix",
                "result": [{"metric": LABELS, "values": [[RUN_STARTS_S + 30, "1"]]}],
            },
        }
    )
)
def test_prometheus_answers_of_any_shape(body: Any) -> None:
    judged(campaign_of(servers=prometheus_that(lambda _path, _form: as_json(body))))


@inputs(500)
@given(data=st.data())
def test_history_server_answers_of_any_values(data: st.DataObject) -> None:
    spoilt = data.draw(st.sampled_from(sorted(HISTORY)))
    answers = {**HISTORY, spoilt: data.draw(spoiled(HISTORY[spoilt]))}

    def answer(path: str, params: Any) -> bytes:
        rows = answers.get(path.rsplit("/", 1)[-1], [])
        return as_json(rows[params["offset"] :] if spoilt != "taskList" and params else rows)

    judged(campaign_of(servers=history_server_that(answer)))
