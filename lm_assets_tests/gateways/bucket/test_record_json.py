"""The stored form of records: lossless, repeatable byte for byte, and checked when read."""

import json
import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lm_assets.gateways.bucket.record_json import (
    from_jsonl,
    record_from_json,
    record_to_json,
    to_jsonl,
)
from lm_assets.model.campaign import Subject
from lm_assets.model.errors import DataFaultError
from lm_assets.model.record import QuarantinedLine, RunRecord, SourceObject

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
TEXTS = st.dictionaries(TEXT, TEXT, max_size=3)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
MOMENTS = st.none() | st.datetimes(timezones=st.just(UTC))
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | FINITE | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)


def tier(prefix: str) -> st.SearchStrategy[dict[str, float]]:
    return st.dictionaries(TEXT.map(lambda name: prefix + name), FINITE, max_size=3)


RECORDS = st.builds(
    RunRecord,
    campaign=TEXT,
    combination=TEXT,
    dimensions=TEXTS,
    run_id=TEXT,
    started_at=MOMENTS,
    ended_at=MOMENTS,
    subject=st.builds(Subject, git_sha=TEXT, version_labels=TEXTS, image_digests=TEXTS),
    environment=TEXTS,
    tier1_stability=tier("1"),
    tier2_efficiency=tier("2"),
    tier3_performance=tier("3"),
    provenance=TEXTS,
    missing=st.dictionaries(TEXT.map(lambda name: "0" + name), TEXT, max_size=3),
    source_object=st.builds(SourceObject, key=TEXT, etag=TEXT, line=st.integers(1, 10**6)),
    exit_code=st.none() | st.integers(-(2**31), 2**31 - 1),
    extra=st.dictionaries(TEXT, JSON_VALUES, max_size=3),
)
RECORD = RunRecord(
    campaign="ci-1",
    combination="a_b",
    dimensions={"x": "a", "y": "b"},
    run_id="run-1",
    started_at=datetime(2026, 11, 22, 12, 0, 0, 500_000, tzinfo=UTC),
    ended_at=None,
    tier3_performance={"duration_s": 12.0, "aaa": 0.1},
    missing={"oom_kills": "no series"},
    source_object=SourceObject(key="k", etag="e", line=3),
    extra={"rows_read": 2**70},
)


@given(RECORDS)
def test_a_record_is_the_same_after_it_was_stored(record: RunRecord) -> None:
    assert record_from_json(record_to_json(record)) == record


@given(RECORDS)
def test_a_record_that_was_read_is_stored_as_the_same_bytes(record: RunRecord) -> None:
    stored = record_to_json(record)
    assert record_to_json(record_from_json(stored)) == stored
    assert b"\n" not in stored
    assert b"\r" not in stored


@given(RECORDS)
def test_the_order_in_which_a_record_was_filled_leaves_no_trace(record: RunRecord) -> None:
    turned = dict(reversed(json.loads(record_to_json(record)).items()))
    assert record_to_json(record_from_json(json.dumps(turned).encode())) == record_to_json(record)


def test_a_stored_record_has_sorted_keys_and_times_in_utc() -> None:
    fields = json.loads(record_to_json(RECORD))
    assert list(fields) == sorted(fields)
    assert list(fields["tier3_performance"]) == ["aaa", "duration_s"]
    assert fields["started_at"] == "2026-11-22T12:00:00.500000Z"
    assert fields["ended_at"] is None
    assert fields["source_object"] == {"etag": "e", "key": "k", "line": 3}


@given(st.binary(max_size=200))
def test_any_bytes_are_a_record_or_a_data_fault(content: bytes) -> None:
    with pytest.raises(DataFaultError, match="not a canonical record"):
        record_from_json(content)


def changed(**fields: Any) -> bytes:
    return json.dumps({**json.loads(record_to_json(RECORD)), **fields}).encode()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        record_to_json(RECORD)[:-1],
        record_to_json(RECORD) + b"{}",
        b"[" * 100_000,
        changed(run_id=7),
        changed(started_at="2026-11-22T12:00:00"),
        changed(started_at="2026-11-22T12:00:00+02:00"),
        changed(tier3_performance={"duration_s": math.nan}),
        changed(tier3_performance={"duration_s": None}),
        changed(tier3_performance={"duration_s": "12"}),
        changed(missing={"duration_s": "why"}),
        changed(source_object=None),
        record_to_json(RECORD).replace(b"12.0", b"1e999"),
        record_to_json(RECORD).replace(b'"run_id"', b'"run_ix"'),
    ],
    ids=lambda content: content[-40:].decode(),
)
def test_a_line_that_is_no_record_is_refused_and_shown(content: bytes) -> None:
    with pytest.raises(DataFaultError, match="not a canonical record") as caught:
        record_from_json(content)
    assert len(str(caught.value)) < 1000


QUARANTINED = st.builds(
    QuarantinedLine,
    campaign=TEXT,
    key=TEXT,
    line=st.none() | st.integers(1, 9),
    rule=TEXT,
    detail=TEXT,
    content=TEXT,
)


class TestJsonl:
    @given(st.lists(QUARANTINED, max_size=5))
    def test_gives_rows_back_in_their_order(self, rows: list[QuarantinedLine]) -> None:
        stored = to_jsonl(rows)
        assert list(from_jsonl(stored, QuarantinedLine, source="here")) == rows
        assert stored.count(b"\n") == len(rows)

    def test_of_nothing_is_empty(self) -> None:
        assert to_jsonl([]) == b""
        assert list(from_jsonl(b"", QuarantinedLine, source="here")) == []

    def test_that_was_cut_names_the_source_and_the_line(self) -> None:
        row = QuarantinedLine(campaign="c", key="k", line=1, rule="r", detail="d", content="x")
        stored = to_jsonl([row, row])[:-10]
        with pytest.raises(DataFaultError, match="raw/x line 2 is no QuarantinedLine"):
            list(from_jsonl(stored, QuarantinedLine, source="raw/x"))

    @pytest.mark.parametrize("content", [b"\n", b"{}\n", b"\xff\n", b"[" * 100_000])
    def test_of_something_else_is_a_data_fault(self, content: bytes) -> None:
        with pytest.raises(DataFaultError, match="here line 1"):
            list(from_jsonl(content, QuarantinedLine, source="here"))
