"""Inputs that once cost a campaign its verdict: the others are judged, the fiftieth is named."""

import gzip
import json
from typing import Any

import pytest

from lm_assets_tests.fakes.spark_events import event_lines, eventful_application
from lm_assets_tests.fuzz.one_of_fifty import RUNS, campaign_of, sound_line
from lm_assets_tests.fuzz.servers import history_server_that, prometheus_that
from lm_assets_tests.fuzz.test_campaigns import HISTORY, LABELS, RUN_STARTS_S, judged

LOG = event_lines(*eventful_application("app-1"))


@pytest.mark.parametrize(
    "field", ["duration_sec", "throughput", "latency_p50_ms", "latency_p95_ms", "latency_p99_ms"]
)
def test_a_figure_that_no_statistic_holds(field: str) -> None:
    ended = campaign_of(line=json.dumps({**json.loads(sound_line()), field: 1e155}).encode())
    judged(ended)
    assert len(ended.records) == RUNS - 1
    assert f"out_of_range: {field}: 1e+155 is beyond ±1e+150" in ended.said


@pytest.mark.parametrize("value", ["NaN", "+Inf", "1e308", "-210"])
@pytest.mark.parametrize("at_s", [RUN_STARTS_S + 30.0, 1e300, -1e300])
def test_prometheus_with_nothing_but_no_numbers(value: str, at_s: float) -> None:
    series = [{"metric": LABELS, "values": [[at_s, value]]}]
    body = {"status": "success", "data": {"resultType": "matrix", "result": series}}
    ended = campaign_of(servers=prometheus_that(lambda _p, _f: json.dumps(body).encode()))
    judged(ended)
    assert ended.one is not None
    assert "prometheus: " in ended.one.missing["gpu_usage_pct"]


def test_a_memory_setting_of_five_thousand_digits() -> None:
    app: list[dict[str, Any]] = eventful_application("app-1")
    app[1]["Spark Properties"]["spark.executor.memory"] = "9" * 5_000
    ended = campaign_of(files={"eventlog/app-1": event_lines(*app)})
    judged(ended)
    assert "executor memory setting not readable" in ended.said


def test_rolled_files_a_billion_apart() -> None:
    names = ("eventlog/events_1_app-1", "eventlog/events_1000000000_app-1")
    ended = campaign_of(files=dict.fromkeys(names, LOG))
    judged(ended)
    assert "999999998 of the rolled files missing" in ended.said


def test_a_history_server_that_ignores_the_offset() -> None:
    rows = [{**HISTORY["taskList"][0], "taskId": number} for number in range(10)]
    answers = {**HISTORY, "taskList": rows}
    servers = history_server_that(
        lambda path, _params: json.dumps(answers.get(path.rsplit("/", 1)[-1], [])).encode()
    )
    ended = campaign_of(servers=servers)
    judged(ended)
    assert "it ignores the offset" in ended.said


def test_empty_gzip_members() -> None:
    ended = campaign_of(files={"eventlog/app-1.gz": gzip.compress(b"") * 20_000})
    judged(ended)
    assert "event_log_empty" in ended.said
