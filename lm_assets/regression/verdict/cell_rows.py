"""Every cell's verdict as a value: its numbers, its flags, and the explanation as data."""

import contextlib
import gc
from collections.abc import Iterator
from typing import Any

import numpy as np

from lm_assets.model.policy import StagePolicy
from lm_assets.model.verdict import CellVerdict
from lm_assets.regression.cells.comparison import changes
from lm_assets.regression.cells.figures import optional
from lm_assets.regression.cells.verdicts import VERDICTS
from lm_assets.regression.verdict.campaign_context import CampaignContext
from lm_assets.regression.verdict.cell_explanations import explanations
from lm_assets.regression.verdict.cell_flags import flags_of_cells
from lm_assets.regression.verdict.judgement import Judgement
from lm_assets.stats.validation import FloatArray


def cell_rows(
    judgement: Judgement, policy: StagePolicy, context: CampaignContext
) -> tuple[CellVerdict, ...]:
    """Return the verdict of every cell, sorted by combination and the catalogue's order."""
    with _collector_paused():
        return _cell_rows(judgement, policy, context)


@contextlib.contextmanager
def _collector_paused() -> Iterator[None]:
    """Keep the cycle collector from walking a hundred thousand new values again and again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _cell_rows(
    judgement: Judgement, policy: StagePolicy, context: CampaignContext
) -> tuple[CellVerdict, ...]:
    cells, comparisons = judgement.cells, judgement.comparisons
    change, low, high = changes(cells, comparisons)
    combinations = [cells.combinations[code] for code in cells.combination_code.tolist()]
    metric_codes = cells.metric_code.tolist()
    names = [metric.name for metric in cells.metrics]
    units = [metric.scale.change_unit for metric in cells.metrics]
    columns: dict[str, Iterator[Any] | list[Any]] = {
        "combination": combinations,
        "metric": [names[code] for code in metric_codes],
        "verdict": [VERDICTS[code] for code in judgement.decisions.code.tolist()],
        "decided_by": judgement.decisions.decided_by.tolist(),
        "change_unit": [units[code] for code in metric_codes],
        "baseline_mean": optional(comparisons.baseline.mean),
        "current_mean": optional(comparisons.current.mean),
        "change": optional(change),
        "change_ci95": _pairs(low, high),
        "degradation": optional(cells.sign * change),
        "p": optional(comparisons.p),
        "p_moderated": optional(comparisons.deciding_p, where=comparisons.is_moderated),
        "q": optional(judgement.q),
        "n_baseline": cells.baseline.n.tolist(),
        "n_current": cells.current.n.tolist(),
        "change_arithmetic": optional(arithmetic_change(judgement)),
        "p_arithmetic": optional(
            comparisons.arithmetic.p, where=comparisons.is_compared & ~cells.is_count
        ),
        "flags": flags_of_cells(judgement, policy, context),
        "runs_needed": [runs or None for runs in judgement.advice.runs_needed.tolist()],
        "explanation": explanations(judgement, policy, context),
    }
    fields = tuple(columns)
    return tuple(
        CellVerdict(**dict(zip(fields, row, strict=True)))
        for row in zip(*columns.values(), strict=True)
    )


def arithmetic_change(judgement: Judgement) -> FloatArray:
    """Return the change of arithmetic means: relative for ratio metrics, else the difference."""
    arithmetic, baseline = judgement.comparisons.arithmetic, judgement.comparisons.baseline
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = arithmetic.difference / baseline.mean
    return np.where(judgement.cells.is_ratio, relative, arithmetic.difference)


def _pairs(low: FloatArray, high: FloatArray) -> list[tuple[float, float] | None]:
    pairs: list[tuple[float, float] | None] = list(zip(low.tolist(), high.tolist(), strict=True))
    for at in np.flatnonzero(~(np.isfinite(low) & np.isfinite(high))).tolist():
        pairs[at] = None
    return pairs
