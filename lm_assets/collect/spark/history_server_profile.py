"""What a History Server's answers give of a profile, and what is then unknown."""

from lm_assets.collect.spark.profiling.plans import call_site_without_place, digest_of
from lm_assets.collect.spark.profiling.settings import settings_of, versions_of, volatile_names
from lm_assets.gateways.http.history_server_answers import ApplicationAnswers, StageAttempt
from lm_assets.model.application_profile import (
    HISTORY_SERVER_SOURCE,
    ApplicationProfile,
    ExecutionProfile,
    ExecutorProfile,
    StageProfile,
)

_NS_PER_MS = 1_000_000
_UNKNOWN = (
    "from a History Server: which plan and operators a stage ran",
    "from a History Server: files, fetch wait, shuffle write time and scheduling of tasks",
    "from a History Server: what of the time on the clock a stage had",
)


def profile_from_answers(
    answers: ApplicationAnswers, *, incomplete: tuple[str, ...] = ()
) -> ApplicationProfile:
    """Return the profile that a server's answers allow: sums of stages, settings, executors.

    Stages are told apart by their name, which is their call site, alone. ``incomplete`` says what
    the server no longer holds: sums are lower bounds then.
    """
    stages = [stage for stage in answers.stages if stage.status not in {"PENDING", "SKIPPED"}]
    names = list(dict.fromkeys(call_site_without_place(stage.name) for stage in stages))
    settings = settings_of(dict(answers.environment.spark_properties))
    attempt = answers.attempt
    return ApplicationProfile(
        app_id=answers.application.id,
        app_name=answers.application.name,
        source=HISTORY_SERVER_SOURCE,
        clock_ms=float(attempt.end_time_epoch - attempt.start_time_epoch)
        if attempt.completed
        else None,
        settings=settings,
        versions=versions_of(attempt.app_spark_version or None, {}, {}),
        volatile=volatile_names(settings),
        executors=tuple(
            ExecutorProfile(
                executor_id=executor.id,
                host=executor.host_port.rsplit(":", 1)[0],
                cores=executor.total_cores,
            )
            for executor in answers.executors
            if executor.total_cores > 0
        ),
        executions=tuple(ExecutionProfile(description=name, kind="job") for name in names),
        stages=tuple(_stage(stage, names) for stage in stages),
        unknown=_UNKNOWN,
        incomplete=incomplete,
    )


def _stage(stage: StageAttempt, names: list[str]) -> StageProfile:
    name = call_site_without_place(stage.name)
    sums = {
        "tasks": stage.ended_tasks,
        "input_bytes": stage.input_bytes,
        "input_rows": stage.input_records,
        "output_bytes": stage.output_bytes,
        "output_rows": stage.output_records,
        "shuffle_read_bytes": stage.shuffle_read_bytes,
        "shuffle_read_rows": stage.shuffle_read_records,
        "shuffle_write_bytes": stage.shuffle_write_bytes,
        "shuffle_write_rows": stage.shuffle_write_records,
        "memory_spilled_bytes": stage.memory_bytes_spilled,
        "disk_spilled_bytes": stage.disk_bytes_spilled,
        "failed_tasks": stage.num_failed_tasks,
        "killed_tasks": stage.num_killed_tasks,
        "run_time_ms": stage.executor_run_time,
        "cpu_time_ms": stage.executor_cpu_time // _NS_PER_MS,
        "gc_time_ms": stage.jvm_gc_time,
    }
    return StageProfile(
        execution=names.index(name),
        key=digest_of([name]),
        name=name,
        sums={key: amount for key, amount in sums.items() if amount},
    )
