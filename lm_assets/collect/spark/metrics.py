"""Metrics of a load run that its Spark application's figures give."""

from collections.abc import Callable, Mapping

from lm_assets.collect.spark.event_log.amounts import DISK_SPILL, GC_TIME
from lm_assets.collect.spark.figures import (
    CPU,
    DURATIONS,
    EXECUTORS,
    GC,
    HEAP,
    JOBS,
    ROWS,
    SPAN,
    SPILL,
    STAGES,
    TASKS,
    ApplicationFigures,
)
from lm_assets.model.measurement import Measurements
from lm_assets.model.provenance import provenance_text

_GIB = 2**30
# A finite number, or the reason why there is none.
_Answer = float | str


def application_measurements(figures: ApplicationFigures, *, source: str) -> Measurements:
    """Return every metric that a Spark application can give, each a number or a reason.

    ``source`` (``event log`` or ``history server``) becomes the provenance. A ratio whose
    denominator is zero is missing and never zero or infinite: an application that wrote no
    shuffle has no ``shuffle_spill_pct``, whether or not something was spilled.

    Notes
    -----
    ``cpu_usage_pct`` is executor CPU time over the most executor cores present at one time ×
    application duration. ``memory_usage_pct`` is the largest JVM heap of any executor over the
    configured heap. ``cpu_core_seconds`` is CPU time used; ``memory_gib_seconds`` is the heap
    reserved × executor life time, since Spark keeps no integral of memory in use.
    ``throughput_rows_s`` counts rows read from storage, or rows written where none were read.
    """
    values: dict[str, float] = {}
    missing: dict[str, str] = {}
    provenance: dict[str, str] = {}
    whole = not figures.incomplete
    for metric, answer_of in _METRICS.items():
        # Duration needs the first and last event only; all else needs what lies between.
        usable = whole or metric == "duration_s"
        answer = answer_of(figures) if usable else "; ".join(figures.incomplete)
        bounded = _partial(figures, _BOUNDED, metric)
        if unknown := _partial(figures, _UNKNOWN, metric):
            answer = f"{answer}; {unknown}" if isinstance(answer, str) else unknown
        if not isinstance(answer, str) and answer < 0.0:
            # A sum that ran over, or a clock set back: no metric of an application can be that.
            answer = f"{answer:g} is below zero"
        if isinstance(answer, str):
            missing[metric] = f"{source}: {answer}"
        else:
            values[metric] = answer
            provenance[metric] = provenance_text(source, bounded, at_least=bool(bounded))
    return Measurements(values=values, missing=missing, provenance=provenance)


def _partial(
    figures: ApplicationFigures, needed: Mapping[str, tuple[str, ...]], metric: str
) -> str:
    """Return why the figures that a metric needs are not whole; empty where they are."""
    reasons = (figures.partial.get(figure, "") for figure in needed.get(metric, ()))
    return "; ".join(dict.fromkeys(filter(None, reasons)))


def _duration_s(figures: ApplicationFigures) -> _Answer:
    if figures.ended_at is None:
        return "no application end"
    if figures.duration_s is None:
        return "no application start"
    if figures.duration_s <= 0.0:
        return f"application ends {-figures.duration_s:g} s before it starts"
    return figures.duration_s


def _cpu_core_seconds(figures: ApplicationFigures) -> _Answer:
    if not figures.tasks:
        return "no task ended"
    if not figures.sums.executor_cpu_time_ns:
        return "no executor CPU time recorded (Spark before 2.1)"
    return figures.sums.executor_cpu_time_ns / 1e9


def _cpu_usage_pct(figures: ApplicationFigures) -> _Answer:
    used_s = _cpu_core_seconds(figures)
    duration_s = _duration_s(figures)
    if isinstance(used_s, str):
        return used_s
    if isinstance(duration_s, str):
        return duration_s
    if not figures.peak_cores:
        return "no executor announced its cores"
    return 100.0 * used_s / (figures.peak_cores * duration_s)


def _memory_usage_pct(figures: ApplicationFigures) -> _Answer:
    if figures.peak_jvm_heap_bytes is None:
        return "no executor recorded its memory (Spark before 3.0, or no task ended)"
    if not figures.executor_memory_bytes:
        return "executor memory setting not readable"
    return 100.0 * figures.peak_jvm_heap_bytes / figures.executor_memory_bytes


def _memory_gib_seconds(figures: ApplicationFigures) -> _Answer:
    if not figures.executors:
        return "no executor was announced"
    if not figures.executor_memory_bytes:
        return "executor memory setting not readable"
    if not figures.executor_seconds:
        return "no application end"
    return figures.executor_memory_bytes / _GIB * figures.executor_seconds


def _shuffle_spill_pct(figures: ApplicationFigures) -> _Answer:
    written = figures.sums.shuffle_bytes_written
    spilled = figures.sums.disk_bytes_spilled
    if not figures.tasks:
        return "no task ended"
    if DISK_SPILL in figures.unrecorded:
        return f"not every task recorded {DISK_SPILL}"
    if not written:
        return f"no shuffle written ({spilled} bytes spilled)" if spilled else "no shuffle written"
    return 100.0 * spilled / written


def _gc_time_pct(figures: ApplicationFigures) -> _Answer:
    if not figures.tasks:
        return "no task ended"
    if GC_TIME in figures.unrecorded:
        return f"not every task recorded {GC_TIME}"
    if not figures.sums.executor_run_time_ms:
        return "executor run time is zero"
    return 100.0 * figures.sums.jvm_gc_time_ms / figures.sums.executor_run_time_ms


def _throughput_rows_s(figures: ApplicationFigures) -> _Answer:
    duration_s = _duration_s(figures)
    rows = figures.sums.input_rows or figures.sums.output_rows
    if isinstance(duration_s, str):
        return duration_s
    return rows / duration_s if rows else "no row read from or written to storage was recorded"


def _latency_ms(quantile_ms: float | None) -> _Answer:
    if quantile_ms is None:
        return "no task succeeded"
    return quantile_ms or "below the clock's resolution of 1 ms"


_METRICS: dict[str, Callable[[ApplicationFigures], _Answer]] = {
    "failed_tasks": lambda figures: float(figures.failed_tasks),
    "failed_stages": lambda figures: float(figures.failed_stages),
    "failed_jobs": lambda figures: float(figures.failed_jobs),
    "cpu_usage_pct": _cpu_usage_pct,
    "memory_usage_pct": _memory_usage_pct,
    "shuffle_spill_pct": _shuffle_spill_pct,
    "gc_time_pct": _gc_time_pct,
    "cpu_core_seconds": _cpu_core_seconds,
    "memory_gib_seconds": _memory_gib_seconds,
    "duration_s": _duration_s,
    "throughput_rows_s": _throughput_rows_s,
    "latency_p50_ms": lambda figures: _latency_ms(figures.task_duration_p50_ms),
    "latency_p95_ms": lambda figures: _latency_ms(figures.task_duration_p95_ms),
    "latency_p99_ms": lambda figures: _latency_ms(figures.task_duration_p99_ms),
}

# Figures of which a part can only make the metric too low, and those of which it can be anything.
_BOUNDED: Mapping[str, tuple[str, ...]] = {
    "failed_tasks": (TASKS,),
    "failed_stages": (STAGES,),
    "failed_jobs": (JOBS,),
    "cpu_usage_pct": (CPU,),
    "cpu_core_seconds": (CPU,),
    "memory_usage_pct": (HEAP,),
    "throughput_rows_s": (ROWS,),
    "duration_s": (SPAN,),
    "memory_gib_seconds": (SPAN,),
}
_UNKNOWN: Mapping[str, tuple[str, ...]] = {
    "cpu_usage_pct": (EXECUTORS, SPAN),
    "throughput_rows_s": (SPAN,),
    "memory_gib_seconds": (EXECUTORS,),
    "shuffle_spill_pct": (SPILL,),
    "gc_time_pct": (GC,),
    "latency_p50_ms": (DURATIONS,),
    "latency_p95_ms": (DURATIONS,),
    "latency_p99_ms": (DURATIONS,),
}

APPLICATION_METRICS = tuple(_METRICS)
