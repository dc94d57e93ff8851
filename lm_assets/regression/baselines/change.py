"""A change of the baselines, planned whole before anything is written."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from lm_assets.model.baseline import Baseline, BaselineCatalogue, RejectedRun
from lm_assets.model.metric import MetricCatalogue
from lm_assets.model.policy import StagePolicy
from lm_assets.model.record import RunRecord
from lm_assets.regression.baselines.create import (
    Refusal,
    RunSelection,
    entry_of,
    select_runs,
    without_unusable,
)
from lm_assets.regression.baselines.due import due_reasons
from lm_assets.regression.baselines.guards import GuardFinding
from lm_assets.regression.baselines.moves import MetricMove
from lm_assets.regression.baselines.request import ChangeRequest, is_selected
from lm_assets.regression.baselines.review import (
    UNACKNOWLEDGED_LOSS,
    Review,
    moment_text,
    review,
)

ALREADY_PRESENT = "already_present"
NEWER_BASELINE = "newer_baseline"


@dataclass(frozen=True, kw_only=True, slots=True)
class BaselineChange:
    """One combination's accepted change.

    ``overruled`` are the findings of allowed guards, ``due`` says why the change is due where only
    due ones were asked for.
    """

    combination: str
    old: Baseline | None
    new: Baseline
    moves: tuple[MetricMove, ...]
    overruled: tuple[GuardFinding, ...] = ()
    due: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangePlan:
    """What would be written, what is refused and why; ``catalogue`` is the result as a whole.

    ``unchanged`` are the combinations whose baseline has these very samples, ``not_due`` those
    whose baseline still serves. ``rejected_runs`` are those of combinations that do not change, by
    combination; a change lists its own.
    """

    catalogue: BaselineCatalogue
    changes: tuple[BaselineChange, ...]
    refusals: tuple[Refusal, ...]
    unchanged: tuple[str, ...] = ()
    not_due: tuple[str, ...] = ()
    rejected_runs: Mapping[str, tuple[RejectedRun, ...]] = field(default_factory=dict)

    @property
    def has_unacknowledged_loss(self) -> bool:
        """Whether a slow-down was offered as a baseline without an acknowledgement."""
        return any(refusal.rule == UNACKNOWLEDGED_LOSS for refusal in self.refusals)

    @property
    def is_empty(self) -> bool:
        """Whether no run was offered that any pattern selects."""
        return not (self.changes or self.refusals or self.unchanged or self.not_due)


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
    refusals: list[Refusal] = []
    unchanged: list[str] = []
    reviews: list[Review] = []
    for selection in select_runs(
        r for r in records if is_selected(r.combination, request.patterns)
    ):
        old = catalogue.entries.get(selection.combination)
        new, refused = _offered(selection, old, request, metrics)
        refusals += refused
        if new is None:
            continue
        if old is not None and _has_same_samples(old, new) and not request.moves_anchor:
            unchanged.append(selection.combination)
            continue
        runs = selection.accepted
        reviews.append(review(new, old, runs, request, metrics=metrics, policy=policy))
    due = _due(reviews, request, metrics, policy)
    for candidate in reviews:
        refusals += candidate.losses
        refusals += candidate.objections if candidate.new.combination in due else ()
    changes = tuple(
        _change(r, due[r.new.combination])
        for r in reviews
        if r.new.combination in due and not (r.losses or r.objections)
    )
    entries = {**catalogue.entries, **{change.combination: change.new for change in changes}}
    return ChangePlan(
        catalogue=dataclasses.replace(catalogue, entries=entries, digest="", revision=""),
        changes=changes,
        refusals=tuple(refusals),
        unchanged=tuple(unchanged),
        not_due=tuple(
            r.new.combination for r in reviews if r.new.combination not in due and not r.losses
        ),
        rejected_runs={
            r.new.combination: r.new.rejected_runs
            for r in reviews
            if r.new.rejected_runs and (r.losses or r.objections)
        },
    )


def _offered(
    selection: RunSelection,
    old: Baseline | None,
    request: ChangeRequest,
    metrics: MetricCatalogue,
) -> tuple[Baseline | None, list[Refusal]]:
    """Return the entry that the runs make; ``None`` where the old one may not be replaced."""
    if old is not None and request.only_new:
        refusal = Refusal(
            combination=old.combination,
            rule=ALREADY_PRESENT,
            detail=f"it has a baseline of {old.updated_at}",
            remedy="change it with lm baseline update",
        )
        return None, [refusal]
    new, refusals = entry_of(
        selection, now=request.now, reason=request.reason, minimum_runs=request.minimum_runs
    )
    if new is not None:
        new, unusable = without_unusable(new, metrics)
        refusals += unusable
    if new is None or old is None or _has_same_samples(old, new):
        return new, refusals
    if request.now < datetime.fromisoformat(old.updated_at):
        refusal = Refusal(
            combination=old.combination,
            rule=NEWER_BASELINE,
            detail=f"its baseline is of {old.updated_at}, these runs of {moment_text(request.now)}",
            remedy="take later runs, or go back with lm baseline update",
        )
        return None, [*refusals, refusal]
    return new, refusals


def _has_same_samples(old: Baseline, new: Baseline) -> bool:
    return (
        (old.status, old.source_campaigns, old.runs) == (new.status, new.source_campaigns, new.runs)
    ) and (old.metrics, old.behaviour) == (new.metrics, new.behaviour)


def _due(
    reviews: Sequence[Review], request: ChangeRequest, metrics: MetricCatalogue, policy: StagePolicy
) -> Mapping[str, str]:
    """Return what may change, with why it is due; everything, unless only the due is asked for."""
    if not request.only_due:
        return {candidate.new.combination: "" for candidate in reviews}
    return due_reasons(
        [(candidate.old, candidate.new) for candidate in reviews],
        [move for candidate in reviews for move in candidate.moves],
        now=request.now,
        metrics=metrics,
        policy=policy,
    )


def _change(reviewed: Review, due: str) -> BaselineChange:
    return BaselineChange(
        combination=reviewed.new.combination,
        old=reviewed.old,
        new=reviewed.new,
        moves=reviewed.moves,
        overruled=reviewed.overruled,
        due=due,
    )
