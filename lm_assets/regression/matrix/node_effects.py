"""Cells that got worse on one node, where the node may be all that happened."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lm_assets.model.noise_policy import NodePolicy
from lm_assets.model.policy import StagePolicy
from lm_assets.regression.cells.alignment import Cells
from lm_assets.regression.cells.comparison import CellComparisons
from lm_assets.regression.cells.evidence import worse_by
from lm_assets.regression.cells.threshold import thresholds_of_cells
from lm_assets.stats.student import two_sided_p
from lm_assets.stats.validation import BoolArray, FloatArray, IntArray

NodesOfRuns = Mapping[str, Mapping[str, str]]
# The error of a median over that of a mean, squared.
_VARIANCE_OF_MEDIAN = np.pi / 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfoundedCell:
    """The node that all current runs of a cell were on, and what else is known of it.

    ``node_worse_by`` is how much worse the other cells there got (a log ratio or points); None
    where fewer than the policy's minimum tell.
    """

    node: str
    other_cells: int
    node_worse_by: float | None


def find_confounded(
    cells: Cells,
    comparisons: CellComparisons,
    is_worse: BoolArray,
    *,
    nodes_baseline: NodesOfRuns,
    nodes_current: NodesOfRuns,
    policy: StagePolicy,
) -> Mapping[int, ConfoundedCell]:
    """Return the worse cells that cannot be told from the node of all their current runs.

    A cell can be told from its node when the baseline stood on the same one, or when enough other
    cells of the metric were there as well and it is worse than they are, past the threshold and
    beyond noise. Where the whole campaign was on one node, what it did is a shift of the matrix.
    """
    lone = _lone_nodes(cells, nodes_current)
    if len({node for node in lone if node}) < 2:
        return {}
    stayed = lone == _lone_nodes(cells, nodes_baseline)
    node_of_cell = np.where(stayed, "", lone)[cells.combination_code]
    found: dict[int, ConfoundedCell] = {}
    size = worse_by(cells, comparisons)
    for cell in np.flatnonzero(is_worse & (node_of_cell != "")).tolist():
        others = _others_on_node(cells, comparisons, node_of_cell, cell)
        moved = _median_move(size, others, policy.nodes)
        if moved is None or not _is_told_apart(
            cells, comparisons, (cell, others), beyond=float(size[cell]) - moved, policy=policy
        ):
            found[cell] = ConfoundedCell(
                node=str(node_of_cell[cell]), other_cells=int(others.size), node_worse_by=moved
            )
    return found


def _lone_nodes(cells: Cells, nodes: NodesOfRuns) -> npt.NDArray[np.str_]:
    """Return the one node that all runs of each combination were on, empty where there is none."""
    of_combination = (set(nodes.get(name, {}).values()) for name in cells.combinations)
    return np.array([next(iter(n)) if len(n) == 1 else "" for n in of_combination], dtype=np.str_)


def _others_on_node(
    cells: Cells, comparisons: CellComparisons, node_of_cell: npt.NDArray[np.str_], cell: int
) -> IntArray:
    is_there = node_of_cell == node_of_cell[cell]
    is_there &= (cells.metric_code == cells.metric_code[cell]) & comparisons.is_compared
    is_there[cell] = False
    return np.flatnonzero(is_there)


def _median_move(size: FloatArray, others: IntArray, policy: NodePolicy) -> float | None:
    return float(np.median(size[others])) if others.size >= policy.minimum_cells else None


def _is_told_apart(
    cells: Cells,
    comparisons: CellComparisons,
    where: tuple[int, IntArray],
    *,
    beyond: float,
    policy: StagePolicy,
) -> bool:
    """Tell whether a cell is worse than the others on its node, past threshold and noise."""
    cell, others = where
    if not beyond > thresholds_of_cells(cells, policy)[cell]:
        return False
    if cells.is_count[cell]:
        return True
    errors = comparisons.deciding.standard_error
    of_node = _VARIANCE_OF_MEDIAN * float(np.median(errors[others] ** 2)) / others.size
    t = np.array([beyond / np.sqrt(errors[cell] ** 2 + of_node)])
    p = float(two_sided_p(t, comparisons.deciding.df[[cell]])[0])
    return p < policy.alpha
