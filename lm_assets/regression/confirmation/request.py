"""What a campaign's suspected cells ask for: which fresh runs would decide them, in which order."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lm_assets.model.baseline import Baseline
from lm_assets.model.campaign import Subject, confirmation_campaign
from lm_assets.model.policy import ConfirmationPolicy, StagePolicy
from lm_assets.model.verdict import CampaignVerdict, CellVerdict, ConfirmationState
from lm_assets.regression.confirmation.fresh_runs import ASKING
from lm_assets.regression.confirmation.run_order import paired_runs


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfirmationSubjects:
    """What the fresh runs are of: the campaign's own subject, and the baselines' by combination."""

    current: Subject
    baseline: Mapping[str, Baseline]


def confirmation_state(
    cells: Iterable[CellVerdict], policy: ConfirmationPolicy
) -> ConfirmationState | None:
    """Return how far the fresh runs of the asking cells are; None when none asks."""
    asking = _asking(cells, policy)
    if not asking:
        return None
    chosen = asking[: policy.maximum_cells]
    outcomes = Counter(cell.verdict.value for cell in chosen if _answer(cell) is not None)
    return ConfirmationState(
        asked=len(chosen),
        left_out=len(asking) - len(chosen),
        outcomes=dict(sorted(outcomes.items())),
    )


def confirmation_request(
    verdict: CampaignVerdict, policy: StagePolicy, subjects: ConfirmationSubjects | None = None
) -> Mapping[str, object] | None:
    """Return the document for ``confirmations/<campaign>.json``, or None when nothing is asked.

    The gravest cells come first and ``left_out`` counts those beyond the policy's maximum. Cells
    that were suspected by the campaign's own runs ask, whatever fresh runs said since: the request
    stays the same when it is answered, but for the answers and ``status``.

    ``runs`` is the order of execution: sides alternate and change places from one repetition to
    the next, so that neither a drift nor a slow hour favours one of them. The runs of one ``pair``
    belong on one machine, the next pair of a combination on another.
    """
    asking = _asking(verdict.cells, policy.confirmation)
    state = confirmation_state(verdict.cells, policy.confirmation)
    if state is None:
        return None
    chosen = asking[: policy.confirmation.maximum_cells]
    combinations = tuple(dict.fromkeys(cell.combination for cell in chosen))
    return {
        "kind": "confirmation_request",
        "version": 1,
        "campaign": verdict.campaign,
        "stage": verdict.stage,
        "status": "open" if state.is_open else "answered",
        "baseline_version": verdict.baseline_version,
        "results_campaign": confirmation_campaign(verdict.campaign),
        "runs_per_side": policy.confirmation.runs_per_side,
        "cells": [_cell(cell) for cell in chosen],
        "left_out": state.left_out,
        "subjects": _subjects(combinations, subjects),
        "runs": _planned(combinations, policy.confirmation.runs_per_side),
    }


def _asking(cells: Iterable[CellVerdict], policy: ConfirmationPolicy) -> Sequence[CellVerdict]:
    """Return the cells that the campaign's own runs left suspected, the gravest first."""
    if not policy.is_requested:
        return ()
    asking = (
        cell
        for cell in cells
        if cell.decided_by != "hard_limit" and (cell.verdict in ASKING or _answer(cell) is not None)
    )
    return sorted(asking, key=lambda c: (c.q if c.q is not None else 1.0, c.combination, c.metric))


def _answer(cell: CellVerdict) -> object | None:
    return cell.explanation.get("confirmation")


def _cell(cell: CellVerdict) -> Mapping[str, object]:
    figures = ("combination", "metric", "change", "change_unit", "p", "q")
    return {**{name: getattr(cell, name) for name in figures}, "answer": _answer(cell)}


def _subjects(
    combinations: Iterable[str], subjects: ConfirmationSubjects | None
) -> Mapping[str, object] | None:
    if subjects is None:
        return None
    entries = {name: subjects.baseline[name] for name in combinations if name in subjects.baseline}
    return {
        "current": subjects.current,
        "baseline": {
            name: {"subject": entry.subject, "source_campaigns": list(entry.source_campaigns)}
            for name, entry in entries.items()
        },
    }


def _planned(combinations: Sequence[str], runs_per_side: int) -> list[Mapping[str, object]]:
    return [
        {
            "order": run.order,
            "combination": run.combination,
            "side": run.side,
            "run_id": run.run_id,
            "pair": run.pair,
        }
        for run in paired_runs(combinations, runs=runs_per_side)
    ]
