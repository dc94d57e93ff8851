"""Executors or hosts whose tasks take longer than the same stages' tasks elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lm_assets.model.application_profile import ApplicationProfile
from lm_assets.regression.causes.samples import ratio_change

_FEWEST_TASKS = 5
_LEAST_SLOWDOWN, _ALPHA = 0.20, 0.01
# Tasks of one run against its other tasks: a busy machine slows both, and hides neither.
_PLAIN_SLOWDOWN, _PLAIN_ALPHA = 0.50, 0.001


@dataclass(frozen=True, kw_only=True, slots=True)
class SlowHost:
    """The slowest place of the current runs: how many times as long its tasks ran as others'."""

    name: str
    slowdown: float
    slowdown_baseline: float
    excess_s: tuple[float, ...]
    p: float

    @property
    def is_plain(self) -> bool:
        """Whether it is beyond doubt, however much the application's time varies."""
        growth = self.slowdown / self.slowdown_baseline - 1.0
        return self.p < _PLAIN_ALPHA and growth >= _PLAIN_SLOWDOWN


@dataclass(frozen=True, kw_only=True, slots=True)
class _Slowest:
    name: str
    slowdown: float
    excess_s: float


def slow_host(
    baseline: Sequence[ApplicationProfile], current: Sequence[ApplicationProfile]
) -> SlowHost | None:
    """Return the place that became slow against the others; None where none stands out."""
    before = [_slowest(run) for run in baseline]
    now = [_slowest(run) for run in current]
    old = [one.slowdown for one in before if one is not None]
    new = [one.slowdown for one in now if one is not None]
    if len(new) != len(current) or len(old) != len(baseline):
        return None
    ratio = ratio_change(old, new)
    if ratio is None or ratio.p is None or ratio.p >= _ALPHA or ratio.change < _LEAST_SLOWDOWN:
        return None
    names = [one.name for one in now if one is not None]
    return SlowHost(
        name=max(set(names), key=names.count),
        slowdown=float(np.mean(new)),
        slowdown_baseline=float(np.mean(old)),
        excess_s=tuple(one.excess_s for one in now if one is not None),
        p=ratio.p,
    )


def _slowest(run: ApplicationProfile) -> _Slowest | None:
    """Return the place whose tasks took longest against the same stages' tasks elsewhere."""
    by_host = len({executor.host for executor in run.executors if executor.tasks}) > 1
    places: dict[str, list[float]] = {}
    for executor in run.executors:
        name = executor.host if by_host else f"executor {executor.executor_id}"
        sums = places.setdefault(name, [0.0, 0.0, 0.0])
        sums[0] += executor.tasks
        sums[1] += executor.run_time_ms
        sums[2] += executor.expected_ms
    worked = {n: s for n, s in places.items() if s[0] >= _FEWEST_TASKS and s[1] > 0 and s[2] > 0}
    if len(worked) < 2:
        return None
    ran, expected = (sum(s[n] for s in worked.values()) for n in (1, 2))
    found = []
    for name, (_, its_run, its_expected) in worked.items():
        rest = (ran - its_run) / max(expected - its_expected, 1e-9)
        slowdown = (its_run / its_expected) / max(rest, 1e-9)
        found.append(
            _Slowest(
                name=name,
                slowdown=slowdown,
                excess_s=its_run * max(1.0 - 1.0 / slowdown, 0.0) / 1_000.0,
            )
        )
    return max(found, key=lambda one: one.slowdown)
