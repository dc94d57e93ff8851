"""The few fields of ``kubectl get pods -o json`` that stability is read from."""

from datetime import datetime
from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta, Struct, field

from lm_assets.collect.pods.repair import leave_out_odd_fields
from lm_assets.model.errors import UnusableInputError
from lm_assets.model.whole_numbers import whole_numbers

# Spark on Kubernetes sets the label spark-role to this, or to ``executor``.
DRIVER_ROLE = "driver"
EXECUTOR_ROLE = "executor"
MAX_SNAPSHOT_BYTES = 64 * 2**20

_Instant = Annotated[datetime, Meta(tz=True)]
# Beyond is no count of anything that happened to a container.
_Count = Annotated[int, Meta(ge=0, le=2**31 - 1)]


class Terminated(Struct, rename="camel"):
    """How a container ended."""

    reason: str | None = None
    exit_code: int | None = None
    started_at: _Instant | None = None
    finished_at: _Instant | None = None


class Running(Struct, rename="camel"):
    """Since when a container runs."""

    started_at: _Instant | None = None


class Waiting(Struct):
    """Why a container does not run yet, or not again."""

    reason: str | None = None
    message: str | None = None


class ContainerState(Struct):
    """What a container does, or did before it was restarted."""

    terminated: Terminated | None = None
    running: Running | None = None
    waiting: Waiting | None = None


class ContainerStatus(Struct, rename="camel"):
    """A container; ``last_state`` is how it ended before its last restart."""

    name: str
    restart_count: _Count = 0
    state: ContainerState = field(default_factory=ContainerState)
    last_state: ContainerState = field(default_factory=ContainerState)

    @property
    def life_began_at(self) -> datetime | None:
        """When the last life began: every restart was then or before."""
        life = self.state.running or self.state.terminated
        return life.started_at if life is not None else None

    @property
    def contradicts_itself(self) -> bool:
        """Whether an earlier life ended though it was never restarted."""
        return self.restart_count == 0 and self.last_state.terminated is not None

    @property
    def deaths(self) -> list[Terminated]:
        """The ends that a snapshot knows of: of the last but one life, and of the last."""
        ends = (self.last_state.terminated, self.state.terminated)
        return [end for end in ends if end is not None]


class Condition(Struct):
    """A condition of a pod."""

    type: str
    status: str
    reason: str | None = None
    message: str | None = None


class PodStatus(Struct, rename="camel"):
    """What happened to a pod."""

    phase: str | None = None
    reason: str | None = None
    message: str | None = None
    start_time: _Instant | None = None
    conditions: list[Condition] | None = None
    container_statuses: list[ContainerStatus] | None = None
    init_container_statuses: list[ContainerStatus] | None = None
    ephemeral_container_statuses: list[ContainerStatus] | None = None

    @property
    def containers(self) -> list[ContainerStatus]:
        """Every container, wherever Kubernetes lists it: sidecars stand among those of init."""
        return [
            *(self.init_container_statuses or ()),
            *(self.container_statuses or ()),
            *(self.ephemeral_container_statuses or ()),
        ]


class Metadata(Struct):
    """Who a pod is."""

    name: str
    uid: str = ""
    labels: dict[str, str] | None = None


class SpecifiedContainer(Struct):
    """A container that a pod was to hold."""

    name: str = ""


class PodSpec(Struct, rename="camel"):
    """Where a pod was put, and what it was to hold."""

    node_name: str | None = None
    containers: list[SpecifiedContainer] | None = None
    init_containers: list[SpecifiedContainer] | None = None
    ephemeral_containers: list[SpecifiedContainer] | None = None

    @property
    def names(self) -> frozenset[str]:
        """Every container that the pod was to hold, wherever Kubernetes lists it."""
        lists = (self.init_containers, self.containers, self.ephemeral_containers)
        return frozenset(
            container.name for found in lists for container in found or () if container.name
        )


class Pod(Struct):
    """A pod; ``is_twice_told`` where it stands twice in the snapshot, and not alike."""

    metadata: Metadata
    spec: PodSpec = field(default_factory=PodSpec)
    status: PodStatus = field(default_factory=PodStatus)
    is_twice_told: ClassVar[bool] = False

    @property
    def restarts(self) -> int:
        """How often containers of it were restarted in all their lives."""
        return sum(container.restart_count for container in self.status.containers)

    @property
    def role(self) -> str:
        """``driver`` or ``executor`` by Spark's label, ``other`` without one."""
        return (self.metadata.labels or {}).get("spark-role") or "other"

    @property
    def untold_containers(self) -> tuple[str, ...]:
        """Containers of a pod that was started of which there is no status.

        Nothing has happened yet to those of a pod that is pending and has no status at all.
        """
        told = {container.name for container in self.status.containers}
        if not told and self.status.phase in {None, "Pending"}:
            return ()
        return tuple(sorted(self.spec.names - told))

    @property
    def application(self) -> str | None:
        """The Spark application by Spark's label."""
        return (self.metadata.labels or {}).get("spark-app-selector")


class TwiceToldPod(Pod):
    """A pod of which a snapshot says two things."""

    is_twice_told: ClassVar[bool] = True


class _PodList(Struct):
    items: list[Pod]


def _read(content: bytes) -> _PodList:
    try:
        return msgspec.json.decode(content, type=_PodList)
    except msgspec.ValidationError:
        # A snapshot that passed through other hands may say 1.0 for 1.
        told = whole_numbers(msgspec.json.decode(content))
        if isinstance(told, dict) and isinstance(told.get("items"), list):
            leave_out_odd_fields(told["items"], Pod)
        return msgspec.convert(told, _PodList)


def parse_pods(content: bytes) -> list[Pod]:
    """Return the pods of a ``kubectl get pods -o json`` list, each once.

    Raises
    ------
    UnusableInputError
        With the rule ``pods_too_large`` or ``pods_unreadable``.
    """
    if len(content) > MAX_SNAPSHOT_BYTES:
        raise UnusableInputError(
            "pods_too_large", f"{len(content)} bytes, more than {MAX_SNAPSHOT_BYTES}"
        )
    try:
        pods = _read(content).items
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnusableInputError("pods_unreadable", str(error)) from error
    found: dict[str, Pod] = {}
    for pod in pods:
        key = pod.metadata.uid or pod.metadata.name
        found[key] = _merged(found.get(key, pod), pod)
    return list(found.values())


def _merged(before: Pod, pod: Pod) -> Pod:
    """Return the later of two statuses of one pod: Kubernetes never sets a count back."""
    later = before if before.restarts > pod.restarts else pod
    if before.is_twice_told or before.status != pod.status:
        return TwiceToldPod(later.metadata, later.spec, later.status)
    return later
