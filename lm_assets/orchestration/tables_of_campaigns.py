"""The three frames that pass between campaign assets, with the texts of their columns."""

from lm_assets.gateways.bucket.verdict_json import VerdictRow
from lm_assets.model.record import RunRecord
from lm_assets.model.summary import MetricSummary
from lm_assets.orchestration.tables import Table

RECORDS: Table[RunRecord] = Table(
    row_type=RunRecord,
    descriptions={
        "campaign": "Campaign id",
        "combination": "Combination id: one cell of the matrix",
        "dimensions": "Value of every dimension of the matrix",
        "run_id": "Load run within its campaign and combination",
        "started_at": "Start of the load run, UTC",
        "ended_at": "End of the load run, UTC",
        "subject": "What was under test: git sha, version labels, image digests",
        "environment": "Fingerprint of the environment, by name",
        "tier1_stability": "Stability metrics: events per run",
        "tier2_efficiency": "Efficiency metrics: percentages and resource costs",
        "tier3_performance": "Performance metrics: seconds, rows/s, milliseconds",
        "provenance": "Source of each metric that has a value",
        "missing": "Reason for each metric that has none",
        "source_object": "Object key, tag and line that the record came from",
        "exit_code": "Exit code of the load run",
        "extra": "Fields of the result line that the platform does not know",
    },
)

SUMMARIES: Table[MetricSummary] = Table(
    row_type=MetricSummary,
    descriptions={
        "campaign": "Campaign id",
        "combination": "Combination id",
        "metric": "Metric name",
        "unit": "Unit of every figure but cv and the counts",
        "n": "Load runs with a value",
        "n_missing": "Load runs without one",
        "mean": "Arithmetic mean",
        "median": "Median",
        "stddev": "Sample standard deviation (n - 1)",
        "cv": "Coefficient of variation: stddev / mean",
        "ci95_low": "Lower end of the 95 % t interval of the mean",
        "ci95_high": "Upper end of the 95 % t interval of the mean",
        "p05": "5 % quantile",
        "p25": "25 % quantile",
        "p75": "75 % quantile",
        "p95": "95 % quantile",
        "minimum": "Smallest value",
        "maximum": "Largest value",
        "outlier_runs": "Runs outside the 1.5 x IQR fences: flagged, never removed",
        "sources": "What measured the runs, each once; none where nobody said",
    },
)

VERDICTS: Table[VerdictRow] = Table(
    row_type=VerdictRow,
    descriptions={
        "scope": "campaign, finding or cell",
        "verdict": "The decision",
        "combination": "Combination id (cells)",
        "metric": "Metric name (cells and findings)",
        "kind": "Kind of finding",
        "where": "Dimension values that a finding lives in; none: the whole matrix",
        "decided_by": "Step of the judgement that decided",
        "change_unit": "relative, points or per run",
        "baseline_mean": "Mean of the baseline's runs, in the metric's unit",
        "current_mean": "Mean of the campaign's runs, in the metric's unit",
        "change": "Change against the baseline, in change_unit",
        "change_ci95": "95 % interval of the change",
        "degradation": "Above zero is worse, whatever the metric's direction",
        "p": "Welch p-value on the judged scale",
        "p_moderated": "p-value of the moderated t",
        "q": "Benjamini-Hochberg q over the campaign's judged cells",
        "n_baseline": "Baseline runs",
        "n_current": "Runs of this campaign",
        "change_arithmetic": "Change of arithmetic means",
        "p_arithmetic": "Welch p-value of arithmetic means",
        "flags": "What a reader should know of the cell",
        "runs_needed": "Runs that would decide, where they are known",
        "cells": "Cells that a finding explains; all cells of a campaign",
        "combinations": "Combinations that a finding explains",
        "message": "A finding in words",
        "explanation": "The numbers that the decision rests on",
    },
)
