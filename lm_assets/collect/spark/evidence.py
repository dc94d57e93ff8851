"""The numbers that stand behind each metric of an application, in words for a person."""

from collections.abc import Callable

from lm_assets.collect.spark.figures import ApplicationFigures


def application_evidence(figures: ApplicationFigures) -> dict[str, str]:
    """Return, by metric, what its value was computed from."""
    return {metric: tell(figures) for metric, tell in _EVIDENCE.items()}


def _failed_tasks(figures: ApplicationFigures) -> str:
    others = f"{figures.killed_tasks} killed, {figures.speculative_tasks} speculative"
    return (
        f"{figures.failed_tasks} of {figures.tasks} attempts failed; {others}, "
        f"{figures.resubmitted_tasks} resubmitted"
    )


def _failed_stages(figures: ApplicationFigures) -> str:
    skipped = f"{figures.skipped_stages} skipped"
    return f"{figures.failed_stages} of {figures.stages_run} stage attempts failed; {skipped}"


def _cpu_usage(figures: ApplicationFigures) -> str:
    capacity = f"{figures.peak_cores} cores × {figures.duration_s} s"
    return f"{figures.sums.executor_cpu_time_ns} ns CPU of {capacity}"


def _memory_usage(figures: ApplicationFigures) -> str:
    return f"peak heap {figures.peak_jvm_heap_bytes} of {figures.executor_memory_bytes} bytes"


def _memory_cost(figures: ApplicationFigures) -> str:
    return f"{figures.executor_memory_bytes} bytes × {figures.executor_seconds} s of executors"


def _spill(figures: ApplicationFigures) -> str:
    sums = figures.sums
    spilled = f"{sums.disk_bytes_spilled} bytes spilled to disk"
    return (
        f"{spilled} ({sums.memory_bytes_spilled} in memory), {sums.shuffle_bytes_written} written"
    )


def _gc(figures: ApplicationFigures) -> str:
    return f"{figures.sums.jvm_gc_time_ms} of {figures.sums.executor_run_time_ms} ms run time"


def _duration(figures: ApplicationFigures) -> str:
    return f"from {figures.started_at} to {figures.ended_at}"


def _throughput(figures: ApplicationFigures) -> str:
    rows = f"{figures.sums.input_rows} rows read, {figures.sums.output_rows} written"
    return f"{rows}, in {figures.duration_s} s"


def _latency(figures: ApplicationFigures) -> str:
    return f"durations of the successful among {figures.tasks} attempts"


_EVIDENCE: dict[str, Callable[[ApplicationFigures], str]] = {
    "failed_tasks": _failed_tasks,
    "failed_stages": _failed_stages,
    "failed_jobs": lambda figures: f"{figures.failed_jobs} of {figures.jobs} jobs failed",
    "cpu_usage_pct": _cpu_usage,
    "memory_usage_pct": _memory_usage,
    "shuffle_spill_pct": _spill,
    "gc_time_pct": _gc,
    "cpu_core_seconds": lambda figures: f"{figures.sums.executor_cpu_time_ns} ns CPU",
    "memory_gib_seconds": _memory_cost,
    "duration_s": _duration,
    "throughput_rows_s": _throughput,
    "latency_p50_ms": _latency,
    "latency_p95_ms": _latency,
    "latency_p99_ms": _latency,
}
