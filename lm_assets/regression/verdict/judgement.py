"""Everything the steps found out about a campaign's cells, before it is written as verdicts."""

from collections.abc import Mapping
from dataclasses import dataclass

from lm_assets.regression.cells.alignment import Cells
from lm_assets.regression.cells.comparison import CellComparisons
from lm_assets.regression.cells.outlier_flips import FlaggedRuns
from lm_assets.regression.cells.run_advice import RunAdvice
from lm_assets.regression.cells.run_positions import RemovedPosition
from lm_assets.regression.cells.sources import CellSources
from lm_assets.regression.cells.trade_offs import WeighedLoss
from lm_assets.regression.cells.verdicts import Decisions
from lm_assets.regression.confirmation.fresh_runs import ConfirmedCell
from lm_assets.regression.matrix.common_shift import MatrixShift
from lm_assets.regression.matrix.dimension_fit import FittedMetric
from lm_assets.regression.matrix.node_effects import ConfoundedCell
from lm_assets.regression.matrix.overdispersion import MetricSpread
from lm_assets.stats.validation import BoolArray, FloatArray


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """The results of the steps, cell by cell.

    ``comparisons`` are those of cells as they are but for effects of run positions, ``judged``
    those with a common shift taken off (the same object where there is none), both with what cells
    differ by in their errors. ``statistical`` are the decisions by comparison alone, ``decisions``
    the last word; ``plain_rule`` is that of cells as they are. ``cells`` have the samples of one
    class of sources each, ``whole`` those of all; ``over_limit`` is over the current samples of
    ``whole``. Mappings are by cell.
    """

    cells: Cells
    whole: Cells
    sources: CellSources
    comparisons: CellComparisons
    judged: CellComparisons
    q: FloatArray
    q_beyond_effects: FloatArray
    plain_rule: BoolArray
    statistical: Decisions
    decisions: Decisions
    decisions_without_flagged: Decisions
    flagged: FlaggedRuns
    over_limit: BoolArray
    positions: tuple[RemovedPosition, ...]
    has_position_removed: BoolArray
    spreads: tuple[MetricSpread, ...]
    confounded: Mapping[int, ConfoundedCell]
    fitted: tuple[FittedMetric, ...]
    shifts: tuple[MatrixShift, ...]
    faults: Mapping[int, Mapping[str, object]]
    unit_suspects: Mapping[int, list[Mapping[str, object]]]
    weighed: Mapping[int, WeighedLoss]
    confirmed: Mapping[int, ConfirmedCell]
    advice: RunAdvice
