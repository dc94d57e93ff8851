"""The metrics of one load run from the series of its namespace."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from lm_assets.collect.prometheus.batches import RunWindow
from lm_assets.collect.prometheus.series_window import (
    counter_steps,
    increase,
    integral,
    observed,
    value_at,
    values_within,
)
from lm_assets.gateways.http.prometheus import Series

_GIB = 2**30
NO_SERIES = "no series"

# A value with the qualifier of its provenance, or the reason why there is none.
Answer = tuple[float, str] | str


@dataclass(frozen=True, kw_only=True, slots=True)
class RunSeries:
    """The series of one run's namespace by the name of the query that gave them.

    ``settled_s`` is when the last event of the run has been scraped: one interval after its end,
    unless the next run in the namespace began before.
    """

    window: RunWindow
    settled_s: float
    by_query: Mapping[str, tuple[Series, ...]]

    def of(self, query: str) -> tuple[Series, ...]:
        """Return the series that one query gave for the namespace."""
        return self.by_query.get(query, ())

    def present(self, query: str) -> list[Series]:
        """Return the series of one query that have a sample within the window."""
        bounds = _bounds(self)
        return [series for series in self.of(query) if values_within(series, **bounds)]

    def coverage(self, query: str, scrape_interval_s: float) -> float:
        """Return the share of the window's scrapes at which the query had any sample."""
        window = self.window
        expected = max(int((window.end_s - window.start_s) / scrape_interval_s), 1)
        times = {
            time_s
            for series in self.of(query)
            for time_s in series.times_s
            if window.start_s < time_s <= window.end_s
        }
        return min(len(times) / expected, 1.0)


def pod_restarts(run: RunSeries) -> Answer:
    """Return how often containers were restarted during the run."""
    counters = run.present("restarts")
    if not counters:
        return NO_SERIES
    return sum(increase(series, **_bounds(run)) for series in counters), ""


def oom_kills(run: RunSeries) -> Answer:
    """Return how often a container was killed for its memory during the run.

    A kill is a restart after which ``OOMKilled`` is the last reason, or a container that ends as
    ``OOMKilled`` and is not restarted (Spark's executors). kube-state-metrics has a series for a
    reason only once it occurred: none beside its restart counters means that none was killed.
    """
    counters = run.present("restarts")
    if not counters:
        return NO_SERIES
    last_reason = {_container(series): series for series in run.of("last_oom_killed")}
    final_reason = {_container(series): series for series in run.of("oom_killed")}
    kills = 0
    for counter in counters:
        key = _container(counter)
        restarted_s = [step.at_s for step in counter_steps(counter, **_bounds(run)) if step.by > 0]
        kills += _restarts_by_oom(restarted_s, last_reason.get(key))
        kills += _ended_by_oom(restarted_s, final_reason.get(key), run)
    return float(kills), ""


def _restarts_by_oom(restarted_s: Sequence[float], last_reason: Series | None) -> int:
    # Of several restarts between two scrapes only the last one's reason is known: it counts once.
    if last_reason is None:
        return 0
    return sum(value_at(last_reason, at_s) == 1.0 for at_s in restarted_s)


def _ended_by_oom(restarted_s: Sequence[float], reason: Series | None, run: RunSeries) -> int:
    if reason is None or 1.0 not in values_within(reason, **_bounds(run)):
        return 0
    last_seen_s = max(time_s for time_s in reason.times_s if time_s <= run.settled_s)
    was_dead_before = value_at(reason, run.window.start_s) == 1.0 and not restarted_s
    # An end that was followed by a restart is counted as that restart.
    was_restarted = any(at_s > last_seen_s for at_s in restarted_s)
    return int(not was_dead_before and not was_restarted)


def _bounds(run: RunSeries) -> dict[str, float]:
    return {"start_s": run.window.start_s, "until_s": run.settled_s}


def cpu_core_seconds(run: RunSeries) -> Answer:
    """Return the CPU time that the run's containers used."""
    counters = run.present("cpu_seconds")
    if not counters:
        return NO_SERIES
    window = run.window
    return sum(increase(s, start_s=window.start_s, until_s=window.end_s) for s in counters), ""


def memory_gib_seconds(run: RunSeries) -> Answer:
    """Return working set × time over the run's containers."""
    gauges = run.present("memory_bytes")
    if not gauges:
        return NO_SERIES
    window = run.window
    total = sum(integral(s, start_s=window.start_s, until_s=window.end_s) for s in gauges)
    return (total / _GIB, "") if total > 0.0 else "no container was sampled twice"


def cpu_usage_pct(run: RunSeries) -> Answer:
    """Return CPU used per CPU allowed, over the time in which containers were seen."""
    counters = run.present("cpu_seconds")
    if not counters:
        return NO_SERIES
    capacities, qualifier = _capacities(run, counters, "cpu")
    if capacities is None:
        return qualifier
    used_s = allowed_s = 0.0
    for series in counters:
        grown_s, seconds = observed(series, start_s=run.window.start_s, until_s=run.window.end_s)
        used_s += grown_s
        allowed_s += capacities[_pod_container(series)] * seconds
    if not allowed_s:
        return "no container was sampled twice"
    return 100.0 * used_s / allowed_s, qualifier


def memory_usage_pct(run: RunSeries) -> Answer:
    """Return the largest share of its memory that any container used."""
    gauges = run.present("memory_bytes")
    if not gauges:
        return NO_SERIES
    capacities, qualifier = _capacities(run, gauges, "memory")
    if capacities is None:
        return qualifier
    shares = (
        max(values_within(series, **_bounds(run))) / capacities[_pod_container(series)]
        for series in gauges
    )
    return 100.0 * max(shares), qualifier


def gpu_usage_pct(run: RunSeries) -> Answer:
    """Return the mean utilisation of the run's GPUs over the samples of the window."""
    samples = [
        value
        for series in run.of("gpu_pct")
        for value in values_within(series, start_s=run.window.start_s, until_s=run.window.end_s)
    ]
    return (sum(samples) / len(samples), "") if samples else NO_SERIES


def _capacities(
    run: RunSeries, used: Iterable[Series], resource: str
) -> tuple[dict[tuple[str, str], float] | None, str]:
    """Return what each container may use with whose word it is, or None with the reason."""
    limits, requests = (_allowances(run, query, resource) for query in ("limits", "requests"))
    capacities: dict[tuple[str, str], float] = {}
    words = set()
    for key in {_pod_container(series) for series in used}:
        if key in limits:
            capacities[key] = limits[key]
            words.add("limits")
        elif key in requests:
            capacities[key] = requests[key]
            words.add("requests")
        else:
            return None, f"container {'/'.join(key)} has neither {resource} limit nor request"
    return capacities, "of " + " and ".join(sorted(words))


def _allowances(run: RunSeries, query: str, resource: str) -> dict[tuple[str, str], float]:
    return {
        _pod_container(series): series.values[-1]
        for series in run.of(query)
        if series.labels.get("resource") == resource and series.values and series.values[-1] > 0.0
    }


def _container(series: Series) -> tuple[str, str, str]:
    labels = series.labels
    return labels.get("pod", ""), labels.get("uid", ""), labels.get("container", "")


def _pod_container(series: Series) -> tuple[str, str]:
    return series.labels.get("pod", ""), series.labels.get("container", "")


# By metric: how it is computed, and the queries whose failure takes it away; the first of them
# is the one that shows whether the window was covered.
RUN_METRICS: Mapping[str, tuple[Callable[[RunSeries], Answer], tuple[str, ...]]] = {
    "pod_restarts": (pod_restarts, ("restarts",)),
    "oom_kills": (oom_kills, ("restarts", "last_oom_killed", "oom_killed")),
    "cpu_usage_pct": (cpu_usage_pct, ("cpu_seconds", "limits", "requests")),
    "gpu_usage_pct": (gpu_usage_pct, ("gpu_pct",)),
    "memory_usage_pct": (memory_usage_pct, ("memory_bytes", "limits", "requests")),
    "cpu_core_seconds": (cpu_core_seconds, ("cpu_seconds",)),
    "memory_gib_seconds": (memory_gib_seconds, ("memory_bytes",)),
}
