"""The nouns of the model as rows: tables, their columns and types, and the values in order."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any

import msgspec
from psycopg.types.json import Jsonb

from lm_assets.model.campaign_facts import CampaignFacts
from lm_assets.model.record import RunRecord
from lm_assets.model.summary import MetricSummary
from lm_assets.model.verdict import CampaignVerdict, CellVerdict, Finding

Row = tuple[Any, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """A table that rows are copied to: column names and their Postgres types, in order."""

    table: str
    columns: Mapping[str, str]


RUNS = Target(
    table="load_runs",
    columns={
        "campaign": "text",
        "combination": "text",
        "run_id": "text",
        "started_at": "timestamptz",
        "ended_at": "timestamptz",
        "exit_code": "int4",
        "dimensions": "jsonb",
        "subject": "jsonb",
        "environment": "jsonb",
        "provenance": "jsonb",
        "missing": "jsonb",
        "extra": "jsonb",
        "source_key": "text",
        "source_etag": "text",
        "source_line": "int4",
    },
)
RUN_METRICS = Target(
    table="run_metrics",
    columns={
        "campaign": "text",
        "combination": "text",
        "run_id": "text",
        "metric": "text",
        "tier": "int2",
        "value": "float8",
        "started_at": "timestamptz",
    },
)
_FIGURES = ("mean", "median", "stddev", "cv", "ci95_low", "ci95_high")
_QUANTILES = ("p05", "p25", "p75", "p95", "minimum", "maximum")
SUMMARIES = Target(
    table="summaries",
    columns={
        "campaign": "text",
        "combination": "text",
        "metric": "text",
        "unit": "text",
        "n": "int4",
        "n_missing": "int4",
        **dict.fromkeys((*_FIGURES, *_QUANTILES), "float8"),
        "outlier_runs": "text[]",
        "sources": "text[]",
    },
)
VERDICTS = Target(
    table="verdicts",
    columns={
        "campaign": "text",
        "combination": "text",
        "metric": "text",
        "verdict": "text",
        "decided_by": "text",
        "change_unit": "text",
        "baseline_mean": "float8",
        "current_mean": "float8",
        "change": "float8",
        "change_ci95_low": "float8",
        "change_ci95_high": "float8",
        "degradation": "float8",
        "p": "float8",
        "p_moderated": "float8",
        "q": "float8",
        "n_baseline": "int4",
        "n_current": "int4",
        "change_arithmetic": "float8",
        "p_arithmetic": "float8",
        "flags": "text[]",
        "runs_needed": "int4",
        "explanation": "jsonb",
    },
)
FINDINGS = Target(
    table="findings",
    columns={
        "campaign": "text",
        "position": "int4",
        "kind": "text",
        "metric": "text",
        "severity": "text",
        "located_in": "jsonb",
        "change": "float8",
        "change_ci95_low": "float8",
        "change_ci95_high": "float8",
        "change_unit": "text",
        "cells": "int4",
        "combinations": "text[]",
        "message": "text",
        "explanation": "jsonb",
    },
)

_SUMMARY_LISTS = ("outlier_runs", "sources")
_SUMMARY_VALUES = attrgetter(*[name for name in SUMMARIES.columns if name not in _SUMMARY_LISTS])


def run_rows(records: Iterable[RunRecord]) -> Iterator[Row]:
    """Give a row a load run."""
    for r in records:
        yield (
            r.campaign,
            r.combination,
            r.run_id,
            r.started_at,
            r.ended_at,
            r.exit_code,
            json_value(r.dimensions),
            json_value(asdict(r.subject)),
            json_value(r.environment),
            json_value(r.provenance),
            json_value(r.missing),
            json_value(r.extra),
            r.source_object.key,
            r.source_object.etag,
            r.source_object.line,
        )


def run_metric_rows(records: Iterable[RunRecord]) -> Iterator[Row]:
    """Give a row a value of a load run; what is missing has none."""
    for r in records:
        tiers = (r.tier1_stability, r.tier2_efficiency, r.tier3_performance)
        for tier, values in enumerate(tiers, start=1):
            for metric, value in values.items():
                yield (r.campaign, r.combination, r.run_id, metric, tier, value, r.started_at)


def summary_rows(summaries: Iterable[MetricSummary]) -> Iterator[Row]:
    """Give a row a combination and metric."""
    for summary in summaries:
        yield (*_SUMMARY_VALUES(summary), list(summary.outlier_runs), list(summary.sources))


def verdict_rows(campaign: str, cells: Iterable[CellVerdict]) -> Iterator[Row]:
    """Give a row a cell."""
    for c in cells:
        yield (
            campaign,
            c.combination,
            c.metric,
            str(c.verdict),
            c.decided_by,
            c.change_unit,
            c.baseline_mean,
            c.current_mean,
            c.change,
            *(c.change_ci95 or (None, None)),
            c.degradation,
            c.p,
            c.p_moderated,
            c.q,
            c.n_baseline,
            c.n_current,
            c.change_arithmetic,
            c.p_arithmetic,
            list(c.flags),
            c.runs_needed,
            json_value(c.explanation),
        )


def finding_rows(campaign: str, findings: Iterable[Finding]) -> Iterator[Row]:
    """Give a row a finding, in the order of the campaign's verdict."""
    for position, f in enumerate(findings):
        yield (
            campaign,
            position,
            f.kind,
            f.metric,
            str(f.severity),
            json_value(f.where),
            f.change,
            *(f.change_ci95 or (None, None)),
            f.change_unit,
            f.cells,
            list(f.combinations),
            f.message,
            json_value(f.explanation),
        )


def campaign_of_facts(facts: CampaignFacts) -> dict[str, Any]:
    """Return what a campaign's runs say of the campaign itself, by column."""
    return {
        "campaign": facts.campaign,
        "git_sha": facts.subject.git_sha or None,
        "version_labels": json_value(facts.subject.version_labels),
        "image_digests": json_value(facts.subject.image_digests),
        "environment": json_value(facts.environment),
        "started_at": facts.started_at,
        "ended_at": facts.ended_at,
        "combinations": len(facts.combinations),
        "runs": facts.runs,
        "failed_runs": facts.failed_runs,
    }


def campaign_of_verdict(verdict: CampaignVerdict, *, judged_at: datetime) -> dict[str, Any]:
    """Return what a verdict says of its campaign, by column."""
    return {
        "campaign": verdict.campaign,
        "stage": str(verdict.stage),
        "verdict": str(verdict.verdict),
        "exit_code": verdict.exit_code,
        "verdict_counts": json_value({str(name): n for name, n in verdict.counts.items()}),
        "baseline_version": verdict.baseline_version or None,
        "judged_at": judged_at,
        "notes": list(verdict.notes),
    }


def json_value(value: object) -> Jsonb:
    """Return a value for a jsonb column: sorted, so that a repeat gives the same bytes."""
    return Jsonb(value, dumps=_encode)


def _encode(value: object) -> bytes:
    # Postgres has no NUL character in jsonb; the escape is what it would have refused.
    encoded = msgspec.json.encode(value, order="deterministic")
    return encoded.replace(b"\\u0000", b"\\ufffd") if b"\\u0000" in encoded else encoded
