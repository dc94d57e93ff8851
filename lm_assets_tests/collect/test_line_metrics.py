"""Every metric of the catalogue is read from a result line, in its own or another known unit."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lm_assets.collect.result_line import ResultLine, parse_result_line
from lm_assets.model.errors import UnusableInputError
from lm_assets.model.metric import Direction, Metric, MetricCatalogue, MetricField, Scale, Tier


def a_metric(name: str, *fields: MetricField, scale: Scale = Scale.RATIO) -> Metric:
    return Metric(
        name=name,
        tier=Tier.PERFORMANCE,
        unit="?",
        direction=Direction.LOWER,
        scale=scale,
        fields=fields,
    )


OWN = MetricCatalogue(
    (
        a_metric("peak_rss_mb"),
        a_metric("tps", MetricField(name="transactions_per_minute", factor=1 / 60)),
        a_metric("latency_p95_ms"),
        a_metric("hit_pct", scale=Scale.POINTS),
        a_metric("queue_depth"),
    )
)


def read(metrics: MetricCatalogue = OWN, **fields: object) -> ResultLine:
    return parse_result_line(json.dumps({"run_id": "1", **fields}).encode(), metrics)


def test_a_metric_of_ones_own_is_read_by_its_name():
    line = read(peak_rss_mb=812.5, queue_depth=3)
    assert line.measurements.values == {"peak_rss_mb": 812.5, "queue_depth": 3.0}
    assert line.measurements.provenance["peak_rss_mb"] == "result line: peak_rss_mb"
    assert line.extra == {}


def test_or_by_one_of_its_fields_with_the_factor_to_the_unit():
    line = read(transactions_per_minute=1200)
    assert line.measurements.values["tps"] == pytest.approx(20.0)
    assert "transactions_per_minute x 0.0166667" in line.measurements.provenance["tps"]


def test_its_own_name_is_read_before_its_fields():
    line = read(tps=5, transactions_per_minute=1200)
    assert line.measurements.values["tps"] == 5.0
    assert line.extra == {"transactions_per_minute": 1200}


@pytest.mark.parametrize(
    ("field", "metric", "value"),
    [
        ("latency_p95_s", "latency_p95_ms", 1000.0),
        ("latency_p95_us", "latency_p95_ms", 0.001),
        ("peak_rss_bytes", "peak_rss_mb", 1e-6),
        ("peak_rss_kib", "peak_rss_mb", 0.001024),
        ("hit_share", "hit_pct", 100.0),
    ],
)
def test_another_known_unit_is_converted(field, metric, value):
    line = read(**{field: 1})
    assert line.measurements.values == {metric: pytest.approx(value)}
    assert line.notes == ()


@pytest.mark.parametrize("field", ["latency_p95", "latency_p95_ticks", "peak_rss"])
def test_a_unit_that_cannot_be_told_is_left_unread_and_named(field):
    line = read(**{field: 7})
    assert line.measurements.values == {}
    (note,) = line.notes
    assert note.startswith(f"{field} was not read: it may be ")
    assert line.extra == {field: 7}


def test_the_shipped_duration_in_milliseconds_is_a_duration():
    line = parse_result_line(b'{"run_id": "1", "duration_ms": 8100}')
    assert line.measurements.values["duration_s"] == pytest.approx(8.1)
    assert line.measurements.provenance["duration_s"] == "result line: duration_ms x 0.001"


@pytest.mark.parametrize(
    ("value", "rule"), [("8", "wrong_type"), (True, "wrong_type"), (-1, "out_of_range")]
)
def test_what_is_no_value_of_a_metric_is_refused(value, rule):
    with pytest.raises(UnusableInputError, match=rule):
        read(peak_rss_mb=value)


NAMES = st.text("abcmsd_p95", min_size=1, max_size=20)


@given(st.dictionaries(NAMES, st.floats(0, 1e9), max_size=8))
def test_every_number_is_read_kept_or_named(fields):
    fields.pop("run_id", None)
    line = read(**fields)
    read_from = {p.partition(": ")[2].split(" ")[0] for p in line.measurements.provenance.values()}
    own = {"exit_code", "start_time", "end_time", "spark_app_id", "namespace", "test_name"}
    assert set(fields) - own - {"combination", "iteration"} <= read_from | set(line.extra)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ('"duration_sec": 11, "duration_s": 12', "duration_s says another duration_s than"),
        (
            f'"duration_sec": 11, "duration_s": {"9" * 400}',
            "duration_s says another duration_s than",
        ),
        ('"duration_sec": 600, "end_time": "2026-11-22T01:01:00Z"', "duration_s is longer than"),
    ],
    ids=["two fields", "beyond a number", "times"],
)
def test_what_a_line_says_twice_and_not_alike_is_noted(fields, said):
    start = '"start_time": "2026-11-22T01:00:00Z"'
    (note,) = parse_result_line(f'{{"run_id": "1", {start}, {fields}}}'.encode()).notes
    assert note.startswith(said)


@pytest.mark.parametrize(
    "fields",
    [
        '"duration_sec": 11, "duration_s": 11.004',
        '"duration_sec": 11, "end_time": "2026-11-22T01:01:00Z"',
        '"duration_sec": 61.2, "end_time": "2026-11-22T01:01:00Z"',
    ],
    ids=["rounded", "a part of the run", "whole seconds"],
)
def test_what_a_line_says_twice_and_alike_is_not(fields):
    start = '"start_time": "2026-11-22T01:00:00Z"'
    assert parse_result_line(f'{{"run_id": "1", {start}, {fields}}}'.encode()).notes == ()
