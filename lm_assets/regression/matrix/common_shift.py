"""Step 4: what happened to the whole matrix is one cause, taken off before cells are judged."""

from dataclasses import dataclass

import numpy as np

from lm_assets.model.metric import Direction, Metric, Scale
from lm_assets.model.policy import CommonShiftPolicy
from lm_assets.regression.cells.alignment import Cells
from lm_assets.regression.cells.comparison import CellComparisons
from lm_assets.regression.matrix.dimension_table import DimensionTable
from lm_assets.stats.common_shift import CommonShift, estimate_common_shift
from lm_assets.stats.state import State
from lm_assets.stats.validation import BoolArray, FloatArray, IntArray

# A group of fewer cells has no say against the whole matrix.
_GROUP_CELLS = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class MatrixShift:
    """A shift that the whole matrix shares in one metric, on the scale of its comparison."""

    metric: Metric
    estimate: CommonShift
    cells: IntArray

    @property
    def change(self) -> float:
        """The shift as a change: relative for ratio metrics, in points otherwise."""
        return self._as_change(self.estimate.shift)

    @property
    def change_ci95(self) -> tuple[float, float]:
        """The 95 % interval of the change."""
        return self._as_change(self.estimate.low), self._as_change(self.estimate.high)

    @property
    def degradation(self) -> float:
        """The change, above 0 where it is for the worse."""
        return -self.change if self.metric.direction is Direction.HIGHER else self.change

    def _as_change(self, shift: float) -> float:
        return float(np.expm1(shift)) if self.metric.scale is Scale.RATIO else shift


def find_common_shifts(
    cells: Cells,
    comparisons: CellComparisons,
    dimensions: DimensionTable,
    policy: CommonShiftPolicy,
) -> tuple[MatrixShift, ...]:
    """Return the shifts that are significant, material and matrix-wide, one a metric at most.

    Events are too few per cell for a shift of each; count metrics have none.
    """
    found = []
    for position, metric in enumerate(cells.metrics):
        if metric.scale is Scale.COUNT:
            continue
        chosen = cells.of_metric(position)
        chosen = chosen[comparisons.is_compared[chosen]]
        moved = comparisons.deciding.difference[chosen]
        error = comparisons.deciding.standard_error[chosen]
        estimate = estimate_common_shift(moved, error, min_cells=policy.minimum_cells)
        shift = MatrixShift(metric=metric, estimate=estimate, cells=chosen)
        if (
            _is_material(shift, policy)
            and _is_of_one_size(error, estimate, policy)
            and _is_matrix_wide(
                moved, error, estimate, dimensions.codes[cells.combination_code[chosen]], policy
            )
        ):
            found.append(shift)
    return tuple(found)


def shift_of_cells(cells: Cells, shifts: tuple[MatrixShift, ...]) -> FloatArray | None:
    """Return the shift to take off each cell, or nothing when there is none."""
    if not shifts:
        return None
    result = np.zeros(len(cells))
    for shift in shifts:
        result[shift.cells] = shift.estimate.shift
    return result


def _is_material(shift: MatrixShift, policy: CommonShiftPolicy) -> bool:
    if shift.estimate.state != State.OK or not shift.estimate.p < policy.alpha:
        return False
    is_ratio = shift.metric.scale is Scale.RATIO
    return abs(shift.change) >= (policy.minimum_relative if is_ratio else policy.minimum_points)


def _is_of_one_size(error: FloatArray, estimate: CommonShift, policy: CommonShiftPolicy) -> bool:
    """Tell whether cells moved alike, apart from their noise.

    An engine that makes each query faster or slower by another factor has a middle too. Taking it
    off would call a query that hardly moved a regression beside those that gained.
    """
    if estimate.share_following < policy.minimum_share:
        return False
    beyond_noise = np.sqrt(estimate.overdispersion**2 - 1.0) * float(np.median(error))
    return bool(beyond_noise <= policy.maximum_spread * abs(estimate.shift))


def _is_matrix_wide(
    moved: FloatArray,
    error: FloatArray,
    estimate: CommonShift,
    codes: IntArray,
    policy: CommonShiftPolicy,
) -> bool:
    """Tell whether no part of the matrix stayed behind.

    Where half of the matrix moved, the middle of all cells moved half as far, and a shift taken
    off there would make regressions of one half and improvements of the other. So every dimension
    value must have moved; without dimensions, most cells must have moved at least half as far.
    """
    if codes.shape[1] == 0:
        has_moved = moved * np.sign(estimate.shift) > abs(estimate.shift) / 2.0
        return float(np.mean(has_moved)) >= policy.minimum_share
    return not any(
        _stays_behind(moved[group], error[group], estimate)
        for column in codes.T
        for group in (column == value for value in np.unique(column[column >= 0]))
    )


def _stays_behind(moved: FloatArray, error: FloatArray, whole: CommonShift) -> bool:
    group = estimate_common_shift(moved, error, min_cells=_GROUP_CELLS)
    if group.state != State.OK or group.low <= whole.shift <= group.high:
        return False
    return group.shift / whole.shift < 0.5


def is_finding(shift: MatrixShift, policy: CommonShiftPolicy) -> bool:
    """Tell whether a shift is large enough to be reported as a cause of its own."""
    is_ratio = shift.metric.scale is Scale.RATIO
    return abs(shift.change) >= (policy.finding_relative if is_ratio else policy.finding_points)


def follows_any(cells: Cells, shifts: tuple[MatrixShift, ...]) -> BoolArray:
    """Tell which cells had a shift taken off."""
    mask = np.zeros(len(cells), dtype=np.bool_)
    for shift in shifts:
        mask[shift.cells] = True
    return mask
