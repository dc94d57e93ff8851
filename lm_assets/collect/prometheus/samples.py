"""Samples that the quantity cannot be: blanks of exporters and wrapped numbers are left out."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from lm_assets.collect.prometheus.containers import Container, container_of
from lm_assets.gateways.http.prometheus import Series

# What no machine has: a petabyte of memory; 2^63 ns of CPU time; a thousand cores for a container.
_MOST_BYTES = 2.0**50
_MOST_CPU_S = 2.0**63 / 1e9
_MOST_CORES = 1_024.0
# cAdvisor reads a container less often than it is scraped: one step may hold the time of several.
_STEP_SLACK = 8.0
_LIMIT_SLACK = 1.05
_MOST_PCT = 100.0
# Kubernetes counts restarts with 31 bits.
_MOST_RESTARTS = 2.0**31 - 1
# The kubelet looks at a container once a second, and waits longer before it restarts one again.
_MOST_RESTARTS_PER_S = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Cleaned:
    """Series without impossible samples, and how many those were.

    ``cut`` is how many series have nothing else, or, of counters, end in them.
    """

    series: tuple[Series, ...]
    left_out: int = 0
    cut: int = 0

    @property
    def kept_share(self) -> float:
        """The share of all samples that can be."""
        kept = sum(len(item.times_s) for item in self.series)
        return kept / (kept + self.left_out) if self.left_out else 1.0


def possible_gpu(series: tuple[Series, ...]) -> Cleaned:
    """Return GPU utilisation without what is no percentage."""
    return _filtered(series, lambda _series: lambda value: 0.0 <= value <= _MOST_PCT)


def possible_restarts(series: tuple[Series, ...]) -> Cleaned:
    """Return counts of restarts without what is no count, or rises faster than one can."""
    return _counted(
        series,
        lambda value: 0.0 <= value <= _MOST_RESTARTS and not value % 1,
        lambda _series: _MOST_RESTARTS_PER_S,
    )


def is_limit(value: float, resource: str) -> bool:
    """Whether so much of a resource is a limit at all: a cgroup without one says 2^63 - 1."""
    return 0.0 < value < {"memory": _MOST_BYTES, "cpu": _MOST_CORES}.get(resource, math.inf)


def left_out(cleaned: Cleaned) -> tuple[str, ...]:
    """Return what there is to say of samples that were left out."""
    n = cleaned.left_out
    return (f"{n} impossible samples left out",) if n else ()


def ends_unseen(cleaned: Cleaned) -> tuple[str, ...]:
    """Return why a sum is a lower bound: what some series say at last, or at all, cannot be."""
    return (f"{cleaned.cut} series end in impossible samples",) if cleaned.cut else ()


def most_memory(limits: Mapping[Container, float]) -> Mapping[Container, float]:
    """Return the largest working set that may be seen of each container that has a limit."""
    return {container: limit * _LIMIT_SLACK for container, limit in limits.items()}


def possible_memory(series: tuple[Series, ...], limits: Mapping[Container, float]) -> Cleaned:
    """Return working sets without what is above the limit: the kernel kills before."""
    mosts = most_memory(limits)

    def fits(item: Series) -> Callable[[float], bool]:
        most = mosts.get(container_of(item), _MOST_BYTES)
        return lambda value: 0.0 <= value <= most

    return _filtered(series, fits)


def possible_cpu(series: tuple[Series, ...], limits: Mapping[Container, float]) -> Cleaned:
    """Return CPU counters without samples that lie further ahead than any container could get."""
    return _counted(
        series,
        lambda value: 0.0 <= value < _MOST_CPU_S,
        lambda item: limits.get(container_of(item), _MOST_CORES / _STEP_SLACK) * _STEP_SLACK,
    )


def _counted(
    series: tuple[Series, ...],
    fits: Callable[[float], bool],
    most_per_s_of: Callable[[Series], float],
) -> Cleaned:
    """Return counters without samples further ahead of the last than they could get."""
    kept: list[Series] = []
    left_out = cut = 0
    for item in series:
        most_per_s = most_per_s_of(item)
        points: list[tuple[float, float]] = []
        for at_s, value in zip(item.times_s, item.values, strict=True):
            is_ahead = bool(points) and value - points[-1][1] > most_per_s * (at_s - points[-1][0])
            if fits(value) and not is_ahead:
                points.append((at_s, value))
        left_out += len(item.times_s) - len(points)
        cut += bool(item.times_s) and (not points or points[-1][0] < item.times_s[-1])
        kept.append(_with_points(item, points))
    return Cleaned(series=tuple(kept), left_out=left_out, cut=cut)


def _filtered(
    series: tuple[Series, ...], fits_of: Callable[[Series], Callable[[float], bool]]
) -> Cleaned:
    kept: list[Series] = []
    left_out = cut = 0
    for item in series:
        fits = fits_of(item)
        points = [
            (at_s, value)
            for at_s, value in zip(item.times_s, item.values, strict=True)
            if fits(value)
        ]
        left_out += len(item.times_s) - len(points)
        cut += bool(item.times_s) and not points
        kept.append(_with_points(item, points))
    return Cleaned(series=tuple(kept), left_out=left_out, cut=cut)


def _with_points(series: Series, points: list[tuple[float, float]]) -> Series:
    if len(points) == len(series.times_s):
        return series
    return replace(
        series,
        times_s=tuple(at_s for at_s, _ in points),
        values=tuple(value for _, value in points),
    )
