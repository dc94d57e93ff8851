"""Prometheus gateway on a fake server: odd answers are named, and nothing is invented."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from lm_assets.gateways.http.faults import RemoteError, RemoteFault
from lm_assets.gateways.http.prometheus import Prometheus, QueryAnswer
from lm_assets.gateways.retrying import NO_RETRY
from lm_assets_tests.fakes.http_server import Answer, FakeServer, serving

UP = {"__name__": "up", "pod": "a"}


def told(result: list[Any], *, kind: str = "matrix", **more: Any) -> Answer:
    body = {"status": "success", "data": {"resultType": kind, "result": result}, **more}
    return Answer(body=json.dumps(body).encode())


def asked_range(answer: Answer, **options: float) -> tuple[QueryAnswer, FakeServer]:
    with serving(lambda _request: answer) as server:
        prometheus = Prometheus(server.url, retry=NO_RETRY)
        try:
            bounds = {"start_s": 0.0, "end_s": 60.0, "step_s": 30.0, **options}
            return prometheus.query_range("up", **bounds), server
        finally:
            prometheus.close()


def test_a_range_query_is_a_form_that_is_posted() -> None:
    answer, server = asked_range(told([{"metric": UP, "values": [[0, "1"], [30, "2.5"]]}]))
    (request,) = server.requests
    assert (request.method, request.target) == ("POST", "/api/v1/query_range")
    form = {"query": ["up"], "start": ["0.000"], "end": ["60.000"], "step": ["30.000"]}
    assert parse_qs(request.body) == form
    (series,) = answer.series
    assert (series.labels, series.times_s, series.values) == (UP, (0.0, 30.0), (1.0, 2.5))


def test_an_instant_query_gives_series_of_one_point() -> None:
    answer = told([{"metric": UP, "value": [12.5, "3"]}], kind="vector")
    with serving(lambda _request: answer) as server:
        prometheus = Prometheus(server.url, retry=NO_RETRY)
        (series,) = prometheus.query("up", at_s=12.5).series
        prometheus.close()
    assert (series.times_s, series.values) == ((12.5,), (3.0,))
    assert parse_qs(server.requests[0].body)["time"] == ["12.500"]


def test_values_that_are_no_finite_number_are_dropped_and_counted() -> None:
    values = [[0, "NaN"], [30, "+Inf"], [60, "7"], [90, "-Inf"], [120, "seven"]]
    answer, _ = asked_range(told([{"metric": UP, "values": values}]))
    (series,) = answer.series
    assert (series.values, series.dropped_points) == ((7.0,), 4)


def test_a_series_given_twice_alike_is_one() -> None:
    row = {"metric": UP, "values": [[0, "1"]]}
    answer, _ = asked_range(told([row, row]))
    assert len(answer.series) == 1
    assert answer.conflicts == ()


def test_a_series_given_twice_with_different_values_is_left_out_and_named() -> None:
    rows = [{"metric": UP, "values": [[0, text]]} for text in ("1", "2")]
    other = {"metric": {"pod": "b"}, "values": [[0, "5"]]}
    answer, _ = asked_range(told([*rows, other]))
    assert [series.labels for series in answer.series] == [{"pod": "b"}]
    assert answer.conflicts == (UP,)


def test_warnings_of_the_server_are_passed_on() -> None:
    answer, _ = asked_range(told([], warnings=["store gateway down"]))
    assert (answer.series, answer.warnings) == ((), ("store gateway down",))


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (Answer(status=400, body=b'{"status":"error","error":"parse error"}'), RemoteFault.REFUSED),
        (Answer(body=b'{"status":"error","error":"timeout"}'), RemoteFault.REFUSED),
        (Answer(status=503, body=b"starting"), RemoteFault.OVERLOADED),
        (Answer(body=b"<html>login</html>"), RemoteFault.NOT_JSON),
        (told([], kind="scalar"), RemoteFault.UNEXPECTED_SHAPE),
        (told([{"metric": UP, "values": [[0]]}]), RemoteFault.UNEXPECTED_SHAPE),
        (Answer(body=b'{"status":"success","data":{"resultType":"mat'), RemoteFault.CUT),
    ],
)
def test_an_answer_that_is_none_has_its_fault_named(answer: Answer, fault: RemoteFault) -> None:
    with pytest.raises(RemoteError) as caught:
        asked_range(answer)
    assert caught.value.fault is fault


@pytest.mark.parametrize("step_s", [0.0, -1.0, float("nan")])
def test_a_step_that_goes_nowhere_is_refused(step_s: float) -> None:
    with pytest.raises(ValueError, match="step_s must be above zero"):
        asked_range(told([]), step_s=step_s)


def test_more_points_than_prometheus_gives_are_refused_before_asking() -> None:
    with pytest.raises(ValueError, match="at most 11000 points over 330000 s, got 30"):
        asked_range(told([]), end_s=330_000.0)


def test_the_server_is_taken_from_the_environment_or_is_none() -> None:
    assert Prometheus.from_environment({}) is None
    assert Prometheus.from_environment({"LM_PROMETHEUS_URL": "http://p:9090"}) is not None


@pytest.mark.external_data
@pytest.mark.parametrize(
    ("name", "series"), [("rangeQueryEmpty.json", 0), ("rangeQueryWithTags.json", 1)]
)
def test_recorded_answers_are_read(shared_data: Path, name: str, series: int) -> None:
    body = (shared_data / "prometheus" / name).read_bytes()
    answer, _ = asked_range(Answer(body=body))
    recorded = json.loads(body)["data"]["result"]
    assert len(answer.series) == len(recorded) == series
    assert [list(map(float, (p[1] for p in r["values"]))) for r in recorded] == [
        list(item.values) for item in answer.series
    ]
