"""How a counter grew in a run: its replicas are one, and not every fall is a new beginning."""

from collections.abc import Sequence
from dataclasses import dataclass

from lm_assets.collect.prometheus.series_window import Step
from lm_assets.gateways.http.prometheus import Series

# A counter that begins anew shows what it grew since. One that falls by less only wavers: replicas
# are some seconds apart, and a kernel's sums are not atomic.
_ANEW_BELOW = 0.5


@dataclass(slots=True)
class _Level:
    """The highest value seen since the counter last began, and when that was."""

    value: float
    began_s: float


def counter_growth(
    replicas: Sequence[Series],
    *,
    start_s: float,
    until_s: float,
    from_zero: bool,
    may_begin_anew: bool = True,
) -> list[Step]:
    """Return how one counter, told by one or more replicas, grew after ``start_s``.

    Only what lies above all that was seen before is growth, whichever replica tells it, so that
    one that is behind, or outlives the other, adds nothing twice. A fall below half of a replica's
    own last value begins the counter anew; so does a series that comes when the others have ended.

    Parameters
    ----------
    from_zero : bool
        Whether a counter that is first seen within the window counts from zero: it began with the
        run. Otherwise what it shows first is where it stood.
    may_begin_anew : bool
        False for a counter that nothing sets back while its labels stay the same.
    """
    level: _Level | None = None
    last: dict[int, tuple[float, float]] = {}
    steps: list[Step] = []
    for at_s, value, replica in _points(replicas, until_s):
        before = last.get(replica)
        is_stale = level is not None and before is not None and before[0] < level.began_s
        is_anew = may_begin_anew and _is_anew(replicas, replica, (at_s, value), before, level)
        if level is not None and is_stale and not is_anew:
            # This replica has not noticed yet that the counter began anew.
            last[replica] = (before[0] if before else at_s, value)
            continue
        last[replica] = (at_s, value)
        if level is None:
            grown, level = (value if from_zero else 0.0), _Level(value, -1.0)
        elif is_anew and not is_stale:
            grown, level = value, _Level(value, at_s)
        else:
            grown = max(value - level.value, 0.0)
            level.value = max(level.value, value)
        if at_s > start_s and grown > 0.0:
            steps.append(Step(at_s=at_s, by=grown))
    return steps


def replicated_growth(
    replicas: Sequence[Series], *, start_s: float, until_s: float, from_zero: bool
) -> float:
    """Return how much one counter grew after ``start_s``, by the replica that saw most of it.

    Together they see no growth of those that are behind until these are where the first one was
    when it ended; one that was there all the time saw it all.
    """
    told = [replicas, *([replica] for replica in replicas if len(replicas) > 1)]
    return max(
        sum(
            step.by
            for step in counter_growth(some, start_s=start_s, until_s=until_s, from_zero=from_zero)
        )
        for some in told
    )


def _points(replicas: Sequence[Series], until_s: float) -> list[tuple[float, float, int]]:
    return sorted(
        (at_s, value, number)
        for number, series in enumerate(replicas)
        for at_s, value in zip(series.times_s, series.values, strict=True)
        if at_s <= until_s
    )


def _is_anew(
    replicas: Sequence[Series],
    replica: int,
    point: tuple[float, float],
    before: tuple[float, float] | None,
    level: _Level | None,
) -> bool:
    at_s, value = point
    if before is not None:
        return value < before[1] * _ANEW_BELOW
    if level is None or value >= level.value * _ANEW_BELOW:
        return False
    others = (s for number, s in enumerate(replicas) if number != replica and s.times_s)
    return all(series.times_s[-1] < at_s for series in others if series.times_s[0] < at_s)
