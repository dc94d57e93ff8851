"""The steps of a series from one level to the next: how large, which way, from what to what."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from lm_assets.stats.change_points import ChangePoints


@dataclass(frozen=True, kw_only=True, slots=True)
class LevelStep:
    """One step: levels are medians in the unit of the series, ``change`` after / before − 1.

    ``index`` is the first point of the new level. ``change`` is NaN where the level before is 0.
    """

    index: int
    before: float
    after: float
    change: float
    strength: float

    @property
    def direction(self) -> str:
        """``up`` or ``down``."""
        return "up" if self.after > self.before else "down"

    def is_at_least(self, relative: float) -> bool:
        """Whether the step is as large as this factor, up or down; one from 0 always is."""
        if not self.change > -1.0:
            return True
        return abs(math.log1p(self.change)) >= math.log1p(relative)


def level_steps(
    changes: ChangePoints, *, indices: Sequence[int], is_log: bool
) -> tuple[LevelStep, ...]:
    """Return the steps of change points; levels of logarithms are told as values.

    Parameters
    ----------
    indices : sequence of int
        The points' positions in the series as it was given.
    is_log : bool
        Whether the change points were sought in logarithms.
    """
    levels = [math.exp(level) if is_log else level for level in changes.levels]
    return tuple(
        LevelStep(
            index=index,
            before=before,
            after=after,
            change=after / before - 1.0 if before != 0.0 else math.nan,
            strength=strength,
        )
        for index, strength, (before, after) in zip(
            indices, changes.strengths, itertools.pairwise(levels), strict=True
        )
    )
