"""Benchmark harnesses whose file is one run of many benchmarks; repetitions inside are no runs.

Of each benchmark the run's own figure is taken: the mean of its repetitions, or the median where
the harness gives one. Deliver several files, a run each.
"""

import re
from collections.abc import Mapping
from statistics import fmean

from lm_assets.collect.convert.converted import (
    ConvertedRun,
    document,
    mapping,
    number,
    refused,
    rows,
)

_SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "hr": 3600.0, "day": 86400.0}
_SPARK_ROW = re.compile(
    r"^(?P<name>\S.*?)\s{2,}(?P<best>[\d.]+)\s+(?P<avg>[\d.]+)\s+(?P<sd>[\d.]+)"
    r"\s+(?P<rate>[\d.]+)\s+(?P<row>[\d.]+)\s+[\d.]+X\s*$"
)


def convert_google_benchmark(content: bytes) -> list[ConvertedRun]:
    """Return a run of each benchmark of Google Benchmark's JSON."""
    whole = mapping(document(content, dict, "Google Benchmark's JSON"), "the document")
    found: dict[str, list[Mapping[str, object]]] = {}
    for row in rows(whole.get("benchmarks"), "benchmarks"):
        if row.get("error_occurred"):
            raise refused(f"{row.get('name')} ended with an error: {row.get('error_message')}")
        if row.get("run_type", "iteration") == "iteration":
            found.setdefault(str(row.get("run_name", row.get("name"))), []).append(row)
    if not found:
        # --benchmark_report_aggregates_only leaves the mean, which is the run's figure as well.
        for row in rows(whole.get("benchmarks"), "benchmarks"):
            if row.get("aggregate_name") == "mean":
                found[str(row.get("run_name"))] = [row]
    if not found:
        raise refused("there is neither an iteration nor a mean in it")
    return [
        ConvertedRun(
            name=name,
            metrics={
                "duration_s": fmean(_seconds(row, "real_time") for row in repetitions),
                "cpu_core_seconds": fmean(_seconds(row, "cpu_time") for row in repetitions),
            },
        )
        for name, repetitions in found.items()
    ]


def convert_jmh(content: bytes) -> list[ConvertedRun]:
    """Return a run of each benchmark of JMH's JSON; a time per operation, or a throughput."""
    runs = []
    for row in rows(document(content, list, "JMH's JSON"), "the document"):
        metric = mapping(row.get("primaryMetric"), "primaryMetric")
        parameters = mapping(row.get("params") or {}, "params")
        name = "_".join([str(row.get("benchmark")), *map(str, parameters.values())])
        score, unit = number(metric.get("score"), "score"), str(metric.get("scoreUnit"))
        runs.append(ConvertedRun(name=name, metrics=_jmh_metric(score, unit)))
    return runs


def convert_pytest_benchmark(content: bytes) -> list[ConvertedRun]:
    """Return a run of each benchmark of pytest-benchmark's JSON: the median of its rounds."""
    whole = mapping(document(content, dict, "pytest-benchmark's JSON"), "the document")
    return [
        ConvertedRun(
            name=str(row.get("name")),
            metrics={
                "duration_s": number(mapping(row.get("stats"), "stats").get("median"), "median")
            },
        )
        for row in rows(whole.get("benchmarks"), "benchmarks")
    ]


def convert_hyperfine(content: bytes) -> list[ConvertedRun]:
    """Return a run of each command of hyperfine's JSON; a command that failed is a failed run."""
    whole = mapping(document(content, dict, "hyperfine's JSON"), "the document")
    return [_hyperfine_run(row) for row in rows(whole.get("results"), "results")]


def convert_spark_benchmark(content: bytes) -> list[ConvertedRun]:
    """Return a run of each row of the text that Spark's own benchmarks print."""
    runs = []
    for line in content.decode("utf-8", errors="replace").splitlines():
        if match := _SPARK_ROW.match(line):
            metrics = {"duration_s": number(match["avg"], "Avg Time") / 1000.0}
            if rate := number(match["rate"], "Rate"):
                metrics["throughput_rows_s"] = rate * 1e6
            runs.append(ConvertedRun(name=match["name"], metrics=metrics))
    if not runs:
        raise refused("there is no row with Best Time, Avg Time, Stdev, Rate, Per Row, Relative")
    return runs


def _hyperfine_run(row: Mapping[str, object]) -> ConvertedRun:
    used = sum(number(row.get(name), name) for name in ("user", "system"))
    codes = row.get("exit_codes")
    failed = [code for code in codes if code] if isinstance(codes, list) else []
    return ConvertedRun(
        name=str(row.get("command")),
        metrics={
            "duration_s": number(row.get("median", row.get("mean")), "median"),
            "cpu_core_seconds": used,
        },
        fields={"exit_code": failed[0]} if failed else {},
    )


def _seconds(row: Mapping[str, object], name: str) -> float:
    unit = str(row.get("time_unit", "ns"))
    if unit not in _SECONDS:
        raise refused(f"time_unit is one of {sorted(_SECONDS)}, got {unit!r}")
    return number(row.get(name), name) * _SECONDS[unit]


def _jmh_metric(score: float, unit: str) -> dict[str, float]:
    top, slash, bottom = unit.partition("/")
    if slash and bottom == "op" and top in _SECONDS:
        return {"duration_s": score * _SECONDS[top]}
    if slash and top == "ops" and bottom in _SECONDS:
        return {"operations_s": score / _SECONDS[bottom]}
    raise refused(f"scoreUnit is ops/T or T/op with T of {sorted(_SECONDS)}, got {unit!r}")
