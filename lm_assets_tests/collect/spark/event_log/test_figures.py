"""Event logs: what counts as what, on written events and on real logs."""

import io
import itertools
import json
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lm_assets.collect.spark.event_log import (
    EventLogLimits,
    EventLogPart,
    local_event_log_parts,
    parse_event_log,
)
from lm_assets.collect.spark.figures import ApplicationFigures
from lm_assets.model.errors import UnusableInputError

START = {
    "Event": "SparkListenerApplicationStart",
    "App Name": "load",
    "App ID": "app-1",
    "Timestamp": 1_000,
    "User": "u",
}
END = {"Event": "SparkListenerApplicationEnd", "Timestamp": 61_000}


def part(name: str, content: bytes) -> EventLogPart:
    return EventLogPart(name=name, open=partial(io.BytesIO, content))


def lines(*events: Any) -> bytes:
    # Spark writes no spaces; the fast path of the reader depends on it.
    return b"".join(json.dumps(e, separators=(",", ":")).encode() + b"\n" for e in events)


def figures_of(*events: Any) -> ApplicationFigures:
    return parse_event_log([part("app-1", lines(START, *events, END))])


NUMBERS = itertools.count()


def task(
    reason: str = "Success",
    *,
    launched: int = 2_000,
    ms: int = 100,
    executor: str = "1",
    speculative: bool = False,
    metrics: dict[str, Any] | None = None,
    heap: int | None = None,
) -> dict[str, Any]:
    event: dict[str, Any] = {
        "Event": "SparkListenerTaskEnd",
        "Stage ID": 0,
        "Task End Reason": {"Reason": reason},
        "Task Info": {
            "Task ID": next(NUMBERS),
            "Launch Time": launched,
            "Finish Time": launched + ms,
            "Executor ID": executor,
            "Speculative": speculative,
        },
    }
    if heap is not None:
        event["Task Executor Metrics"] = {"JVMHeapMemory": heap}
    if metrics is not None:
        event["Task Metrics"] = metrics
    return event


def job_start(job: int, stages: Sequence[int]) -> dict[str, Any]:
    return {"Event": "SparkListenerJobStart", "Job ID": job, "Stage IDs": list(stages)}


def job_end(job: int, result: str = "JobSucceeded") -> dict[str, Any]:
    return {"Event": "SparkListenerJobEnd", "Job ID": job, "Job Result": {"Result": result}}


def stage(kind: str, stage_id: int, attempt: int = 0, **info: Any) -> dict[str, Any]:
    return {
        "Event": f"SparkListenerStage{kind}",
        "Stage Info": {"Stage ID": stage_id, "Stage Attempt ID": attempt, **info},
    }


def executor_added(executor: str, at: int, cores: int = 4) -> dict[str, Any]:
    return {
        "Event": "SparkListenerExecutorAdded",
        "Timestamp": at,
        "Executor ID": executor,
        "Executor Info": {"Host": "h", "Total Cores": cores},
    }


def executor_removed(executor: str, at: int) -> dict[str, Any]:
    return {
        "Event": "SparkListenerExecutorRemoved",
        "Timestamp": at,
        "Executor ID": executor,
        "Removed Reason": "lost",
    }


@pytest.mark.parametrize(
    "reason", ["ExceptionFailure", "FetchFailed", "ExecutorLostFailure", "TaskResultLost"]
)
def test_an_attempt_that_failed_of_itself_is_a_failed_task(reason: str) -> None:
    figures = figures_of(task(reason), task())
    assert (figures.failed_tasks, figures.tasks) == (1, 2)


@pytest.mark.parametrize("reason", ["TaskKilled", "TaskCommitDenied"])
def test_an_attempt_that_lost_to_another_is_killed_and_not_failed(reason: str) -> None:
    figures = figures_of(task(reason), task())
    assert (figures.failed_tasks, figures.killed_tasks, figures.tasks) == (0, 1, 2)


def test_a_speculative_copy_is_never_a_failed_task_and_its_failure_is_told() -> None:
    figures = figures_of(
        task(speculative=True),
        task("TaskKilled", speculative=True),
        task("ExceptionFailure", speculative=True),
    )
    assert (figures.failed_tasks, figures.speculative_tasks, figures.killed_tasks) == (0, 3, 1)
    assert figures.notes == ("1 speculative copies failed; not in failed_tasks",)


def test_a_resubmission_after_a_lost_executor_is_no_task_and_no_failure() -> None:
    figures = figures_of(task(ms=70), task("Resubmitted", ms=70), task(ms=90))
    assert (figures.tasks, figures.failed_tasks, figures.resubmitted_tasks) == (2, 0, 1)
    assert figures.task_duration_p50_ms == 80.0


def test_quantiles_are_of_successful_attempts_over_all_stages() -> None:
    figures = figures_of(*(task(ms=ms) for ms in range(1, 102)), task("TaskKilled", ms=9_999))
    assert (figures.task_duration_p50_ms, figures.task_duration_p99_ms) == (51.0, 100.0)


def test_a_stage_that_an_ended_job_never_submitted_is_skipped_and_not_run() -> None:
    figures = figures_of(
        job_start(0, [0, 1, 2]),
        stage("Submitted", 2),
        stage("Completed", 2, **{"Submission Time": 5}),
        job_end(0),
    )
    assert (figures.stages_run, figures.skipped_stages, figures.failed_stages) == (1, 2, 0)


def test_a_stage_still_to_come_when_the_log_ends_is_not_skipped() -> None:
    figures = figures_of(job_start(0, [0, 1]), stage("Submitted", 0))
    assert (figures.stages_run, figures.skipped_stages) == (1, 0)


def test_each_attempt_of_a_stage_counts_and_its_failure_once() -> None:
    failed = {"Submission Time": 5, "Failure Reason": "FetchFailed"}
    figures = figures_of(
        job_start(0, [0]),
        stage("Submitted", 0),
        stage("Completed", 0, **failed),
        stage("Submitted", 0, 1),
        stage("Completed", 0, 1, **{"Submission Time": 9}),
        job_end(0),
    )
    assert (figures.stages_run, figures.failed_stages, figures.skipped_stages) == (2, 1, 0)


def test_a_job_that_did_not_succeed_is_a_failed_job() -> None:
    figures = figures_of(job_start(0, []), job_end(0), job_start(1, []), job_end(1, "JobFailed"))
    assert (figures.jobs, figures.failed_jobs) == (2, 1)


def test_costs_of_failed_and_killed_attempts_are_in_the_sums() -> None:
    metrics = {"Executor Run Time": 10, "JVM GC Time": 2, "Disk Bytes Spilled": 7}
    figures = figures_of(
        task(metrics=metrics), task("ExceptionFailure", metrics=metrics), task("TaskKilled")
    )
    assert figures.sums.executor_run_time_ms == 20
    assert (figures.sums.jvm_gc_time_ms, figures.sums.disk_bytes_spilled) == (4, 14)


def test_a_task_metric_that_is_left_out_is_not_added_as_zero() -> None:
    whole = {"Executor Run Time": 10, "JVM GC Time": 0, "Disk Bytes Spilled": 0}
    assert figures_of(task(metrics=whole), task("TaskKilled")).unrecorded == frozenset()
    assert figures_of(task(metrics=whole), task(metrics={"Executor Run Time": 10})).unrecorded == {
        "JVM GC Time",
        "Disk Bytes Spilled",
    }


def test_a_replaced_executor_does_not_add_to_the_cores() -> None:
    figures = figures_of(
        executor_added("1", 1_000),
        executor_added("2", 2_000),
        executor_removed("2", 31_000),
        executor_added("3", 31_000),
    )
    assert figures.peak_cores == 8
    assert figures.executor_seconds == 60.0 + 29.0 + 30.0


def test_heap_peaks_are_per_executor_and_zero_is_no_sample() -> None:
    figures = figures_of(
        executor_added("1", 1_000),
        executor_added("2", 1_000),
        task(executor="1", heap=500),
        task(executor="1", heap=300),
        task(executor="2", heap=0),
        task(executor="2", heap=-1),
        {
            "Event": "SparkListenerStageExecutorMetrics",
            "Executor ID": "driver",
            "Executor Metrics": {"JVMHeapMemory": 900},
        },
    )
    assert [executor.peak_jvm_heap_bytes for executor in figures.executors] == [500, None]
    assert (figures.peak_jvm_heap_bytes, figures.driver_peak_jvm_heap_bytes) == (500, 900)
    assert figures.malformed_lines == 0


def test_a_log_without_end_has_no_duration_and_keeps_the_rest() -> None:
    figures = parse_event_log([part("a", lines(START, task("ExceptionFailure")))])
    assert (figures.duration_s, figures.failed_tasks, figures.incomplete) == (None, 1, ())
    assert figures.notes[0].startswith("no application end event")


def test_a_log_without_beginning_is_incomplete() -> None:
    figures = parse_event_log([part("a", lines(task(), END))])
    assert figures.incomplete == ("no application start event: the log's beginning is missing",)


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(b'{"Event":"SparkListenerTaskEnd","Task En', id="cut"),
        pytest.param(b"\x00\xff not json", id="binary"),
        pytest.param(b'{"Event":"SparkListenerTaskEnd","Task Info":3}', id="wrong type"),
        pytest.param(b'{"Event":"SomethingNew","x":[1,2}', id="unknown event, broken"),
        pytest.param(b'{"no event":1}', id="no event name"),
        pytest.param(b'{"Event":"SparkListenerJobEnd","Job ID":1e999}', id="number too large"),
        pytest.param(
            b'{"Event":"New","x":' + b"[" * 99_999 + b"]" * 99_999 + b"}", id="deeply nested"
        ),
        pytest.param(b'{"Event":"\xff"}', id="not UTF-8"),
        pytest.param(
            b'{"Event":"SparkListenerApplicationEnd","Timestamp":' + b"9" * 18 + b"}",
            id="time beyond the calendar",
        ),
        pytest.param(
            b'{"Event":"SparkListenerTaskEnd","Task End Reason":{"Reason":"Success"},'
            b'"Task Metrics":{"JVM GC Time":' + b"9" * 400 + b"}}",
            id="more than 64 bits",
        ),
    ],
)
def test_a_malformed_line_is_counted_and_the_log_is_not_lost(broken: bytes) -> None:
    content = lines(START, task()) + broken + b"\n" + lines(task(), END)
    figures = parse_event_log([part("a", content)])
    assert (figures.malformed_lines, figures.tasks, figures.duration_s) == (1, 2, 60.0)
    assert figures.notes == ("1 malformed lines skipped (first at lines 3)",)


def test_a_line_past_the_limit_is_malformed_and_not_kept() -> None:
    content = lines(START) + b"x" * 5_000 + b"\n" + lines(task(), END)
    figures = parse_event_log([part("a", content)], limits=EventLogLimits(max_line_bytes=1_000))
    assert (figures.malformed_lines, figures.tasks) == (1, 1)


def test_events_whose_name_does_not_come_first_are_read_too() -> None:
    content = json.dumps({"Timestamp": 61_000, "Event": "SparkListenerApplicationEnd"}, indent=None)
    figures = parse_event_log([part("a", lines(START) + content.encode())])
    assert figures.duration_s == 60.0


def test_unknown_events_are_passed_over() -> None:
    assert figures_of({"Event": "org.example.New", "deep": [{"a": 1}]}).malformed_lines == 0


@pytest.mark.parametrize(
    ("content", "rule"),
    [(b"", "event_log_empty"), (b"\n \n", "event_log_empty"), (b"hello\n", "not_an_event_log")],
)
def test_what_is_no_event_log_is_refused_by_name(content: bytes, rule: str) -> None:
    with pytest.raises(UnusableInputError) as refusal:
        parse_event_log([part("a", content)])
    assert refusal.value.rule == rule


def test_two_applications_in_one_log_are_refused() -> None:
    with pytest.raises(UnusableInputError, match="event_log_of_two_applications: app-1 and app-2"):
        figures_of({**START, "App ID": "app-2"})


def test_attempts_of_one_application_are_told_apart() -> None:
    figures = parse_event_log([part("a", lines({**START, "App Attempt ID": "2"}, END))])
    assert (figures.app_id, figures.attempt_id) == ("app-1", "2")


def test_quantiles_past_the_exact_limit_say_so_and_are_within_half_a_percent() -> None:
    content = lines(START, *(task(ms=ms) for ms in range(1, 2_001)), END)
    figures = parse_event_log([part("a", content)], limits=EventLogLimits(exact_task_durations=99))
    assert figures.task_duration_p95_ms == pytest.approx(1_900, rel=0.006)
    assert figures.notes == ("task-duration quantiles within 0.5 %: more than 99 tasks",)


@given(st.lists(st.binary(max_size=60), max_size=8))
def test_whatever_bytes_follow_the_start_the_start_is_kept(content: list[bytes]) -> None:
    figures = parse_event_log([part("a", lines(START) + b"\n".join(content))])
    assert figures.app_id == "app-1"


REAL_LOGS = {
    "local-1422981780767": "local-1422981780767",
    "app-20200706201101-0003": "app-20200706201101-0003",
    "streaming_eventlog.zstd": "e2e/streaming_eventlog.zstd",
    "empty_eventlog": "qualification/empty_eventlog",
    "db_sim_eventlog/eventlog-2021-06-15--15-00.gz": (
        "qualification/db_sim_eventlog/eventlog-2021-06-15--15-00.gz"
    ),
    "eventlog_v2_local-1623876083964": "qualification/eventlog_v2_local-1623876083964",
    # Spark's rolling log and Databricks' hourly one hold the same application.
    "db_sim_eventlog": "qualification/eventlog_v2_local-1623876083964",
}


@pytest.mark.external_data
@pytest.mark.parametrize("log", REAL_LOGS)
def test_real_logs_give_what_an_independent_pass_found(shared_data: Path, log: str) -> None:
    spark = shared_data / "spark"
    expected = json.loads((spark / "expected.json").read_text())[REAL_LOGS[log]]
    figures = parse_event_log(local_event_log_parts(spark / "event_logs" / log))
    assert _comparable(figures) == _expected(expected)


def _comparable(figures: ApplicationFigures) -> dict[str, Any]:
    sums = figures.sums
    duration_s = figures.duration_s
    return {
        "app": (figures.app_id, figures.attempt_id, figures.app_name, figures.spark_version),
        "duration_ms": None if duration_s is None else round(duration_s * 1000),
        "malformed": figures.malformed_lines,
        "jobs": (figures.jobs, figures.failed_jobs),
        "stages": (figures.stages_run, figures.failed_stages),
        "tasks": (figures.tasks, figures.failed_tasks, figures.killed_tasks),
        "speculative": figures.speculative_tasks,
        "time": (sums.executor_run_time_ms, sums.executor_cpu_time_ns, sums.jvm_gc_time_ms),
        "spill": (sums.memory_bytes_spilled, sums.disk_bytes_spilled),
        "shuffle read": (sums.shuffle_bytes_read, sums.shuffle_rows_read),
        "shuffle write": (sums.shuffle_bytes_written, sums.shuffle_rows_written),
        "input": (sums.input_bytes, sums.input_rows),
        "output": (sums.output_bytes, sums.output_rows),
        "peak execution memory": figures.peak_execution_memory_bytes,
        "peak heap": max(figures.peak_jvm_heap_bytes or 0, figures.driver_peak_jvm_heap_bytes or 0),
        "cores": sum(executor.cores for executor in figures.executors),
    }


def _expected(truth: dict[str, Any]) -> dict[str, Any]:
    totals, tasks = truth["totals_over_all_task_ends"], truth["tasks"]

    def total(*names: str) -> tuple[int, ...]:
        return tuple(totals.get(name, 0) for name in names)

    return {
        "app": tuple(truth[k] for k in ("app_id", "attempt_id", "app_name", "spark_version")),
        "duration_ms": truth["duration_ms"],
        "malformed": truth["malformed_lines"],
        "jobs": (truth["jobs"]["started"], truth["jobs"]["failed"]),
        "stages": (truth["stages"]["attempts_submitted"], truth["stages"]["failed"]),
        "tasks": (
            tasks["end_events"],
            tasks["failed_excl_killed_and_resubmitted"],
            tasks["killed"],
        ),
        "speculative": tasks["speculative"],
        "time": total("Executor Run Time", "Executor CPU Time", "JVM GC Time"),
        "spill": total("Memory Bytes Spilled", "Disk Bytes Spilled"),
        "shuffle read": total("Shuffle Read Bytes", "Shuffle Read Records"),
        "shuffle write": total("Shuffle Write Bytes", "Shuffle Write Records"),
        "input": total("Input Bytes", "Input Records"),
        "output": total("Output Bytes", "Output Records"),
        "peak execution memory": totals["peak_execution_memory_max"],
        "peak heap": truth["executor_metric_peaks"].get("JVMHeapMemory", 0),
        "cores": truth["executors"]["total_cores_added"],
    }


@pytest.mark.external_data
def test_quantiles_of_a_real_log_are_those_of_its_tasks(shared_data: Path) -> None:
    log = shared_data / "spark" / "event_logs" / "app-20200706201101-0003"
    durations = sorted(_durations(log.read_text().splitlines()))
    figures = parse_event_log(local_event_log_parts(log))
    # Type 7: position 0.95 × 47 = 44.65 between the 45th and 46th of 48 durations.
    expected = durations[44] + 0.65 * (durations[45] - durations[44])
    assert figures.task_duration_p95_ms == pytest.approx(expected)


def _durations(log_lines: Iterable[str]) -> Iterable[int]:
    for line in log_lines:
        event = json.loads(line)
        if event["Event"] == "SparkListenerTaskEnd":
            yield event["Task Info"]["Finish Time"] - event["Task Info"]["Launch Time"]
