"""What the UI shows of baselines: which content, which revision, what is accepted and proposed."""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from lm_assets.model.baseline import Baseline
from lm_assets.model.metric import MetricCatalogue
from lm_assets.orchestration.metadata import table
from lm_assets.regression.baselines.proposal import Proposal

Metadata = Mapping[str, Any]


def of_revision(revision: str | None) -> Metadata:
    """Metadata of the catalogue's git revision; nothing where there is none."""
    return {"baseline_revision": revision} if revision else {}


def of_catalogue(digest: str, revision: str | None) -> Metadata:
    """Metadata of the catalogue's content and its revision."""
    return {"digest": digest, **of_revision(revision)}


def of_proposal(proposal: Proposal, keys: Sequence[str]) -> Metadata:
    """Metadata of proposed baselines: what they would change, and the whole text."""
    plan = proposal.plan
    return {
        "proposal": "made" if plan.changes else "nothing to change",
        "objects": ", ".join(keys),
        "changed": len(plan.changes),
        "not_due": len(plan.not_due),
        "already_accepted": len(plan.unchanged),
        "refused": len({refusal.combination for refusal in plan.refusals}),
        "pull_request": dg.MetadataValue.md(proposal.markdown),
    }


def of_baseline(entry: Baseline | None, metrics: MetricCatalogue, *, revision: str) -> Metadata:
    """Metadata of one combination's baseline; ``no_baseline`` where there is none."""
    if entry is None:
        return {"status": "no_baseline", **of_revision(revision)}
    return {
        "status": entry.status.value,
        "dagster/row_count": len(entry.metrics),
        "sample_size": entry.sample_size,
        "reason": entry.reason,
        "source_campaigns": ", ".join(entry.source_campaigns),
        "updated_at": entry.updated_at,
        "allowed_guards": ", ".join(sorted(entry.allowed_guards)) or "none",
        "acknowledged_findings": ", ".join(
            f"{metric}: {accepted.finding}"
            for metric, accepted in sorted(entry.acknowledged_findings.items())
        )
        or "none",
        "anchor_set_at": entry.anchor.set_at if entry.anchor else "none",
        **of_revision(revision),
        "metrics": table(
            {
                "metric": name,
                "unit": metrics[name].unit if name in metrics else "",
                "n": len(baseline.samples),
                "mean": baseline.mean,
                "stddev": baseline.stddev,
            }
            for name, baseline in entry.metrics.items()
        ),
    }
