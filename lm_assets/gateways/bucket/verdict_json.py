"""The stored form of a campaign's verdict: the campaign first, then findings, then cells."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import msgspec

from lm_assets.model.errors import DataFaultError
from lm_assets.model.verdict import (
    CampaignVerdict,
    CellVerdict,
    ConfirmationState,
    Finding,
    Verdict,
)

_CELL_FIELDS = tuple(f.name for f in fields(CellVerdict))
# What every row of a scope has; elsewhere in a row ``None`` is a figure that is not defined.
_REQUIRED_OF_CELL = tuple(f.name for f in fields(CellVerdict) if f.default is not None)
_REQUIRED_OF_FINDING = ("kind", "metric", "change_unit", "cells", "message")


@dataclass(frozen=True, kw_only=True, slots=True)
class _About:
    """What the campaign's own row says in its explanation."""

    campaign: str
    stage: str
    exit_code: int
    counts: Mapping[str, int]
    baseline_version: str
    notes: tuple[str, ...]
    confirmation: ConfirmationState | None = None
    delivery_digest: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class VerdictRow:
    """One row of the verdict table. ``scope`` is ``campaign``, ``finding`` or ``cell``."""

    scope: str
    verdict: Verdict
    combination: str | None = None
    metric: str | None = None
    kind: str | None = None
    where: Mapping[str, str] = field(default_factory=dict)
    decided_by: str | None = None
    change_unit: str | None = None
    baseline_mean: float | None = None
    current_mean: float | None = None
    change: float | None = None
    change_ci95: tuple[float, float] | None = None
    degradation: float | None = None
    p: float | None = None
    p_moderated: float | None = None
    q: float | None = None
    n_baseline: int | None = None
    n_current: int | None = None
    change_arithmetic: float | None = None
    p_arithmetic: float | None = None
    flags: tuple[str, ...] = ()
    runs_needed: int | None = None
    cells: int | None = None
    combinations: tuple[str, ...] = ()
    message: str | None = None
    explanation: Mapping[str, Any] = field(default_factory=dict)


def verdict_rows(verdict: CampaignVerdict) -> list[VerdictRow]:
    """Return a verdict as rows; ``campaign_verdict`` is the way back, without loss."""
    campaign = VerdictRow(
        scope="campaign",
        verdict=verdict.verdict,
        cells=len(verdict.cells),
        explanation={
            "campaign": verdict.campaign,
            "stage": str(verdict.stage),
            "exit_code": verdict.exit_code,
            "counts": {str(name): n for name, n in verdict.counts.items()},
            "baseline_version": verdict.baseline_version,
            "notes": list(verdict.notes),
            "delivery_digest": verdict.delivery_digest,
            "confirmation": verdict.confirmation
            and {
                "asked": verdict.confirmation.asked,
                "left_out": verdict.confirmation.left_out,
                "outcomes": dict(verdict.confirmation.outcomes),
            },
        },
    )
    findings = (_finding_row(finding) for finding in verdict.findings)
    cells = (
        VerdictRow(scope="cell", **{name: getattr(cell, name) for name in _CELL_FIELDS})
        for cell in verdict.cells
    )
    return [campaign, *findings, *cells]


def campaign_verdict(rows: Iterable[VerdictRow]) -> CampaignVerdict:
    """Return the verdict that rows hold.

    Raises
    ------
    DataFaultError
        When the rows do not hold exactly one campaign with as many cells as it says, or a row
        lacks what its scope needs.
    """
    by_scope: dict[str, list[VerdictRow]] = {"campaign": [], "finding": [], "cell": []}
    for row in rows:
        if row.scope not in by_scope:
            raise DataFaultError(f"scope must be one of {sorted(by_scope)}, got {row.scope!r}")
        by_scope[row.scope].append(row)
    if len(by_scope["campaign"]) != 1:
        raise DataFaultError(
            f"a verdict table holds one campaign row, got {len(by_scope['campaign'])}"
        )
    head = by_scope["campaign"][0]
    if head.cells != len(by_scope["cell"]):
        raise DataFaultError(
            f"the campaign row speaks of {head.cells} cells, the table has {len(by_scope['cell'])}"
        )
    try:
        about = msgspec.convert(head.explanation, _About)
    except msgspec.ValidationError as error:
        raise DataFaultError(f"the campaign row is incomplete: {error}") from error
    return CampaignVerdict(
        campaign=about.campaign,
        stage=about.stage,
        verdict=head.verdict,
        exit_code=about.exit_code,
        counts=about.counts,
        baseline_version=about.baseline_version,
        notes=about.notes,
        confirmation=about.confirmation,
        delivery_digest=about.delivery_digest,
        findings=tuple(_finding(row) for row in by_scope["finding"]),
        cells=tuple(_cell(row) for row in by_scope["cell"]),
    )


def _cell(row: VerdictRow) -> CellVerdict:
    _require(row, _REQUIRED_OF_CELL)
    return CellVerdict(**{name: getattr(row, name) for name in _CELL_FIELDS})


def _require(row: VerdictRow, names: Iterable[str]) -> None:
    if absent := [name for name in names if getattr(row, name) is None]:
        where = " ".join(filter(None, (row.combination, row.metric)))
        raise DataFaultError(f"a {row.scope} row ({where or 'nameless'}) lacks {absent}")


def _finding_row(finding: Finding) -> VerdictRow:
    return VerdictRow(
        scope="finding",
        verdict=finding.severity,
        kind=finding.kind,
        metric=finding.metric,
        where=finding.where,
        change=finding.change,
        change_ci95=finding.change_ci95,
        change_unit=finding.change_unit,
        cells=finding.cells,
        combinations=finding.combinations,
        message=finding.message,
        explanation=finding.explanation,
    )


def _finding(row: VerdictRow) -> Finding:
    _require(row, _REQUIRED_OF_FINDING)
    return Finding(
        kind=row.kind or "",
        metric=row.metric or "",
        severity=row.verdict,
        where=row.where,
        change=row.change,
        change_ci95=row.change_ci95,
        change_unit=row.change_unit or "",
        cells=row.cells or 0,
        combinations=row.combinations,
        message=row.message or "",
        explanation=row.explanation,
    )
