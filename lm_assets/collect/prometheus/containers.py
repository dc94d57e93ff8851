"""Series gathered by the container they tell of: its control groups, and replicas of each."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lm_assets.gateways.http.prometheus import Series

Container = tuple[str, str]
"""Pod and container."""

# Two control groups that were there together for longer than this share of the shorter one's life
# are one inside the other; a container made anew overlaps with the one before by a scrape.
_TOGETHER_SHARE = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class ControlGroup:
    """One control group of a container, as one or more replicas tell it."""

    container: Container
    id: str
    replicas: tuple[Series, ...]

    @property
    def first_s(self) -> float:
        """When it was first seen."""
        return min(series.times_s[0] for series in self.replicas)

    @property
    def last_s(self) -> float:
        """When it was last seen."""
        return max(series.times_s[-1] for series in self.replicas)


def container_of(series: Series) -> Container:
    """Return the pod and container that a series tells of."""
    return series.labels.get("pod", ""), series.labels.get("container", "")


def control_groups(series: Iterable[Series]) -> list[list[ControlGroup]]:
    """Return the control groups of every container, those of the same time together.

    On a node that is a container itself (kind, minikube) cAdvisor sees a container once more below
    each group it is in: of groups that are there together only the largest counts. Groups that
    follow each other are a container made anew, and each counts.
    """
    by_container: dict[Container, dict[str, list[Series]]] = defaultdict(lambda: defaultdict(list))
    for item in series:
        if item.times_s:
            identity = item.labels.get("id") or item.labels.get("name") or ""
            by_container[container_of(item)][identity].append(item)
    found: list[list[ControlGroup]] = []
    for container, by_id in sorted(by_container.items()):
        groups = [
            ControlGroup(container=container, id=identity, replicas=tuple(replicas))
            for identity, replicas in sorted(by_id.items())
        ]
        found.extend(_together(groups))
    return found


def _together(groups: Sequence[ControlGroup]) -> list[list[ControlGroup]]:
    """Return the groups in sets of those that were there at the same time, the longest first."""
    sets: list[list[ControlGroup]] = []
    for group in sorted(groups, key=lambda g: (g.first_s - g.last_s, g.id)):
        home = next((s for s in sets if _overlap(s[0], group)), None)
        if home is None:
            sets.append([group])
        else:
            home.append(group)
    return sets


def _overlap(one: ControlGroup, other: ControlGroup) -> bool:
    shared_s = min(one.last_s, other.last_s) - max(one.first_s, other.first_s)
    shorter_s = min(one.last_s - one.first_s, other.last_s - other.first_s)
    return shared_s >= 0.0 and shared_s >= _TOGETHER_SHARE * shorter_s
