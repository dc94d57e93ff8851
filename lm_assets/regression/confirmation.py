"""Suspected cells: the fresh runs that would decide them, and the decision when they are there."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lm_assets.model.metric import MetricCatalogue
from lm_assets.model.policy import StagePolicy
from lm_assets.model.verdict import CampaignVerdict, Verdict
from lm_assets.regression.cell_verdicts import VERDICTS, Decisions, decide, judgeable
from lm_assets.regression.cells import Cells, align_cells
from lm_assets.regression.comparison import compare_cells
from lm_assets.regression.data_faults import fault_mask, find_faults
from lm_assets.regression.multiplicity import campaign_q
from lm_assets.regression.sample_table import SampleTable

SIDES = ("baseline", "current")


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfirmationSamples:
    """Fresh runs of baseline and current, interleaved: the same hour, the same machines."""

    baseline: SampleTable
    current: SampleTable


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfirmedCell:
    """What the fresh runs alone say of a suspected cell."""

    verdict: Verdict
    degradation: float
    p: float
    q: float
    n_baseline: int
    n_current: int


def confirmation_campaigns(campaign: str) -> Mapping[str, str]:
    """Return the campaign ids under which the fresh runs of either side are to land."""
    return {side: f"{campaign}-confirm-{side}" for side in SIDES}


def confirmation_request(
    verdict: CampaignVerdict, policy: StagePolicy
) -> Mapping[str, object] | None:
    """Return the document for ``confirmations/<campaign>.json``, or None when nothing is asked.

    The gravest suspected cells come first and ``left_out`` counts those beyond the policy's
    maximum. ``runs`` is the order of execution: sides alternate and change places from one
    repetition to the next, so that neither a drift nor a slow hour favours one of them.
    """
    suspected = sorted(
        (cell for cell in verdict.cells if cell.verdict is Verdict.SUSPECTED),
        key=lambda c: (c.q if c.q is not None else 1.0, c.combination, c.metric),
    )
    if not suspected or not policy.confirmation.is_requested:
        return None
    chosen = suspected[: policy.confirmation.maximum_cells]
    combinations = tuple(dict.fromkeys(cell.combination for cell in chosen))
    return {
        "kind": "confirmation_request",
        "version": 1,
        "campaign": verdict.campaign,
        "stage": verdict.stage,
        "baseline_version": verdict.baseline_version,
        "results": dict(confirmation_campaigns(verdict.campaign)),
        "runs_per_side": policy.confirmation.runs_per_side,
        "cells": [
            {name: getattr(cell, name) for name in ("combination", "metric", "change", "p", "q")}
            for cell in chosen
        ],
        "left_out": len(suspected) - len(chosen),
        "runs": _interleaved(combinations, policy.confirmation.runs_per_side),
    }


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
    second time. q is over the suspected cells only. Cells without enough fresh runs are left out
    and stay suspected.
    """
    fresh = align_cells(samples.baseline, samples.current, catalogue)
    asked = {
        (cells.combinations[cells.combination_code[c]], cells.metrics[cells.metric_code[c]].name): c
        for c in np.flatnonzero(decisions.has(Verdict.SUSPECTED)).tolist()
    }
    names = [
        (fresh.combinations[c], fresh.metrics[m].name)
        for c, m in zip(fresh.combination_code.tolist(), fresh.metric_code.tolist(), strict=True)
    ]
    is_faulty = fault_mask(fresh, find_faults(fresh))
    is_asked = np.array([name in asked for name in names], dtype=np.bool_)
    judged = judgeable(fresh, is_faulty, policy) & is_asked
    comparisons = compare_cells(fresh, judged=judged, policy=policy)
    q = campaign_q(comparisons).q
    outcome = decide(fresh, comparisons, q=q, is_faulty=is_faulty, judged=judged, policy=policy)
    return {
        asked[names[at]]: ConfirmedCell(
            verdict=VERDICTS[outcome.code[at]],
            degradation=float(outcome.degradation[at]),
            p=float(comparisons.deciding_p[at]),
            q=float(q[at]),
            n_baseline=int(fresh.baseline.n[at]),
            n_current=int(fresh.current.n[at]),
        )
        for at in np.flatnonzero(judged & comparisons.is_compared).tolist()
    }


def _interleaved(combinations: tuple[str, ...], runs_per_side: int) -> list[Mapping[str, object]]:
    runs: list[Mapping[str, object]] = []
    for repetition in range(runs_per_side):
        sides = SIDES if repetition % 2 == 0 else SIDES[::-1]
        for combination in combinations:
            for side in sides:
                order = len(runs) + 1
                runs.append(
                    {
                        "order": order,
                        "combination": combination,
                        "side": side,
                        "run_id": f"{side}-{repetition + 1}",
                    }
                )
    return runs
