"""The dimension values that moved together: a fit of main effects and pairs, metric by metric."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy import special

from lm_assets.model.metric import Metric, Scale
from lm_assets.model.policy import StagePolicy
from lm_assets.regression.cells.alignment import Cells
from lm_assets.regression.cells.comparison import CellComparisons
from lm_assets.regression.cells.threshold import threshold_of
from lm_assets.regression.matrix.dimension_table import DimensionTable
from lm_assets.stats.group_effects import GroupEffects, fit_group_effects, score_groups
from lm_assets.stats.student import critical_t, two_sided_p
from lm_assets.stats.validation import BoolArray, FloatArray, IntArray

# An effect is shared when so many cells of its group moved at least half as far.
_SHARED_BY = 2.0 / 3.0


@dataclass(frozen=True, kw_only=True, slots=True)
class FittedMetric:
    """The groups of cells that were selected for one metric, and their joint fit.

    ``members`` has shape (groups, cells), and so has ``exceptions``: cells that have the dimension
    values and are shown not to have moved with the others. ``residual_p`` tests what is left of
    each cell. ``is_material`` tells which effects, shape (groups,), pass the plain threshold.
    """

    metric: Metric
    cells: IntArray
    where: tuple[Mapping[str, str], ...]
    members: BoolArray
    exceptions: BoolArray
    fit: GroupEffects
    residual_p: FloatArray
    is_material: BoolArray

    @property
    def is_explained(self) -> BoolArray:
        """Which cells belong to a material effect, shape (cells,)."""
        mask: BoolArray = np.logical_or.reduce(self.members[self.is_material], axis=0)
        return mask


def fit_dimensions(
    cells: Cells, comparisons: CellComparisons, dimensions: DimensionTable, policy: StagePolicy
) -> tuple[FittedMetric, ...]:
    """Return the fit of every metric that has cells to fit; most have no group that moved.

    Groups are sought in what cells did beyond a common shift, in all cells and not the regressed
    alone: a group whose cells are each too noisy to be called may still have moved beyond doubt.
    Of counts the differences of rates are fitted, with their approximate errors.
    """
    groups = [*dimensions.single_values(), *dimensions.value_pairs()]
    members = np.array([mask for _, mask in groups], dtype=np.bool_)
    members = members.reshape(len(groups), len(cells.combinations))
    fitted = []
    for position, metric in enumerate(cells.metrics):
        chosen = cells.of_metric(position)
        chosen = chosen[comparisons.is_compared[chosen]]
        if not chosen.size:
            continue
        moves = _moves(metric, comparisons, chosen)
        of_cells = members[:, cells.combination_code[chosen]]
        terms = _select(moves.difference, moves.comparable_error, of_cells, policy)
        followers = _stacked(terms.values(), chosen.size)
        fit = fit_group_effects(moves.difference, moves.comparable_error, followers)
        fitted.append(
            FittedMetric(
                metric=metric,
                cells=chosen,
                where=tuple(groups[term][0] for term in terms),
                members=followers,
                exceptions=of_cells[list(terms)] & ~followers,
                fit=fit,
                residual_p=two_sided_p(fit.residual / moves.error, moves.df),
                is_material=np.abs(fit.effect) > threshold_of(metric, policy),
            )
        )
    return tuple(fitted)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Moves:
    """How far the cells of one metric moved, with standard errors and degrees of freedom."""

    difference: FloatArray
    error: FloatArray
    df: FloatArray

    @property
    def comparable_error(self) -> FloatArray:
        """Errors that rank as the normal law does: few df make small ones by luck."""
        normal = critical_t(np.full(self.df.size, np.inf), confidence=0.95)
        return self.error * critical_t(self.df, confidence=0.95) / normal


def _moves(metric: Metric, comparisons: CellComparisons, chosen: IntArray) -> _Moves:
    if metric.scale is Scale.COUNT:
        at = np.searchsorted(comparisons.rate_cells, chosen)
        rates = comparisons.clumped
        return _Moves(
            difference=rates.rate_difference[at],
            error=rates.difference_error[at],
            df=np.full(chosen.size, np.inf),
        )
    deciding = comparisons.deciding
    return _Moves(
        difference=deciding.difference[chosen],
        error=deciding.standard_error[chosen],
        df=deciding.df[chosen],
    )


def _select(
    moved: FloatArray, error: FloatArray, members: BoolArray, policy: StagePolicy
) -> Mapping[int, BoolArray]:
    """Return the groups that are needed, each with the cells that follow it.

    Forward selection: of the groups that moved as a whole, the widest that explains most comes
    next, until none explains anything beyond those before it.
    """
    usable = members.sum(axis=1) >= policy.roll_up.minimum_cells
    terms: dict[int, BoolArray] = {}
    while usable.any() and len(terms) < policy.roll_up.maximum_effects:
        fit = fit_group_effects(moved, error, _stacked(terms.values(), moved.size))
        z = score_groups(fit.residual, error, members) / fit.overdispersion
        p = two_sided_p(z, np.full(z.size, np.inf)) * int(usable.sum())
        is_candidate = usable & (p < policy.roll_up.alpha)
        is_candidate[list(terms)] = False
        ranked = np.argsort(-np.abs(z), kind="stable")
        best = ranked[is_candidate[ranked]].tolist()
        groups = ((at, _followers(fit, error, members[at], policy)) for at in best)
        chosen = next((term for term in groups if term[1].any()), None)
        if chosen is None:
            break
        terms[chosen[0]] = chosen[1]
    return terms


def _followers(
    fit: GroupEffects, error: FloatArray, group: BoolArray, policy: StagePolicy
) -> BoolArray:
    """Return the cells of a group that moved with it; none when it did not move as a whole.

    A cell is an exception when it is shown (one-sided, alpha over all cells of the group) to have
    moved less than half as far as the median one: a group must not claim it. What is left must be
    enough cells for an effect, and most of the group.
    """
    middle = float(np.median(fit.residual[group]))
    short = abs(middle) / 2.0 - fit.residual * np.sign(middle)
    limit = special.ndtri(1.0 - policy.alpha / group.sum())
    # By the cell's own noise: that others differ among themselves is no reason to claim this one.
    followers: BoolArray = group & (short <= limit * error)
    fewest = max(policy.roll_up.minimum_cells, _SHARED_BY * group.sum())
    is_whole = followers.sum() >= fewest and _is_shared(fit.residual[group])
    return followers if is_whole else np.zeros_like(group)


def _stacked(masks: Iterable[BoolArray], n_cells: int) -> BoolArray:
    return np.array(list(masks), dtype=np.bool_).reshape(-1, n_cells)


def _is_shared(residual: FloatArray) -> bool:
    """Tell whether a group moved, and not one or two of its cells."""
    middle = float(np.mean(residual))
    has_moved = residual * np.sign(middle) > abs(middle) / 2.0
    return float(np.mean(has_moved)) >= _SHARED_BY
