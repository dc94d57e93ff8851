"""Initial baselines: the first accepted samples of each combination, from a campaign's runs."""

import dataclasses
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from lm_assets.model.baseline import (
    LARGEST_SAMPLE,
    Baseline,
    BaselineAnchor,
    BaselineStatus,
    MetricBaseline,
    RejectedRun,
)
from lm_assets.model.behaviour import exact_behaviour
from lm_assets.model.metric import Metric, MetricCatalogue, Scale
from lm_assets.model.provenance import is_at_least, source_of
from lm_assets.model.record import RunRecord

MINIMUM_RUNS = 5
_LAST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """What was not accepted for a baseline: the combination, or one ``metric`` of it, and why.

    ``rule`` is ``too_few_runs``, ``too_few_samples``, ``unusable_value``, ``already_present``,
    ``newer_baseline``, ``unacknowledged_loss`` or the name of the guard that refused; ``remedy`` is
    what a person can do about it, the same for all refusals of a rule.
    """

    combination: str
    metric: str | None = None
    rule: str
    detail: str
    remedy: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunSelection:
    """The runs of one combination that may enter a baseline, in run order, and the others."""

    combination: str
    accepted: tuple[RunRecord, ...]
    rejected: tuple[RejectedRun, ...]


def initial_entries(
    records: Iterable[RunRecord],
    *,
    now: datetime,
    reason: str,
    minimum_runs: int = MINIMUM_RUNS,
) -> tuple[dict[str, Baseline], list[Refusal]]:
    """Return a baseline for each combination that has enough sound runs, and what is refused.

    Failed and repeated runs never enter; they are listed in the entry. A metric with fewer than
    ``minimum_runs`` values stays out of the entry and is among the refusals. The samples are also
    pinned as the anchor. Contamination is for `plan_change` to look for.

    Parameters
    ----------
    records : iterable of RunRecord
        Runs of one or more campaigns, in any order.
    now : datetime
        The entries' time of creation; must have a zone.
    reason : str
        Why these samples are accepted.
    minimum_runs : int
        Sound runs that a combination needs.
    """
    entries: dict[str, Baseline] = {}
    refusals: list[Refusal] = []
    for selection in select_runs(records):
        entry, refused = entry_of(selection, now=now, reason=reason, minimum_runs=minimum_runs)
        refusals += refused
        if entry is not None:
            entries[entry.combination] = entry
    return entries, refusals


def select_runs(records: Iterable[RunRecord]) -> list[RunSelection]:
    """Return, by combination, the runs that ended well and those that are rejected, with why."""
    by_combination: dict[str, list[RunRecord]] = {}
    for record in records:
        by_combination.setdefault(record.combination, []).append(record)
    return [_selection(name, runs) for name, runs in sorted(by_combination.items())]


def _selection(combination: str, records: Sequence[RunRecord]) -> RunSelection:
    accepted: dict[tuple[str, str], RunRecord] = {}
    rejected: list[RejectedRun] = []
    for record in sorted(records, key=_run_order):
        key = (record.campaign, record.run_id)
        why = ""
        if record.is_failed:
            why = f"the run failed with exit code {record.exit_code}"
        elif key in accepted:
            why = "a run of this campaign and id is already among the samples"
        if why:
            rejected.append(RejectedRun(campaign=record.campaign, run_id=record.run_id, reason=why))
        else:
            accepted[key] = record
    return RunSelection(
        combination=combination, accepted=tuple(accepted.values()), rejected=tuple(rejected)
    )


def _run_order(record: RunRecord) -> tuple[datetime, str, list[tuple[int, str]]]:
    """Order runs by time, and where that is not known by campaign and by number, 2 before 10."""
    pieces = re.findall(r"([0-9]{1,18})|([^0-9]+|[0-9]{19,})", record.run_id)
    natural = [(int(digits or -1), text) for digits, text in pieces]
    return (record.started_at or record.ended_at or _LAST, record.campaign, natural)


def entry_of(
    selection: RunSelection, *, now: datetime, reason: str, minimum_runs: int
) -> tuple[Baseline | None, list[Refusal]]:
    """Return the baseline that a selection of runs makes, or ``None``, and what is refused."""
    runs, combination = selection.accepted, selection.combination
    if len(runs) < minimum_runs:
        detail = _shortage(len(runs), minimum_runs, selection.rejected)
        return None, [Refusal(combination=combination, rule="too_few_runs", detail=detail)]
    metrics, refusals = _metrics_of(combination, runs, minimum_runs)
    if not metrics:
        return None, refusals
    moment = now.astimezone(UTC).isoformat(timespec="seconds")
    entry = Baseline(
        combination=combination,
        status=BaselineStatus.ACTIVE,
        sample_size=len(runs),
        created_at=moment,
        updated_at=moment,
        source_campaigns=tuple(sorted({run.campaign for run in runs})),
        reason=reason,
        subject=runs[-1].subject,
        environment=dict(runs[-1].environment),
        metrics=metrics,
        runs=_run_names(runs),
        nodes={
            name: run.node for name, run in zip(_run_names(runs), runs, strict=True) if run.node
        },
        rejected_runs=selection.rejected,
        behaviour=exact_behaviour(runs),
    )
    return dataclasses.replace(entry, anchor=anchor_of(entry)), refusals


def without_unusable(
    entry: Baseline, metrics: MetricCatalogue
) -> tuple[Baseline | None, list[Refusal]]:
    """Return the entry without metrics that have a value which they cannot have, and those.

    A ratio metric's zero has no logarithm: beside it no slow-down of the metric could be seen any
    more. ``None`` when nothing is left.
    """
    kept = dict(entry.metrics)
    refusals: list[Refusal] = []
    for name, baseline in entry.metrics.items():
        if detail := impossible(baseline.samples, metrics[name]) if name in metrics else "":
            del kept[name]
            refusals.append(
                Refusal(
                    combination=entry.combination,
                    metric=name,
                    rule="unusable_value",
                    detail=detail,
                    remedy="run again, or mend what measures it",
                )
            )
    if not refusals:
        return entry, []
    if not kept:
        return None, refusals
    usable = dataclasses.replace(entry, metrics=kept)
    return dataclasses.replace(usable, anchor=anchor_of(usable)), refusals


def impossible(samples: Sequence[float], metric: Metric) -> str:
    """Return what is wrong with the first sample that the metric cannot have; empty for none."""
    if metric.scale is Scale.RATIO and (lowest := min(samples)) <= 0.0:
        return f"values of a ratio metric must be above zero, got {lowest:g}"
    for value in samples:
        if rule := metric.rule_broken(value):
            return f"{rule}; got {value:g}"
    return ""


def anchor_of(entry: Baseline) -> BaselineAnchor:
    """Return an entry's own samples as the fixed point that later drift is measured against."""
    return BaselineAnchor(
        set_at=entry.updated_at,
        source_campaigns=entry.source_campaigns,
        reason=entry.reason,
        samples={name: metric.samples for name, metric in entry.metrics.items()},
        sources={n: metric.sources[0] for n, metric in entry.metrics.items() if metric.sources},
    )


def _run_names(runs: Sequence[RunRecord]) -> tuple[str, ...]:
    """Return the runs' ids, with their campaigns where there are several."""
    if len({run.campaign for run in runs}) == 1:
        return tuple(run.run_id for run in runs)
    return tuple(f"{run.campaign}/{run.run_id}" for run in runs)


def _shortage(found: int, needed: int, rejected: Sequence[RejectedRun]) -> str:
    missing = f"{found} sound runs, {needed} needed: {needed - found} more to run"
    if not rejected:
        return missing
    why = "; ".join(f"{run.campaign}/{run.run_id}: {run.reason}" for run in rejected)
    return f"{missing}; rejected: {why}"


def _metrics_of(
    combination: str, runs: Sequence[RunRecord], minimum_runs: int
) -> tuple[dict[str, MetricBaseline], list[Refusal]]:
    values = [_whole_values(run) for run in runs]
    metrics: dict[str, MetricBaseline] = {}
    refusals: list[Refusal] = []
    for name in sorted({name for run in runs for name in run.metrics}):
        samples = [of_run[name] for of_run in values if name in of_run]
        if too_large := [value for value in samples if abs(value) > LARGEST_SAMPLE]:
            detail = f"values must lie within ±{LARGEST_SAMPLE:g}, got {too_large[0]!r}"
            refusals.append(
                Refusal(combination=combination, metric=name, rule="unusable_value", detail=detail)
            )
            continue
        if len(samples) >= minimum_runs:
            metrics[name] = MetricBaseline.of_samples(samples, _sources(name, runs))
            continue
        why = "; ".join(sorted({r for run in runs if (r := _why_not(run, name)) is not None}))
        detail = f"{len(samples)} values in {len(runs)} runs, {minimum_runs} needed"
        refusals.append(
            Refusal(
                combination=combination,
                metric=name,
                rule="too_few_samples",
                detail=f"{detail}; missing because: {why}" if why else detail,
            )
        )
    if not metrics and not refusals:
        detail = f"none of the {len(runs)} runs has a value of any metric"
        refusals.append(Refusal(combination=combination, rule="too_few_samples", detail=detail))
    return metrics, refusals


def _whole_values(run: RunRecord) -> dict[str, float]:
    """Return what a run measured, without lower bounds: what is accepted must be what was."""
    return {n: v for n, v in run.metrics.items() if not is_at_least(run.provenance.get(n, ""))}


def _sources(name: str, runs: Sequence[RunRecord]) -> tuple[str, ...]:
    """Return what measured each run's value; empty where one of them does not say."""
    named = [source_of(run.provenance.get(name, "")) for run in runs if name in _whole_values(run)]
    return tuple(named) if all(named) else ()


def _why_not(run: RunRecord, name: str) -> str | None:
    if name in run.metrics and is_at_least(provenance := run.provenance.get(name, "")):
        return f"only a lower bound is known: {provenance}"
    return run.missing.get(name)
