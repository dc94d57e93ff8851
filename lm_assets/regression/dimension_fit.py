"""The dimension values that moved together: a fit of main effects and pairs, metric by metric."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lm_assets.model.metric import Metric, Scale
from lm_assets.model.policy import RollUpPolicy, StagePolicy
from lm_assets.regression.cells import Cells
from lm_assets.regression.comparison import CellComparisons
from lm_assets.regression.dimension_table import DimensionTable
from lm_assets.regression.threshold import degradation_on_scale, threshold_of
from lm_assets.stats.group_effects import GroupEffects, fit_group_effects, score_groups
from lm_assets.stats.student import critical_t, two_sided_p
from lm_assets.stats.validation import BoolArray, FloatArray, IntArray

# An effect is shared when so many cells of its group moved at least half as far.
_SHARED_BY = 2.0 / 3.0


@dataclass(frozen=True, kw_only=True, slots=True)
class FittedMetric:
    """The groups of cells that were selected for one metric, and their joint fit.

    ``members`` has shape (groups, cells). ``residual_p`` tests what is left of each cell.
    ``is_material`` tells which effects, shape (groups,), pass the plain rule's threshold.
    """

    metric: Metric
    cells: IntArray
    where: tuple[Mapping[str, str], ...]
    members: BoolArray
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
        terms, fit = _fit_metric(moves, members[:, cells.combination_code[chosen]], policy.roll_up)
        fitted.append(
            FittedMetric(
                metric=metric,
                cells=chosen,
                where=tuple(groups[term][0] for term in terms),
                members=members[terms][:, cells.combination_code[chosen]],
                fit=fit,
                residual_p=two_sided_p(fit.residual / moves.error, moves.df),
                is_material=np.abs(degradation_on_scale(metric, fit.effect))
                > threshold_of(metric, policy),
            )
        )
    return tuple(fitted)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Moves:
    """How far the cells of one metric moved, with standard errors and degrees of freedom."""

    difference: FloatArray
    error: FloatArray
    df: FloatArray


def _moves(metric: Metric, comparisons: CellComparisons, chosen: IntArray) -> _Moves:
    if metric.scale is Scale.COUNT:
        at = np.searchsorted(comparisons.rate_cells, chosen)
        rates = comparisons.rates
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


def _fit_metric(
    moves: _Moves, members: BoolArray, policy: RollUpPolicy
) -> tuple[list[int], GroupEffects]:
    # Few degrees of freedom make small errors by luck; widened, they rank as the normal law does.
    normal = critical_t(np.full(moves.df.size, np.inf), confidence=0.95)
    error = moves.error * critical_t(moves.df, confidence=0.95) / normal
    terms = _select(moves.difference, error, members, policy)
    return terms, fit_group_effects(moves.difference, error, members[terms])


def _select(
    moved: FloatArray, error: FloatArray, members: BoolArray, policy: RollUpPolicy
) -> list[int]:
    """Return the groups that are needed, by forward selection: the widest that explains most."""
    usable = members.sum(axis=1) >= policy.minimum_cells
    terms: list[int] = []
    while usable.any() and len(terms) < policy.maximum_effects:
        fit = fit_group_effects(moved, error, members[terms])
        z = score_groups(fit.residual, error, members) / fit.overdispersion
        p = two_sided_p(z, np.full(z.size, np.inf)) * int(usable.sum())
        is_candidate = usable & (p < policy.alpha)
        is_candidate[terms] = False
        ranked = np.argsort(-np.abs(z), kind="stable")
        shared = (
            int(at) for at in ranked[is_candidate[ranked]] if _is_shared(fit.residual[members[at]])
        )
        chosen = next(shared, None)
        if chosen is None:
            break
        terms.append(chosen)
    return terms


def _is_shared(residual: FloatArray) -> bool:
    """Tell whether a group moved, and not one or two of its cells."""
    middle = float(np.mean(residual))
    has_moved = residual * np.sign(middle) > abs(middle) / 2.0
    return float(np.mean(has_moved)) >= _SHARED_BY
