"""Suspected cells decided by fresh runs: both sides made anew, interleaved, judged alone."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lm_assets.model.metric import MetricCatalogue
from lm_assets.model.policy import StagePolicy
from lm_assets.model.verdict import Verdict
from lm_assets.regression.cells.alignment import Cells, align_cells
from lm_assets.regression.cells.comparison import changes, compare_cells, tests_of_cells
from lm_assets.regression.cells.data_faults import fault_mask, find_faults
from lm_assets.regression.cells.sample_table import SampleTable
from lm_assets.regression.cells.soundness import sound_decisions
from lm_assets.regression.cells.sources import choose_sources
from lm_assets.regression.cells.verdicts import VERDICTS, Decisions, decide, judgeable
from lm_assets.regression.matrix.multiplicity import campaign_q
from lm_assets.stats.validation import BoolArray

# Fresh runs in pairs on one node tell a change from the node as well as from chance.
ASKING = (Verdict.SUSPECTED, Verdict.CONFOUNDED)


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfirmationSamples:
    """Fresh runs of baseline and current, interleaved: the same hour, the same machines."""

    baseline: SampleTable
    current: SampleTable


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfirmedCell:
    """What the fresh runs alone say of a suspected cell; the change is of fresh against fresh."""

    verdict: Verdict
    test: str
    change: float
    change_ci95: tuple[float, float] | None
    degradation: float
    p: float
    q: float
    n_baseline: int
    n_current: int


def confirm_suspected(
    cells: Cells,
    decisions: Decisions,
    samples: ConfirmationSamples,
    *,
    catalogue: MetricCatalogue,
    policy: StagePolicy,
) -> Mapping[int, ConfirmedCell]:
    """Return what the fresh runs say of each suspected cell that they cover.

    Fresh samples are judged alone: the first ones are why the cell was chosen, and would count a
    second time. q is over the suspected cells only. Cells without enough fresh runs on both sides
    are left out and stay suspected.
    """
    is_asking = np.logical_or.reduce([decisions.has(verdict) for verdict in ASKING])
    fresh = align_cells(samples.baseline, samples.current, catalogue)
    asked = {
        (cells.combinations[cells.combination_code[c]], cells.metrics[cells.metric_code[c]].name): c
        for c in np.flatnonzero(is_asking).tolist()
    }
    names = [
        (fresh.combinations[c], fresh.metrics[m].name)
        for c, m in zip(fresh.combination_code.tolist(), fresh.metric_code.tolist(), strict=True)
    ]
    is_asked = np.array([name in asked for name in names], dtype=np.bool_)
    answers = _answers(fresh, is_asked, policy)
    return {asked[names[at]]: answer for at, answer in answers.items()}


def _answers(fresh: Cells, is_asked: BoolArray, policy: StagePolicy) -> Mapping[int, ConfirmedCell]:
    """Return what the fresh cells that were asked for say, those with enough runs."""
    is_faulty = fault_mask(fresh, find_faults(fresh))
    fresh, sources = choose_sources(fresh)
    # A side that has only begun to land decides nothing, not even by a prediction interval.
    is_landed = np.minimum(fresh.baseline.n, fresh.current.n) >= policy.minimum_baseline_runs
    judged = judgeable(fresh, is_faulty, policy) & is_asked & is_landed & ~sources.is_changed
    comparisons = compare_cells(fresh, judged=judged, policy=policy)
    q = campaign_q(comparisons).q
    decided = decide(
        fresh, comparisons, comparisons, q=q, is_faulty=is_faulty, judged=judged, policy=policy
    )
    outcome = sound_decisions(decided, fresh, sources)
    change, low, high = changes(fresh, comparisons)
    tests = tests_of_cells(comparisons)
    return {
        at: ConfirmedCell(
            verdict=VERDICTS[outcome.code[at]],
            test=tests[at],
            change=float(change[at]),
            change_ci95=_interval(float(low[at]), float(high[at])),
            degradation=float(outcome.degradation[at]),
            p=float(comparisons.deciding_p[at]),
            q=float(q[at]),
            n_baseline=int(fresh.baseline.n[at]),
            n_current=int(fresh.current.n[at]),
        )
        for at in np.flatnonzero(judged & comparisons.is_compared).tolist()
    }


def _interval(low: float, high: float) -> tuple[float, float] | None:
    return (low, high) if math.isfinite(low) and math.isfinite(high) else None
