"""From landed objects to canonical records: every line is used once or refused with a reason."""

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lm_assets.collect.campaign_records import (
    NO_SOURCE,
    LandedRun,
    ReadResults,
    canonical_record,
    read_results,
)
from lm_assets.collect.landing.landed_objects import sort_landed_objects
from lm_assets.gateways.bucket.record_json import record_to_json
from lm_assets.model.campaign import Manifest, Stage, Subject
from lm_assets.model.combination import Matrix
from lm_assets.model.measurement import Measurements
from lm_assets.model.metric import Direction, Metric, MetricCatalogue, Scale, Tier
from lm_assets.model.record import RunRecord

CAMPAIGN = "nightly-2026-11-22-1a2b3c4"
FOLDER = "3.5.0_read"
MATRIX = Matrix(
    dimensions={"spark_version": ["3.5.0", "4.0.0"], "operation": ["read", "join"]},
    id_format="{spark_version}_{operation}",
    priorities={"p1": [{}]},
)


def metric(name: str, tier: Tier) -> Metric:
    return Metric(name=name, tier=tier, unit="", direction=Direction.LOWER, scale=Scale.RATIO)


METRICS = MetricCatalogue(
    (
        metric("oom_kills", Tier.STABILITY),
        metric("gc_time_pct", Tier.EFFICIENCY),
        metric("duration_s", Tier.PERFORMANCE),
        metric("latency_p50_ms", Tier.PERFORMANCE),
    )
)


@dataclass(frozen=True)
class Landed:
    """An object as a listing gives it."""

    key: str
    etag: str = "etag"


def line(run_id: object = "run-1", **fields: Any) -> bytes:
    return json.dumps({"test_name": FOLDER, "run_id": run_id, **fields}).encode()


def read(files: Mapping[str, bytes]) -> ReadResults:
    """Read files, by their key under the campaign's folder, as a campaign."""
    contents = {f"incoming/{CAMPAIGN}/{path}": content for path, content in files.items()}
    landed = sort_landed_objects(CAMPAIGN, [Landed(key) for key in contents])
    return read_results(landed, matrix=MATRIX, read=lambda item: contents[item.key])


def read_lines(*lines: bytes, folder: str = FOLDER) -> ReadResults:
    return read({f"{folder}/results.jsonl": b"\n".join(lines)})


def refusals(results: ReadResults) -> list[tuple[int | None, str]]:
    return [(refused.line, refused.rule) for refused in results.quarantined]


def run_ids(results: ReadResults) -> list[str]:
    return [run.line.run_id for run in results.runs]


class TestLines:
    def test_are_judged_alone_so_that_a_broken_one_loses_no_other(self) -> None:
        results = read_lines(line("1"), b'{"run_id": ', line("2"), b'{"run_id": NaN}', line("3"))
        assert run_ids(results) == ["1", "2", "3"]
        assert refusals(results) == [(2, "not_json"), (4, "not_finite")]

    def test_that_are_refused_are_kept_whole_with_key_rule_and_detail(self) -> None:
        broken = b'{"run_id": "1", "duration_sec": NaN, "note": "\xc3\xa9"}\r'
        (refused,) = read_lines(line("1"), broken).quarantined
        assert (refused.campaign, refused.line) == (CAMPAIGN, 2)
        assert refused.key == f"incoming/{CAMPAIGN}/{FOLDER}/results.jsonl"
        assert refused.content.encode() == broken
        assert "NaN" in refused.detail

    def test_in_invalid_utf8_are_kept_readable(self) -> None:
        (refused,) = read_lines(b'{"run_id": "\xff"}').quarantined
        assert (refused.rule, refused.content) == ("not_utf8", '{"run_id": "\\xff"}')

    @pytest.mark.parametrize(
        "content",
        [
            line("1") + b"\n" + line("2"),
            line("1") + b"\n" + line("2") + b"\n",
            line("1") + b"\r\n" + line("2") + b"\r\n",
            b"\n\n" + line("1") + b"\n \t\n\r\n" + line("2") + b"\n\n",
            b"\xef\xbb\xbf" + line("1") + b"\n" + line("2"),
            b"\xef\xbb\xbf\r\n" + line("1") + b"\n\xef\xbb\xbf" + line("2"),
        ],
        ids=["bare", "final newline", "CRLF", "empty lines", "byte order mark", "joined files"],
    )
    def test_are_found_in_every_layout_of_a_text_file(self, content: bytes) -> None:
        results = read({f"{FOLDER}/results.jsonl": content})
        assert run_ids(results) == ["1", "2"]
        assert results.quarantined == ()

    @pytest.mark.parametrize("content", [b"", b"\n", b"\xef\xbb\xbf"])
    def test_of_an_empty_file_are_none(self, content: bytes) -> None:
        assert read({f"{FOLDER}/results.jsonl": content}) == ReadResults(runs=(), quarantined=())

    def test_that_are_huge_are_refused_and_their_file_is_used(self) -> None:
        results = read_lines(line("1", note="x" * 2_000_000), line("2"))
        assert run_ids(results) == ["2"]
        assert refusals(results) == [(1, "line_too_long")]

    def test_are_numbered_as_an_editor_numbers_them(self) -> None:
        results = read_lines(b"", line("1"), b"", b"x")
        assert [run.source.line for run in results.runs] == [2]
        assert refusals(results) == [(4, "not_json")]

    def test_have_a_detail_of_bounded_length(self) -> None:
        (refused,) = read_lines(line("1", test_name="x" * 100_000)).quarantined
        assert len(refused.detail) <= 1000


class TestCombination:
    @pytest.mark.parametrize(
        "fields",
        [
            {"test_name": "p1_3.5.0_read"},
            {"test_name": "p1_350_read"},
            {"test_name": "350_read"},
            {"test_name": None, "combination": "3.5.0_read"},
            {"test_name": None, "spark_version": "3.5.0", "operation": "read"},
            {"test_name": None},
            {"test_name": None, "operation": "read"},
            {"operation": "read", "spark_version": "3.5.0"},
        ],
        ids=lambda fields: " ".join(name for name, value in fields.items() if value) or "folder",
    )
    def test_is_read_from_the_name_the_fields_or_the_folder(self, fields: dict[str, Any]) -> None:
        results = read_lines(line("1", **fields))
        assert [run.combination.id for run in results.runs] == ["3.5.0_read"]

    @pytest.mark.parametrize("folder", ["3.5.0_read", "p1_3.5.0_read", "p1_350_read", "350_read"])
    def test_of_the_folder_may_be_spelt_as_a_name_may(self, folder: str) -> None:
        assert run_ids(read_lines(line("1"), folder=folder)) == ["1"]

    @pytest.mark.parametrize(
        ("fields", "rule"),
        [
            ({"test_name": "p1_9.9.9_read"}, "unknown_combination"),
            ({"test_name": None, "spark_version": "9", "operation": "read"}, "unknown_combination"),
            ({"test_name": "4.0.0_read"}, "contradiction"),
            ({"test_name": None, "spark_version": "4.0.0", "operation": "read"}, "contradiction"),
            ({"test_name": None, "operation": "join"}, "contradiction"),
            ({"operation": "join"}, "contradiction"),
            ({"operation": ["read"]}, "contradiction"),
        ],
    )
    def test_that_is_unknown_or_contradicted_is_refused_and_not_guessed(
        self, fields: dict[str, Any], rule: str
    ) -> None:
        results = read_lines(line("1", **fields), line("2"))
        assert run_ids(results) == ["2"]
        assert refusals(results) == [(1, rule)]

    def test_of_an_unknown_folder_is_refused_line_by_line(self) -> None:
        results = read_lines(line("1"), line("2", test_name=None), folder="8.0_read")
        assert results.runs == ()
        assert refusals(results) == [(1, "unknown_combination"), (2, "unknown_combination")]
        assert "8.0_read" in results.quarantined[1].detail

    def test_that_is_ambiguous_is_refused_with_its_readings(self) -> None:
        matrix = Matrix(dimensions={"version": ["3.5.0", "35.0"]}, id_format="{version}")
        landed = sort_landed_objects("c", [Landed("incoming/c/3.5.0/r.jsonl")])
        results = read_results(landed, matrix=matrix, read=lambda _: line("1", test_name="350"))
        (refused,) = results.quarantined
        assert refused.rule == "unknown_combination"
        assert "['3.5.0', '35.0']" in refused.detail

    def test_may_have_a_dimension_named_like_a_field_of_the_line(self) -> None:
        matrix = Matrix(dimensions={"namespace": ["a", "b"]}, id_format="{namespace}")
        landed = sort_landed_objects("c", [Landed("incoming/c/a/r.jsonl")])
        content = b'{"run_id": "1", "namespace": "a"}\n{"run_id": "2", "namespace": "b"}'
        results = read_results(landed, matrix=matrix, read=lambda _: content)
        assert run_ids(results) == ["1"]
        assert refusals(results) == [(2, "contradiction")]


class TestSecondDelivery:
    def test_in_one_file_keeps_the_first_and_says_that_the_content_is_the_same(self) -> None:
        results = read_lines(line("1", duration_sec=5), line("1", duration_sec=5))
        assert run_ids(results) == ["1"]
        (refused,) = results.quarantined
        assert (refused.line, refused.rule) == (2, "duplicate_run")
        assert "with the same content" in refused.detail
        assert "results.jsonl line 1" in refused.detail

    def test_with_other_content_says_so(self) -> None:
        results = read_lines(line("1", duration_sec=5), line("1", duration_sec=6))
        (run,) = results.runs
        assert run.line.measurements.values["duration_s"] == 5.0
        assert "with other content" in results.quarantined[0].detail

    @pytest.mark.parametrize(
        ("again", "kind"), [(5, "with the same content"), (6, "with other content")]
    )
    def test_in_a_second_file_keeps_that_of_the_first_key(self, again: int, kind: str) -> None:
        first, second = line("1", duration_sec=5), line("1", duration_sec=again)
        results = read({f"{FOLDER}/b.jsonl": second, f"{FOLDER}/a.jsonl": first})
        (run,) = results.runs
        assert run.source.key.endswith("/a.jsonl")
        (refused,) = results.quarantined
        assert refused.key.endswith("/b.jsonl")
        assert kind in refused.detail

    def test_in_another_spelling_of_the_folder_is_one_too(self) -> None:
        results = read({f"{FOLDER}/a.jsonl": line("1"), "p1_350_read/a.jsonl": line("1")})
        assert run_ids(results) == ["1"]
        assert refusals(results) == [(1, "duplicate_run")]

    def test_is_seen_through_the_ways_to_write_an_id(self) -> None:
        iteration = json.dumps({"test_name": FOLDER, "iteration": 1}).encode()
        results = read_lines(line(1), line("1"), iteration, line("iteration-1"))
        assert run_ids(results) == ["1", "iteration-1"]
        assert refusals(results) == [(2, "duplicate_run"), (4, "duplicate_run")]

    def test_of_a_refused_line_is_a_first_one(self) -> None:
        results = read_lines(line("1", duration_sec=0), line("1", duration_sec=5))
        assert run_ids(results) == ["1"]
        assert refusals(results) == [(1, "out_of_range")]

    def test_is_none_where_two_combinations_share_an_id(self) -> None:
        results = read(
            {f"{FOLDER}/a.jsonl": line("1"), "4.0.0_read/a.jsonl": line("1", test_name=None)}
        )
        assert run_ids(results) == ["1", "1"]
        assert results.quarantined == ()


class TestObjects:
    @pytest.mark.parametrize("path", ["run-1/eventlog/events_1_app", "run-1/pods.json"])
    def test_of_a_run_without_a_result_line_are_named_and_left_in_place(self, path: str) -> None:
        results = read({f"{FOLDER}/r.jsonl": line("run-2"), f"{FOLDER}/{path}": b"{}"})
        (refused,) = results.quarantined
        assert (refused.rule, refused.line, refused.content) == (
            "run_without_result_line",
            None,
            "",
        )
        assert refused.key.endswith(path)
        assert "'run-1'" in refused.detail

    def test_of_a_run_whose_line_was_refused_are_named_too(self) -> None:
        results = read({f"{FOLDER}/r.jsonl": b"x", f"{FOLDER}/run-1/pods.json": b"{}"})
        assert [rule for _, rule in refusals(results)] == ["not_json", "run_without_result_line"]

    def test_of_an_accepted_run_are_no_refusal(self) -> None:
        results = read(
            {
                f"{FOLDER}/r.jsonl": line("run-1"),
                f"{FOLDER}/run-1/pods.json": b"{}",
                f"{FOLDER}/run-1/eventlog/app": b"",
                "manifest.json": b"{}",
                "_SUCCESS": b"",
            }
        )
        assert results.quarantined == ()

    def test_that_fit_nothing_are_refused_by_name(self) -> None:
        results = read({f"{FOLDER}/r.jsonl": line("run-1"), f"{FOLDER}/notes.txt": b""})
        (refused,) = results.quarantined
        assert refused.key.endswith("notes.txt")
        assert refused.line is None


LINES = st.lists(
    st.sampled_from(
        [
            line("1"),
            line("1", duration_sec=5),
            line("2", duration_sec=7),
            line("3", test_name="4.0.0_read"),
            b"{",
            b"",
        ]
    ),
    max_size=6,
).map(b"\n".join)
FILES = st.dictionaries(
    st.sampled_from([f"{FOLDER}/a.jsonl", f"{FOLDER}/b.jsonl", "4.0.0_read/a.jsonl", "x/a.jsonl"]),
    LINES,
)


@given(FILES, st.randoms(use_true_random=False))
def test_the_order_in_which_objects_are_listed_changes_nothing(
    files: dict[str, bytes], random: Any
) -> None:
    shuffled = list(files.items())
    random.shuffle(shuffled)
    assert read(dict(shuffled)) == read(files)


@given(FILES)
def test_every_line_that_is_not_blank_is_used_or_refused_once(files: dict[str, bytes]) -> None:
    results = read(files)
    used = [(run.source.key, run.source.line) for run in results.runs]
    refused = [(item.key, item.line) for item in results.quarantined]
    delivered = [
        (f"incoming/{CAMPAIGN}/{path}", number)
        for path, content in files.items()
        for number, text in enumerate(content.split(b"\n"), start=1)
        if text
    ]
    assert sorted([*used, *refused]) == sorted(delivered)
    assert len({(run.combination.id, run.line.run_id) for run in results.runs}) == len(used)


MANIFEST = Manifest(
    campaign=CAMPAIGN,
    stage=Stage.NIGHTLY,
    subject=Subject(git_sha="1a2b3c4"),
    environment={"cpu": "x"},
)


def one_run(**fields: Any) -> LandedRun:
    (run,) = read_lines(line("run-1", **fields)).runs
    return run


def record_of(run: LandedRun, *measurements: Measurements) -> RunRecord:
    return canonical_record(run, manifest=MANIFEST, metrics=METRICS, measurements=measurements)


def measured(source: str, /, **values: float) -> Measurements:
    return Measurements(values=values, provenance=dict.fromkeys(values, source))


class TestCanonicalRecord:
    def test_says_of_which_campaign_run_subject_and_object_it_is(self) -> None:
        record = record_of(one_run(start_time="2026-11-22T13:00:00+01:00", exit_code=3))
        assert (record.campaign, record.combination, record.run_id) == (CAMPAIGN, FOLDER, "run-1")
        assert record.dimensions == {"spark_version": "3.5.0", "operation": "read"}
        assert record.subject.git_sha == "1a2b3c4"
        assert record.environment == {"cpu": "x"}
        assert record.started_at is not None
        assert record.started_at.isoformat() == "2026-11-22T12:00:00+00:00"
        assert record.is_failed
        assert record.source_object.key.endswith("results.jsonl")
        assert record.source_object.line == 1

    def test_has_every_metric_in_its_tier_or_missing_with_the_reason(self) -> None:
        record = record_of(
            one_run(duration_sec=5),
            Measurements(
                values={"oom_kills": 0.0},
                missing={"gc_time_pct": "no event log"},
                provenance={"oom_kills": "pods.json"},
            ),
        )
        assert record.tier1_stability == {"oom_kills": 0.0}
        assert record.tier2_efficiency == {}
        assert record.tier3_performance == {"duration_s": 5.0}
        assert record.missing == {
            "gc_time_pct": "no event log",
            "latency_p50_ms": "the result line has no latency_p50_ms",
        }
        assert record.provenance == {
            "oom_kills": "pods.json",
            "duration_s": "result line: duration_sec",
        }

    def test_calls_a_metric_that_nothing_speaks_of_missing(self) -> None:
        assert record_of(one_run()).missing["oom_kills"] == NO_SOURCE

    def test_takes_a_metric_from_the_first_source_that_has_it(self) -> None:
        run = one_run(latency_p50_ms=1.0)
        record = record_of(
            run,
            measured("history server", duration_s=2.0, latency_p50_ms=9.0),
            measured("event log", duration_s=3.0, gc_time_pct=4.0),
        )
        assert record.metrics == {"duration_s": 2.0, "latency_p50_ms": 1.0, "gc_time_pct": 4.0}
        assert record.provenance["duration_s"] == "history server"

    def test_keeps_unknown_fields_and_values_that_no_tier_lists(self) -> None:
        record = record_of(
            one_run(color="red", rows_read=10, throughput=4.0, spark_app_id="app-1"),
            measured("event log", shuffle_records=7.0),
        )
        assert record.extra == {
            "color": "red",
            "rows_read": 10,
            "spark_app_id": "app-1",
            "unlisted_metrics": {"throughput_rows_s": 4.0, "shuffle_records": 7.0},
        }
        assert "throughput_rows_s" not in record.missing

    def test_is_byte_for_byte_the_same_for_the_same_input(self) -> None:
        fields = {"color": "red", "duration_sec": 5, "rows_read": 3, "area": {"b": 1, "a": 2}}
        stored = {
            record_to_json(record_of(one_run(**dict(order))))
            for order in itertools.permutations(fields.items())
        }
        assert len(stored) == 1
