"""What measured the samples of a baseline, and where that is not one and the same quantity."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping

from lm_assets.model.baseline import Baseline
from lm_assets.model.metric import Metric, MetricCatalogue
from lm_assets.model.provenance import UNKNOWN_SOURCE


def described(sources: Iterable[str]) -> str:
    """Return sources with how often each occurs, such as ``prometheus (3), event log (2)``."""
    return ", ".join(f"{name} ({n})" for name, n in Counter(sources).most_common())


def classes_of(sources: Iterable[str], metric: Metric) -> frozenset[str]:
    """Return the classes that named sources belong to."""
    return frozenset(metric.class_of(name) for name in sources if name != UNKNOWN_SOURCE)


def is_changed(one: Iterable[str], other: Iterable[str], metric: Metric) -> bool:
    """Whether both sides name their sources and have no class of them in common."""
    before, after = classes_of(one, metric), classes_of(other, metric)
    return bool(before and after) and not before & after


def mixed_sources(entry: Baseline, metrics: MetricCatalogue) -> Iterator[tuple[str, str]]:
    """Yield each metric whose samples are of several classes, with which."""
    for name, baseline in sorted(entry.metrics.items()):
        if name in metrics and len(classes_of(baseline.sources, metrics[name])) > 1:
            yield (
                name,
                f"its samples are of sources that do not compare: {described(baseline.sources)}",
            )


def changed_sources(
    entry: Baseline, previous: Baseline, metrics: MetricCatalogue
) -> Iterator[tuple[str, str]]:
    """Yield each metric that another class of sources measured than in the last entry."""
    for name, baseline in sorted(entry.metrics.items()):
        before = previous.metrics.get(name)
        if before is None or name not in metrics:
            continue
        if is_changed(before.sources, baseline.sources, metrics[name]):
            was, now = described(before.sources), described(baseline.sources)
            yield name, f"measured by {was} before, now by {now}"


def unlike_recent(
    entry: Baseline, recent: Mapping[str, Collection[str]], metrics: MetricCatalogue
) -> Iterator[tuple[str, str]]:
    """Yield each metric that recent runs were measured by another class of sources for."""
    for name, baseline in sorted(entry.metrics.items()):
        if name in metrics and is_changed(baseline.sources, recent.get(name, ()), metrics[name]):
            now = ", ".join(sorted(recent[name]))
            was = described(baseline.sources)
            yield name, f"accepted from {was}, recent runs have it from {now}"


def unlike_anchor(entry: Baseline, metrics: MetricCatalogue) -> Iterator[tuple[str, str]]:
    """Yield each metric whose anchor another class of sources measured: its drift is unknown."""
    pinned = {} if entry.anchor is None else entry.anchor.sources
    for name, baseline in sorted(entry.metrics.items()):
        if name not in metrics or name not in pinned:
            continue
        if is_changed([pinned[name]], baseline.sources, metrics[name]):
            now = described(baseline.sources)
            yield name, f"its anchor is of {pinned[name]}, its samples are of {now}"


def unnamed_sources(
    entry: Baseline, recent: Mapping[str, Collection[str]], metrics: MetricCatalogue
) -> Iterator[tuple[str, str]]:
    """Yield each metric of which only the samples or only recent runs name a source."""
    for name, baseline in sorted(entry.metrics.items()):
        if name not in metrics or name not in recent:
            continue
        was, now = (classes_of(of, metrics[name]) for of in (baseline.sources, recent[name]))
        if bool(was) != bool(now):
            told = ", ".join(sorted({*baseline.sources, *recent[name]} - {UNKNOWN_SOURCE}))
            side = "its samples" if now else "recent runs"
            yield name, f"measured by {told}, and nobody says by what {side} were"
