"""A change of the baselines, planned whole before anything is written."""

import dataclasses
import fnmatch
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from lm_assets.model.baseline import Baseline, BaselineCatalogue
from lm_assets.model.metric import MetricCatalogue
from lm_assets.model.policy import StagePolicy
from lm_assets.model.record import RunRecord
from lm_assets.regression.baselines.create import (
    MINIMUM_RUNS,
    Refusal,
    RunSelection,
    anchor_of,
    entry_of,
    select_runs,
)
from lm_assets.regression.baselines.guards import Guard, GuardFinding, guard_findings
from lm_assets.regression.baselines.moves import MetricMove, metric_moves

UNACKNOWLEDGED_LOSS = "unacknowledged_loss"
ALREADY_PRESENT = "already_present"


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangeRequest:
    """Who asks for what: the reason, and what may be overruled.

    ``patterns`` select combinations as a shell selects files (none: all). ``allowed`` are the
    guards that may be overruled. ``acknowledged`` maps a metric to the reference of the finding
    that accepts its loss. ``moves_anchor`` pins the new samples as the anchor as well.
    ``only_new`` refuses combinations that have a baseline.
    """

    now: datetime
    reason: str
    patterns: tuple[str, ...] = ()
    allowed: frozenset[Guard] = frozenset()
    acknowledged: Mapping[str, str] = field(default_factory=dict)
    moves_anchor: bool = False
    only_new: bool = False
    minimum_runs: int = MINIMUM_RUNS

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise ValueError("reason must say why these samples are accepted, got nothing")
        if self.minimum_runs < MINIMUM_RUNS:
            raise ValueError(
                f"minimum_runs must be {MINIMUM_RUNS} or above, got {self.minimum_runs!r}"
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class BaselineChange:
    """One combination's accepted change; ``overruled`` are the findings of allowed guards."""

    combination: str
    old: Baseline | None
    new: Baseline
    moves: tuple[MetricMove, ...]
    overruled: tuple[GuardFinding, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangePlan:
    """What would be written, what is refused and why; ``catalogue`` is the result as a whole."""

    catalogue: BaselineCatalogue
    changes: tuple[BaselineChange, ...]
    refusals: tuple[Refusal, ...]

    @property
    def has_unacknowledged_loss(self) -> bool:
        """Whether a slow-down was offered as a baseline without an acknowledgement."""
        return any(refusal.rule == UNACKNOWLEDGED_LOSS for refusal in self.refusals)


def plan_change(
    records: Iterable[RunRecord],
    request: ChangeRequest,
    *,
    catalogue: BaselineCatalogue,
    metrics: MetricCatalogue,
    policy: StagePolicy,
) -> ChangePlan:
    """Return the change of the catalogue that these runs and this request make.

    The new samples of a combination replace the old ones whole: samples of different times are
    never mixed. A combination that is refused keeps what it has.

    Parameters
    ----------
    records : iterable of RunRecord
        Runs of one or more campaigns.
    request : ChangeRequest
        The reason, the patterns, and what may be overruled.
    catalogue : BaselineCatalogue
        The baselines as they are.
    metrics, policy : MetricCatalogue, StagePolicy
        Scales and directions; the thresholds from which a deviation or a loss matters.
    """
    known = (record for record in records if is_selected(record.combination, request.patterns))
    changes: list[BaselineChange] = []
    refusals: list[Refusal] = []
    for selection in select_runs(known):
        old = catalogue.entries.get(selection.combination)
        change, refused = _planned(selection, old, request, metrics, policy)
        refusals += refused
        if change is not None:
            changes.append(change)
    entries = {**catalogue.entries, **{change.combination: change.new for change in changes}}
    return ChangePlan(
        catalogue=dataclasses.replace(catalogue, entries=entries, digest="", revision=""),
        changes=tuple(changes),
        refusals=tuple(refusals),
    )


def is_selected(combination: str, patterns: Sequence[str]) -> bool:
    """Return whether a combination matches one of the patterns, or there are none."""
    return not patterns or any(fnmatch.fnmatchcase(combination, p) for p in patterns)


def _planned(
    selection: RunSelection,
    old: Baseline | None,
    request: ChangeRequest,
    metrics: MetricCatalogue,
    policy: StagePolicy,
) -> tuple[BaselineChange | None, list[Refusal]]:
    if old is not None and request.only_new:
        detail = f"it has a baseline of {old.updated_at}; use `lm baseline update` to change it"
        rule = ALREADY_PRESENT
        return None, [Refusal(combination=old.combination, rule=rule, detail=detail)]
    new, refusals = entry_of(
        selection, now=request.now, reason=request.reason, minimum_runs=request.minimum_runs
    )
    if new is None:
        return None, refusals
    found = guard_findings(new, selection.accepted, previous=old, metrics=metrics, policy=policy)
    moves = metric_moves(old, new, metrics=metrics, policy=policy)
    refused = [*_refused_by_guard(found, request), *_refused_losses(moves, request)]
    if refused:
        return None, [*refusals, *refused]
    overruled = tuple(found)
    change = BaselineChange(
        combination=new.combination,
        old=old,
        new=_reviewed(new, old, overruled, moves, request),
        moves=moves,
        overruled=overruled,
    )
    return change, refusals


def _refused_by_guard(found: Iterable[GuardFinding], request: ChangeRequest) -> list[Refusal]:
    return [
        Refusal(
            combination=finding.combination,
            metric=finding.metric or None,
            rule=finding.guard,
            detail=f"{finding.detail}; run again, or overrule with --allow {finding.guard}",
        )
        for finding in found
        if finding.guard not in request.allowed
    ]


def _refused_losses(moves: Iterable[MetricMove], request: ChangeRequest) -> list[Refusal]:
    return [
        Refusal(
            combination=move.combination,
            metric=move.metric,
            rule=UNACKNOWLEDGED_LOSS,
            detail=(
                f"{described_loss(move)}; accept it with "
                f"--acknowledge {move.metric}=REFERENCE of the finding"
            ),
        )
        for move in moves
        if move.is_loss and move.metric not in request.acknowledged
    ]


def described_loss(move: MetricMove) -> str:
    """Return how much worse the new samples are than the old ones and than the anchor."""
    pieces = [
        f"{_shown(degradation, move.change_unit)} worse than {what}"
        for degradation, what in (
            (move.degradation, "the baseline"),
            (move.against_anchor, "the anchor"),
        )
        if degradation is not None
    ]
    return ", ".join(pieces)


def _shown(degradation: float, unit: str) -> str:
    if unit == "relative":
        return f"{degradation:.1%}"
    return f"{degradation:.3g} {unit.replace('_', ' ')}"


def _reviewed(
    new: Baseline,
    old: Baseline | None,
    overruled: Sequence[GuardFinding],
    moves: Sequence[MetricMove],
    request: ChangeRequest,
) -> Baseline:
    """Return the entry with what was overruled and acknowledged for it, and its anchor."""
    allowed: dict[str, str] = {}
    for finding in overruled:
        before = f"{allowed[finding.guard]}; " if finding.guard in allowed else ""
        allowed[finding.guard] = f"{before}{finding.message}"
    acknowledged = {m.metric: request.acknowledged[m.metric] for m in moves if m.is_loss}
    stays = None if request.moves_anchor else old
    return dataclasses.replace(
        new,
        created_at=new.created_at if old is None else old.created_at,
        updated_at=request.now.astimezone(UTC).isoformat(timespec="seconds"),
        allowed_guards=allowed,
        acknowledged_findings=acknowledged,
        anchor=anchor_of(new) if stays is None else stays.anchor or anchor_of(stays),
    )
