"""A change taken apart: a bar for every row of stages and for the driver, which sum to it.

Three quantities can be taken apart: time on the clock (stages share the time in which they ran side
by side; the driver has the rest), executor run time, and executor CPU time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lm_assets.model.application_profile import ApplicationProfile, StageProfile
from lm_assets.model.explanation import ChangePart, ExplainedChange
from lm_assets.regression.causes.inside_stage import inner_parts
from lm_assets.regression.causes.matching import MATCHED, MatchedRow, MatchedRuns
from lm_assets.regression.causes.samples import ratio_change, seconds
from lm_assets.stats.multiplicity import benjamini_hochberg

CLOCK, RUN_TIME, CPU_TIME = "clock", "run_time", "cpu_time"
_MS = 1_000.0
# Bars of one query that together change by less than this part of what moved have moved.
_MOVED_ALPHA, _MOVED_SHARE = 0.05, 0.05

_OF_STAGE: dict[str, Callable[[StageProfile], float]] = {
    CLOCK: lambda stage: stage.clock_ms,
    RUN_TIME: lambda stage: stage.sum_of("run_time_ms"),
    CPU_TIME: lambda stage: stage.sum_of("cpu_time_ms"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Thresholds:
    """When a change is clear, and when a bar of it stands out.

    Of two sides of 5 runs drawn from one machine's 10 at its worst moments, some differ by 20 %
    at p = 0.001: a bar must be past both to be spoken of.
    """

    change: float = 0.10
    alpha: float = 0.05
    bar_alpha: float = 0.01
    bar_share: float = 0.08
    bar_change: float = 0.15


@dataclass(frozen=True, kw_only=True, slots=True)
class Waterfall:
    """The change and its bars; ``rows`` gives each bar's stages, None for the driver's.

    ``before`` and ``now`` are the seconds of each bar in each run.
    """

    change: ExplainedChange
    parts: tuple[ChangePart, ...]
    rows: tuple[MatchedRow | None, ...]
    before: tuple[tuple[float, ...], ...]
    now: tuple[tuple[float, ...], ...]

    def share_of(self, bars: Sequence[int]) -> tuple[float | None, tuple[float, float] | None]:
        """Return the share that some bars have of the change, with its interval over the runs."""
        whole = self.change.change_s
        if not bars or not whole or not self.change.is_clear:
            return None, None
        found = seconds(
            [[sum(run) for run in zip(*(self.before[bar] for bar in bars), strict=True)]],
            [[sum(run) for run in zip(*(self.now[bar] for bar in bars), strict=True)]],
        )
        ends = sorted((float(found.low[0]) / whole, float(found.high[0]) / whole))
        interval = (ends[0], ends[1]) if np.isfinite(found.p[0]) else None
        return float(found.difference[0]) / whole, interval


def quantity_of(metric: str, runs: Sequence[ApplicationProfile]) -> str:
    """Return which quantity stands for a metric."""
    if metric == "cpu_core_seconds":
        return CPU_TIME
    if metric == "executor_run_time_s" or any(not _has_clock(run) for run in runs):
        return RUN_TIME
    return CLOCK


def waterfall(matched: MatchedRuns, *, metric: str, thresholds: Thresholds) -> Waterfall:
    """Return the change of a metric's quantity, taken apart."""
    runs = (*matched.baseline, *matched.current)
    quantity = quantity_of(metric, runs)
    of_stage = _OF_STAGE[quantity]
    before = [_by_run(row.baseline, of_stage) for row in matched.rows]
    now = [_by_run(row.current, of_stage) for row in matched.rows]
    labels = [(row.kind, row.label, row.operators) for row in matched.rows]
    if quantity == CLOCK:
        for kind, label, name in (
            ("start_up", "before the first stage", "start_up_ms"),
            ("driver_gap", "no stage running", "driver_gap_ms"),
        ):
            before.append([getattr(run, name) / _MS for run in matched.baseline])
            now.append([getattr(run, name) / _MS for run in matched.current])
            labels.append((kind, label, ()))
    wholes = [
        [_whole_s(run, quantity) for run in side] for side in (matched.baseline, matched.current)
    ]
    # What no bar has: attempts that ended late, clocks that were set. Named, never dropped.
    before.append([w - sum(bar[n] for bar in before) for n, w in enumerate(wholes[0])])
    now.append([w - sum(bar[n] for bar in now) for n, w in enumerate(wholes[1])])
    labels.append(("unexplained", "not in any bar", ()))
    change = _change(metric, quantity, wholes[0], wholes[1], thresholds)
    parts = _parts(labels, before, now, change, thresholds)
    rows: list[MatchedRow | None] = [*matched.rows]
    rows += [None] * (len(parts) - len(rows))
    parts = [
        part if row is None else replace(part, inside=inner_parts(row, quantity, part.change_s))
        for part, row in zip(parts, rows, strict=True)
    ]
    parts = _with_moved(parts, rows, before, now)
    return Waterfall(
        change=change,
        parts=tuple(parts),
        rows=tuple(rows),
        before=tuple(map(tuple, before)),
        now=tuple(map(tuple, now)),
    )


def _parts(
    labels: Sequence[tuple[str, str, tuple[str, ...]]],
    before: Sequence[Sequence[float]],
    now: Sequence[Sequence[float]],
    change: ExplainedChange,
    thresholds: Thresholds,
) -> list[ChangePart]:
    found = seconds(before, now)
    q = benjamini_hochberg(found.p)
    whole = change.change_s
    parts = []
    for n, (kind, label, operators) in enumerate(labels):
        baseline_s, current_s = float(found.baseline[n]), float(found.current[n])
        share = (current_s - baseline_s) / whole if whole else None
        is_known = bool(np.isfinite(found.p[n]))
        parts.append(
            ChangePart(
                kind=kind,
                label=label,
                operators=operators,
                baseline_s=baseline_s,
                current_s=current_s,
                change_ci95_s=(float(found.low[n]), float(found.high[n])) if is_known else None,
                share=share,
                p=float(found.p[n]) if is_known else None,
                q=float(q[n]) if is_known else None,
                stands_out=is_known
                and change.is_clear
                and kind not in {"unexplained", "start_up"}
                and bool(q[n] < thresholds.bar_alpha)
                and (share or 0.0) >= thresholds.bar_share
                and abs(current_s - baseline_s)
                >= thresholds.bar_change * max(min(baseline_s, current_s), 1e-9),
            )
        )
    return parts


def _with_moved(
    parts: Sequence[ChangePart],
    rows: Sequence[MatchedRow | None],
    before: Sequence[Sequence[float]],
    now: Sequence[Sequence[float]],
) -> list[ChangePart]:
    """Mark bars of one query that cancel out: work that moved is no regression."""
    by_query: dict[str, list[int]] = {}
    for n, row in enumerate(rows):
        if row is not None and (row.kind != MATCHED or (parts[n].q or 1.0) < _MOVED_ALPHA):
            by_query.setdefault(row.query, []).append(n)
    marked = list(parts)
    for members in by_query.values():
        up = sum(max(parts[n].change_s, 0.0) for n in members)
        down = -sum(min(parts[n].change_s, 0.0) for n in members)
        if min(up, down) <= 0.0:
            continue
        net = seconds(
            [[sum(v) for v in zip(*(before[n] for n in members), strict=True)]],
            [[sum(v) for v in zip(*(now[n] for n in members), strict=True)]],
        )
        is_nothing = bool(net.low[0] <= 0.0 <= net.high[0]) or abs(up - down) < _MOVED_SHARE * up
        if is_nothing and min(up, down) >= 0.5 * max(up, down):
            for n in members:
                marked[n] = replace(parts[n], kind="moved", stands_out=False)
    return marked


def _change(
    metric: str,
    quantity: str,
    before: Sequence[float],
    now: Sequence[float],
    thresholds: Thresholds,
) -> ExplainedChange:
    ratio = ratio_change(before, now)
    p = None if ratio is None else ratio.p
    return ExplainedChange(
        metric=metric,
        quantity=quantity,
        baseline_s=float(np.mean(before)),
        current_s=float(np.mean(now)),
        change=None if ratio is None else ratio.change,
        change_ci95=None if ratio is None else ratio.interval,
        p=p,
        n_baseline=len(before),
        n_current=len(now),
        is_clear=ratio is not None
        and p is not None
        and p < thresholds.alpha
        and abs(ratio.change) >= thresholds.change,
    )


def _by_run(
    by_run: Sequence[Sequence[StageProfile]], of_stage: Callable[[StageProfile], float]
) -> list[float]:
    return [sum(of_stage(stage) for stage in run) / _MS for run in by_run]


def _whole_s(run: ApplicationProfile, quantity: str) -> float:
    if quantity == CLOCK:
        return (run.clock_ms or 0.0) / _MS
    return run.total("run_time_ms" if quantity == RUN_TIME else "cpu_time_ms") / _MS


def _has_clock(run: ApplicationProfile) -> bool:
    # A History Server's stages have no share of the clock.
    return run.clock_ms is not None and any(stage.clock_ms for stage in run.stages)
