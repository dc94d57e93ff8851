"""Plain builders of the model's nouns for tests: realistic by default, any field by name.

``a_report_material`` makes a whole campaign with seeded noise, in which some cells really changed.
"""

import itertools
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from lm_assets.gateways.warehouse import HistoryPoint
from lm_assets.model.baseline import Baseline, BaselineCatalogue, BaselineStatus, MetricBaseline
from lm_assets.model.campaign import Manifest, Stage, Subject
from lm_assets.model.campaign_card import CampaignCard, CardLevel, CardTrend
from lm_assets.model.explanation import Cause, CombinationCauses, ExplainedChange, Explanation
from lm_assets.model.metric import Direction, Metric, MetricCatalogue, Scale, Tier
from lm_assets.model.record import QuarantinedLine, RunRecord, SourceObject
from lm_assets.model.summary import MetricSummary
from lm_assets.model.verdict import CampaignVerdict, CellVerdict, Finding, Verdict
from lm_assets.reports.material import DecisionRule, ReportMaterial

CAMPAIGN = "nightly-2026-11-22-1a2b3c4"
COMBINATION = "3.5.0_connect_kubernetes_none_read_1gb"
DIMENSIONS = {
    "spark_version": "3.5.0",
    "orchestrator": "connect",
    "mode": "kubernetes",
    "extension": "none",
    "operation": "read",
    "data_size": "1gb",
}
ENVIRONMENT = {"cpu_model": "AMD EPYC 7B13", "jdk": "17.0.12", "node_type": "n2d-standard-8"}
STARTED = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)


def a_metric(name: str = "duration_s", **changes: Any) -> Metric:
    """Return one metric of the shipped catalogue, or any other by its fields."""
    known = {metric.name: metric for metric in a_metric_catalogue()}
    base = known.get(name)
    defaults: dict[str, Any] = (
        {
            "tier": Tier.PERFORMANCE,
            "unit": "s",
            "direction": Direction.LOWER,
            "scale": Scale.RATIO,
        }
        if base is None
        else {field: getattr(base, field) for field in base.__slots__ if field != "name"}
    )
    return Metric(name=name, **{**defaults, **changes})


def a_metric_catalogue(names: Sequence[str] | None = None) -> MetricCatalogue:
    """Return the shipped metrics, or those of them that are named."""
    lower, higher, shown = Direction.LOWER, Direction.HIGHER, Direction.NONE
    count, points, ratio = Scale.COUNT, Scale.POINTS, Scale.RATIO
    rows: list[tuple[str, str, int, str, Scale, Direction]] = [
        ("pod_restarts", "Pod restarts", 1, "restarts", count, lower),
        ("oom_kills", "OOM kills", 1, "kills", count, lower),
        ("failed_tasks", "Failed tasks", 1, "tasks", count, lower),
        ("failed_stages", "Failed stages", 1, "stages", count, lower),
        ("failed_jobs", "Failed jobs", 1, "jobs", count, lower),
        ("cpu_usage_pct", "CPU usage", 2, "%", points, shown),
        ("gpu_usage_pct", "GPU usage", 2, "%", points, shown),
        ("memory_usage_pct", "Memory usage", 2, "%", points, lower),
        ("shuffle_spill_pct", "Shuffle spill", 2, "%", points, lower),
        ("gc_time_pct", "GC time", 2, "%", points, lower),
        ("cpu_core_seconds", "CPU cost", 2, "core-seconds", ratio, lower),
        ("memory_gib_seconds", "Memory cost", 2, "GiB-seconds", ratio, lower),
        ("duration_s", "Duration", 3, "s", ratio, lower),
        ("throughput_rows_s", "Throughput", 3, "rows/s", ratio, higher),
        ("latency_p50_ms", "Latency p50", 3, "ms", ratio, lower),
        ("latency_p95_ms", "Latency p95", 3, "ms", ratio, lower),
        ("latency_p99_ms", "Latency p99", 3, "ms", ratio, lower),
    ]
    return MetricCatalogue(
        tuple(
            Metric(
                name=name,
                title=title,
                tier=Tier(tier),
                unit=unit,
                scale=scale,
                direction=direction,
                limit=0.0 if name == "oom_kills" else None,
            )
            for name, title, tier, unit, scale, direction in rows
            if names is None or name in names
        )
    )


def a_subject(**changes: Any) -> Subject:
    """Return what was under test."""
    return Subject(**{"git_sha": "1a2b3c4d5e6f", "version_labels": {"spark": "3.5.0"}, **changes})


def a_manifest(**changes: Any) -> Manifest:
    """Return a nightly campaign's manifest."""
    defaults: dict[str, Any] = {
        "campaign": CAMPAIGN,
        "stage": Stage.NIGHTLY,
        "priority": "p1",
        "created_at": "2026-11-22T01:30:00Z",
        "subject": a_subject(),
        "environment": ENVIRONMENT,
        "runs_per_combination": 5,
    }
    return Manifest(**{**defaults, **changes})


def a_cell(**changes: Any) -> CellVerdict:
    """Return a cell whose duration rose by 80 %, beyond doubt."""
    defaults: dict[str, Any] = {
        "combination": COMBINATION,
        "metric": "duration_s",
        "verdict": Verdict.REGRESSED,
        "decided_by": "rule_and_multiplicity",
        "baseline_mean": 12.3,
        "current_mean": 22.14,
        "change": 0.80,
        "change_ci95": (0.71, 0.90),
        "degradation": 0.80,
        "p": 1.2e-6,
        "q": 4.0e-5,
        "n_baseline": 5,
        "n_current": 5,
        "explanation": {"plain_rule": True},
    }
    return CellVerdict(**{**defaults, **changes})


def a_finding(**changes: Any) -> Finding:
    """Return a dimension-level finding: one extension made 64 cells slower."""
    defaults: dict[str, Any] = {
        "kind": "dimension",
        "metric": "duration_s",
        "severity": Verdict.REGRESSED,
        "where": {"extension": "rapids"},
        "change": 0.31,
        "change_ci95": (0.25, 0.38),
        "cells": 64,
    }
    return Finding(**{**defaults, **changes})


def causes_of(
    combination: str, *statements: str, metrics: Sequence[str] = ("duration_s",)
) -> CombinationCauses:
    """Return why a combination takes twice as long, one exact cause for each statement."""
    change = ExplainedChange(
        metric=metrics[0], quantity="clock", baseline_s=1.0, current_s=2.0, change=1.0
    )
    ranked = tuple(Cause(kind="setting", statement=s, evidence="exact") for s in statements)
    explanation = Explanation(change=change, coverage=1.0, causes=ranked)
    return CombinationCauses(
        combination=combination, metrics=tuple(metrics), explanation=explanation
    )


def a_verdict(cells: Sequence[CellVerdict] | None = None, **changes: Any) -> CampaignVerdict:
    """Return a campaign's verdict, its counts and exit code taken from its cells."""
    cells = (a_cell(),) if cells is None else tuple(cells)
    counts = {v.value: sum(cell.verdict is v for cell in cells) for v in Verdict}
    worst, exit_code = _rolled_up(counts)
    defaults: dict[str, Any] = {
        "campaign": CAMPAIGN,
        "stage": "nightly",
        "verdict": worst,
        "exit_code": exit_code,
        "cells": cells,
        "counts": {name: count for name, count in counts.items() if count},
        "baseline_version": "5f2c9e",
    }
    return CampaignVerdict(**{**defaults, **changes})


def _rolled_up(counts: Mapping[str, int]) -> tuple[Verdict, int]:
    order = (
        (Verdict.DATA_FAULT, 4),
        (Verdict.REGRESSED, 2),
        (Verdict.SUSPECTED, 3),
        (Verdict.INCONCLUSIVE, 3),
    )
    return next(((v, code) for v, code in order if counts[v.value]), (Verdict.UNCHANGED, 0))


def a_summary(values: Sequence[float] = (12.1, 12.3, 12.5), **changes: Any) -> MetricSummary:
    """Return the summary of a cell's values."""
    data = np.asarray(values, dtype=float)
    p05, p25, p50, p75, p95 = (float(q) for q in np.quantile(data, (0.05, 0.25, 0.5, 0.75, 0.95)))
    mean, sd = float(data.mean()), float(data.std(ddof=1)) if len(data) > 1 else None
    defaults: dict[str, Any] = {
        "campaign": CAMPAIGN,
        "combination": COMBINATION,
        "metric": "duration_s",
        "unit": "s",
        "n": len(data),
        "n_missing": 0,
        "mean": mean,
        "median": p50,
        "stddev": sd,
        "cv": sd / mean if sd is not None and mean else None,
        "ci95_low": None,
        "ci95_high": None,
        "p05": p05,
        "p25": p25,
        "p75": p75,
        "p95": p95,
        "minimum": float(data.min()),
        "maximum": float(data.max()),
    }
    return MetricSummary(**{**defaults, **changes})


def a_metric_baseline(samples: Sequence[float] = (12.1, 12.2, 12.3, 12.4, 12.5)) -> MetricBaseline:
    """Return accepted samples with what is derived from them (t = 2.776 for five of them)."""
    data = np.asarray(samples, dtype=float)
    stddev = float(data.std(ddof=1)) if len(data) > 1 else None
    half = None if stddev is None or len(data) != 5 else 2.7764451 * stddev / 5**0.5
    mean = float(data.mean())
    return MetricBaseline(
        samples=tuple(float(v) for v in data),
        mean=mean,
        stddev=stddev,
        ci95=None if half is None else (mean - half, mean + half),
    )


def a_baseline(**changes: Any) -> Baseline:
    """Return the active baseline of one combination with a duration."""
    defaults: dict[str, Any] = {
        "combination": COMBINATION,
        "status": BaselineStatus.ACTIVE,
        "sample_size": 5,
        "created_at": "2026-11-01T00:00:00Z",
        "updated_at": "2026-11-01T00:00:00Z",
        "source_campaigns": ("nightly-2026-11-01-aaaaaaa",),
        "reason": "initial baseline",
        "subject": a_subject(),
        "environment": ENVIRONMENT,
        "metrics": {"duration_s": a_metric_baseline()},
    }
    return Baseline(**{**defaults, **changes})


def a_record(**changes: Any) -> RunRecord:
    """Return the canonical record of one load run."""
    defaults: dict[str, Any] = {
        "campaign": CAMPAIGN,
        "combination": COMBINATION,
        "dimensions": DIMENSIONS,
        "run_id": "run-1",
        "started_at": STARTED,
        "ended_at": STARTED + timedelta(seconds=12.3),
        "subject": a_subject(),
        "environment": ENVIRONMENT,
        "tier1_stability": {"failed_tasks": 0.0},
        "tier2_efficiency": {"gc_time_pct": 2.1},
        "tier3_performance": {"duration_s": 12.3},
        "provenance": {
            "failed_tasks": "event_log",
            "gc_time_pct": "event_log",
            "duration_s": "result_line",
        },
        "missing": {"oom_kills": "no source: Prometheus is not configured"},
        "source_object": SourceObject(
            key=f"incoming/{CAMPAIGN}/{COMBINATION}/results.jsonl", etag="9bb58f26", line=1
        ),
        "exit_code": 0,
    }
    return RunRecord(**{**defaults, **changes})


def a_card(campaign: str = CAMPAIGN, **changes: Any) -> CampaignCard:
    """Return the card of a campaign that regressed, with a level for two operations."""
    levels = {
        name: CardLevel(mean=mean, combinations=4, of="a1b2c3")
        for name, mean in (("read", 12.0), ("write", 30.0))
    }
    defaults: dict[str, Any] = {
        "campaign": campaign,
        "stage": "nightly",
        "verdict": Verdict.REGRESSED,
        "exit_code": 2,
        "headline": "1 of 8 combinations got worse (2 regressed cells).",
        "started_at": STARTED,
        "git_sha": "1a2b3c4d5e6f",
        "combinations": 8,
        "runs": 40,
        "failed_runs": 0,
        "counts": {"regressed": 2, "unchanged": 94},
        "reports": ("executive.md", "technical.html"),
        "trend": CardTrend(metric="Duration", unit="s", dimension="operation", levels=levels),
    }
    return CampaignCard(**{**defaults, **changes})


def a_quarantined_line(**changes: Any) -> QuarantinedLine:
    """Return a line that names a combination the matrix does not know."""
    defaults: dict[str, Any] = {
        "campaign": CAMPAIGN,
        "key": f"incoming/{CAMPAIGN}/{COMBINATION}/results.jsonl",
        "line": 7,
        "rule": "unknown_combination",
        "detail": "'p1_9.9.9_nowhere' is no combination of the matrix",
        "content": '{"test_name": "p1_9.9.9_nowhere"}',
    }
    return QuarantinedLine(**{**defaults, **changes})


def a_decision_rule(**changes: Any) -> DecisionRule:
    """Return the shipped thresholds: 20 %, 5 points, p < 0.05."""
    defaults = {"relative_threshold": 0.20, "points_threshold": 5.0, "alpha": 0.05}
    return DecisionRule(**{**defaults, **changes})


_TYPICAL = {"duration_s": 12.0, "throughput_rows_s": 8.4e5, "latency_p50_ms": 85.0}
_OPERATIONS = ("read", "aggregate", "join", "window", "write")


def combinations(count: int) -> dict[str, dict[str, str]]:
    """Return the dimension values of ``count`` combinations by id."""
    grid = itertools.product(
        ("3.5.0", "4.0.0"),
        ("none", "iceberg", "rapids", "iceberg+rapids"),
        _OPERATIONS,
        ("1gb", "10gb"),
        ("connect", "airflow"),
        ("kubernetes", "standalone", *(f"pool{i}" for i in range(count // 160 + 1))),
    )
    found = {}
    for version, extension, operation, size, orchestrator, mode in itertools.islice(grid, count):
        values = {
            "spark_version": version,
            "orchestrator": orchestrator,
            "mode": mode,
            "extension": extension,
            "operation": operation,
            "data_size": size,
        }
        found["_".join(values.values())] = values
    return found


def a_report_material(
    *, combination_count: int = 4, runs: int = 5, seed: int = 7, **changes: Any
) -> ReportMaterial:
    """Return a campaign in which every fifth combination is slower and spills."""
    rng = np.random.default_rng(seed)
    metrics = a_metric_catalogue()
    dimensions = combinations(combination_count)
    cells: list[CellVerdict] = []
    summaries: list[MetricSummary] = []
    entries: dict[str, Baseline] = {}
    samples: dict[tuple[str, str], tuple[tuple[str, float], ...]] = {}
    for place, combination in enumerate(dimensions):
        accepted: dict[str, MetricBaseline] = {}
        for metric in metrics:
            if metric.name == "gpu_usage_pct":
                continue
            before, after = _samples(rng, metric, runs, is_slower=place % 5 == 1)
            accepted[metric.name] = a_metric_baseline(before)
            samples[combination, metric.name] = tuple(
                (f"run-{i + 1}", v) for i, v in enumerate(after)
            )
            summaries.append(
                a_summary(after, combination=combination, metric=metric.name, unit=metric.unit)
            )
            if metric.is_judged:
                cells.append(_judged(combination, metric, before, after))
        entries[combination] = a_baseline(combination=combination, metrics=accepted)
    defaults: dict[str, Any] = {
        "manifest": a_manifest(expected_combinations=tuple(dimensions)),
        "verdict": a_verdict(cells),
        "metrics": metrics,
        "rule": a_decision_rule(),
        "summaries": summaries,
        "baseline": BaselineCatalogue(entries=entries, digest="5f2c9e", revision="5f2c9e"),
        "current_samples": samples,
        "dimensions": dimensions,
        "missing": {("gpu_usage_pct", "no GPU in this campaign"): combination_count * runs},
        "quarantined": [a_quarantined_line()],
    }
    return ReportMaterial(**{**defaults, **changes})


def _samples(
    rng: np.random.Generator, metric: Metric, runs: int, *, is_slower: bool
) -> tuple[list[float], list[float]]:
    if metric.scale is Scale.COUNT:
        return [0.0] * runs, [0.0] * runs
    typical = _TYPICAL.get(metric.name, 40.0)
    before, after = (typical * rng.lognormal(0.0, 0.03, runs) for _ in range(2))
    if metric.name == "shuffle_spill_pct":
        before, after = before * 0.0, after * float(is_slower)
    elif is_slower:
        after = after / 1.8 if metric.direction is Direction.HIGHER else after * 1.8
    return [round(float(v), 4) for v in before], [round(float(v), 4) for v in after]


def _judged(
    combination: str, metric: Metric, before: Sequence[float], after: Sequence[float]
) -> CellVerdict:
    old, new = np.mean(before), np.mean(after)
    is_ratio = metric.scale is Scale.RATIO
    change = float(new / old - 1.0) if is_ratio else float(new - old)
    half = 0.05 * (1.0 + change) if is_ratio else 1.5
    worse = -change if metric.direction is Direction.HIGHER else change
    limit = 0.2 if is_ratio else 5.0
    verdict = Verdict.REGRESSED if worse > limit else Verdict.UNCHANGED
    if verdict is Verdict.UNCHANGED and metric.name == "latency_p99_ms":
        verdict = Verdict.INCONCLUSIVE
    return a_cell(
        combination=combination,
        metric=metric.name,
        verdict=verdict,
        change_unit=metric.scale.change_unit,
        baseline_mean=float(old),
        current_mean=float(new),
        change=change,
        change_ci95=(change - half, change + half),
        degradation=worse,
        p=1e-6 if worse > limit else 0.4,
        q=1e-5 if worse > limit else 0.7,
        n_baseline=len(before),
        n_current=len(after),
        runs_needed=9 if verdict is Verdict.INCONCLUSIVE else None,
    )


def a_history_point(campaign: str, mean: float | None, **changes: Any) -> HistoryPoint:
    """One campaign's stored summary of a metric of a combination."""
    defaults: dict[str, Any] = {
        "started_at": STARTED,
        "git_sha": None,
        "combination": COMBINATION,
        "metric": "duration_s",
        "unit": "s",
        "n": 5,
        "median": mean,
        "stddev": 1.0,
        "cv": 0.01,
        "ci95_low": None,
        "ci95_high": None,
        "verdict": None,
        "sources": ["result line"],
    }
    return HistoryPoint(campaign=campaign, mean=mean, **{**defaults, **changes})
