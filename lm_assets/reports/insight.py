"""What a reader looks for in a verdict: the worst cells, what moved with them, the undecided."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lm_assets.model.metric import Tier
from lm_assets.model.verdict import BEHAVIOUR_CHANGED, CellVerdict, Finding, Verdict
from lm_assets.reports.formatting import VERDICT_RANK
from lm_assets.reports.material import DecisionRule, ReportMaterial

UNDECIDED = (
    Verdict.CONFOUNDED,
    Verdict.NOT_COMPARABLE,
    Verdict.SOURCE_CHANGED,
    Verdict.INCONCLUSIVE,
    Verdict.INSUFFICIENT_DATA,
    Verdict.NO_BASELINE,
    Verdict.DATA_FAULT,
    Verdict.NOT_RUN,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class CauseHint:
    """Another metric of the same combination that moved with a cell, and how far."""

    metric: str
    before: float | None
    after: float | None
    change: float
    change_unit: str


@dataclass(frozen=True, kw_only=True, slots=True)
class WorstCombination:
    """A combination with cells that got worse: its leading cell, the others, and hints."""

    combination: str
    lead: CellVerdict
    others: tuple[CellVerdict, ...]
    hints: tuple[CauseHint, ...]


def unit_order(change_unit: str) -> int:
    """Return where cells of a change unit stand: percentages and points do not compare."""
    return {"relative": 0, "points": 1}.get(change_unit, 2)


def by_severity(cells: Iterable[CellVerdict]) -> list[CellVerdict]:
    """Return cells worst first: by verdict, then by how far they moved in units of their kind."""
    return sorted(cells, key=severity)


def told_findings(material: ReportMaterial) -> list[Finding]:
    """Return the findings to tell, worst first: not cells, which are told with their combination.

    A changed environment is told in a place of its own wherever its values are known, and so is
    exact evidence, which is no verdict (`exact_findings`).
    """
    told_elsewhere = {"cell", BEHAVIOUR_CHANGED} | (
        {"environment_change"} if material.changed_environment() else set()
    )
    told = [f for f in material.verdict.findings if f.kind not in told_elsewhere]
    return sorted(told, key=lambda finding: VERDICT_RANK[finding.severity])


def exact_findings(material: ReportMaterial) -> list[Finding]:
    """Return what is counted exactly: that the work is another, which alone is no verdict."""
    return [f for f in material.verdict.findings if f.kind == BEHAVIOUR_CHANGED]


def worst_combinations(
    material: ReportMaterial, verdicts: Sequence[Verdict]
) -> list[WorstCombination]:
    """Return the combinations with cells of these verdicts, the worst first.

    The leading cell is the worst one of the highest tier: what a user feels, not its cause.
    """
    worse: dict[str, list[CellVerdict]] = {}
    for cell in material.verdict.cells:
        if cell.verdict in verdicts:
            worse.setdefault(cell.combination, []).append(cell)
    cells_of: dict[str, list[CellVerdict]] = {}
    for cell in material.verdict.cells:
        cells_of.setdefault(cell.combination, []).append(cell)
    found = []
    for combination, cells in worse.items():
        ranked = sorted(cells, key=lambda cell: lead_order(material, cell))
        hints = cause_hints(material, cells_of[combination], lead=ranked[0])
        found.append(
            WorstCombination(
                combination=combination,
                lead=ranked[0],
                others=tuple(ranked[1:]),
                hints=tuple(hints),
            )
        )
    return sorted(found, key=lambda worst: severity(worst.lead))


def cause_hints(
    material: ReportMaterial, cells: Iterable[CellVerdict], *, lead: CellVerdict
) -> list[CauseHint]:
    """Return the stability and efficiency metrics that got worse beside a cell, furthest first.

    They are what was seen together, not a proof of cause. A metric is named when it is itself
    regressed or suspected, or moved past the threshold and its interval leaves out no change.
    """
    moved = []
    for cell in cells:
        if cell.metric == lead.metric or not _is_cause(material, cell):
            continue
        threshold = material.rule.threshold(cell.change_unit)
        distance = abs(cell.change or 0.0) / (threshold or 1.0)
        moved.append((-distance, cell.metric, cell))
    return [
        CauseHint(
            metric=cell.metric,
            before=cell.baseline_mean,
            after=cell.current_mean,
            change=cell.change or 0.0,
            change_unit=cell.change_unit,
        )
        for _, _, cell in sorted(moved, key=lambda item: item[:2])
    ]


def is_clear_move(cell: CellVerdict, rule: DecisionRule) -> bool:
    """Whether a cell moved for the worse past the threshold, and its interval leaves out zero."""
    threshold = rule.threshold(cell.change_unit)
    if cell.degradation is None or cell.change_ci95 is None:
        return False
    low, high = cell.change_ci95
    return cell.degradation > (threshold or 0.0) and (low > 0.0 or high < 0.0)


def advised_runs(cell: CellVerdict) -> int | None:
    """Return how many runs per side would decide a cell that is not decided yet."""
    is_open = cell.verdict in (Verdict.INCONCLUSIVE, Verdict.SUSPECTED)
    return cell.runs_needed if is_open else None


def undecided_counts(cells: Iterable[CellVerdict]) -> Mapping[Verdict, int]:
    """Return how many cells are without a decision, by the verdict that says why."""
    counts = dict.fromkeys(UNDECIDED, 0)
    for cell in cells:
        if cell.verdict in counts:
            counts[cell.verdict] += 1
    return {verdict: count for verdict, count in counts.items() if count}


def runs_needed(cells: Iterable[CellVerdict]) -> tuple[int, ...]:
    """Return how many runs per side the inconclusive cells ask for, in ascending order."""
    return tuple(
        sorted(
            cell.runs_needed
            for cell in cells
            if cell.verdict is Verdict.INCONCLUSIVE and cell.runs_needed is not None
        )
    )


def _is_cause(material: ReportMaterial, cell: CellVerdict) -> bool:
    if cell.metric in material.metrics:
        metric = material.metrics[cell.metric]
        if metric.tier is Tier.PERFORMANCE:
            return False
    is_worse = cell.verdict in (Verdict.REGRESSED, Verdict.SUSPECTED)
    return cell.change is not None and (is_worse or is_clear_move(cell, material.rule))


def severity(cell: CellVerdict) -> tuple[int, int, float, str, str]:
    """Return the sort key that puts the worst cell first."""
    size = cell.degradation if cell.degradation is not None else 0.0
    size = abs(size) if cell.verdict is Verdict.IMPROVED else size
    kind = unit_order(cell.change_unit)
    return (VERDICT_RANK[cell.verdict], kind, -size, cell.combination, cell.metric)


def lead_order(material: ReportMaterial, cell: CellVerdict) -> tuple[int, int, int, float, str]:
    """Return the sort key that puts the cell first that speaks for its combination."""
    tier, place = 0, len(material.metrics.names)
    if cell.metric in material.metrics:
        tier = int(material.metrics[cell.metric].tier)
        place = material.metrics.names.index(cell.metric)
    return (VERDICT_RANK[cell.verdict], -tier, place, -(cell.degradation or 0.0), cell.metric)
