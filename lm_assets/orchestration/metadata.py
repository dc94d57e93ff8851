"""What the UI shows of a materialisation: what a person wants to see first, nothing secret."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from lm_assets.collect.collector import CollectedCampaign
from lm_assets.collect.confirmation import FreshRuns
from lm_assets.collect.coverage import metric_coverage
from lm_assets.collect.shards import PlannedShard
from lm_assets.gateways.bucket import index_keys
from lm_assets.gateways.bucket.campaign_index import RebuiltIndex
from lm_assets.gateways.configuration import Configuration
from lm_assets.model.addresses import Addresses
from lm_assets.model.campaign import CONFIRMATION_SIDES, Stage, confirmation_side
from lm_assets.model.explanation import CombinationCauses
from lm_assets.model.metric import MetricCatalogue
from lm_assets.model.summary import MetricSummary
from lm_assets.model.verdict import CampaignVerdict, ConfirmationState
from lm_assets.orchestration.report_material import decision_rule
from lm_assets.orchestration.retention import RetentionOutcome
from lm_assets.regression.versions.of_campaign import VersionPair
from lm_assets.reports.phrases import verdict_words
from lm_assets.reports.ui import changes_chart_markdown, summary_markdown, worst_changes_markdown

Metadata = Mapping[str, Any]
_ROWS = 25
_DIGITS = 4


def of_records(collected: CollectedCampaign, metrics: MetricCatalogue) -> Metadata:
    """Metadata of collected records: counts, and each metric's coverage by source."""
    coverage = metric_coverage(collected.records, metrics)
    return {
        "dagster/row_count": len(collected.records),
        "combinations": len({r.combination for r in collected.records}),
        "failed_runs": sum(r.is_failed for r in collected.records),
        "quarantined": len(collected.quarantined),
        "absent_combinations": len(collected.absent_combinations),
        "stage": collected.manifest.stage.value,
        "coverage": table(
            {
                "metric": c.metric,
                "runs_with_value": c.with_value,
                "of": c.runs,
                "sources": ", ".join(f"{name} ({n})" for name, n in c.sources.items()),
                "missing_because": "; ".join(f"{why} ({n})" for why, n in c.reasons.items()),
            }
            for c in coverage
        ),
    }


def of_shards(shards: Sequence[PlannedShard]) -> Metadata:
    """Metadata of event logs that were read in shards: how many, and how much each read."""
    return {
        "event_logs": sum(shard.logs for shard in shards),
        "size_bytes": sum(shard.size_bytes for shard in shards),
        "shards": table(
            {"shard": s.number, "event_logs": s.logs, "size_bytes": s.size_bytes} for s in shards
        ),
    }


def of_fresh_runs(fresh: FreshRuns) -> Metadata:
    """Metadata of fresh runs: where they landed, and how many there are of either side."""
    sides = Counter(confirmation_side(r.run_id) for r in fresh.records)
    return {
        "dagster/row_count": len(fresh.records),
        "landed_as": fresh.landed_as,
        **{f"{side}_runs": sides[side] for side in CONFIRMATION_SIDES},
        "failed_runs": sum(r.is_failed for r in fresh.records),
        "combinations": len({r.combination for r in fresh.records}),
        "quarantined": len(fresh.quarantined),
    }


def of_causes(key: str, causes: Sequence[CombinationCauses]) -> Metadata:
    """Metadata of a campaign's causes: one sentence a combination."""
    return {
        "object": key,
        "explained": sum(row.explanation is not None for row in causes),
        "causes": table(
            {
                "combination": row.combination,
                "metrics": ", ".join(row.metrics),
                "why": row.reason or (row.explanation.summary if row.explanation else ""),
            }
            for row in causes[:_ROWS]
        ),
    }


def of_request(key: str | None, state: ConfirmationState | None) -> Metadata:
    """Metadata of a confirmation request: where it is, what is asked, what was answered."""
    if key is None or state is None:
        return {"status": "nothing is asked"}
    return {
        "object": key,
        "status": "open" if state.is_open else "answered",
        "asked_cells": state.asked,
        "answered_cells": state.answered,
        "left_out_cells": state.left_out,
        "outcomes": ", ".join(f"{n} {name}" for name, n in state.outcomes.items()) or "none yet",
    }


def of_summaries(summaries: Sequence[MetricSummary]) -> Metadata:
    """Metadata of summaries: counts, and the noisiest cells."""
    with_cv = sorted((s for s in summaries if s.cv is not None), key=lambda s: -(s.cv or 0.0))
    return {
        "dagster/row_count": len(summaries),
        "cells_with_values": sum(s.n > 0 for s in summaries),
        "outlier_runs": sum(len(s.outlier_runs) for s in summaries),
        "noisiest": table(
            {
                "combination": s.combination,
                "metric": s.metric,
                "n": s.n,
                "mean": s.mean,
                "cv": s.cv,
                "outlier_runs": ", ".join(s.outlier_runs),
            }
            for s in with_cv[:_ROWS]
        ),
    }


def of_verdict(verdict: CampaignVerdict, settings: Configuration) -> Metadata:
    """Metadata of verdicts: the decision, the counts, the worst changes, and a chart of them."""
    rule = decision_rule(settings.regression.stages[Stage(verdict.stage)])
    return {
        "verdict": verdict_words(verdict),
        # As text: a plot of exit codes over time would be nothing but a line between words.
        "exit_code": str(verdict.exit_code),
        "findings": len(verdict.findings),
        "summary": dg.MetadataValue.md(summary_markdown(verdict, settings.metrics)),
        "worst_changes": dg.MetadataValue.md(worst_changes_markdown(verdict, settings.metrics)),
        "chart": dg.MetadataValue.md(changes_chart_markdown(verdict, settings.metrics, rule)),
        "baseline_version": verdict.baseline_version,
        "dagster/row_count": len(verdict.cells),
    }


def of_report(key: str, content: bytes, content_type: str, *, address: str = "") -> Metadata:
    """Metadata of a report: where it is, as a link where that is known; Markdown shown whole."""
    shown = {"preview": dg.MetadataValue.md(content.decode())} if "markdown" in content_type else {}
    place = dg.MetadataValue.url(address) if address else dg.MetadataValue.path(key)
    return {"report": place, "object": key, "bytes": len(content), **shown}


def of_index(rebuilt: RebuiltIndex, addresses: Addresses) -> Metadata:
    """Metadata of the index: where it is, and what was made anew of it."""
    key = index_keys.FRONT_PAGE
    address = addresses.index()
    place = dg.MetadataValue.url(address) if address else dg.MetadataValue.path(key)
    return {
        "index": place,
        "campaigns": rebuilt.campaigns,
        "pages_written": len(rebuilt.written),
        "pages_removed": len(rebuilt.removed),
    }


def of_versions(pairs: Sequence[VersionPair]) -> Metadata:
    """Metadata of a version comparison: a row a metric and pair of versions."""
    return {
        "pairs": ", ".join(f"{p.baseline} → {p.candidate}" for p in pairs) or "one version only",
        "comparison": table(
            {
                "versions": f"{pair.baseline} → {pair.candidate}",
                "metric": c.metric,
                "verdict": c.verdict.value,
                "cells": c.n,
                "change_geomean": c.change_geomean,
                "p_log": c.p_log,
                "change_total": c.change_total,
                "p_raw": c.p_raw,
                "wilcoxon_p": c.wilcoxon_p,
                "scale_conflict": str(c.scale_conflict),
                "fault": str(c.fault.get("rule", "")),
                "left_out": len(c.left_out),
            }
            for pair in pairs
            for c in pair.comparisons
        ),
    }


def of_retention(outcome: RetentionOutcome) -> Metadata:
    """Metadata of retention: what went, or would go, of objects, rows and Dagster's records."""
    dagster, rows = outcome.dagster, outcome.rows
    return {
        "removed": outcome.is_applied,
        "is_in_force": outcome.is_in_force,
        "refusal": outcome.refusal or "none",
        "objects": table(
            {
                "prefix": rule.prefix,
                "kept_days": rule.wanted_days,
                "rule_days": rule.found_days,
                "overdue_objects": len(found.objects),
                "overdue_bytes": found.bytes,
            }
            for rule in outcome.rules
            for found in outcome.overdue
            if found.prefix == rule.prefix
        ),
        "campaigns_without_runs_in_postgres": list(rows.raw_campaigns),
        "campaigns_gone_from_postgres": list(rows.aggregated_campaigns),
        "months_gone_from_postgres": list(rows.partitions),
        "campaigns_gone_from_dagster": [expired.campaign for expired in dagster.campaigns],
        "dagster_runs": sum(len(expired.run_ids) for expired in dagster.campaigns),
        "busy_campaigns": list(dagster.busy),
    }


def table(rows: Any) -> dg.TableMetadataValue:
    """Return rows of equal keys as a table; no rows are a table without any."""
    records = [dg.TableRecord({name: _shown(value) for name, value in row.items()}) for row in rows]
    names = list(records[0].data) if records else ["(no rows)"]
    columns = [
        dg.TableColumn(name, _column_type([r.data[name] for r in records])) for name in names
    ]
    return dg.MetadataValue.table(records=records, schema=dg.TableSchema(columns=columns))


def _shown(value: Any) -> Any:
    """Return a float with four significant digits: more of them say nothing and hide the rest."""
    if isinstance(value, float) and math.isfinite(value):
        return float(f"{value:.{_DIGITS}g}")
    return value


def _column_type(values: Sequence[object]) -> str:
    present = [v for v in values if v is not None]
    if present and all(isinstance(v, int) and not isinstance(v, bool) for v in present):
        return "int"
    if present and all(isinstance(v, int | float) for v in present):
        return "float"
    return "string"
