"""Restarts and kills of one run's containers, from what kube-state-metrics saw of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lm_assets.collect.prometheus.beginnings import Beginnings
from lm_assets.collect.prometheus.containers import control_groups
from lm_assets.collect.prometheus.counters import counter_growth
from lm_assets.collect.prometheus.run_series import NO_SERIES, Answer, Measured, RunSeries
from lm_assets.collect.prometheus.samples import (
    Cleaned,
    ends_unseen,
    left_out,
    possible_restarts,
)
from lm_assets.collect.prometheus.series_window import Step, value_at, values_within
from lm_assets.gateways.http.prometheus import Series

_OOM_KILLED = "OOMKilled"
# Its pod, the pod's uid, its name.
ContainerKey = tuple[str, str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class RestartCounter:
    """One container's restarts within the run, and since when an older one was not looked at."""

    key: ContainerKey
    steps: tuple[Step, ...]
    unseen_s: float = 0.0


def pod_restarts(run: RunSeries) -> Answer:
    """Return how often containers were restarted during the run."""
    cleaned = possible_restarts(run.of("restarts"))
    counters = restart_counters(run, cleaned.series)
    if not counters:
        return _none_left(cleaned)
    bounds = (*_unseen(counters), *_lost(counters, run), *ends_unseen(cleaned))
    value = sum(step.by for counter in counters for step in counter.steps)
    return Measured(
        value=value, bounds=bounds, remarks=left_out(cleaned), kept_share=cleaned.kept_share
    )


def oom_kills(run: RunSeries) -> Answer:
    """Return how often a container was killed for its memory during the run.

    A kill is a restart after which ``OOMKilled`` is the last reason, or a container that ends as
    ``OOMKilled`` and is not restarted (Spark's executors). kube-state-metrics has a series for a
    reason only once it occurred: without a restart, none means that none was killed. After a
    restart there is one, whatever the reason, or the exporter does not tell them.
    """
    # Of a count that cannot be it is still known when it rose.
    counters = restart_counters(run, run.of("restarts"))
    if not counters:
        return NO_SERIES
    told_reasons = _by_container(run.of("last_oom_killed"))
    last_reasons = _by_container(s for s in run.of("last_oom_killed") if _is_oom(s))
    final_reasons = _by_container(run.of("oom_killed"))
    kills = untold = 0
    for counter in counters:
        restarted_s = [step.at_s for step in counter.steps]
        untold += len(restarted_s) - _reasoned(restarted_s, told_reasons.get(counter.key, []))
        kills += _reasoned(restarted_s, last_reasons.get(counter.key, []))
        kills += _ended_by_oom(restarted_s, final_reasons.get(counter.key, []), run)
    uncounted = _uncounted(counters, last_reasons, final_reasons, run)
    kills += sum(_ended_by_oom([], final_reasons.get(key, []), run) for key in uncounted)
    unknown = f"killed containers without a restart count: {len(uncounted)}"
    return Measured(
        value=float(kills),
        bounds=(
            *_unseen(counters),
            *([unknown] if uncounted else []),
            *([f"nobody told the reasons of {untold} restarts"] if untold else []),
        ),
    )


def _none_left(cleaned: Cleaned) -> str:
    """Return why there is no count of restarts: nobody told one, or none that is a count."""
    if not cleaned.left_out or any(series.values for series in cleaned.series):
        return NO_SERIES
    return f"{cleaned.left_out} samples, and none that a count of restarts can be"


def _lost(counters: Sequence[RestartCounter], run: RunSeries) -> tuple[str, ...]:
    """Return why restarts may be missing: of containers whose every count is impossible."""
    counted = {counter.key for counter in counters}
    told = _by_container(s for s in run.of("restarts") if values_within(s, **run.bounds))
    lost = len(told.keys() - counted)
    return (f"{lost} containers without a count that can be",) if lost else ()


def _uncounted(
    counters: Sequence[RestartCounter],
    last_reasons: Mapping[ContainerKey, Sequence[Series]],
    final_reasons: Mapping[ContainerKey, Sequence[Series]],
    run: RunSeries,
) -> list[ContainerKey]:
    """Return the containers that were killed within the run and have no restart count."""
    counted = {counter.key for counter in counters}
    return sorted(
        key
        for key in {*last_reasons, *final_reasons} - counted
        if any(
            1.0 in values_within(reason, **run.bounds)
            for reason in (*last_reasons.get(key, ()), *final_reasons.get(key, ()))
        )
    )


def _unseen(counters: Sequence[RestartCounter]) -> tuple[str, ...]:
    """Return why restarts may be missing: of a pod that is older than what was seen of it."""
    late_s = [counter.unseen_s for counter in counters if counter.unseen_s]
    if not late_s:
        return ()
    return (f"{len(late_s)} older containers first seen {max(late_s):.0f} s into the run",)


def _is_oom(series: Series) -> bool:
    return series.labels.get("reason", _OOM_KILLED) == _OOM_KILLED


def _reasoned(restarted_s: Sequence[float], last_reasons: Sequence[Series]) -> int:
    """Return at how many restarts one of these was the last reason."""
    # Of several restarts between two scrapes only the last one's reason is known: it counts once.
    return sum(
        any(value_at(reason, at_s) == 1.0 for reason in last_reasons) for at_s in restarted_s
    )


def _ended_by_oom(restarted_s: Sequence[float], reasons: Sequence[Series], run: RunSeries) -> int:
    seen = [reason for reason in reasons if 1.0 in values_within(reason, **run.bounds)]
    if not seen:
        return 0
    last_seen_s = max(t for reason in seen for t in reason.times_s if t <= run.settled_s)
    was_dead = any(value_at(reason, run.window.start_s) == 1.0 for reason in seen)
    # An end that was followed by a restart is counted as that restart.
    was_restarted = any(at_s > last_seen_s for at_s in restarted_s)
    return int(not (was_dead and not restarted_s) and not was_restarted)


def restart_counters(run: RunSeries, told: Iterable[Series]) -> list[RestartCounter]:
    """Return the restarts of every container that was there during the run."""
    beginnings = run.beginnings
    old_pods = {
        groups[0].container[0]
        for groups in control_groups(run.of("cpu_seconds"))
        if groups[0].first_s > run.window.start_s and not beginnings.cpu_from_zero(groups[0])
    }
    return [
        _restarts(run, key, replicas, beginnings, is_known_old=key[0] in old_pods)
        for key, replicas in sorted(_by_container(told).items())
        if any(values_within(series, **run.bounds) for series in replicas)
    ]


def _restarts(
    run: RunSeries,
    key: ContainerKey,
    replicas: Sequence[Series],
    beginnings: Beginnings,
    *,
    is_known_old: bool,
) -> RestartCounter:
    seen = [series for series in replicas if series.times_s]
    first = min(seen, key=lambda series: series.times_s[0])
    from_zero = beginnings.restarts_from_zero(first, is_known_old=is_known_old)
    steps = counter_growth(
        seen,
        **run.bounds,
        from_zero=from_zero,
        # Kubernetes never sets the count of one pod back; another pod has another uid.
        may_begin_anew=not first.labels.get("uid"),
    )
    late_s = first.times_s[0] - run.window.start_s
    # A count of none so far leaves nothing to have been missed.
    is_late = late_s > 0.0 and not from_zero and first.values[0] > 0.0
    return RestartCounter(key=key, steps=tuple(steps), unseen_s=late_s if is_late else 0.0)


def _by_container(series: Iterable[Series]) -> Mapping[ContainerKey, list[Series]]:
    found: dict[ContainerKey, list[Series]] = {}
    for item in series:
        found.setdefault(_container(item), []).append(item)
    return found


def _container(series: Series) -> ContainerKey:
    labels = series.labels
    return labels.get("pod", ""), labels.get("uid", ""), labels.get("container", "")
