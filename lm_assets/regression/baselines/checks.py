"""What may be wrong with accepted baselines: age, samples, names, environment."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from lm_assets.model.baseline import Baseline, BaselineCatalogue, BaselineStatus
from lm_assets.model.metric import MetricCatalogue, Scale
from lm_assets.model.policy import StagePolicy
from lm_assets.regression.baselines.create import MINIMUM_RUNS, impossible
from lm_assets.regression.baselines.guards import Guard, differing_names, odd_samples
from lm_assets.regression.baselines.moves import metric_moves
from lm_assets.regression.baselines.review import UNACKNOWLEDGED_LOSS, described_loss
from lm_assets.regression.baselines.sources import (
    mixed_sources,
    unlike_anchor,
    unlike_recent,
    unnamed_sources,
)

MAXIMUM_AGE_DAYS = 90
_NO_SOURCES: Mapping[str, Mapping[str, Collection[str]]] = {}


class Severity(StrEnum):
    """An error makes the catalogue unfit, a warning wants a person, a note only says."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, kw_only=True, slots=True)
class Remark:
    """One thing about one entry, or about the whole catalogue (``combination`` empty)."""

    severity: Severity
    rule: str
    combination: str = ""
    detail: str


def check_catalogue(
    catalogue: BaselineCatalogue,
    *,
    now: datetime,
    combinations: Collection[str],
    metrics: MetricCatalogue,
    policy: StagePolicy,
    recent_environments: Mapping[str, Mapping[str, str]],
    recent_sources: Mapping[str, Mapping[str, Collection[str]]] = _NO_SOURCES,
    maximum_age_days: int = MAXIMUM_AGE_DAYS,
) -> list[Remark]:
    """Return what is to be said of a catalogue whose schema and derived values are sound.

    Parameters
    ----------
    catalogue : BaselineCatalogue
        As read from its file.
    now : datetime
        The moment that ages are counted to.
    combinations : collection of str
        Every combination of the matrix.
    metrics, policy : MetricCatalogue, StagePolicy
        Scales; the thresholds from which a deviation matters.
    recent_environments : mapping
        Environment of each combination's most recent runs.
    recent_sources : mapping
        What measured each metric of each combination's most recent runs.
    maximum_age_days : int
        Days after which an entry is stale.
    """
    remarks = list(_matrix_remarks(catalogue, combinations))
    oldest = now - timedelta(days=maximum_age_days)
    for name, entry in sorted(catalogue.entries.items()):
        if entry.status is BaselineStatus.RETIRED:
            continue
        remarks += _age_remarks(entry, now, oldest)
        remarks += _name_remarks(entry, combinations, metrics)
        remarks += _impossible_remarks(entry, metrics)
        remarks += _sample_remarks(entry, metrics, policy)
        remarks += _anchor_remarks(entry, metrics, policy)
        remarks += _source_remarks(entry, recent_sources.get(name, {}), metrics)
        if (recent := recent_environments.get(name)) is not None:
            remarks += _environment_remarks(entry, recent)
    return remarks


def _matrix_remarks(
    catalogue: BaselineCatalogue, combinations: Collection[str]
) -> Iterator[Remark]:
    without = sorted(set(combinations) - catalogue.entries.keys())
    if without:
        shown = ", ".join(without[:3]) + (", …" if len(without) > 3 else "")
        detail = f"{len(without)} combinations of the matrix have no baseline: {shown}"
        yield Remark(severity=Severity.NOTE, rule="no_baseline", detail=detail)


def _age_remarks(entry: Baseline, now: datetime, oldest: datetime) -> Iterator[Remark]:
    updated = datetime.fromisoformat(entry.updated_at)
    if updated > now:
        yield _remark(entry, Severity.ERROR, "future", f"updated_at lies ahead: {entry.updated_at}")
    elif updated < oldest:
        age = f"last updated {(now - updated).days} days ago ({entry.updated_at})"
        yield _remark(entry, Severity.WARNING, "stale", f"{age}; refresh it or retire it")


def _name_remarks(
    entry: Baseline, combinations: Collection[str], metrics: MetricCatalogue
) -> Iterator[Remark]:
    if entry.combination not in combinations:
        detail = "the matrix has no such combination; retire it or mend the matrix"
        yield _remark(entry, Severity.WARNING, "unknown_combination", detail)
    for name in sorted(entry.metrics):
        if name not in metrics:
            detail = f"metrics.yaml has no metric {name}; its samples are not judged"
            yield _remark(entry, Severity.WARNING, "unknown_metric", detail)


def _impossible_remarks(entry: Baseline, metrics: MetricCatalogue) -> Iterator[Remark]:
    """Yield the metrics that have a sample, accepted or of the anchor, which they cannot have."""
    accepted = {name: metric.samples for name, metric in entry.metrics.items()}
    pinned = {} if entry.anchor is None else entry.anchor.samples
    # An anchor that has no logarithm is a loss that cannot be known: that is told by itself.
    anchored = {
        name: samples
        for name, samples in pinned.items()
        if name in metrics and not (metrics[name].scale is Scale.RATIO and min(samples) <= 0.0)
    }
    for place, held in (("", accepted), ("the anchor's ", anchored)):
        for name, samples in sorted(held.items()):
            if name in metrics and samples and (detail := impossible(samples, metrics[name])):
                yield _remark(entry, Severity.ERROR, "data_fault", f"{place}{name}: {detail}")


def _sample_remarks(
    entry: Baseline, metrics: MetricCatalogue, policy: StagePolicy
) -> Iterator[Remark]:
    if entry.sample_size < MINIMUM_RUNS:
        detail = f"{entry.sample_size} runs, {MINIMUM_RUNS} needed"
        yield _remark(entry, Severity.WARNING, "too_few_runs", detail)
    for finding in odd_samples(entry, metrics=metrics, policy=policy):
        is_known = finding.guard in entry.allowed_guards
        severity = Severity.NOTE if is_known else Severity.WARNING
        known = " (allowed when it was accepted)" if is_known else ""
        yield _remark(entry, severity, finding.guard, f"{finding.message}{known}")


def _source_remarks(
    entry: Baseline, recent: Mapping[str, Collection[str]], metrics: MetricCatalogue
) -> Iterator[Remark]:
    """Yield where samples are not of one quantity, or not of the one that is measured now."""
    found = (
        *mixed_sources(entry, metrics),
        *unlike_anchor(entry, metrics),
        *unlike_recent(entry, recent, metrics),
    )
    for metric, detail in found:
        yield _remark(entry, Severity.WARNING, Guard.SOURCE_CHANGED, f"{metric}: {detail}")
    if unnamed := dict(unnamed_sources(entry, recent, metrics)):
        told = "; ".join(f"{metric}: {detail}" for metric, detail in unnamed.items())
        yield _remark(entry, Severity.NOTE, "source_unknown", told)


def _anchor_remarks(
    entry: Baseline, metrics: MetricCatalogue, policy: StagePolicy
) -> Iterator[Remark]:
    """Yield what the fixed point lacks, and slow-downs since it that nobody acknowledged."""
    if entry.anchor is None:
        detail = "the entry has no anchor: drift cannot be seen; take it back from version control"
        yield _remark(entry, Severity.WARNING, Guard.LOST_ANCHOR, detail)
        return
    judged = {name for name in entry.metrics if name in metrics and metrics[name].is_judged}
    if lost := sorted(judged - entry.anchor.samples.keys()):
        detail = f"the anchor has no {', '.join(lost)}: their drift cannot be seen"
        yield _remark(entry, Severity.WARNING, Guard.LOST_ANCHOR, detail)
    for move in metric_moves(entry, entry, metrics=metrics, policy=policy):
        if move.is_loss:
            detail = f"{move.metric}: {described_loss(move)}, and nobody acknowledged it"
            yield _remark(entry, Severity.ERROR, UNACKNOWLEDGED_LOSS, detail)


def _environment_remarks(entry: Baseline, recent: Mapping[str, str]) -> Iterator[Remark]:
    differences = differing_names(entry.environment, recent)
    if differences:
        detail = f"recent runs differ from the baseline in {'; '.join(differences)}"
        yield _remark(entry, Severity.WARNING, Guard.ENVIRONMENT, detail)


def _remark(entry: Baseline, severity: Severity, rule: str, detail: str) -> Remark:
    return Remark(severity=severity, rule=rule, combination=entry.combination, detail=detail)
