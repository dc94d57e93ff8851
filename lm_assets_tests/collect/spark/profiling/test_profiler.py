"""A profile says what its log says: stages and their operators, settings, executors, the clock."""

import io
import json
from typing import Any

import pytest

from lm_assets.collect.spark.event_log import EventLogPart, read_event_log
from lm_assets.collect.spark.event_log.sql_events import decode_plan
from lm_assets.collect.spark.profile_document import profile_document, read_profile_document
from lm_assets.collect.spark.profiling.plans import comparable_plan
from lm_assets.gateways.bucket.profile_json import profile_from_bytes
from lm_assets.model.errors import UnusableInputError
from lm_assets_tests.architecture.project import PROJECT
from lm_assets_tests.collect.spark.profiling.sql_events import (
    a_plan,
    adaptive_update,
    execution_end,
    execution_start,
    sql_job_start,
)
from lm_assets_tests.fakes.spark_events import (
    KILLED,
    T0,
    application_end,
    application_start,
    event_lines,
    executor_added,
    stage_completed,
    stage_info,
    stage_submitted,
    task_end,
)

CAMPAIGNS = PROJECT / "demo" / "campaigns"


def profile_of(*events: dict[str, Any]):
    content = event_lines(*events)
    return read_event_log([EventLogPart(name="log", open=lambda: io.BytesIO(content))]).profile


def completed(stage_id: int, at: int, accumulators: list[int], *, since: int) -> dict[str, Any]:
    info = stage_info(
        stage_id,
        **{
            "Submission Time": since,
            "Completion Time": at,
            "Accumulables": [{"ID": number, "Value": "7"} for number in accumulators],
        },
    )
    return {"Event": "SparkListenerStageCompleted", "Stage Info": info}


def replanned_after_each_stage(plans: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """An execution whose n-th stage adds to accumulator n, and then has the next plan."""
    stages = range(len(plans) - 1)
    told = [execution_start(1, plans[0], T0), sql_job_start(1, list(stages), 1, T0)]
    for stage in stages:
        since = T0 + 100 * stage
        told += [
            stage_submitted(stage, since),
            completed(stage, since + 50, [stage], since=since),
            adaptive_update(1, plans[stage + 1]),
        ]
    return [*told, execution_end(1, T0 + 950)]


ATTEMPTS = ("tasks", "killed_tasks", "speculative_tasks")
JOIN = a_plan("SortMergeJoin [k#1]", ("number of output rows", 10))


class TestStages:
    def test_have_the_operators_between_their_exchanges(self):
        plan = a_plan(
            "SortMergeJoin [k#1]",
            ("number of output rows", 10),
            children=[
                a_plan(
                    "Exchange hashpartitioning(k#1, 8), [plan_id=7]",
                    ("shuffle bytes written", 20),
                    ("records read", 21),
                    children=[a_plan("Filter (k#1 > 2026-11-23)", ("number of output rows", 30))],
                )
            ],
        )
        profile = profile_of(
            application_start("app-1", T0),
            execution_start(1, plan, T0),
            sql_job_start(1, [1, 2], 1, T0),
            stage_submitted(1, T0 + 100),
            completed(1, T0 + 400, [20, 30], since=T0 + 100),
            stage_submitted(2, T0 + 500),
            completed(2, T0 + 900, [21, 10], since=T0 + 500),
            execution_end(1, T0 + 950),
            application_end(T0 + 1_000),
        )
        assert [stage.operators for stage in profile.stages] == [
            ("Exchange", "Filter"),
            ("SortMergeJoin",),
        ]
        (execution,) = profile.executions
        assert execution.figures == {"0": {"rows_out": 7}, "2": {"rows_out": 7}}
        details = [node.detail for node in profile.plans[execution.plan]]
        assert details[1:] == ["Exchange hashpartitioning(k, 8)", "Filter (k > <date>)"]

    def test_of_the_final_adaptive_plan_are_of_that_plan(self):
        final = a_plan("BroadcastHashJoin [k#1]", ("number of output rows", 50))
        profile = profile_of(
            application_start("app-1", T0),
            execution_start(1, JOIN, T0),
            sql_job_start(1, [1], 1, T0),
            adaptive_update(1, final),
            stage_submitted(1, T0 + 100),
            completed(1, T0 + 400, [50], since=T0 + 100),
            execution_end(1, T0 + 950),
        )
        assert profile.stages[0].operators == ("BroadcastHashJoin",)

    def test_are_of_the_plan_that_had_them_where_the_last_one_has_them_no_more(self):
        plans = [a_plan(f"Operator{n} [k#1]", ("number of output rows", n)) for n in range(9)]
        stages = range(8)
        profile = profile_of(*replanned_after_each_stage(plans))
        assert [stage.operators for stage in profile.stages] == [(f"Operator{n}",) for n in stages]

    @pytest.mark.parametrize("has_end", [True, False])
    def test_of_an_execution_with_hundreds_of_them_have_their_operators(self, has_end):
        plan = a_plan("SortMergeJoin [k#1]", *(("rows", number) for number in range(300)))
        ended = [execution_end(1, T0 + 950)] if has_end else []
        profile = profile_of(
            execution_start(1, plan, T0),
            sql_job_start(1, list(range(300)), 1, T0),
            *(
                event
                for stage in range(300)
                for event in (
                    stage_submitted(stage, T0),
                    completed(stage, T0 + 900, [stage], since=T0),
                )
            ),
            *ended,
        )
        assert {stage.operators for stage in profile.stages} == {("SortMergeJoin",)}
        assert {stage.fragments for stage in profile.stages} == {(0,)}

    def test_of_plans_whose_texts_are_long_have_their_operators(self):
        plans = [
            a_plan(f"Operator{n} [{'k' * 400_000}#1]", ("number of output rows", n))
            for n in range(5)
        ]
        profile = profile_of(*replanned_after_each_stage(plans))
        assert [stage.operators for stage in profile.stages] == [
            ("Operator0",),
            ("Operator1",),
            ("Operator2",),
            ("Operator3",),
        ]

    def test_take_a_run_time_that_cannot_be_for_none_and_not_for_zero(self):
        (stage,) = profile_of(
            stage_submitted(0, T0),
            task_end(0, 0, T0, 100, metrics={"run": 90}),
            task_end(0, 1, T0, 100, metrics={"run": 10**9}),
            completed(0, T0 + 900, [], since=T0),
        ).stages
        assert (stage.run_time_p50_ms, stage.run_time_max_ms) == (90.0, 90.0)
        assert stage.sum_of("run_time_ms") == 90
        assert stage.succeeded_tasks == 2

    def test_of_an_execution_that_starts_twice_have_the_operators_that_they_ran_by(self):
        profile = profile_of(
            execution_start(1, JOIN, T0),
            sql_job_start(1, [1], 1, T0),
            stage_submitted(1, T0 + 100),
            completed(1, T0 + 400, [10], since=T0 + 100),
            execution_start(1, a_plan("Filter [k#1]", ("number of output rows", 60)), T0),
            execution_end(1, T0 + 950),
        )
        assert profile.stages[0].operators == ("SortMergeJoin",)

    def test_count_the_copies_that_end_after_them(self):
        (stage,) = profile_of(
            stage_submitted(0, T0),
            task_end(0, 0, T0, 100),
            completed(0, T0 + 900, [], since=T0),
            task_end(0, 1, T0, 950, KILLED, speculative=True, metrics={"run": 940}),
        ).stages
        assert [stage.sum_of(name) for name in ATTEMPTS] == [2, 1, 1]
        assert stage.succeeded_tasks == 1
        assert stage.sum_of("run_time_ms") == 10

    def test_have_the_tasks_of_all_their_attempts(self):
        (stage,) = profile_of(
            stage_submitted(0, T0),
            task_end(0, 0, T0, 100),
            completed(0, T0 + 900, [], since=T0),
            stage_submitted(0, T0 + 1_000, 1),
            task_end(0, 1, T0 + 1_000, 200, attempt=1),
            task_end(0, 2, T0 + 1_000, 200, attempt=1),
            completed(0, T0 + 1_300, [], since=T0 + 1_000),
        ).stages
        assert stage.succeeded_tasks == 3
        assert stage.sum_of("run_time_ms") == 30

    def test_name_the_functions_that_their_operators_call(self):
        plan = a_plan("Project [clean(upper(u#1)) AS c#2]", ("number of output rows", 10))
        scan = a_plan("Scan parquet [u#1] InMemoryFileIndex(1 paths)[file:/data]")
        (stage,) = profile_of(
            execution_start(1, plan | {"children": [scan]}, T0),
            sql_job_start(0, [0], 1, T0),
            stage_submitted(0, T0),
            completed(0, T0 + 900, [10], since=T0),
            execution_end(1, T0 + 950),
        ).stages
        assert stage.functions == ("clean", "upper")

    def test_that_belong_to_no_plan_tell_of_no_functions(self):
        (stage,) = profile_of(stage_submitted(0, T0), completed(0, T0 + 900, [], since=T0)).stages
        assert stage.functions is None

    @pytest.mark.parametrize(
        ("level", "kept"),
        [
            ({"Use Memory": True}, ("map (memory)",)),
            ({"Use Disk": True, "Use Memory": True, "Replication": 2},
             ("map (memory and disk, 2 copies)",)),
            ({"Use Memory": True, "Use Off Heap": True}, ("map (off-heap memory)",)),
            ({"Use Memory": False, "Use Disk": False}, ()),
        ],
    )  # fmt: skip
    def test_name_the_persisted_data_that_they_fill_or_read(self, level, kept):
        of_map = {"Scope": '{"id":"2","name":"map"}', "Storage Level": level}
        event = completed(0, T0 + 900, [], since=T0)
        event["Stage Info"]["RDD Info"] = [of_map, {"Scope": '{"id":"1","name":"textFile"}'}]
        (stage,) = profile_of(stage_submitted(0, T0), event).stages
        assert stage.kept_data == kept

    def test_share_the_clock_in_which_they_ran_side_by_side(self):
        profile = profile_of(
            application_start("app-1", T0),
            stage_submitted(1, T0 + 100),
            stage_submitted(2, T0 + 100),
            task_end(1, 1, T0 + 100, 300),
            task_end(2, 2, T0 + 100, 100),
            stage_completed(2, T0 + 200),
            stage_completed(1, T0 + 500),
            application_end(T0 + 1_000),
        )
        by_id = sorted(stage.clock_ms for stage in profile.stages)
        assert by_id == [100.0, 300.0]
        assert (profile.start_up_ms, profile.driver_gap_ms) == (100.0, 500.0)
        assert profile.clock_ms == 1_000.0


class TestTwoPlansOfOneQuery:
    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("Filter (k#1 > 5)", "Filter (k#77 > 6)"),
            ("Scan csv [k#1L] file:/data/2026-11-22", "Scan csv [k#3L] file:/data/2026-11-23"),
            ("Exchange hashpartitioning(k#1, 8), [plan_id=3]", "Exchange hashpartitioning(k#1, 9)"),
        ],
    )
    def test_differ_in_nothing_but_ids_paths_dates_and_literals(self, one, other):
        digests = [self.digest(text) for text in (one, other)]
        assert digests[0] == digests[1]

    def test_differ_where_the_reader_does(self):
        slow = a_plan("FileScan parquet [k#1] Batched: false", metadata={"Batched": "false"})
        fast = a_plan("FileScan parquet [k#1] Batched: true", metadata={"Batched": "true"})
        assert self.of_plan(slow) != self.of_plan(fast)
        assert self.works_of(slow) == self.works_of(fast)

    def works_of(self, plan: dict[str, Any]) -> dict[int, str]:
        return dict(comparable_plan(decode_plan(json.dumps(plan).encode())).keys)

    def digest(self, text: str) -> str:
        return self.of_plan(a_plan(text))

    def of_plan(self, plan: dict[str, Any]) -> str:
        profile = profile_of(execution_start(1, plan, T0), execution_end(1, T0 + 1))
        return profile.executions[0].plan


class TestSettings:
    def test_keep_no_secret(self):
        profile = profile_of(
            {
                "Event": "SparkListenerEnvironmentUpdate",
                "Spark Properties": {
                    "spark.hadoop.fs.s3a.secret.key": "hunter2",
                    "spark.some.url": "jdbc:postgresql://joe:hunter2@db/x",
                    "spark.app.id": "app-1",
                },
            }
        )
        assert "hunter2" not in str(profile.settings)
        assert profile.volatile == ("spark.app.id",)


class TestSize:
    def test_is_bounded_for_an_application_of_ten_thousand_stages(self):
        events = [application_start("app-1", T0), executor_added("1", T0, cores=1)]
        for number in range(10_000):
            events += [
                stage_submitted(number, T0 + number),
                task_end(number, number, T0 + number, 1),
                stage_completed(number, T0 + number + 1),
            ]
        profile = profile_of(*events, application_end(T0 + 20_000))
        assert len(profile.stages) <= 2_000
        assert sum(stage.merged for stage in profile.stages) == 10_000
        assert profile.total("tasks") == 10_000

    def test_of_a_recorded_log_is_below_thirty_kilobytes(self):
        logs = sorted(CAMPAIGNS.glob("*changed/*/run-1/eventlog/*"))
        assert len(logs) == 20
        part = EventLogPart(name="log.zstd", open=lambda: logs[0].open("rb"))
        assert len(profile_document(read_event_log([part]))) < 30_000


class TestDocument:
    def test_comes_back_as_it_was(self):
        log = next(iter(sorted(CAMPAIGNS.glob("*changed/*/run-1/eventlog/*"))))
        read = read_event_log([EventLogPart(name="log.zstd", open=lambda: log.open("rb"))])
        again = read_profile_document(profile_document(read), source="x")
        assert again.figures == read.figures
        assert again.profile == read.profile

    @pytest.mark.parametrize(
        "content", [b"", b"{}", b"[1]", b"\x28\xb5\x2f\xfd\x00", b'{"profile"']
    )
    def test_that_is_none_is_refused_by_name(self, content):
        with pytest.raises(UnusableInputError, match="profile_unreadable"):
            profile_from_bytes(content, source="x")

    def test_of_a_later_format_is_refused(self):
        with pytest.raises(UnusableInputError, match="format 99"):
            profile_from_bytes(b'{"profile":{"app_id":"a","format":99}}', source="x")
