"""The last word on each cell: confirmations, trade-offs and hard limits over the statistics."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from lm_assets.model.verdict import Verdict
from lm_assets.regression.cells.alignment import Cells
from lm_assets.regression.cells.trade_offs import WeighedLoss
from lm_assets.regression.cells.verdicts import CODE, Decisions
from lm_assets.regression.confirmation.fresh_runs import ConfirmedCell
from lm_assets.stats.validation import BoolArray

# A fresh run cannot make a suspicion into an improvement: it contradicts the first runs.
_AFTER_CONFIRMATION = {
    Verdict.REGRESSED: Verdict.REGRESSED,
    Verdict.SUSPECTED: Verdict.SUSPECTED,
    Verdict.UNCHANGED: Verdict.UNCHANGED,
    Verdict.IMPROVED: Verdict.INCONCLUSIVE,
    Verdict.INCONCLUSIVE: Verdict.INCONCLUSIVE,
}


_COMPARED = (
    *(Verdict.REGRESSED, Verdict.SUSPECTED, Verdict.IMPROVED),
    *(Verdict.UNCHANGED, Verdict.INCONCLUSIVE),
)


_SHOWS_NO_LOSS = (Verdict.IMPROVED, Verdict.UNCHANGED, Verdict.INCONCLUSIVE)


def with_confounded(decisions: Decisions, confounded: Iterable[int]) -> Decisions:
    """Return the decisions with the worse ones of these cells confounded with their node."""
    is_worse = decisions.has(Verdict.REGRESSED) | decisions.has(Verdict.SUSPECTED)
    cells = (cell for cell in confounded if is_worse[cell])
    return _overruled(decisions, dict.fromkeys(cells, Verdict.CONFOUNDED), by="node")


def with_incomparable(decisions: Decisions, is_elsewhere: BoolArray) -> Decisions:
    """Return the decisions with whatever was compared across environments not comparable."""
    is_compared = np.logical_or.reduce([decisions.has(verdict) for verdict in _COMPARED])
    cells = np.flatnonzero(is_compared & is_elsewhere).tolist()
    return _overruled(decisions, dict.fromkeys(cells, Verdict.NOT_COMPARABLE), by="environment")


def with_doubtful_units(
    decisions: Decisions, without: Decisions, is_doubtful: BoolArray
) -> Decisions:
    """Return the decisions with every cell suspected of which a doubtful value hides a loss.

    ``without`` are the decisions without the runs outside the fences. One value in another unit
    makes the noise of its cell so large that nothing is shown any more.
    """
    is_hidden = without.has(Verdict.REGRESSED) & np.logical_or.reduce(
        [decisions.has(verdict) for verdict in _SHOWS_NO_LOSS]
    )
    cells = np.flatnonzero(is_hidden & is_doubtful).tolist()
    return _overruled(decisions, dict.fromkeys(cells, Verdict.SUSPECTED), by="unit_suspect")


def with_confirmations(decisions: Decisions, confirmed: Mapping[int, ConfirmedCell]) -> Decisions:
    """Return the decisions with every confirmed cell decided by its fresh runs."""
    return _overruled(
        decisions,
        {cell: _AFTER_CONFIRMATION[fresh.verdict] for cell, fresh in confirmed.items()},
        by="confirmation",
    )


def with_trade_offs(decisions: Decisions, weighed: Mapping[int, WeighedLoss]) -> Decisions:
    """Return the decisions with every loss that was paid for accepted."""
    accepted = {
        cell: Verdict.ACCEPTED_TRADEOFF for cell, loss in weighed.items() if loss.is_accepted
    }
    return _overruled(decisions, accepted, by="trade_off")


def with_hard_limits(decisions: Decisions, cells: Cells, over_limit: BoolArray) -> Decisions:
    """Return the decisions with every cell regressed that has a run above its limit."""
    over = np.unique(cells.current.ragged.cells[over_limit])
    over = over[~decisions.has(Verdict.DATA_FAULT)[over]]
    return _overruled(decisions, dict.fromkeys(over.tolist(), Verdict.REGRESSED), by="hard_limit")


def _overruled(decisions: Decisions, verdicts: Mapping[int, Verdict], *, by: str) -> Decisions:
    if not verdicts:
        return decisions
    code, decided_by = decisions.code.copy(), decisions.decided_by.copy()
    chosen = list(verdicts)
    code[chosen] = [CODE[verdict] for verdict in verdicts.values()]
    decided_by[chosen] = by
    return replace(decisions, code=code, decided_by=decided_by)
