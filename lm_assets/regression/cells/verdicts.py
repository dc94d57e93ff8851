"""Step 5: the verdict of every cell, from its comparison, its q and the policy."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lm_assets.model.policy import StagePolicy
from lm_assets.model.verdict import Verdict
from lm_assets.regression.cells.alignment import Cells
from lm_assets.regression.cells.comparison import CellComparisons
from lm_assets.regression.cells.evidence import (
    degradation_of,
    p_beyond_threshold,
    shown_equivalent,
    weigh_evidence,
    worse_by,
)
from lm_assets.stats.state import State
from lm_assets.stats.validation import BoolArray, FloatArray

VERDICTS = tuple(Verdict)
CODE = {verdict: code for code, verdict in enumerate(VERDICTS)}
VerdictCodes = npt.NDArray[np.int8]


@dataclass(frozen=True, kw_only=True, slots=True)
class Decisions:
    """What was decided for every cell; arrays of shape (cells,).

    ``code`` is a position in ``VERDICTS``, ``decided_by`` the step that decided. ``worse_by`` (a
    log ratio, points, or the log ratio of rates) and ``degradation`` are the judged ones, a common
    shift taken off. ``p_beyond_threshold`` tests whether a cell is worse by more than the
    threshold, and not merely worse.
    """

    code: VerdictCodes
    decided_by: npt.NDArray[np.str_]
    worse_by: FloatArray
    degradation: FloatArray
    equivalence_p: FloatArray
    p_beyond_threshold: FloatArray

    def has(self, verdict: Verdict) -> BoolArray:
        """Tell which cells have a verdict."""
        mask: BoolArray = self.code == CODE[verdict]
        return mask

    @property
    def counts(self) -> Mapping[str, int]:
        """How many cells have each verdict, those that any has, in alphabetical order."""
        of_code = np.bincount(self.code, minlength=len(VERDICTS)).tolist()
        named = zip((verdict.value for verdict in VERDICTS), of_code, strict=True)
        return {name: n for name, n in sorted(named) if n}


def judgeable(cells: Cells, is_faulty: BoolArray, policy: StagePolicy) -> BoolArray:
    """Tell which cells have possible values and enough runs on both sides."""
    return (
        (cells.baseline.n >= policy.minimum_baseline_runs)
        & (cells.current.n >= policy.minimum_current_runs)
        & ~is_faulty
    )


def decide(
    cells: Cells,
    own: CellComparisons,
    beyond: CellComparisons,
    *,
    q: FloatArray,
    is_faulty: BoolArray,
    judged: BoolArray,
    policy: StagePolicy,
) -> Decisions:
    """Return the verdict of every cell, before limits, trade-offs and confirmations.

    ``own`` are the comparisons of cells as they are, ``beyond`` those of what remains when shared
    shifts are taken off, which ``q`` is of; the same object where there are none.
    """
    evidence = weigh_evidence(cells, own, beyond, q=q, policy=policy)
    equivalence_p, is_equivalent = shown_equivalent(cells, own, beyond, policy)
    has_moved_apart = evidence.remains_worse & evidence.survives
    steps = (
        (is_faulty, Verdict.DATA_FAULT, "data_fault"),
        (cells.baseline.n == 0, Verdict.NO_BASELINE, "no_baseline"),
        (~judged, Verdict.INSUFFICIENT_DATA, "minimum_runs"),
        (evidence.is_regressed, Verdict.REGRESSED, "rule_and_multiplicity"),
        *((at, Verdict.SUSPECTED, because) for at, because in evidence.suspicions()),
        (evidence.is_improved, Verdict.IMPROVED, "rule_and_multiplicity"),
        (is_equivalent, Verdict.UNCHANGED, "equivalence"),
        (beyond.deciding.state == State.ZERO_VARIANCE, Verdict.INCONCLUSIVE, "zero_variance"),
        (has_moved_apart, Verdict.INCONCLUSIVE, "common_shift"),
        (np.ones(len(cells), dtype=np.bool_), Verdict.INCONCLUSIVE, "power"),
    )
    first = np.argmax(np.array([condition for condition, _, _ in steps]), axis=0)
    return Decisions(
        code=np.array([CODE[verdict] for _, verdict, _ in steps], dtype=np.int8)[first],
        decided_by=np.array([step for _, _, step in steps])[first],
        worse_by=worse_by(cells, beyond),
        degradation=degradation_of(cells, beyond),
        equivalence_p=equivalence_p,
        p_beyond_threshold=np.fmax(
            p_beyond_threshold(cells, own, policy), p_beyond_threshold(cells, beyond, policy)
        ),
    )
