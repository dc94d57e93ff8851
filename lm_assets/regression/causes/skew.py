"""Whether a stage's rows have come to lie in one task more than they did."""

from collections.abc import Sequence

from lm_assets.model.application_profile import StageProfile
from lm_assets.regression.causes.matching import MatchedRow

# From this factor on, the largest task's part of a stage's rows has grown.
_LEAST_SKEW = 1.3


def has_become_skewed(row: MatchedRow) -> bool:
    """Tell whether the largest task has more of the rows in all current runs than in any before."""
    before, now = (
        [imbalance for run in side if (imbalance := _imbalance(run))]
        for side in (row.baseline, row.current)
    )
    return bool(before and now) and min(now) >= _LEAST_SKEW * max(before)


def _imbalance(stages: Sequence[StageProfile]) -> float:
    """Return how many times the mean task's rows the largest task has; 0 where none has rows."""
    rows = sum(stage.sum_of("input_rows") + stage.sum_of("shuffle_read_rows") for stage in stages)
    tasks = sum(stage.sum_of("tasks") for stage in stages)
    largest = max((stage.sum_of("largest_task_rows") for stage in stages), default=0)
    return largest * tasks / rows if rows else 0.0
