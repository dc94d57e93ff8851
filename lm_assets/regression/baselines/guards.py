"""What keeps contaminated samples out of a baseline, and what each guard found."""

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from scipy.special import stdtr

from lm_assets.model.baseline import Baseline
from lm_assets.model.metric import Metric, MetricCatalogue, Scale
from lm_assets.model.policy import StagePolicy
from lm_assets.model.record import RunRecord
from lm_assets.regression.baselines.sources import changed_sources, mixed_sources
from lm_assets.stats.bimodality import detect_two_modes
from lm_assets.stats.power import runs_to_detect

# Chance that a sound, normally distributed cell of any size is said to hold an outlier.
OUTLIER_ALPHA = 0.01
# A rise that no baseline may hide. At 20 % noise one sound cell of five runs in 2,000 would.
LARGEST_HIDDEN_RISE = 1.5
_FEWEST_FOR_OUTLIERS = 4


class Guard(StrEnum):
    """The names that ``--allow`` takes."""

    OUTLIERS = "outliers"
    TWO_MODES = "two_modes"
    ENVIRONMENT = "environment"
    FAILURES = "failures"
    LOST_METRICS = "lost_metrics"
    LOST_ANCHOR = "lost_anchor"
    MIXED_SUBJECTS = "mixed_subjects"
    INSENSITIVE = "insensitive"
    SOURCE_CHANGED = "source_changed"


@dataclass(frozen=True, kw_only=True, slots=True)
class GuardFinding:
    """What a guard objects to in a combination's samples; ``metric`` is empty when it is all."""

    combination: str
    guard: Guard
    metric: str = ""
    detail: str

    @property
    def message(self) -> str:
        """The finding without its combination."""
        return f"{self.metric}: {self.detail}" if self.metric else self.detail


def guard_findings(
    candidate: Baseline,
    runs: Sequence[RunRecord],
    *,
    previous: Baseline | None,
    metrics: MetricCatalogue,
    policy: StagePolicy,
) -> list[GuardFinding]:
    """Return what the guards object to in a candidate made from these runs.

    Parameters
    ----------
    candidate : Baseline
        What would be accepted.
    runs : sequence of RunRecord
        The runs that its samples come from.
    previous : Baseline or None
        The entry that it would replace.
    metrics, policy : MetricCatalogue, StagePolicy
        The scale of each metric; the thresholds from which a deviation matters.
    """
    return [
        *odd_samples(candidate, metrics=metrics, policy=policy),
        *_environment_findings(candidate, runs, previous),
        *_failure_findings(candidate, runs),
        *_lost_metrics(candidate, previous),
        *_lost_anchor(candidate, previous),
        *_mixed_subjects(candidate, runs),
        *_source_findings(candidate, previous, metrics),
    ]


def odd_samples(
    entry: Baseline, *, metrics: MetricCatalogue, policy: StagePolicy
) -> Iterator[GuardFinding]:
    """Yield outliers, double modes and blinding noise among an entry's samples.

    The first two must be shown by a test and also matter: they lie further from the rest than the
    policy's threshold for a regression. Only judged metrics compared by ratio or points are looked
    at; five runs can hold an outlier, but fewer than ten cannot show two modes. Whatever its cause,
    noise that would hide a rise of 150 % makes a ratio metric's samples no baseline.
    """
    for name, baseline in sorted(entry.metrics.items()):
        if name not in metrics:
            continue
        metric = metrics[name]
        if not metric.is_judged or metric.scale is Scale.COUNT:
            continue
        if metric.scale is Scale.RATIO and min(baseline.samples) <= 0.0:
            detail = f"{min(baseline.samples):g} {metric.unit} is not above zero"
            yield _finding(entry, Guard.OUTLIERS, name, detail)
            continue
        if detail := _outlier(entry, baseline.samples, metric, policy):
            yield _finding(entry, Guard.OUTLIERS, name, detail)
        if detail := _two_modes(baseline.samples, metric, policy):
            yield _finding(entry, Guard.TWO_MODES, name, detail)
        if detail := _blinding_noise(baseline.samples, metric, policy):
            yield _finding(entry, Guard.INSENSITIVE, name, detail)


def differing_names(one: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    """Return what differs between two environment fingerprints, as ``name 'a' → 'b'``.

    Only names that both recorded are compared: what was not written down is unknown, and neither
    equal nor changed.
    """
    return [
        f"{name} {one[name]!r} → {other[name]!r}"
        for name in sorted(one.keys() & other.keys())
        if one[name] != other[name]
    ]


def _finding(entry: Baseline, guard: Guard, metric: str, detail: str) -> GuardFinding:
    return GuardFinding(combination=entry.combination, guard=guard, metric=metric, detail=detail)


def _outlier(entry: Baseline, samples: Sequence[float], metric: Metric, policy: StagePolicy) -> str:
    """Return what is wrong with the value furthest from the rest, or nothing.

    The value is compared with the prediction interval of the others, its p multiplied by n because
    it was chosen as the furthest.
    """
    n = len(samples)
    if n < _FEWEST_FOR_OUTLIERS:
        return ""
    values = _on_scale(samples, metric)
    middle = statistics.median(values)
    at = max(range(n), key=lambda index: abs(values[index] - middle))
    rest = values[:at] + values[at + 1 :]
    distance = values[at] - statistics.fmean(rest)
    if abs(distance) < _margin(metric, policy):
        return ""
    stddev = max(statistics.stdev(rest), metric.noise_floor)
    error = stddev * math.sqrt(1.0 + 1.0 / (n - 1))
    p = min(1.0, 2.0 * n * float(stdtr(n - 2, -abs(distance) / error))) if error else 0.0
    if p >= OUTLIER_ALPHA:
        return ""
    run = f"run {entry.runs[at]}" if len(entry.runs) == n else f"value {at + 1}"
    apart = _shown_distance(distance, metric)
    return (
        f"{run} = {samples[at]:g} {metric.unit} lies {apart} from the other {n - 1} (p = {p:.2g})"
    )


def _two_modes(samples: Sequence[float], metric: Metric, policy: StagePolicy) -> str:
    modes = detect_two_modes(_on_scale(samples, metric))
    distance = modes.upper_mean - modes.lower_mean
    if not modes.is_bimodal or distance < _margin(metric, policy):
        return ""
    low, high = (
        math.exp(mean) if metric.scale is Scale.RATIO else mean
        for mean in (modes.lower_mean, modes.upper_mean)
    )
    return (
        f"{modes.n_lower} runs lie about {low:g} and {modes.n_upper} about {high:g} {metric.unit}, "
        f"{_shown_distance(distance, metric)} apart"
    )


def _blinding_noise(samples: Sequence[float], metric: Metric, policy: StagePolicy) -> str:
    """Return what is wrong when as many new runs would not show a very large rise."""
    n = len(samples)
    if metric.scale is not Scale.RATIO or n < 2:
        return ""
    stddev = statistics.stdev(_on_scale(samples, metric))
    needed = runs_to_detect(
        [stddev],
        math.log1p(LARGEST_HIDDEN_RISE),
        alpha=policy.alpha,
        power=policy.power,
        max_runs=policy.maximum_runs,
    )
    if needed.is_reached[0] and needed.runs[0] <= n:
        return ""
    return (
        f"the {n} runs spread by {math.expm1(stddev):.0%} (one standard deviation): as many new "
        f"ones would not show a rise of {LARGEST_HIDDEN_RISE:.0%}"
    )


def _on_scale(samples: Sequence[float], metric: Metric) -> list[float]:
    return [math.log(v) for v in samples] if metric.scale is Scale.RATIO else list(samples)


def _margin(metric: Metric, policy: StagePolicy) -> float:
    if metric.scale is Scale.RATIO:
        return math.log1p(policy.threshold_relative)
    return policy.threshold_points


def _shown_distance(distance: float, metric: Metric) -> str:
    if metric.scale is Scale.RATIO:
        return f"{math.expm1(distance):+.0%}"
    return f"{distance:+.1f} points"


def _environment_findings(
    candidate: Baseline, runs: Sequence[RunRecord], previous: Baseline | None
) -> Iterator[GuardFinding]:
    among = {
        d: None for run in runs for d in differing_names(run.environment, candidate.environment)
    }
    since = _changed_since(previous, candidate) if previous else []
    parts = [
        f"{when}: {'; '.join(differences)}"
        for when, differences in (("between its runs", among), ("since the last baseline", since))
        if differences
    ]
    if parts:
        yield _finding(candidate, Guard.ENVIRONMENT, "", f"changed {', and '.join(parts)}")


def _changed_since(previous: Baseline, candidate: Baseline) -> list[str]:
    """Return what differs from the last baseline; what is no longer recorded may have changed."""
    lost = sorted(previous.environment.keys() - candidate.environment.keys())
    return [
        *differing_names(previous.environment, candidate.environment),
        *(f"{name} {previous.environment[name]!r} → not recorded" for name in lost),
    ]


def _failure_findings(candidate: Baseline, runs: Sequence[RunRecord]) -> Iterator[GuardFinding]:
    for run in runs:
        events = {name: count for name, count in run.tier1_stability.items() if count > 0.0}
        if events:
            counts = ", ".join(f"{name} = {count:g}" for name, count in sorted(events.items()))
            detail = f"run {run.run_id} of {run.campaign} had {counts}"
            yield _finding(candidate, Guard.FAILURES, "", detail)


def _lost_metrics(candidate: Baseline, previous: Baseline | None) -> Iterator[GuardFinding]:
    lost = sorted(previous.metrics.keys() - candidate.metrics.keys()) if previous else []
    if lost:
        detail = f"the new samples have no {', '.join(lost)}; those baselines would be lost"
        yield _finding(candidate, Guard.LOST_METRICS, "", detail)


def _lost_anchor(candidate: Baseline, previous: Baseline | None) -> Iterator[GuardFinding]:
    """Yield what the last entry has no anchor of: every entry is made with one."""
    if previous is None:
        return
    if previous.anchor is None:
        detail = "the entry has lost its anchor; take it back from version control"
        yield _finding(candidate, Guard.LOST_ANCHOR, "", f"{detail}, or the last samples become it")
        return
    lost = sorted(previous.metrics.keys() - previous.anchor.samples.keys())
    if lost:
        detail = f"the anchor has no {', '.join(lost)}; take it back from version control"
        yield _finding(candidate, Guard.LOST_ANCHOR, "", f"{detail}, or the last samples become it")


def _source_findings(
    candidate: Baseline, previous: Baseline | None, metrics: MetricCatalogue
) -> Iterator[GuardFinding]:
    for name, detail in mixed_sources(candidate, metrics):
        yield _finding(candidate, Guard.SOURCE_CHANGED, name, detail)
    for name, detail in changed_sources(candidate, previous, metrics) if previous else ():
        yield _finding(candidate, Guard.SOURCE_CHANGED, name, detail)


def _mixed_subjects(candidate: Baseline, runs: Sequence[RunRecord]) -> Iterator[GuardFinding]:
    """Yield what was under test, where the runs are not all of the same."""
    subjects = {
        (r.subject.git_sha, _names(r.subject.version_labels), _names(r.subject.image_digests)): (
            f"{r.campaign} ({r.subject.git_sha or 'no git sha'})"
        )
        for r in runs
    }
    if len(subjects) > 1:
        detail = f"its runs are of {len(subjects)} subjects: {', '.join(sorted(subjects.values()))}"
        yield _finding(candidate, Guard.MIXED_SUBJECTS, "", detail)


def _names(values: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(values.items()))
