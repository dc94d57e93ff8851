"""Restarts, kills and other stability events of one load run, from a snapshot of its pods."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import partial

from lm_assets.collect.pods.objects import (
    DRIVER_ROLE,
    EXECUTOR_ROLE,
    ContainerStatus,
    Pod,
    Terminated,
    parse_pods,
)
from lm_assets.collect.source_answers import PODS, SourceAnswer, failed_source
from lm_assets.collect.source_boundary import answer_of
from lm_assets.model.measurement import Measurements

POD_METRICS = ("pod_restarts", "oom_kills")
_OOM_KILLED = "OOMKilled"
_CRASH_LOOP = "CrashLoopBackOff"
_IMAGE_FAILURES = frozenset(
    {
        *("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"),
        *("ImageInspectError", "RegistryUnavailable", "SignatureValidationFailed"),
    }
)


class StabilityKind(StrEnum):
    """What happened to a pod."""

    RESTART = "restart"
    OOM_KILL = "oom_kill"
    EVICTION = "eviction"
    IMAGE_PULL_FAILURE = "image_pull_failure"
    CRASH_LOOP = "crash_loop"


@dataclass(frozen=True, kw_only=True, slots=True)
class StabilityEvent:
    """One thing that happened to a pod; ``at`` is None where the snapshot does not tell when."""

    kind: StabilityKind
    pod: str
    role: str
    container: str = ""
    detail: str = ""
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SnapshotWindow:
    """When the run ran and which application it was, as far as known."""

    started_at: datetime | None = None
    ended_at: datetime | None = None
    app_id: str | None = None

    def holds(self, at: datetime) -> bool:
        """Whether an instant lies within the run; an unknown bound bounds nothing."""
        return not self.is_before(at) and (self.ended_at is None or at <= self.ended_at)

    def is_before(self, at: datetime) -> bool:
        """Whether an instant lies before the run."""
        return self.started_at is not None and at < self.started_at


def ask_pods(
    content: bytes, window: SnapshotWindow
) -> tuple[SourceAnswer, tuple[StabilityEvent, ...]]:
    """Return a run's restarts and kills, and every named event, from ``pods.json``.

    The events are among the notes of the answer too, in words.

    A snapshot knows how often a container was restarted, but when and why only for its last two
    lives. What follows from that is counted; where the answer would be a guess (two restarts of a
    pod older than the run) the metric is missing.
    """
    events: tuple[StabilityEvent, ...] = ()

    def ask() -> SourceAnswer:
        nonlocal events
        answer, events = _read_pods(content, window)
        return answer

    answer = answer_of(ask, source=PODS, metrics=POD_METRICS, asked="pods.json")
    return answer, events


def _read_pods(
    content: bytes, window: SnapshotWindow
) -> tuple[SourceAnswer, tuple[StabilityEvent, ...]]:
    pods = parse_pods(content)
    own = [pod for pod in pods if window.app_id is None or pod.application == window.app_id]
    applications = sorted({pod.application for pod in own if pod.application is not None})
    if len(applications) > 1:
        named = ", ".join(applications[:3]) + (", …" if len(applications) > 3 else "")
        reason = f"pods of {len(applications)} applications ({named}), and the run names none"
        return failed_source(PODS, POD_METRICS, asked="pods.json", reason=reason), ()
    if not own:
        reason = f"none of {len(pods)} pods belongs to {window.app_id}" if pods else "no pod in it"
        return failed_source(PODS, POD_METRICS, asked="pods.json", reason=reason), ()
    events = stability_events(own, window)
    answer = replace(
        _answer(own, window), notes=tuple(_named(e) for e in events), nodes=_nodes(own)
    )
    return answer, events


def _nodes(pods: Sequence[Pod]) -> tuple[str, ...]:
    """Return the nodes of the executors, of all pods where none is called one."""
    executors = [pod for pod in pods if pod.role == EXECUTOR_ROLE] or pods
    return tuple(sorted({pod.spec.node_name for pod in executors if pod.spec.node_name}))


def _named(event: StabilityEvent) -> str:
    where = f"{event.pod}/{event.container}" if event.container else event.pod
    when = f" at {event.at.isoformat()}" if event.at else ""
    return f"{event.kind.value} of {event.role} {where}{when}: {event.detail or 'no detail'}"


def stability_events(pods: Sequence[Pod], window: SnapshotWindow) -> tuple[StabilityEvent, ...]:
    """Return what is known to have happened to pods during a run, by pod and container."""
    return tuple(event for pod in pods for event in _pod_events(pod, window))


# A finite number with its provenance, or the reason why there is none.
_Answer = tuple[float, str] | str


def _answer(pods: Sequence[Pod], window: SnapshotWindow) -> SourceAnswer:
    containers = [(pod, c) for pod in pods for c in pod.status.containers]
    said = f"{len(pods)} pods, {len(containers)} containers"
    if not containers:
        return failed_source(PODS, POD_METRICS, asked="pods.json", reason=f"{said} with a status")
    if {pod.role for pod in pods} == {DRIVER_ROLE}:
        # Spark deletes executor pods as they end: what happened to them is not in the snapshot.
        reason = f"{said}, all of the driver: its executors were deleted before the snapshot"
        return failed_source(PODS, POD_METRICS, asked="pods.json", reason=reason)
    answers = {
        "pod_restarts": _pod_restarts(pods, containers, window),
        "oom_kills": _oom_kills(pods, containers, window),
    }
    known = {metric: answer for metric, answer in answers.items() if not isinstance(answer, str)}
    return SourceAnswer(
        source=PODS,
        measurements=Measurements(
            values={metric: value for metric, (value, _) in known.items()},
            provenance={metric: provenance for metric, (_, provenance) in known.items()},
            missing={m: f"{PODS}: {text}" for m, text in answers.items() if isinstance(text, str)},
        ),
        asked=dict.fromkeys(POD_METRICS, "pods.json"),
        answered=dict.fromkeys(POD_METRICS, said),
    )


def _pod_restarts(
    pods: Sequence[Pod], containers: Sequence[tuple[Pod, ContainerStatus]], window: SnapshotWindow
) -> _Answer:
    total = 0
    unknown: list[str] = []
    contradictory: list[str] = []
    for pod, container in containers:
        restarts = _restarts(pod, container, window)
        if restarts is None:
            found = contradictory if container.contradicts_itself else unknown
            found.append(f"{pod.metadata.name}/{container.name}")
        else:
            total += restarts
    reasons = [*_not_whole(pods), *_contradictions(contradictory)]
    if unknown:
        reasons.append(f"when {', '.join(unknown[:3])} was restarted is not in a snapshot")
    return "; ".join(reasons) if reasons else (float(total), PODS)


def _not_whole(pods: Sequence[Pod]) -> Iterator[str]:
    """Yield why pods tell a part only: containers without a status, or two statuses of a pod."""
    twice = [pod.metadata.name for pod in pods if pod.is_twice_told]
    if twice:
        yield f"{len(twice)} pods stand twice in it, and not alike: {', '.join(twice[:3])}"
    names = [f"{pod.metadata.name}/{name}" for pod in pods for name in pod.untold_containers]
    if names:
        yield f"{len(names)} containers of the spec have no status: {', '.join(names[:3])}"


def _contradictions(names: Sequence[str]) -> Iterator[str]:
    if names:
        yield f"an earlier life ended, and the restart count is 0: {', '.join(names[:3])}"


def _oom_kills(
    pods: Sequence[Pod], containers: Sequence[tuple[Pod, ContainerStatus]], window: SnapshotWindow
) -> _Answer:
    kills = sum(len(_oom_deaths(container, window)) for _, container in containers)
    untold = sum(_untold_deaths(pod, container, window) for pod, container in containers)
    reasons = [*_not_whole(pods), *_contradictions(_contradictory(containers, window))]
    if untold:
        reasons.append(f"the reasons of {untold} earlier restarts are not in a snapshot")
    if not reasons:
        return float(kills), PODS
    reason = "; ".join(reasons)
    return (float(kills), f"{PODS} (at least; {reason})") if kills else reason


def _contradictory(
    containers: Sequence[tuple[Pod, ContainerStatus]], window: SnapshotWindow
) -> list[str]:
    return [
        f"{pod.metadata.name}/{container.name}"
        for pod, container in containers
        if container.contradicts_itself and _restarts(pod, container, window) is None
    ]


def _restarts(pod: Pod, container: ContainerStatus, window: SnapshotWindow) -> int | None:
    """Return how many restarts fell into the run, None where that cannot be known."""
    count = container.restart_count
    if not count and not container.contradicts_itself:
        return 0
    last_death = container.last_state.terminated
    last_at = last_death.finished_at if last_death is not None else None
    life_began = container.life_began_at
    if any(at is not None and window.is_before(at) for at in (last_at, life_began)):
        return 0
    if not count:
        return None
    last_began = last_death.started_at if last_death is not None else None
    is_only_one = count == 1 or (last_began is not None and window.is_before(last_began))
    if last_at is not None and is_only_one:
        return int(window.holds(last_at))
    born = pod.status.start_time
    is_young = born is not None and window.started_at is not None and born >= window.started_at
    ended_within = window.ended_at is None or (last_at is not None and last_at <= window.ended_at)
    return count if is_young and ended_within else None


def _untold_deaths(pod: Pod, container: ContainerStatus, window: SnapshotWindow) -> int:
    """Return how many restarts may fall into the run whose reason the snapshot does not tell."""
    if _restarts(pod, container, window) == 0:
        return 0
    told = container.last_state.terminated
    if told is not None and told.started_at is not None and window.is_before(told.started_at):
        return 0
    return max(container.restart_count - int(told is not None), 0)


def _oom_deaths(container: ContainerStatus, window: SnapshotWindow) -> list[Terminated]:
    # The reason decides, not the exit code: a killed JVM may well leave with 1.
    return [
        death
        for death in container.deaths
        if death.reason == _OOM_KILLED
        and (death.finished_at is None or window.holds(death.finished_at))
    ]


def _pod_events(pod: Pod, window: SnapshotWindow) -> Iterator[StabilityEvent]:
    told = partial(StabilityEvent, pod=pod.metadata.name, role=pod.role)
    status = pod.status
    if status.reason == "Evicted":
        yield told(kind=StabilityKind.EVICTION, detail=status.message or "")
    else:
        for condition in status.conditions or ():
            if condition.type == "DisruptionTarget" and condition.status == "True":
                detail = f"{condition.reason or ''}: {condition.message or ''}"
                yield told(kind=StabilityKind.EVICTION, detail=detail)
    for container in status.containers:
        yield from _container_events(
            pod, container, window, partial(told, container=container.name)
        )


def _container_events(
    pod: Pod,
    container: ContainerStatus,
    window: SnapshotWindow,
    told: "partial[StabilityEvent]",
) -> Iterator[StabilityEvent]:
    for death in _oom_deaths(container, window):
        detail = f"exit code {death.exit_code}"
        yield told(kind=StabilityKind.OOM_KILL, detail=detail, at=death.finished_at)
    restarts = _restarts(pod, container, window)
    last = container.last_state.terminated
    if restarts:
        detail = f"{restarts} times, last after {(last.reason if last else None) or 'unknown'}"
        at = last.finished_at if last else None
        yield told(kind=StabilityKind.RESTART, detail=detail, at=at)
    waiting = container.state.waiting
    if waiting is not None and waiting.reason == _CRASH_LOOP:
        yield told(kind=StabilityKind.CRASH_LOOP, detail=waiting.message or "")
    elif waiting is not None and waiting.reason in _IMAGE_FAILURES:
        detail = f"{waiting.reason}: {waiting.message or ''}"
        yield told(kind=StabilityKind.IMAGE_PULL_FAILURE, detail=detail)
