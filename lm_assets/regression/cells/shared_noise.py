"""Step 2: cells of a metric borrow noise estimates from each other, each side from its own."""

from dataclasses import dataclass, fields

import numpy as np

from lm_assets.model.policy import StagePolicy
from lm_assets.regression.cells.alignment import Cells
from lm_assets.stats.moderated import compare_moderated
from lm_assets.stats.moderated_sides import compare_sides
from lm_assets.stats.moments import SampleMoments
from lm_assets.stats.state import State
from lm_assets.stats.validation import BoolArray, IntArray
from lm_assets.stats.variance_prior import VariancePrior
from lm_assets.stats.welch import MeanComparison


@dataclass(frozen=True, kw_only=True, slots=True)
class SharedNoise:
    """The comparison of every cell with the noise that it shares, and what was shared.

    ``priors`` are those of baseline and current of each metric, None where it has too few cells.
    ``is_loud`` are the cells that keep the variance of their own runs; arrays of shape (cells,).
    """

    comparison: MeanComparison
    is_moderated: BoolArray
    is_loud: BoolArray
    priors: tuple[tuple[VariancePrior, VariancePrior] | None, ...]


def share_noise(
    cells: Cells,
    before: SampleMoments,
    now: SampleMoments,
    *,
    usable: BoolArray,
    fallback: MeanComparison,
    policy: StagePolicy,
) -> SharedNoise:
    """Return the fallback with the moderated figures of every metric that has enough cells.

    A side of one run has no spread of its own and is taken to have the baseline's.
    """
    columns = {f.name: getattr(fallback, f.name).copy() for f in fields(MeanComparison)}
    is_moderated = np.zeros(len(cells), dtype=np.bool_)
    is_loud = np.zeros(len(cells), dtype=np.bool_)
    priors: list[tuple[VariancePrior, VariancePrior] | None] = []

    def put(result: MeanComparison, chosen: IntArray) -> None:
        better = result.state == State.OK
        is_moderated[chosen[better]] = True
        for name, column in columns.items():
            column[chosen[better]] = getattr(result, name)[better]

    for position in range(len(cells.metrics)):
        chosen = cells.of_metric(position)
        chosen = chosen[usable[chosen]]
        is_lone = np.minimum(before.n[chosen], now.n[chosen]) < 2
        both, lone = chosen[~is_lone], chosen[is_lone]
        least = policy.moderated_minimum_cells
        sides = compare_sides(
            before.select(both), now.select(both), min_sd=cells.noise_floor[both], min_cells=least
        )
        pooled = compare_moderated(
            before.select(lone), now.select(lone), min_sd=cells.noise_floor[lone], min_cells=least
        )
        priors.append(None)
        if pooled.is_moderated:
            put(pooled.comparison, lone)
            priors[-1] = (pooled.prior, pooled.prior)
        if sides.is_moderated:
            put(sides.comparison, both)
            is_loud[both] = sides.is_loud
            priors[-1] = (sides.baseline_prior, sides.current_prior)
    return SharedNoise(
        comparison=MeanComparison(**columns),
        is_moderated=is_moderated,
        is_loud=is_loud,
        priors=tuple(priors),
    )
