"""One combination's review: what stands against new samples, and what an entry keeps of it."""

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from lm_assets.model.baseline import AcknowledgedFinding, Baseline, BaselineAnchor
from lm_assets.model.metric import MetricCatalogue
from lm_assets.model.policy import StagePolicy
from lm_assets.model.record import RunRecord
from lm_assets.regression.baselines.create import Refusal, anchor_of
from lm_assets.regression.baselines.guards import GuardFinding, guard_findings
from lm_assets.regression.baselines.moves import (
    MetricMove,
    change_text,
    loss_threshold,
    metric_moves,
)
from lm_assets.regression.baselines.request import ChangeRequest
from lm_assets.regression.baselines.sources import is_changed

UNACKNOWLEDGED_LOSS = "unacknowledged_loss"


@dataclass(frozen=True, kw_only=True, slots=True)
class Review:
    """A combination's change as it would be, and what stands against it.

    ``new`` is the entry with what was overruled and acknowledged for it, and its anchor.
    ``losses`` are slow-downs that nobody acknowledged, ``objections`` those of the guards.
    """

    old: Baseline | None
    new: Baseline
    moves: tuple[MetricMove, ...]
    overruled: tuple[GuardFinding, ...]
    losses: tuple[Refusal, ...]
    objections: tuple[Refusal, ...]


def review(
    new: Baseline,
    old: Baseline | None,
    runs: tuple[RunRecord, ...],
    request: ChangeRequest,
    *,
    metrics: MetricCatalogue,
    policy: StagePolicy,
) -> Review:
    """Return what is to be said of replacing an entry by one made from these runs."""
    found = guard_findings(new, runs, previous=old, metrics=metrics, policy=policy)
    moves = metric_moves(old, new, metrics=metrics, policy=policy)
    overruled = tuple(finding for finding in found if finding.guard in request.allowed)
    reviewed = dataclasses.replace(
        new,
        created_at=new.created_at if old is None else old.created_at,
        updated_at=moment_text(request.now),
        allowed_guards=_recorded(overruled),
        acknowledged_findings=_acknowledgements(moves, request, metrics, policy),
        anchor=_moved_anchor(new, old) if request.moves_anchor else _kept_anchor(new, old, metrics),
    )
    return Review(
        old=old,
        new=reviewed,
        moves=moves,
        overruled=overruled,
        losses=tuple(_refused_losses(moves, request)),
        objections=tuple(_refused_by_guard(found, request)),
    )


def moment_text(moment: datetime) -> str:
    """Return a moment as entries spell it: UTC, to the second."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _kept_anchor(new: Baseline, old: Baseline | None, metrics: MetricCatalogue) -> BaselineAnchor:
    """Return the anchor that stays; a metric that it lacks is pinned at its first samples.

    So is one that another class of sources measures now: nothing drifts from another quantity.
    """
    if old is None:
        return anchor_of(new)
    kept = old.anchor or anchor_of(old)
    gone = {
        name
        for name, source in kept.sources.items()
        if name in new.metrics
        and name in metrics
        and is_changed([source], new.metrics[name].sources, metrics[name])
    }
    if gone:
        kept = dataclasses.replace(
            kept,
            samples={n: values for n, values in kept.samples.items() if n not in gone},
            sources={n: source for n, source in kept.sources.items() if n not in gone},
        )
        return _with_missing(_with_missing(kept, (new,)), (old,))
    return _with_missing(kept, (old, new))


def _moved_anchor(new: Baseline, old: Baseline | None) -> BaselineAnchor:
    """Return the new samples as the anchor; of a metric that they lack the old ones stay."""
    if old is None or old.anchor is None:
        return anchor_of(new)
    moved = anchor_of(new)
    stay = {n: s for n, s in old.anchor.samples.items() if n not in moved.samples}
    if not stay:
        return moved
    return dataclasses.replace(
        moved,
        samples={**moved.samples, **stay},
        sources={**{n: s for n, s in old.anchor.sources.items() if n in stay}, **moved.sources},
        source_campaigns=_united(moved.source_campaigns, old.anchor.source_campaigns),
    )


def _with_missing(anchor: BaselineAnchor, entries: Iterable[Baseline]) -> BaselineAnchor:
    for entry in entries:
        first = {n: m.samples for n, m in entry.metrics.items() if n not in anchor.samples}
        if first:
            anchor = dataclasses.replace(
                anchor,
                samples={**anchor.samples, **first},
                sources={
                    **anchor.sources,
                    **{n: s for n, s in anchor_of(entry).sources.items() if n in first},
                },
                source_campaigns=_united(anchor.source_campaigns, entry.source_campaigns),
            )
    return anchor


def _united(one: Iterable[str], other: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({*one, *other}))


def _refused_by_guard(found: Iterable[GuardFinding], request: ChangeRequest) -> list[Refusal]:
    return [
        Refusal(
            combination=finding.combination,
            metric=finding.metric or None,
            rule=finding.guard,
            detail=finding.detail,
            remedy=f"run again, or overrule with --allow {finding.guard}",
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
            detail=described_loss(move),
            remedy="mend it, or accept it with --acknowledge METRIC=FINDING --combination PATTERN",
        )
        for move in moves
        if move.is_loss and move.metric not in request.acknowledged
    ]


def described_loss(move: MetricMove) -> str:
    """Return how much worse the new samples are than the old ones and than the anchor."""
    if not move.is_comparable:
        return "cannot be compared: a value of a ratio metric is not above zero"
    worse: dict[str, list[str]] = {}
    for degradation, what in (
        (move.degradation, "baseline"),
        (move.against_anchor, "anchor"),
    ):
        if degradation is not None and degradation > 0.0:
            how_much = change_text(degradation, move.change_unit).lstrip("+")
            worse.setdefault(how_much, []).append(what)
    return ", ".join(f"{how} worse than {' and '.join(what)}" for how, what in worse.items())


def _recorded(overruled: Iterable[GuardFinding]) -> dict[str, str]:
    """Return what each allowed guard had found, as the entry keeps it."""
    found: dict[str, list[str]] = {}
    for finding in overruled:
        found.setdefault(finding.guard.value, []).append(finding.message)
    return {guard: "; ".join(messages) for guard, messages in found.items()}


def _acknowledgements(
    moves: Iterable[MetricMove],
    request: ChangeRequest,
    metrics: MetricCatalogue,
    policy: StagePolicy,
) -> dict[str, AcknowledgedFinding]:
    """Return the losses accepted now, and earlier ones for as long as the anchor shows them."""
    found: dict[str, AcknowledgedFinding] = {}
    for move in moves:
        limit = loss_threshold(metrics[move.metric], policy)
        if move.is_loss and move.metric in request.acknowledged:
            found[move.metric] = AcknowledgedFinding(
                finding=request.acknowledged[move.metric],
                by=request.acknowledged_by,
                at=moment_text(request.now),
                reason=request.reason,
                loss=move.degradation,
                # An anchor that moves to these samples sees no loss of them.
                loss_since_anchor=None if request.moves_anchor else move.against_anchor,
            )
        elif (
            move.acknowledged is not None
            and not request.moves_anchor
            and move.against_anchor is not None
            and move.against_anchor > limit
        ):
            found[move.metric] = move.acknowledged
    return found
