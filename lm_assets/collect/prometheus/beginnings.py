"""Whether a counter that is first seen within a run began with it, or only was not seen before."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from lm_assets.collect.prometheus.batches import RunWindow
from lm_assets.collect.prometheus.containers import Container, ControlGroup
from lm_assets.gateways.http.prometheus import Series

# The kubelet waits so long before each restart of a container, and then 300 s each time.
_BACK_OFF_S = (0.0, 10.0, 20.0, 40.0, 80.0, 160.0)
_LONGEST_BACK_OFF_S = 300.0
# How many times what it used later a container may have used while nobody looked: a JVM starts
# with all the cores there are.
_BURST = 16.0
_FEWEST_CORES = 1.0
# What a container may have used that is known to be new: few machines have more.
_MANY_CORES = 256.0
_SLACK_S = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Beginnings:
    """When pods and containers began, as far as anybody told, and what each may use."""

    window: RunWindow
    pods_s: Mapping[str, float]
    groups_s: Mapping[str, float]
    cpu_limits: Mapping[Container, float]

    @classmethod
    def told_by(
        cls, series: Iterable[Series], *, window: RunWindow, cpu_limits: Mapping[Container, float]
    ) -> "Beginnings":
        """Return what start-time series say: of a control group by its id, of a pod without one."""
        pods_s: dict[str, float] = {}
        groups_s: dict[str, float] = {}
        for item in series:
            if not item.values:
                continue
            if item.labels.get("id"):
                groups_s[item.labels["id"]] = item.values[-1]
            elif item.labels.get("pod"):
                pods_s[item.labels["pod"]] = item.values[-1]
        return cls(window=window, pods_s=pods_s, groups_s=groups_s, cpu_limits=cpu_limits)

    def cpu_from_zero(self, group: ControlGroup, *, is_made_anew: bool = False) -> bool:
        """Whether a CPU counter counts from zero: its container began with the run, or within it.

        Start times tell, or another control group of the container before it. Without them a
        value that the limit, or what it used later, cannot explain is of a
        container that had run before.
        """
        began_s = self.groups_s.get(group.id, self.pods_s.get(group.container[0]))
        if is_made_anew and group.id not in self.groups_s:
            return True
        first = min(group.replicas, key=lambda series: series.times_s[0])
        if began_s is not None and began_s >= self.window.start_s - _SLACK_S:
            # What it cannot have used since shows that it did not begin then.
            burst_cores = max(_BURST * _fastest(first), _MANY_CORES)
            return first.values[0] <= burst_cores * (first.times_s[0] - began_s + _SLACK_S)
        if began_s is not None:
            return False
        elapsed_s = first.times_s[0] - self.window.start_s
        most_cores = self.cpu_limits.get(group.container)
        if most_cores is None:
            most_cores = _BURST * max(_fastest(first), _FEWEST_CORES)
        return first.values[0] <= most_cores * elapsed_s

    def is_older_than_run(self, group: ControlGroup) -> bool:
        """Whether a container is known to have begun before the run."""
        began_s = self.groups_s.get(group.id, self.pods_s.get(group.container[0]))
        return began_s is not None and began_s < self.window.start_s - _SLACK_S

    def is_seen_late(self, group: ControlGroup, *, step_s: float) -> bool:
        """Whether a container is known to have run for some scrapes before it was first seen."""
        began_s = self.groups_s.get(group.id, group.first_s)
        return self.is_older_than_run(group) or began_s + 2 * step_s < group.first_s

    def restarts_from_zero(self, counter: Series, *, is_known_old: bool) -> bool:
        """Whether a restart counter counts from zero: so many restarts fit into the run."""
        began_s = self.pods_s.get(counter.labels.get("pod", ""))
        if began_s is not None and began_s >= self.window.start_s - _SLACK_S:
            return counter.values[0] <= counter.times_s[0] - began_s + _SLACK_S
        if began_s is not None:
            return False
        elapsed_s = counter.times_s[0] - self.window.start_s
        return not is_known_old and counter.values[0] <= _most_restarts(elapsed_s)


def _most_restarts(elapsed_s: float) -> float:
    count, spent_s = 0, 0.0
    while True:
        wait_s = _BACK_OFF_S[count] if count < len(_BACK_OFF_S) else _LONGEST_BACK_OFF_S
        if spent_s + wait_s > elapsed_s:
            return float(count)
        spent_s, count = spent_s + wait_s, count + 1


def _fastest(series: Series) -> float:
    """Return the most cores that a counter grew by between two of its samples."""
    points = list(zip(series.times_s, series.values, strict=True))
    rates = (
        (after - before) / (later - sooner)
        for (sooner, before), (later, after) in pairwise(points)
        if later > sooner
    )
    return max(rates, default=0.0)
