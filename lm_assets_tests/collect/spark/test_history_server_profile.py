"""A profile from a History Server: what its answers have, and what they cannot say."""

from lm_assets.collect.spark.behaviour import behaviour_of
from lm_assets.collect.spark.history_server_profile import profile_from_answers
from lm_assets.gateways.http.history_server_answers import (
    Application,
    ApplicationAnswers,
    Attempt,
    Environment,
    Executor,
    StageAttempt,
)
from lm_assets.regression.causes.explain import explain_change

NOON = "2026-11-22T12:00:00.000GMT"


def a_stage(stage_id, name, *, status="COMPLETE", **sums):
    fields = dict.fromkeys(StageAttempt.__struct_fields__[3:-3], 0)
    return StageAttempt(
        status=status, stage_id=stage_id, attempt_id=0, name=name, **{**fields, **sums}
    )


def answers(*stages, ended_ms=9_000, is_completed=True):
    return ApplicationAnswers(
        application=Application(id="app-1", name="a", attempts=[]),
        attempt=Attempt(
            start_time_epoch=1_000,
            end_time_epoch=ended_ms,
            completed=is_completed,
            app_spark_version="4.0.5",
        ),
        jobs=[],
        stages=list(stages),
        executors=[
            Executor(id="driver", is_active=True, total_cores=0, add_time=NOON),
            Executor(id="1", is_active=True, total_cores=4, add_time=NOON, host_port="node-7:4040"),
        ],
        environment=Environment(
            spark_properties=[("spark.app.id", "app-1"), ("spark.ssl.keyPassword", "pw")]
        ),
        tasks={},
    )


def joins(run_ms, tasks=8):
    return answers(
        a_stage(0, "save at /opt/job.py:12", num_complete_tasks=8, executor_run_time=1_000),
        a_stage(1, "join at job.py:40", num_complete_tasks=tasks, executor_run_time=run_ms),
        a_stage(2, "never run", status="SKIPPED"),
    )


def test_has_the_sums_of_the_stages_that_ran_by_call_site():
    profile = profile_from_answers(joins(4_000))
    assert [stage.name for stage in profile.stages] == ["save at job.py", "join at job.py"]
    assert profile.stages[1].sums == {"tasks": 8, "run_time_ms": 4_000}
    assert (profile.clock_ms, profile.versions) == (8_000.0, {"spark": "4.0.5"})
    (executor,) = profile.executors
    assert (executor.host, executor.cores) == ("node-7", 4)


def test_keeps_no_secret_and_says_what_is_not_known():
    profile = profile_from_answers(joins(4_000))
    assert "pw" not in str(profile)
    assert len(profile.unknown) == 3
    assert behaviour_of(profile) == {}


def test_of_an_application_that_runs_has_no_time_on_the_clock():
    assert profile_from_answers(answers(is_completed=False)).clock_ms is None


def test_explains_by_the_run_time_of_stages_and_their_counters():
    before = [profile_from_answers(joins(3_900 + 50 * n)) for n in range(5)]
    after = [profile_from_answers(joins(8_000 + 50 * n, tasks=200)) for n in range(5)]
    found = explain_change(before, after)
    assert found.change.quantity == "run_time"
    assert (found.causes[0].kind, found.causes[0].evidence) == ("tasks", "exact")
    assert any("which plan and operators a stage ran" in text for text in found.unknown)


def test_of_a_server_that_dropped_stages_is_no_exact_evidence():
    before = [profile_from_answers(joins(4_000)) for _ in range(5)]
    dropped = profile_from_answers(joins(4_000, tasks=3), incomplete=("dropped old tasks",))
    assert explain_change(before, [dropped]).counters == ()
