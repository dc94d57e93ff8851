"""Whether a stage's rows have come to lie in one task more than they did."""

from collections.abc import Sequence

from lm_assets.model.application_profile import StageProfile
from lm_assets.regression.causes.matching import MatchedRow

# From this factor on, the largest task's part of a stage's rows has grown.
_LEAST_SKEW = 1.3


def has_become_skewed(row: MatchedRow) -> bool:
    """Tell whether the largest task has more of the rows in all current runs than in any before.

    It has more against the mean task, and no smaller part of all rows: where the same rows are cut
    into more tasks, the largest is smaller and nothing became uneven.
    """
    before, now = (
        [spread for run in side if (spread := _spread(run))] for side in (row.baseline, row.current)
    )
    if not before or not now:
        return False
    part, ratio = (min(values) for values in zip(*now, strict=True))
    old_part, old_ratio = (max(values) for values in zip(*before, strict=True))
    return bool(part >= old_part and ratio >= _LEAST_SKEW * old_ratio)


def _spread(stages: Sequence[StageProfile]) -> tuple[float, float] | None:
    """Return the largest task's part of the rows, and how many times the mean task's rows it has.

    None where no task has rows.
    """
    rows = sum(stage.sum_of("input_rows") + stage.sum_of("shuffle_read_rows") for stage in stages)
    tasks = sum(stage.sum_of("tasks") for stage in stages)
    largest = max((stage.sum_of("largest_task_rows") for stage in stages), default=0)
    return (largest / rows, largest * tasks / rows) if rows and largest else None
