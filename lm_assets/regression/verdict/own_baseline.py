"""Cells that are compared with a baseline made from the campaign's own runs: they say nothing."""

from collections.abc import Mapping
from dataclasses import replace

from lm_assets.model.baseline import Baseline
from lm_assets.model.verdict import CampaignVerdict, CellVerdict, Verdict

OWN_BASELINE = "own_baseline"
_NOT_COMPARED = (Verdict.NO_BASELINE, Verdict.INSUFFICIENT_DATA, Verdict.NOT_RUN)


def mark_own_baselines(
    verdict: CampaignVerdict, baselines: Mapping[str, Baseline]
) -> CampaignVerdict:
    """Return a verdict whose cells are flagged where their baseline is made from the campaign.

    Nothing else of them changes: the figures are right, and say only that a thing is like itself.
    """
    own = {name for name, entry in baselines.items() if verdict.campaign in entry.source_campaigns}
    concerned = {cell.combination for cell in verdict.cells if _is_compared(cell)} & own
    if not concerned:
        return verdict
    count = len(concerned)
    which = "1 combination is" if count == 1 else f"{count} combinations are"
    note = (
        f"{which} compared with a baseline made from this campaign itself, which shows nothing; "
        "the next campaign is the first to be judged against it"
    )
    return replace(
        verdict,
        cells=tuple(_flagged(cell) if cell.combination in own else cell for cell in verdict.cells),
        notes=(note, *verdict.notes),
    )


def is_own_baseline(verdict: CampaignVerdict) -> bool:
    """Tell whether every compared cell is compared with the campaign itself.

    Unfit data is told of first: that is so whatever it was compared with.
    """
    if verdict.verdict is Verdict.DATA_FAULT:
        return False
    compared = [cell for cell in verdict.cells if _is_compared(cell)]
    return bool(compared) and all(OWN_BASELINE in cell.flags for cell in compared)


def _is_compared(cell: CellVerdict) -> bool:
    return cell.verdict not in _NOT_COMPARED


def _flagged(cell: CellVerdict) -> CellVerdict:
    return replace(cell, flags=(*cell.flags, OWN_BASELINE)) if _is_compared(cell) else cell
