"""What may not be concluded: sources that do not compare, and values that are lower bounds."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from lm_assets.model.verdict import Verdict
from lm_assets.regression.cells.alignment import Cells, CellSamples
from lm_assets.regression.cells.sources import CellSources
from lm_assets.regression.cells.verdicts import CODE, Decisions
from lm_assets.stats.validation import BoolArray

_SAYS_WORSE = (Verdict.REGRESSED, Verdict.SUSPECTED)


def sound_decisions(decisions: Decisions, cells: Cells, sources: CellSources) -> Decisions:
    """Return the decisions without those that the evidence does not carry.

    A cell whose sides were measured by sources that mean different things is ``source_changed``. A
    lower bound carries one direction only: a cost of at least so much shows a loss, and never that
    nothing changed.
    """
    is_changed = sources.is_changed & ~_has(decisions, Verdict.DATA_FAULT, Verdict.NO_BASELINE)
    changed = _overruled(decisions, is_changed, Verdict.SOURCE_CHANGED, "source_changed")
    return _overruled(changed, _unsound(changed, cells), Verdict.INCONCLUSIVE, "at_least")


def has_lower_bound(cells: Cells) -> BoolArray:
    """Tell which cells have a value on either side that is a lower bound."""
    return _any_bound(cells.baseline) | _any_bound(cells.current)


def _unsound(decisions: Decisions, cells: Cells) -> BoolArray:
    before, now = _any_bound(cells.baseline), _any_bound(cells.current)
    is_worse, is_better = _has(decisions, *_SAYS_WORSE), _has(decisions, Verdict.IMPROVED)
    # The true current value is above what is shown: worse than shown where a rise is worse.
    may_be_better = np.where(cells.sign > 0, before, now)
    may_be_worse = np.where(cells.sign > 0, now, before)
    unsound: BoolArray = (
        (is_worse & may_be_better)
        | (is_better & may_be_worse)
        | (_has(decisions, Verdict.UNCHANGED) & (before | now))
    )
    return unsound


def _any_bound(side: CellSamples) -> BoolArray:
    mask = np.zeros(side.ragged.n_cells, dtype=np.bool_)
    mask[side.ragged.cells[side.is_at_least]] = True
    return mask


def _has(decisions: Decisions, *verdicts: Verdict) -> BoolArray:
    mask: BoolArray = np.isin(decisions.code, [CODE[verdict] for verdict in verdicts])
    return mask


def _overruled(decisions: Decisions, mask: BoolArray, verdict: Verdict, step: str) -> Decisions:
    if not mask.any():
        return decisions
    code = np.where(mask, np.int8(CODE[verdict]), decisions.code)
    decided_by: npt.NDArray[np.str_] = np.where(mask, step, decisions.decided_by)
    return replace(decisions, code=code.astype(np.int8), decided_by=decided_by)
