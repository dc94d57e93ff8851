"""Metrics of an application: hand-computed values, and a reason for every gap."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lm_assets.collect.spark.figures import ApplicationFigures, ExecutorFigures, TaskSums
from lm_assets.collect.spark.metrics import application_measurements
from lm_assets.collect.spark.properties import executor_cores, executor_memory_bytes, memory_bytes
from lm_assets.collect.spark.task_durations import TaskDurations

START = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
GIB = 2**30

FIGURES = ApplicationFigures(
    app_id="app-1",
    started_at=START,
    ended_at=START + timedelta(seconds=100),
    executor_memory_bytes=2 * GIB,
    executors=(
        ExecutorFigures(
            executor_id="1",
            cores=4,
            added_at=START + timedelta(seconds=10),
            removed_at=START + timedelta(seconds=40),
            peak_jvm_heap_bytes=GIB,
        ),
        ExecutorFigures(executor_id="2", cores=4, added_at=START + timedelta(seconds=10)),
    ),
    jobs=3,
    failed_jobs=1,
    stages_run=5,
    failed_stages=2,
    tasks=40,
    failed_tasks=4,
    sums=TaskSums(
        executor_run_time_ms=200_000,
        executor_cpu_time_ns=160_000_000_000,
        jvm_gc_time_ms=10_000,
        disk_bytes_spilled=300,
        shuffle_bytes_written=200,
        input_rows=5_000,
    ),
    task_duration_p50_ms=10.0,
    task_duration_p95_ms=20.0,
    task_duration_p99_ms=30.5,
)


def test_every_metric_follows_from_the_figures_by_hand() -> None:
    measured = application_measurements(FIGURES, source="event log")
    assert measured.values == pytest.approx(
        {
            "failed_tasks": 4,
            "failed_stages": 2,
            "failed_jobs": 1,
            "cpu_usage_pct": 100 * 160 / (8 * 100),
            "memory_usage_pct": 50,
            "shuffle_spill_pct": 150,
            "gc_time_pct": 5,
            "cpu_core_seconds": 160,
            "memory_gib_seconds": 2 * (30 + 90),
            "duration_s": 100,
            "throughput_rows_s": 50,
            "latency_p50_ms": 10,
            "latency_p95_ms": 20,
            "latency_p99_ms": 30.5,
        }
    )
    assert set(measured.provenance.values()) == {"event log"}
    assert measured.missing == {}


def without(**changes: Any) -> ApplicationFigures:
    return replace(FIGURES, **changes)


def sums(**changes: Any) -> ApplicationFigures:
    return replace(FIGURES, sums=replace(FIGURES.sums, **changes))


@pytest.mark.parametrize(
    ("figures", "metric", "reason"),
    [
        (without(ended_at=None), "duration_s", "no application end"),
        (without(ended_at=None), "cpu_usage_pct", "no application end"),
        (without(ended_at=None), "memory_gib_seconds", "no application end"),
        (without(ended_at=None), "throughput_rows_s", "no application end"),
        (without(started_at=None), "duration_s", "no application start"),
        (
            without(ended_at=START - timedelta(seconds=3)),
            "duration_s",
            "application ends 3 s before it starts",
        ),
        (sums(shuffle_bytes_written=0), "shuffle_spill_pct", "no shuffle written (300 bytes"),
        (
            sums(shuffle_bytes_written=0, disk_bytes_spilled=0),
            "shuffle_spill_pct",
            "no shuffle written",
        ),
        (sums(executor_run_time_ms=0), "gc_time_pct", "executor run time is zero"),
        (sums(jvm_gc_time_ms=-10_000), "gc_time_pct", "-5 is below zero"),
        (sums(executor_run_time_ms=-1), "gc_time_pct", "-1e+06 is below zero"),
        (sums(executor_cpu_time_ns=-(10**9)), "cpu_core_seconds", "-1 is below zero"),
        (without(unrecorded={"JVM GC Time"}), "gc_time_pct", "not every task recorded JVM GC"),
        (without(unrecorded={"Disk Bytes Spilled"}), "shuffle_spill_pct", "not every task rec"),
        (sums(executor_cpu_time_ns=0), "cpu_core_seconds", "no executor CPU time recorded"),
        (sums(executor_cpu_time_ns=0), "cpu_usage_pct", "no executor CPU time recorded"),
        (sums(input_rows=0), "throughput_rows_s", "no row read from or written to storage"),
        (without(tasks=0), "shuffle_spill_pct", "no task ended"),
        (without(tasks=0), "gc_time_pct", "no task ended"),
        (without(tasks=0), "cpu_core_seconds", "no task ended"),
        (without(executors=()), "cpu_usage_pct", "no executor announced its cores"),
        (without(executors=()), "memory_usage_pct", "no executor recorded its memory"),
        (without(executors=()), "memory_gib_seconds", "no executor was announced"),
        (without(executor_memory_bytes=None), "memory_usage_pct", "executor memory setting"),
        (without(executor_memory_bytes=None), "memory_gib_seconds", "executor memory setting"),
        (without(task_duration_p50_ms=None), "latency_p50_ms", "no task succeeded"),
        (without(task_duration_p50_ms=0.0), "latency_p50_ms", "below the clock's resolution"),
    ],
)
def test_what_cannot_be_computed_is_missing_with_its_reason(
    figures: ApplicationFigures, metric: str, reason: str
) -> None:
    measured = application_measurements(figures, source="event log")
    assert measured.missing[metric].startswith(f"event log: {reason}")
    assert metric not in measured.values


def test_a_truncated_log_keeps_all_that_needs_no_end() -> None:
    measured = application_measurements(without(ended_at=None), source="event log")
    assert set(measured.missing) == {
        *("duration_s", "cpu_usage_pct", "memory_gib_seconds", "throughput_rows_s"),
    }


def test_incomplete_figures_give_nothing_but_the_duration() -> None:
    measured = application_measurements(
        without(incomplete=("events_3 is missing",)), source="event log"
    )
    assert measured.values == {"duration_s": 100.0}
    assert set(measured.missing.values()) == {"event log: events_3 is missing"}


def test_no_failure_is_a_true_zero() -> None:
    measured = application_measurements(without(failed_tasks=0), source="history server")
    assert measured.values["failed_tasks"] == 0.0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("4g", 4 * GIB),
        ("4G", 4 * GIB),
        ("512m", 512 * 2**20),
        ("512", 512 * 2**20),
        ("2gb", 2 * GIB),
        ("1024k", 2**20),
        ("*********(redacted)", None),
        ("", None),
        ("1.5g", None),
    ],
)
def test_memory_settings_are_read_as_spark_reads_them(text: str, expected: int | None) -> None:
    assert memory_bytes(text) == expected


def test_the_driver_heap_counts_in_local_mode_and_the_default_is_one_gib() -> None:
    properties = {"spark.driver.memory": "3g", "spark.executor.cores": "2"}
    assert executor_memory_bytes(properties, is_local=True) == 3 * GIB
    assert executor_memory_bytes(properties, is_local=False) == GIB
    assert (executor_cores(properties), executor_cores({})) == (2, None)


def test_durations_below_zero_count_as_zero_and_an_empty_set_has_no_quantile() -> None:
    durations = TaskDurations()
    assert durations.quantile_ms(0.5) is None
    durations.extend([-5, 0, 7])
    assert (durations.quantile_ms(0.0), durations.quantile_ms(1.0), len(durations)) == (0, 7, 3)


def test_binned_durations_keep_zero_apart() -> None:
    durations = TaskDurations(exact_up_to=3)
    durations.extend([0, 0, 0, 1_000, 1_000])
    assert not durations.is_exact
    assert durations.quantile_ms(0.25) == 0.0
    assert durations.quantile_ms(0.99) == pytest.approx(1_000, rel=0.006)


def test_a_quantile_outside_its_range_is_refused() -> None:
    with pytest.raises(ValueError, match=r"q must lie in \[0, 1\], got 95"):
        TaskDurations().quantile_ms(95)
