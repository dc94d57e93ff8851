"""What one run's containers used of processors, memory and graphics cards."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence

from lm_assets.collect.prometheus.batches import RunWindow
from lm_assets.collect.prometheus.beginnings import Beginnings
from lm_assets.collect.prometheus.containers import Container, ControlGroup, control_groups
from lm_assets.collect.prometheus.counters import replicated_growth
from lm_assets.collect.prometheus.run_series import NO_SERIES, Answer, Measured, RunSeries
from lm_assets.collect.prometheus.samples import (
    Cleaned,
    ends_unseen,
    left_out,
    most_memory,
    possible_cpu,
    possible_gpu,
    possible_memory,
)
from lm_assets.collect.prometheus.series_window import integral, values_within

_GIB = 2**30
_OF_LIMITS = "of limits"


def cpu_core_seconds(run: RunSeries) -> Answer:
    """Return the CPU time that the run's containers used."""
    cleaned = possible_cpu(run.of("cpu_seconds"), run.limits("cpu"))
    sets = _present(control_groups(cleaned.series), run)
    if not sets:
        return _nothing_left(cleaned, "CPU time", run.window)
    from_zero = _from_zero(sets, run.beginnings)
    late = _late(sets, run, [not from_zero[groups[0].container, groups[0].id] for groups in sets])
    total = sum(
        max(_grown(group, run, from_zero=from_zero[group.container, group.id]) for group in groups)
        for groups in sets
    )
    return Measured(
        value=total,
        bounds=(*late, *ends_unseen(cleaned)),
        remarks=(*left_out(cleaned), *run.no_limits("cpu")),
        kept_share=cleaned.kept_share,
        allowed=_allowed(sets, run, run.limits("cpu")),
    )


def _from_zero(
    sets: Sequence[Sequence[ControlGroup]], beginnings: Beginnings
) -> Mapping[tuple[Container, str], bool]:
    """Return which control groups' counters count from zero where they are first seen."""
    first_s: dict[Container, float] = {}
    for groups in sets:
        container = groups[0].container
        first_s[container] = min(first_s.get(container, groups[0].first_s), groups[0].first_s)
    return {
        (group.container, group.id): beginnings.cpu_from_zero(
            group, is_made_anew=groups[0].first_s > first_s[group.container]
        )
        for groups in sets
        for group in groups
    }


def _grown(group: ControlGroup, run: RunSeries, *, from_zero: bool) -> float:
    return replicated_growth(
        group.replicas,
        start_s=run.window.start_s,
        until_s=run.window.end_s,
        from_zero=from_zero,
    )


def _allowed(
    sets: Sequence[Sequence[ControlGroup]], run: RunSeries, limits: Mapping[Container, float]
) -> float | None:
    """Return limit × window over the containers, None where one has no limit."""
    containers = {groups[0].container for groups in sets}
    if any(container not in limits for container in containers):
        return None
    # What was used up to one scrape before the start may be in the first step.
    seconds = run.window.end_s - run.window.start_s + 2 * run.step_s
    return sum(limits[container] for container in containers) * seconds


def _present(sets: Sequence[list[ControlGroup]], run: RunSeries) -> list[list[ControlGroup]]:
    """Return the sets of control groups that have a sample within the window."""
    return [
        groups
        for groups in sets
        if any(values_within(s, **run.bounds) for g in groups for s in g.replicas)
    ]


def _late(
    sets: Sequence[Sequence[ControlGroup]], run: RunSeries, is_older: Sequence[bool]
) -> tuple[str, ...]:
    """Return how late containers were first seen in the run that had run before."""
    late_s = [
        groups[0].first_s - run.window.start_s
        for groups, older in zip(sets, is_older, strict=True)
        if older and groups[0].first_s > run.window.start_s + run.step_s
    ]
    if not late_s:
        return ()
    return (f"{len(late_s)} older containers first seen {max(late_s):.0f} s into the run",)


def _seen_late(sets: Sequence[Sequence[ControlGroup]], run: RunSeries) -> list[bool]:
    beginnings = run.beginnings
    return [beginnings.is_seen_late(groups[0], step_s=run.step_s) for groups in sets]


def _nothing_left(cleaned: Cleaned, what: str, window: RunWindow) -> str:
    """Return why there is no value: no series, or none whose samples the quantity can be."""
    has_samples = any(
        values_within(s, start_s=window.start_s, until_s=window.end_s) for s in cleaned.series
    )
    if cleaned.left_out and not has_samples:
        return f"{cleaned.left_out} samples, and none that {what} can be"
    return NO_SERIES


def memory_gib_seconds(run: RunSeries) -> Answer:
    """Return working set × time over the run's containers."""
    cleaned = possible_memory(run.of("memory_bytes"), run.limits("memory"))
    sets = _present(control_groups(cleaned.series), run)
    if not sets:
        return _nothing_left(cleaned, "memory", run.window)
    window = run.window
    total = sum(
        max(
            integral(series, start_s=window.start_s, until_s=window.end_s)
            for group in groups
            for series in group.replicas
        )
        for groups in sets
    )
    if total <= 0.0:
        return "no container was sampled twice"
    late = _late(sets, run, _seen_late(sets, run))
    allowed = _allowed(sets, run, most_memory(run.limits("memory")))
    return Measured(
        value=total / _GIB,
        bounds=(*late, *ends_unseen(cleaned)),
        remarks=(*left_out(cleaned), *run.no_limits("memory")),
        kept_share=cleaned.kept_share,
        allowed=None if allowed is None else allowed / _GIB,
    )


def cpu_usage_pct(run: RunSeries) -> Answer:
    """Return CPU used per CPU allowed, over the time in which containers were seen."""
    cleaned = possible_cpu(run.of("cpu_seconds"), run.limits("cpu"))
    sets = _present(control_groups(cleaned.series), run)
    if not sets:
        return _nothing_left(cleaned, "CPU time", run.window)
    capacities, qualifier = _capacities(run, sets, "cpu")
    if capacities is None:
        return qualifier
    used_s = allowed_s = 0.0
    for groups in sets:
        grown_s, seconds = max(_observed(group, run) for group in groups)
        used_s += grown_s
        allowed_s += capacities[groups[0].container] * seconds
    if not allowed_s:
        return "no container was sampled twice"
    # Of limits, what was used between two samples may be of two scrapes more.
    slack_s = 2 * run.step_s * sum(capacities.values())
    return Measured(
        value=100.0 * used_s / allowed_s,
        remarks=(qualifier, *left_out(cleaned), *run.no_limits("cpu")),
        is_mean=True,
        kept_share=cleaned.kept_share,
        allowed=100.0 * (1.0 + slack_s / allowed_s) if qualifier == _OF_LIMITS else None,
    )


def _observed(group: ControlGroup, run: RunSeries) -> tuple[float, float]:
    """Return a container's growth between its samples in the window, and the seconds between."""
    start_s, until_s = run.window.start_s, run.window.end_s
    times = sorted({t for series in group.replicas for t in series.times_s if t <= until_s})
    first = max(bisect_right(times, start_s) - 1, 0)
    if len(times) - first < 2:
        return 0.0, 0.0
    grown_s = replicated_growth(
        group.replicas, start_s=times[first], until_s=until_s, from_zero=False
    )
    return grown_s, times[-1] - times[first]


def memory_usage_pct(run: RunSeries) -> Answer:
    """Return the largest share of its memory that any container used."""
    cleaned = possible_memory(run.of("memory_bytes"), run.limits("memory"))
    sets = _present(control_groups(cleaned.series), run)
    if not sets:
        return _nothing_left(cleaned, "memory", run.window)
    capacities, qualifier = _capacities(run, sets, "memory")
    if capacities is None:
        return qualifier
    shares = [
        value / capacities[group.container]
        for groups in sets
        for group in groups
        for series in group.replicas
        for value in values_within(series, **run.bounds)
    ]
    late = _late(sets, run, _seen_late(sets, run))
    return Measured(
        value=100.0 * max(shares),
        bounds=(*late, *ends_unseen(cleaned)),
        remarks=(qualifier, *left_out(cleaned), *run.no_limits("memory")),
        kept_share=cleaned.kept_share,
    )


def gpu_usage_pct(run: RunSeries) -> Answer:
    """Return the mean utilisation of the run's GPUs over the samples of the window."""
    cleaned = possible_gpu(run.of("gpu_pct"))
    samples = [
        value
        for series in cleaned.series
        for value in values_within(series, start_s=run.window.start_s, until_s=run.window.end_s)
    ]
    if not samples:
        return _nothing_left(cleaned, "GPU usage", run.window)
    return Measured(
        value=sum(samples) / len(samples),
        remarks=left_out(cleaned),
        is_mean=True,
        kept_share=cleaned.kept_share,
    )


def _capacities(
    run: RunSeries, sets: Sequence[Sequence[ControlGroup]], resource: str
) -> tuple[dict[Container, float] | None, str]:
    """Return what each container may use with whose word it is, or None with the reason."""
    limits, requests = run.limits(resource), run.allowances("requests", resource)
    capacities: dict[Container, float] = {}
    words = set()
    for key in sorted({groups[0].container for groups in sets}):
        if key in limits:
            capacities[key] = limits[key]
            words.add("limits")
        elif key in requests:
            capacities[key] = requests[key]
            words.add("requests")
        elif not run.has_allowances:
            return None, _nobody_told(run, resource)
        else:
            none = f"container {'/'.join(key)} has neither {resource} limit nor request"
            return None, "; ".join((none, *run.no_limits(resource)))
    return capacities, "of " + " and ".join(sorted(words))


def _nobody_told(run: RunSeries, resource: str) -> str:
    """Return what to look at where nobody told limits: it need not be that there are none."""
    told = f"nobody told {resource} limits or requests for the namespace"
    if run.of("restarts"):
        return f"{told}: kube-state-metrics does not export them, or no container there has any"
    return f"{told}: is kube-state-metrics scraped, and under which labels?"
