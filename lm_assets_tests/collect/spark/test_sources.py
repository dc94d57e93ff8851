"""Sources asked for one run: failures are reasons, and the first available value wins."""

import io
import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lm_assets.collect.source_answers import (
    SourceAnswer,
    explain_answers,
    failed_source,
    merge_answers,
)
from lm_assets.collect.spark.event_log import EventLogPart
from lm_assets.collect.spark.history_server_figures import figures_from_answers
from lm_assets.collect.spark.metrics import APPLICATION_METRICS
from lm_assets.collect.spark.sources import (
    ApplicationRef,
    ask_event_log,
    ask_history_server,
    ask_history_server_for_all,
    nodes_of,
)
from lm_assets.gateways.http.history_server import HistoryServer
from lm_assets.gateways.http.history_server_answers import (
    Application,
    ApplicationAnswers,
    Attempt,
    Environment,
    Executor,
    Job,
    StageAttempt,
    Task,
)
from lm_assets.gateways.retrying import NO_RETRY
from lm_assets.model.application_profile import ApplicationProfile, ExecutorProfile
from lm_assets.model.measurement import Measurements
from lm_assets.model.metric import Ceiling, MetricCatalogue
from lm_assets_tests.builders import a_metric, a_metric_catalogue
from lm_assets_tests.fakes.http_server import Answer, Request, serving
from lm_assets_tests.fakes.spark_events import event_lines, eventful_application

ALLOWED = {"cpu_core_seconds": 600.0}
NOON = "2026-11-22T12:00:00.000GMT"


def eventful_log() -> list[EventLogPart]:
    content = event_lines(*eventful_application("app-1"))
    return [EventLogPart(name="app-1", open=partial(io.BytesIO, content))]


def given(source: str, **values: float) -> SourceAnswer:
    measurements = Measurements(values=values, provenance=dict.fromkeys(values, source))
    return SourceAnswer(
        source=source,
        measurements=measurements,
        asked=dict.fromkeys(values, f"asked {source}"),
        answered=dict.fromkeys(values, f"{source} answered"),
    )


def test_an_event_log_answers_every_application_metric() -> None:
    answer = ask_event_log(eventful_log())
    measured = answer.measurements
    assert {*measured.values, *measured.missing} == set(APPLICATION_METRICS)
    assert measured.values["failed_tasks"] == 2
    assert answer.answered["failed_tasks"].startswith(
        "app-1: 12 tasks in 3 stages of 2 jobs; 2 of 12 attempts failed; 2 killed, 2 speculative, "
        "1 resubmitted; "
    )
    assert "2 of 3 stage attempts failed; 1 skipped" in answer.answered["failed_stages"]
    assert set(answer.answered) == set(APPLICATION_METRICS)


def test_an_unreadable_event_log_makes_every_metric_missing_with_the_reason() -> None:
    answer = ask_event_log([EventLogPart(name="a.zstd", open=partial(io.BytesIO, b"no"))])
    assert answer.measurements.values == {}
    assert set(answer.measurements.missing) == set(APPLICATION_METRICS)
    reason = "event log: event_log_unreadable: a.zstd: not zstd, begins with b'no'"
    assert answer.measurements.missing["duration_s"] == reason


def test_a_server_that_refuses_makes_every_metric_missing_with_the_reason() -> None:
    with serving(lambda _request: Answer(status=403)) as fake:
        server = HistoryServer(fake.url, retry=NO_RETRY)
        answer = ask_history_server(server, ApplicationRef(app_id="app-1"))
        server.close()
    assert answer.measurements.values == {}
    assert "refused: status 403" in answer.measurements.missing["gc_time_pct"]


def test_an_answer_of_impossible_times_is_a_reason_and_no_crash() -> None:
    attempt = {"startTimeEpoch": 10**18, "endTimeEpoch": 1, "completed": True}
    known = {"id": "app-1", "name": "a", "attempts": [attempt]}

    def answer(request: Request) -> Answer:
        last = request.target.rsplit("/", 1)[-1]
        found = {"app-1": known, "environment": {"sparkProperties": []}}.get(last, [])
        return Answer(body=json.dumps(found).encode())

    with serving(answer) as fake:
        server = HistoryServer(fake.url, retry=NO_RETRY)
        told = ask_history_server(server, ApplicationRef(app_id="app-1"))
        server.close()
    assert told.measurements.values == {}
    assert told.measurements.missing["failed_tasks"].startswith("history server: unexpected_shape")


def test_many_applications_answer_in_their_order_each_with_its_own_reason() -> None:
    def answer(request: object) -> Answer:
        return Answer(status=404, body=b"unknown app")

    refs = [ApplicationRef(app_id=f"app-{number}") for number in range(5)]
    with serving(answer) as fake:
        server = HistoryServer(fake.url, retry=NO_RETRY)
        answers = ask_history_server_for_all(server, refs, concurrency=3)
        server.close()
    assert [f"app-{n}" in a.measurements.missing["duration_s"] for n, a in enumerate(answers)] == [
        True
    ] * 5


def test_the_first_source_in_order_of_precedence_wins_whatever_order_they_come_in() -> None:
    answers = [
        given("event log", duration_s=5.0, gc_time_pct=1.0),
        given("history server", gc_time_pct=2.0),
        given("result line", duration_s=4.0),
    ]
    merged = merge_answers(answers, metrics=a_metric_catalogue())
    assert merged.values == {"duration_s": 4.0, "gc_time_pct": 2.0}
    assert merged.provenance == {"duration_s": "result line", "gc_time_pct": "history server"}


def test_a_source_that_failed_leaves_the_value_to_the_next_and_is_told() -> None:
    failed = failed_source("history server", ["gc_time_pct"], asked="api", reason="is down")
    answers = [given("event log", gc_time_pct=1.0), failed]
    (explained,) = explain_answers(answers, metrics=a_metric_catalogue(["gc_time_pct"]))
    assert (explained.value, explained.source, explained.reason) == (1.0, "event log", "")
    assert explained.asked == "history server: api; event log: asked event log"
    assert explained.answered == "history server: is down; event log: event log answered"


def test_a_metric_that_nobody_has_keeps_the_reasons_of_all() -> None:
    failed = failed_source("prometheus", ["oom_kills"], asked="q", reason="no series")
    absent = failed_source("pods.json", ["oom_kills"], asked="pods.json", reason="no snapshot")
    metrics = a_metric_catalogue(["oom_kills", "gpu_usage_pct"])
    explained = explain_answers([absent, failed], metrics=metrics)
    assert [e.reason for e in explained] == [
        "prometheus: no series; pods.json: no snapshot",
        "no source has this metric",
    ]
    assert [e.value for e in explained] == [None, None]


def test_what_the_limits_do_not_allow_is_explained_as_it_is_recorded() -> None:
    """More than limit x window is no value; the event log has seen other containers."""
    metrics = MetricCatalogue((a_metric("cpu_core_seconds", at_most=Ceiling.LIMIT_TIMES_WINDOW),))
    beyond = replace(given("prometheus", cpu_core_seconds=900.0), allowed=ALLOWED)
    answers = [beyond, given("event log", cpu_core_seconds=700.0)]
    assert merge_answers(answers, metrics=metrics).values == {"cpu_core_seconds": 700.0}
    (alone,) = explain_answers([beyond], metrics=metrics)
    assert (alone.value, alone.source) == (None, None)
    assert alone.reason == "prometheus: 900 is beyond what it can be (at most 600)"


def test_limits_bound_only_what_the_catalogue_says_that_they_bound() -> None:
    metrics = MetricCatalogue((a_metric("cpu_core_seconds"),))
    free = replace(given("prometheus", cpu_core_seconds=900.0), allowed=ALLOWED)
    assert merge_answers([free], metrics=metrics).values == {"cpu_core_seconds": 900.0}


def test_a_source_of_no_known_rank_is_refused() -> None:
    with pytest.raises(ValueError, match="source must be one of"):
        SourceAnswer(source="hearsay", measurements=Measurements())


REAL_ANSWERS = {
    "application_list_json_expectation.json": list[Application],
    "one_app_json_expectation.json": Application,
    "job_list_json_expectation.json": list[Job],
    "stage_list_json_expectation.json": list[StageAttempt],
    "stage_list_with_peak_metrics_expectation.json": list[StageAttempt],
    "executor_list_json_expectation.json": list[Executor],
}


@pytest.mark.external_data
@pytest.mark.parametrize("name", REAL_ANSWERS)
def test_answers_of_a_real_server_have_the_declared_shape(shared_data: Path, name: str) -> None:
    body = (shared_data / "spark" / "rest" / name).read_bytes()
    decoded = msgspec.json.decode(body, type=REAL_ANSWERS[name])
    expected = json.loads(body)
    rows, expected_rows = (x if isinstance(x, list) else [x] for x in (decoded, expected))
    identity = next(k for k in ("jobId", "stageId", "id") if k in expected_rows[0])
    field = {"jobId": "job_id", "stageId": "stage_id", "id": "id"}[identity]
    assert [getattr(row, field) for row in rows] == [row[identity] for row in expected_rows]


@pytest.mark.external_data
def test_stage_rows_of_a_real_server_carry_their_sums(shared_data: Path) -> None:
    body = (shared_data / "spark" / "rest" / "stage_list_json_expectation.json").read_bytes()
    stages = msgspec.json.decode(body, type=list[StageAttempt])
    # Totals of the same application in expected.json, from an independent pass over its log.
    assert sum(stage.executor_run_time for stage in stages) == 8254
    assert sum(stage.input_bytes for stage in stages) == 28_000_288
    assert [stage.status for stage in stages] == ["COMPLETE", "FAILED", "COMPLETE", "COMPLETE"]


def row_loss(**changes: Any) -> tuple[str, ...]:
    tasks = {(0, 0): [Task(task_id=n, status="SUCCESS", speculative=False) for n in range(3)]}
    fields: dict[str, Any] = {
        "application": Application(id="app-1", name="a", attempts=[]),
        "attempt": Attempt(start_time_epoch=1, end_time_epoch=2, completed=True),
        "jobs": [Job(job_id=0, status="SUCCEEDED")],
        "stages": [stage_row(0, complete=3)],
        "executors": [Executor(id="driver", is_active=True, total_cores=0, add_time=NOON)],
        "environment": Environment(spark_properties=[("spark.app.id", "app-1")]),
        "tasks": tasks,
    }
    return figures_from_answers(ApplicationAnswers(**{**fields, **changes})).incomplete


def stage_row(stage_id: int, *, complete: int) -> StageAttempt:
    sums = dict.fromkeys(StageAttempt.__struct_fields__[6:-1], 0)
    counts = {"num_complete_tasks": complete, "num_failed_tasks": 0, "num_killed_tasks": 0}
    return StageAttempt(status="COMPLETE", stage_id=stage_id, attempt_id=0, **{**sums, **counts})


def test_whole_answers_are_complete() -> None:
    assert row_loss() == ()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"jobs": [Job(job_id=1000, status="SUCCEEDED")]}, "the server dropped old jobs: 1 of"),
        ({"executors": []}, "the server's answers contradict each other: 1 jobs, 1 stages, 0 exec"),
        ({"jobs": []}, "the server's answers contradict each other: 0 jobs, 1 stages, 1 exec"),
        ({"stages": [stage_row(7, complete=0)]}, "the server dropped old stages: 1 of 8 left"),
        (
            {"stages": [stage_row(0, complete=5)]},
            "the server dropped old tasks of stage 0.0: 3 of 5 successful ones left",
        ),
        (
            {
                "executors": [
                    Executor(
                        id=str(n), is_active=False, total_cores=1, add_time=NOON, remove_time=NOON
                    )
                    for n in range(100)
                ]
            },
            "100 dead executors: the server may have dropped others",
        ),
    ],
    ids=["jobs", "no executor", "no job", "stages", "tasks", "executors"],
)
def test_what_the_server_no_longer_holds_makes_the_figures_incomplete(
    changes: dict[str, Any], reason: str
) -> None:
    (told,) = row_loss(**changes)
    assert told.startswith(reason)


def test_a_memory_setting_of_thousands_of_digits_is_not_readable_and_costs_nothing_else() -> None:
    app = eventful_application("app-1")
    app[1]["Spark Properties"] |= {
        "spark.executor.memory": "9" * 5_000,
        "spark.executor.cores": "9" * 5_000,
    }
    part = EventLogPart(name="app-1", open=partial(io.BytesIO, event_lines(*app)))
    told = ask_event_log([part]).measurements
    assert told.missing["memory_usage_pct"] == "event log: executor memory setting not readable"
    assert told.values["duration_s"] == 10.0


def test_hosts_of_executors_are_nodes_and_addresses_are_not() -> None:
    """On Kubernetes a host of an event log is the pod's own address, another one in every run."""
    hosts = ("worker-1", "10.1.2.3", "[fd00::1]", "worker-1", "")
    executors = tuple(ExecutorProfile(executor_id=str(at), host=h) for at, h in enumerate(hosts))
    driver = ExecutorProfile(executor_id="driver", host="edge-1")
    assert nodes_of(ApplicationProfile(app_id="a", executors=(driver, *executors))) == ("worker-1",)
    assert nodes_of(ApplicationProfile(app_id="a", executors=(driver,))) == ("edge-1",)
