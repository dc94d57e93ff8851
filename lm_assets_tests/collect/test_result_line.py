"""Result lines: read liberally, refused precisely, and nothing they say is lost or made up."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lm_assets.collect.foreign_json import MAX_DEPTH
from lm_assets.collect.result_line import MAX_LINE_BYTES, ResultLine, parse_result_line
from lm_assets.model.errors import UnusableInputError

RULES = {
    *("line_too_long", "not_utf8", "not_json", "not_finite", "duplicate_field", "too_deep"),
    *("unstorable_text", "not_an_object", "wrong_type", "out_of_range", "run_id", "time"),
    "duration",
}


def line(**fields: Any) -> bytes:
    return json.dumps({"test_name": "p1_a_b", "run_id": "run-1", **fields}).encode()


def read(**fields: Any) -> ResultLine:
    return parse_result_line(line(**fields))


def refusal(content: bytes) -> UnusableInputError:
    with pytest.raises(UnusableInputError) as caught:
        parse_result_line(content)
    return caught.value


def test_a_full_line_is_read_whole() -> None:
    parsed = read(
        start_time="2026-11-22T12:00:00Z",
        end_time="2026-11-22T12:01:00+00:00",
        duration_sec=58.5,
        exit_code=0,
        rows_read=1000,
        throughput=17.5,
        latency_p50_ms=1,
        latency_p95_ms=2.5,
        latency_p99_ms=3,
        spark_app_id="local-1",
        namespace="perf",
        color="red",
    )
    assert (parsed.name, parsed.run_id, parsed.exit_code) == ("p1_a_b", "run-1", 0)
    assert (parsed.spark_app_id, parsed.namespace) == ("local-1", "perf")
    assert parsed.started_at == datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert parsed.ended_at == datetime(2026, 11, 22, 12, 1, tzinfo=UTC)
    assert parsed.measurements.values == {
        "duration_s": 58.5,
        "throughput_rows_s": 17.5,
        "latency_p50_ms": 1.0,
        "latency_p95_ms": 2.5,
        "latency_p99_ms": 3.0,
    }
    assert parsed.measurements.missing == {}
    assert parsed.extra == {"rows_read": 1000, "color": "red"}


def test_a_line_that_says_next_to_nothing_has_gaps_with_reasons_and_no_zero() -> None:
    parsed = read()
    assert parsed.measurements.values == {}
    assert set(parsed.measurements.missing) == {
        *("duration_s", "throughput_rows_s", "latency_p50_ms", "latency_p95_ms"),
        "latency_p99_ms",
    }
    assert all(parsed.measurements.missing.values())
    assert (parsed.started_at, parsed.ended_at, parsed.exit_code) == (None, None, None)


class TestJson:
    @pytest.mark.parametrize(
        ("content", "rule"),
        [
            (b"", "not_json"),
            (b"{", "not_json"),
            (b'{"run_id": "1"', "not_json"),
            (b'{"run_id": "1"} {"run_id": "2"}', "not_json"),
            (b"run-1,3.5", "not_json"),
            (b"{'run_id': '1'}", "not_json"),
            (b'{"n": 1' + b"0" * 5000 + b"}", "not_json"),
            (b'{"run_id": "\xff"}', "not_utf8"),
            (b'{"run_id": "\xed\xa0\x80"}', "not_utf8"),
            ('{"run_id": "1"}'.encode("utf-16"), "not_utf8"),
            (b"[]", "not_an_object"),
            (b'"text"', "not_an_object"),
            (b"null", "not_an_object"),
            (b"12", "not_an_object"),
            (b'{"duration_sec": NaN}', "not_finite"),
            (b'{"extra": {"deep": [Infinity]}}', "not_finite"),
            (b'{"duration_sec": -Infinity}', "not_finite"),
            (b'{"duration_sec": 1e999}', "not_finite"),
            (b'{"anything": -1e999}', "not_finite"),
            (b'{"run_id": "1", "duration_sec": 1, "duration_sec": 2}', "duplicate_field"),
            (b'{"extra": {"a": 1, "a": 1}}', "duplicate_field"),
            (rb'{"run_id": "1", "note": "\ud800"}', "unstorable_text"),
            (rb'{"run_id": "1", "\udc00": 1}', "unstorable_text"),
            (rb'{"run_id": "1", "note": ["a\u0000b"]}', "unstorable_text"),
            (b'{"a":' + b"[" * 100_000, "too_deep"),
            (b'{"a":' + b"[" * MAX_DEPTH + b"1" + b"]" * MAX_DEPTH + b"}", "too_deep"),
            (b'{"a":' * 200 + b"1" + b"}" * 200, "too_deep"),
        ],
    )
    def test_that_cannot_be_used_is_refused_by_rule(self, content: bytes, rule: str) -> None:
        assert refusal(content).rule == rule

    def test_as_deep_as_is_allowed_is_kept(self) -> None:
        nested: Any = 1
        for _ in range(MAX_DEPTH - 1):
            nested = [nested]
        assert read(nested=nested).extra["nested"] == nested

    @pytest.mark.parametrize(
        "content",
        [
            line() + b"\r",
            b"\xef\xbb\xbf" + line(),
            b"  \t" + line() + b"  ",
            b'{"run_id": "run-1", "test_name": "p1_a_b"}',
        ],
        ids=["CRLF", "byte order mark", "white space", "other order"],
    )
    def test_in_the_spellings_of_editors_and_platforms_is_read(self, content: bytes) -> None:
        assert parse_result_line(content).run_id == "run-1"

    def test_with_a_whole_surrogate_pair_is_text(self) -> None:
        assert parse_result_line(rb'{"run_id": "1", "note": "\ud83d\ude00"}').extra == {
            "note": "😀"
        }

    def test_of_the_largest_size_is_read_and_one_byte_more_is_not(self) -> None:
        padding = MAX_LINE_BYTES - len(line(note=""))
        assert len(read(note="x" * padding).extra["note"]) == padding
        assert refusal(line(note="x" * (padding + 1))).rule == "line_too_long"


class TestRunId:
    @pytest.mark.parametrize(
        ("fields", "run_id"),
        [
            ({"run_id": "run-1"}, "run-1"),
            ({"run_id": 7}, "7"),
            ({"run_id": 0}, "0"),
            ({"iteration": 3}, "iteration-3"),
            ({"iteration": 0}, "iteration-0"),
            ({"run_id": None, "iteration": 3}, "iteration-3"),
            ({"run_id": "", "iteration": 3}, "iteration-3"),
            ({"run_id": "r", "iteration": 3}, "r"),
        ],
    )
    def test_is_the_id_as_text_else_the_iteration(
        self, fields: dict[str, Any], run_id: str
    ) -> None:
        assert parse_result_line(json.dumps(fields).encode()).run_id == run_id

    def test_and_iteration_together_keep_the_iteration(self) -> None:
        assert read(iteration=3).extra == {"iteration": 3}

    @pytest.mark.parametrize(
        ("fields", "rule"),
        [
            ({}, "run_id"),
            ({"run_id": None}, "run_id"),
            ({"run_id": True}, "run_id"),
            ({"run_id": 1.5}, "run_id"),
            ({"run_id": -1}, "run_id"),
            ({"run_id": ["1"]}, "run_id"),
            ({"run_id": "../1"}, "run_id"),
            ({"run_id": "a..b"}, "run_id"),
            ({"run_id": "a/b"}, "run_id"),
            ({"run_id": "a\n"}, "run_id"),
            ({"run_id": "é"}, "run_id"),
            ({"run_id": "-1"}, "run_id"),
            ({"run_id": "x" * 201}, "run_id"),
            ({"iteration": "3"}, "wrong_type"),
            ({"iteration": True}, "wrong_type"),
            ({"iteration": 1.5}, "wrong_type"),
            ({"iteration": -1}, "out_of_range"),
            ({"iteration": 10**300}, "out_of_range"),
        ],
    )
    def test_that_cannot_be_a_key_is_refused(self, fields: dict[str, Any], rule: str) -> None:
        assert refusal(json.dumps(fields).encode()).rule == rule


class TestName:
    def test_is_absent_where_dimension_fields_are_given_instead(self) -> None:
        parsed = parse_result_line(b'{"run_id": "1", "operation": "read", "test_name": null}')
        assert parsed.name is None
        assert parsed.extra == {"operation": "read"}

    def test_may_be_called_the_combination(self) -> None:
        assert parse_result_line(b'{"run_id": "1", "combination": "a_b"}').name == "a_b"

    def test_keeps_a_second_spelling_for_comparison(self) -> None:
        parsed = read(combination="c_d")
        assert (parsed.name, parsed.extra) == ("p1_a_b", {"combination": "c_d"})

    @pytest.mark.parametrize("value", [1, True, ["a"], {"a": 1}])
    def test_that_is_no_text_is_refused(self, value: object) -> None:
        assert refusal(line(test_name=value)).rule == "wrong_type"


class TestTimes:
    @pytest.mark.parametrize(
        "text",
        [
            "2026-11-22T12:00:00Z",
            "2026-11-22T12:00:00+00:00",
            "2026-11-22T14:00:00+02:00",
            "2026-11-22 06:30:00-05:30",
            "20261122T120000Z",
            "2026-11-22T12:00:00.000Z",
        ],
    )
    def test_in_any_zone_are_read_in_utc(self, text: str) -> None:
        started_at = read(start_time=text).started_at
        assert started_at == datetime(2026, 11, 22, 12, tzinfo=UTC)
        assert started_at is not None
        assert started_at.tzinfo is UTC

    @pytest.mark.parametrize("name", ["start_time", "end_time"])
    @pytest.mark.parametrize(
        ("value", "rule", "message"),
        [
            ("2026-11-22T12:00:00", "time", "must say its time zone"),
            ("2026-11-22", "time", "must say its time zone"),
            ("22.11.2026 12:00", "time", "must be ISO 8601"),
            ("2026-11-31T12:00:00Z", "time", "must be ISO 8601"),
            ("2026-11-22T12:00:00+25:00", "time", "must be ISO 8601"),
            ("0001-01-01T00:00:00+01:00", "time", "must lie in the years 2000 to 2099"),
            ("1970-01-01T00:00:00Z", "time", "check the runner's clock"),
            ("9999-12-31T23:59:59-01:00", "time", "must lie in the years 2000 to 2099"),
            (1763812800, "wrong_type", "must be text"),
        ],
    )
    def test_that_are_no_moment_are_refused(
        self, name: str, value: object, rule: str, message: str
    ) -> None:
        refused = refusal(line(**{name: value}))
        assert refused.rule == rule
        assert message in refused.detail
        assert name in refused.detail


class TestDuration:
    START = "2026-11-22T12:00:00Z"

    def test_is_what_the_line_states_before_what_its_times_say(self) -> None:
        measured = read(start_time=self.START, end_time="2026-11-22T12:01:00Z", duration_sec=50)
        assert measured.measurements.values["duration_s"] == 50.0
        assert measured.measurements.provenance["duration_s"] == "result line: duration_sec"

    def test_is_the_time_between_start_and_end_when_none_is_stated(self) -> None:
        measured = read(start_time=self.START, end_time="2026-11-22T14:01:00.500+02:00")
        assert measured.measurements.values["duration_s"] == 60.5
        assert "end_time - start_time" in measured.measurements.provenance["duration_s"]

    def test_is_missing_where_start_and_end_are_equal(self) -> None:
        measured = read(start_time=self.START, end_time=self.START).measurements
        assert "duration_s" not in measured.values
        assert measured.missing["duration_s"] == (
            "the result line's start_time and end_time are equal"
        )

    @pytest.mark.parametrize("given_time", ["start_time", "end_time"])
    def test_is_missing_where_only_one_time_is_given(self, given_time: str) -> None:
        measured = read(**{given_time: self.START}).measurements
        assert "neither" in measured.missing["duration_s"]

    @pytest.mark.parametrize(
        ("fields", "rule"),
        [
            ({"start_time": START, "end_time": "2026-11-22T11:59:59Z"}, "duration"),
            (
                {"start_time": START, "end_time": "2026-11-22T11:59:59Z", "duration_sec": 5},
                "duration",
            ),
            ({"duration_sec": 0}, "out_of_range"),
            ({"duration_sec": 0.0}, "out_of_range"),
            ({"duration_sec": -1.5}, "out_of_range"),
            ({"duration_s": 0}, "out_of_range"),
            ({"duration_sec": "12"}, "wrong_type"),
            ({"duration_sec": True}, "wrong_type"),
            ({"duration_sec": [12]}, "wrong_type"),
            ({"duration_sec": 10**400}, "not_finite"),
        ],
    )
    def test_that_no_run_can_have_is_refused(self, fields: dict[str, Any], rule: str) -> None:
        assert refusal(line(**fields)).rule == rule


class TestThroughput:
    @pytest.mark.parametrize("name", ["throughput_rows_sec", "throughput_rows_s", "throughput"])
    def test_is_read_in_each_of_its_three_spellings(self, name: str) -> None:
        measured = read(**{name: 12.5}).measurements
        assert measured.values == {"throughput_rows_s": 12.5}
        assert measured.provenance == {"throughput_rows_s": f"result line: {name}"}

    def test_in_three_spellings_at_once_takes_the_clearest_and_keeps_the_others(self) -> None:
        parsed = read(throughput=3, throughput_rows_sec=1, throughput_rows_s=2)
        assert parsed.measurements.values == {"throughput_rows_s": 1.0}
        assert parsed.extra == {"throughput": 3, "throughput_rows_s": 2}

    @pytest.mark.parametrize(
        ("fields", "expected", "origin"),
        [
            ({"rows_read": 100, "rows_written": 30}, 10.0, "rows_read / duration"),
            ({"rows_written": 30}, 3.0, "rows_written / duration"),
            ({"rows_read": 0, "rows_written": 30}, 3.0, "rows_written / duration"),
            ({"rows_read": 100, "throughput": 7}, 7.0, "throughput"),
        ],
    )
    def test_is_derived_from_rows_and_duration_when_not_stated(
        self, fields: dict[str, Any], expected: float, origin: str
    ) -> None:
        measured = read(duration_sec=10, **fields).measurements
        assert measured.values["throughput_rows_s"] == expected
        assert measured.provenance["throughput_rows_s"] == f"result line: {origin}"

    @pytest.mark.parametrize(
        "fields",
        [{}, {"rows_read": 100}, {"duration_sec": 10}, {"duration_sec": 10, "rows_read": 0}],
    )
    def test_is_missing_and_never_zero_where_rows_or_duration_are(
        self, fields: dict[str, Any]
    ) -> None:
        measured = read(**fields).measurements
        assert "throughput_rows_s" not in measured.values
        assert measured.missing["throughput_rows_s"]

    @pytest.mark.parametrize(
        ("fields", "rule"),
        [
            ({"throughput": -1}, "out_of_range"),
            ({"rows_read": -1}, "out_of_range"),
            ({"rows_written": -1, "throughput": 5}, "out_of_range"),
            ({"rows_read": "many"}, "wrong_type"),
            ({"latency_p99_ms": -0.1}, "out_of_range"),
            ({"latency_p50_ms": "1ms"}, "wrong_type"),
            ({"rows_read": 1e300, "duration_sec": 1e-300}, "out_of_range"),
            ({"duration_sec": 1e155}, "out_of_range"),
            ({"throughput": 1e155}, "out_of_range"),
            ({"latency_p95_ms": 10**155}, "out_of_range"),
            ({"rows_read": 1e100, "duration_sec": 1e-100}, "out_of_range"),
        ],
    )
    def test_and_latency_that_no_run_can_have_are_refused(
        self, fields: dict[str, Any], rule: str
    ) -> None:
        assert refusal(line(**fields)).rule == rule


@pytest.mark.parametrize("value", [0, 1, -9, 137, 2**31 - 1, 0.0, 3.0])
def test_an_exit_code_is_kept_as_it_is(value: int) -> None:
    assert read(exit_code=value).exit_code == value


@pytest.mark.parametrize(
    ("value", "rule"),
    [("0", "wrong_type"), (0.5, "wrong_type"), (False, "wrong_type"), (2**31, "out_of_range")],
)
def test_an_exit_code_that_is_no_whole_number_is_refused(value: object, rule: str) -> None:
    assert refusal(line(exit_code=value)).rule == rule


@pytest.mark.parametrize(
    ("fields", "run_id"),
    [
        ({"iteration": 3.0, "run_id": None}, "iteration-3"),
        ({"run_id": 7.0}, "7"),
        ({"run_id": 7}, "7"),
    ],
)
def test_a_number_of_a_run_is_the_same_however_it_is_spelt(
    fields: dict[str, Any], run_id: str
) -> None:
    """A column with one empty value writes 0.0 for every 0: one null must not cost a whole file."""
    assert read(**fields).run_id == run_id


def test_rows_that_are_no_whole_number_by_their_spelling_are_read() -> None:
    measured = read(rows_read=1000.0, duration_sec=2.0, exit_code=0.0)
    assert (measured.exit_code, measured.measurements.values["throughput_rows_s"]) == (0, 500.0)


def test_a_refusal_names_the_field_and_shows_a_long_value_cut_short() -> None:
    refused = refusal(line(duration_sec="9" * 100_000))
    assert refused.detail.startswith("duration_sec must be a number, got '999")
    assert len(refused.detail) < 200


FIELD_NAMES = st.sampled_from(
    [
        *("test_name", "combination", "run_id", "iteration", "start_time", "end_time"),
        *("duration_sec", "duration_s", "exit_code", "rows_read", "rows_written"),
        *("throughput", "throughput_rows_sec", "throughput_rows_s", "latency_p50_ms"),
        *("spark_app_id", "namespace", "anything"),
    ]
)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.datetimes().map(str),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def rule_broken_by(content: bytes) -> str | None:
    """The rule a line breaks, or None when it is used; anything else it raises fails the test."""
    try:
        parse_result_line(content)
    except UnusableInputError as refused:
        return refused.rule
    return None


@given(st.binary(max_size=200))
@example(b"\x00")
@example(b'{"a":' + b"[" * 990 + b"]" * 990 + b"}")
def test_any_bytes_are_either_used_or_refused(content: bytes) -> None:
    assert rule_broken_by(content) in {None, *RULES}


@given(st.dictionaries(FIELD_NAMES, JSON_VALUES))
def test_any_fields_are_either_used_or_refused(fields: dict[str, Any]) -> None:
    content = json.dumps({"run_id": "run-1", **fields}).encode()
    assert rule_broken_by(content) in {None, *RULES}


@given(st.dictionaries(st.text(min_size=1).map(lambda name: f"x_{name}"), JSON_VALUES))
def test_unknown_fields_are_kept_as_they_were_or_the_line_is_refused(
    fields: dict[str, Any],
) -> None:
    try:
        parsed = parse_result_line(line(**fields))
    except UnusableInputError:
        return
    assert parsed.extra == fields
