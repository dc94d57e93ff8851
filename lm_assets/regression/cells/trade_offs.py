"""Step 7: losses that were paid for, by exchange rates written in the policy."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lm_assets.model.policy import TradeOffRule
from lm_assets.model.verdict import Verdict
from lm_assets.regression.cells.alignment import Cells
from lm_assets.regression.cells.verdicts import Decisions


@dataclass(frozen=True, kw_only=True, slots=True)
class WeighedLoss:
    """One regressed cell weighed by one rule, and whether the rule accepts it.

    ``gain`` is that of the best ``better`` metric, None where none is shown improved.
    ``refused_because`` is empty when the loss is accepted.
    """

    rule: str
    reason: str
    loss: float
    gain: float | None
    gained_in: str | None
    required_gain: float
    refused_because: str

    @property
    def is_accepted(self) -> bool:
        """Whether the loss was paid for."""
        return not self.refused_because


def weigh_losses(
    cells: Cells, decisions: Decisions, rules: tuple[TradeOffRule, ...]
) -> Mapping[int, WeighedLoss]:
    """Return every regressed ratio cell that a rule speaks of, weighed.

    The first rule that accepts a cell decides; without one, the last refusal is kept.
    """
    name_of = [metric.name for metric in cells.metrics]
    by_combination = _changed_cells(cells, decisions)
    weighed: dict[int, WeighedLoss] = {}
    for cell in np.flatnonzero(decisions.has(Verdict.REGRESSED) & cells.is_ratio).tolist():
        metric = name_of[cells.metric_code[cell]]
        partners = by_combination[int(cells.combination_code[cell])]
        for rule in rules:
            if metric in rule.worse and not (cell in weighed and weighed[cell].is_accepted):
                weighed[cell] = _weigh(_lost(decisions, cell), partners, rule)
    return weighed


def _lost(decisions: Decisions, cell: int) -> float:
    """Return a loss as of a metric that should be low, so that its spelling does not matter."""
    return float(np.expm1(decisions.worse_by[cell]))


def _changed_cells(
    cells: Cells, decisions: Decisions
) -> Mapping[int, Mapping[str, tuple[Verdict, float]]]:
    changed: dict[int, dict[str, tuple[Verdict, float]]] = {}
    for verdict in (Verdict.REGRESSED, Verdict.IMPROVED):
        for cell in np.flatnonzero(decisions.has(verdict) & cells.is_ratio).tolist():
            metric = cells.metrics[cells.metric_code[cell]].name
            of_combination = changed.setdefault(int(cells.combination_code[cell]), {})
            of_combination[metric] = (verdict, -_lost(decisions, cell))
    return changed


def _weigh(
    loss: float, partners: Mapping[str, tuple[Verdict, float]], rule: TradeOffRule
) -> WeighedLoss:
    sides = {name: partners[name] for name in rule.better if name in partners}
    gains = {name: gain for name, (verdict, gain) in sides.items() if verdict is Verdict.IMPROVED}
    gained_in = max(gains, key=lambda name: gains[name], default=None)
    gain = gains[gained_in] if gained_in is not None else None
    required = rule.gain_per_loss * loss
    refused_because = ""
    if gain is None:
        refused_because = "nothing_gained"
    elif any(verdict is Verdict.REGRESSED for verdict, _ in sides.values()):
        refused_because = "other_resource_regressed"
    elif loss > rule.maximum_loss:
        refused_because = "loss_above_maximum"
    elif gain < required:
        refused_because = "gain_below_exchange_rate"
    return WeighedLoss(
        rule=rule.name,
        reason=rule.reason,
        loss=loss,
        gain=gain,
        gained_in=gained_in,
        required_gain=required,
        refused_because=refused_because,
    )
