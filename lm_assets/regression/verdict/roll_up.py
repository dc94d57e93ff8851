"""Step 11: the fewest dimension values that explain what happened, instead of a list of cells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lm_assets.model.policy import StagePolicy
from lm_assets.model.verdict import Finding, Verdict
from lm_assets.regression.cells.threshold import threshold_of
from lm_assets.regression.matrix.dimension_fit import FittedMetric
from lm_assets.regression.verdict.dimension_findings import DimensionEffect, dimension_findings
from lm_assets.regression.verdict.judgement import Judgement
from lm_assets.stats.validation import BoolArray

# What most cells of an effect may have become, so that the effect is no regression either.
_INSTEAD_OF_REGRESSED = (
    Verdict.ACCEPTED_TRADEOFF,
    Verdict.NOT_COMPARABLE,
    Verdict.CONFOUNDED,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class RolledUp:
    """Dimension-level findings, and the regressed cells that they explain."""

    findings: tuple[Finding, ...]
    explained: frozenset[int]


def roll_up(judgement: Judgement, policy: StagePolicy) -> RolledUp:
    """Return one finding per set of dimension values that moved together, over all metrics.

    An effect is reported when it passes the threshold, or when several regressed cells would be
    reported one by one without it. A regressed cell stays a cell where it is worse than the effect
    makes it by a regression of its own.
    """
    effects = [
        effect
        for fitted in judgement.fitted
        for effect in _reported_effects(judgement, fitted, policy)
    ]
    explained = {cell for effect in effects for cell in effect.explained.tolist()}
    return RolledUp(
        findings=dimension_findings(effects, judgement.cells), explained=frozenset(explained)
    )


def _reported_effects(
    judgement: Judgement, fitted: FittedMetric, policy: StagePolicy
) -> Sequence[DimensionEffect]:
    low, high = fitted.fit.interval()
    regressed = judgement.decisions.has(Verdict.REGRESSED)[fitted.cells]
    instead = {v: judgement.decisions.has(v)[fitted.cells] for v in _INSTEAD_OF_REGRESSED}
    own = _regressed_beyond(judgement, fitted, policy)
    effects = []
    for at, group in enumerate(fitted.members):
        explained = group & regressed & ~own
        effect = DimensionEffect.of_fit(
            fitted.metric,
            fitted.where[at],
            (float(fitted.fit.effect[at]), float(low[at]), float(high[at])),
            cells=fitted.cells[group],
            exceptions=fitted.cells[fitted.exceptions[at]],
            explained=fitted.cells[explained],
            outcome=_outcome(instead, group, regressed=int((regressed & group).sum())),
        )
        is_many = explained.sum() >= policy.roll_up.minimum_cells and effect.degradation > 0.0
        if fitted.is_material[at] or is_many:
            effects.append(effect)
    return effects


def _outcome(
    instead: Mapping[Verdict, BoolArray], group: BoolArray, *, regressed: int
) -> Verdict | None:
    """Return what more cells of a group became than regressed."""
    found = (verdict for verdict, has in instead.items() if (has & group).sum() > regressed)
    return next(found, None)


def _regressed_beyond(judgement: Judgement, fitted: FittedMetric, policy: StagePolicy) -> BoolArray:
    """Tell which cells are regressed even when their dimension values are taken into account."""
    worse = judgement.cells.sign[fitted.cells] * fitted.fit.residual
    passes: BoolArray = worse > threshold_of(fitted.metric, policy)
    if not policy.multiplicity:
        return passes & (fitted.residual_p < policy.alpha)
    return passes & (judgement.q_beyond_effects[fitted.cells] <= policy.false_discovery_rate)
