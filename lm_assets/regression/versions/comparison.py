"""Step 8: two versions compared across the matrix, every combination its own control."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lm_assets.model.metric import Metric, MetricCatalogue, Scale
from lm_assets.model.policy import StagePolicy
from lm_assets.model.verdict import Verdict
from lm_assets.model.version_comparison import CarriedTotal, PartComparison, VersionComparison
from lm_assets.regression.cells.alignment import Cells, CellSamples, align_cells
from lm_assets.regression.cells.data_faults import find_faults
from lm_assets.regression.cells.figures import defined, interval
from lm_assets.regression.cells.sample_table import SampleTable
from lm_assets.regression.cells.soundness import has_lower_bound
from lm_assets.regression.cells.sources import CellSources, choose_sources, sources_phrase
from lm_assets.regression.cells.threshold import distance_on_scale, margin_of, threshold_of
from lm_assets.regression.matrix.dimension_table import DimensionTable
from lm_assets.stats.paired import PairedComparison, PairedTest, compare_paired
from lm_assets.stats.state import State
from lm_assets.stats.validation import FloatArray

# Combinations are named until they carry this share of what the total moved by.
_MOST_OF_THE_TOTAL = 0.8
_NO_DIMENSIONS: Mapping[str, Mapping[str, str]] = {}


def compare_versions(
    baseline: SampleTable,
    candidate: SampleTable,
    *,
    metrics: MetricCatalogue,
    policy: StagePolicy,
    dimensions: Mapping[str, Mapping[str, str]] = _NO_DIMENSIONS,
) -> tuple[VersionComparison, ...]:
    """Return the paired comparison of every judged metric, in the catalogue's order.

    Repeats are averaged per combination first: the combination is the unit, and one that was run
    more often counts no more. Combinations that one side lacks are left out and named.

    Raises
    ------
    ValueError
        When a table has a metric that the catalogue does not know.
    """
    whole = align_cells(baseline, candidate, metrics)
    faults = find_faults(whole)
    cells, sources = choose_sources(whole)
    return tuple(
        _compare_metric(
            _Sides.of_metric(cells, position, faults, sources),
            policy=policy,
            dimensions=dimensions,
        )
        for position in range(len(cells.metrics))
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sides:
    """One metric's means by combination on both sides, and what may not be compared."""

    metric: Metric
    before: Mapping[str, float]
    after: Mapping[str, float]
    fault: Mapping[str, object]
    left_out: Mapping[str, str]
    other_sources: Mapping[str, str]
    has_changed_sources: bool

    @classmethod
    def of_metric(
        cls,
        cells: Cells,
        position: int,
        faults: Mapping[int, Mapping[str, object]],
        sources: CellSources,
    ) -> "_Sides":
        """Return the sides of a metric by its position, without combinations that compare not."""
        own = cells.of_metric(position).tolist()
        names = {cell: cells.combinations[cells.combination_code[cell]] for cell in own}
        faulty = next((cell for cell in own if cell in faults), None)
        bounded = has_lower_bound(cells)
        left_out = {}
        other_sources = {
            name: _runs_of(sources.left_out[cell])
            for cell, name in names.items()
            if cell in sources.left_out and not sources.is_changed[cell]
        }
        for cell, name in names.items():
            if sources.is_changed[cell]:
                told = sources_phrase({"sources": sources.runs[cell]})
                left_out[name] = f"measured by {told}: not one quantity"
            elif bounded[cell]:
                left_out[name] = "only a lower bound is known"
        before, after = (
            {
                names[cell]: _mean(side, cell)
                for cell in own
                if side.n[cell] and names[cell] not in left_out
            }
            for side in (cells.baseline, cells.current)
        )
        return cls(
            metric=cells.metrics[position],
            before=before,
            after=after,
            fault={} if faulty is None else {"combination": names[faulty], **faults[faulty]},
            left_out=left_out,
            other_sources=other_sources,
            has_changed_sources=bool(sources.is_changed[own].any()) if own else False,
        )


def _runs_of(sides: Mapping[str, Mapping[str, int]]) -> str:
    """Return which runs other sources measured, such as ``prometheus (2) of the baseline``."""
    return "; ".join(
        f"{source} ({runs}) of the {side}"
        for side, by_source in sides.items()
        for source, runs in sorted(by_source.items())
    )


def _mean(side: CellSamples, cell: int) -> float:
    first, last = side.ragged.offsets[cell], side.ragged.offsets[cell + 1]
    return float(side.ragged.values[first:last].mean())


def _compare_metric(
    sides: _Sides, *, policy: StagePolicy, dimensions: Mapping[str, Mapping[str, str]]
) -> VersionComparison:
    metric, before, after = sides.metric, sides.before, sides.after
    paired = sorted(before.keys() & after.keys())
    first = np.array([before[name] for name in paired])
    second = np.array([after[name] for name in paired])
    both = _Pair(metric=metric, policy=policy, first=first, second=second)
    result = both.result
    return VersionComparison(
        metric=metric.name,
        n=result.n,
        verdict=_verdict(sides, both),
        change_geomean=defined(result.change_geomean),
        change_geomean_ci95=interval(result.change_geomean_low, result.change_geomean_high),
        t_log=defined(result.log.t),
        p_log=defined(result.log.p),
        change_total=defined(result.change_total),
        mean_difference=defined(result.raw.mean_difference),
        mean_difference_ci95=interval(result.raw.low, result.raw.high),
        t_raw=defined(result.raw.t),
        p_raw=defined(result.raw.p),
        wilcoxon_p=defined(result.wilcoxon_p),
        scale_conflict=both.has_scale_conflict,
        carried_by=_carried_by(both, paired) if both.has_scale_conflict else (),
        noise_floor_used=result.log.is_floored,
        change_unit=metric.scale.change_unit,
        unpaired=tuple(sorted(before.keys() ^ after.keys())),
        parts=() if sides.fault else _parts(both, paired, dimensions),
        fault=sides.fault,
        left_out=sides.left_out,
        other_sources=sides.other_sources,
    )


def _verdict(sides: _Sides, both: "_Pair") -> Verdict:
    if sides.fault:
        return Verdict.DATA_FAULT
    if sides.has_changed_sources and not both.result.n:
        return Verdict.SOURCE_CHANGED
    return both.verdict


class _Pair:
    """Values of the same combinations in two versions, compared on both scales."""

    def __init__(
        self, *, metric: Metric, policy: StagePolicy, first: FloatArray, second: FloatArray
    ) -> None:
        self.metric, self.policy = metric, policy
        self.first, self.second = first, second
        self.result = self._compared(0.95)

    def of(self, chosen: Sequence[int]) -> "_Pair":
        """Return the comparison of some of the combinations."""
        index = np.array(chosen, dtype=np.int64)
        return _Pair(
            metric=self.metric,
            policy=self.policy,
            first=self.first[index],
            second=self.second[index],
        )

    @property
    def is_on_logs(self) -> bool:
        """Whether the log scale decides."""
        return self.metric.scale is Scale.RATIO

    @property
    def test(self) -> PairedTest:
        """The deciding test."""
        return self.result.log if self.is_on_logs else self.result.raw

    @property
    def change(self) -> tuple[float, float, float]:
        """The deciding change with its 95 % interval."""
        if self.is_on_logs:
            result = self.result
            return result.change_geomean, result.change_geomean_low, result.change_geomean_high
        return self.test.mean_difference, self.test.low, self.test.high

    @property
    def verdict(self) -> Verdict:
        """The verdict on the deciding scale."""
        if self.test.state in (State.INSUFFICIENT_DATA, State.OUTSIDE_SCALE):
            is_few = self.test.state == State.INSUFFICIENT_DATA
            return Verdict.INSUFFICIENT_DATA if is_few else Verdict.DATA_FAULT
        # Without any difference there is no spread to test by, and nothing left to decide.
        if np.array_equal(self.first, self.second):
            return Verdict.UNCHANGED
        called = self._call(self.change[0], self.test.p)
        if self.has_scale_conflict and called is not Verdict.REGRESSED:
            # Most combinations went one way and the seconds another: nobody is shown to be right.
            return Verdict.INCONCLUSIVE
        if called is not None:
            return called
        return Verdict.UNCHANGED if self._is_shown_equal() else Verdict.INCONCLUSIVE

    @property
    def has_scale_conflict(self) -> bool:
        """Whether totals on the raw scale would be called otherwise than ratios on logs."""
        if not self.is_on_logs or self.test.state != State.OK:
            return False
        raw = self._call(self.result.change_total, self.result.raw.p)
        return raw is not self._call(self.change[0], self.test.p)

    def _call(self, change: float, p: float) -> Verdict | None:
        worse = distance_on_scale(self.metric, change)
        if not (abs(worse) > threshold_of(self.metric, self.policy) and p < self.policy.alpha):
            return None
        return Verdict.REGRESSED if worse > 0.0 else Verdict.IMPROVED

    def _is_shown_equal(self) -> bool:
        result = self._compared(1.0 - 2.0 * self.policy.alpha)
        test = result.log if self.is_on_logs else result.raw
        margin = margin_of(self.metric, self.policy)
        return test.low > -margin and test.high < margin

    def _compared(self, confidence: float) -> PairedComparison:
        floor = self.metric.noise_floor if self.is_on_logs else 0.0
        return compare_paired(self.first, self.second, min_log_sd=floor, confidence=confidence)


def _parts(
    both: _Pair, combinations: Sequence[str], dimensions: Mapping[str, Mapping[str, str]]
) -> tuple[PartComparison, ...]:
    table = DimensionTable.of_combinations(combinations, dimensions)
    parts = []
    for where, mask in table.single_values():
        part = both.of(np.flatnonzero(mask).tolist())
        change, low, high = part.change
        parts.append(
            PartComparison(
                where=where,
                n=part.result.n,
                change=defined(change),
                change_ci95=interval(low, high),
                p=defined(part.test.p),
                verdict=part.verdict,
            )
        )
    return tuple(parts)


def _carried_by(both: _Pair, combinations: Sequence[str]) -> tuple[CarriedTotal, ...]:
    """Return the fewest combinations that carry most of the total's change, the largest first."""
    moved = both.second - both.first
    with_total = np.maximum(moved * np.sign(moved.sum()), 0.0)
    whole = float(with_total.sum())
    if whole == 0.0:
        return ()
    order = np.argsort(-with_total, kind="stable")
    before = np.concatenate(([0.0], np.cumsum(with_total[order])[:-1])) / whole
    return tuple(
        CarriedTotal(
            combination=combinations[at],
            baseline=float(both.first[at]),
            candidate=float(both.second[at]),
            share=float(with_total[at]) / whole,
        )
        for at in order[before < _MOST_OF_THE_TOTAL].tolist()
    )
