"""What a run did, in counts: what a record carries of it, and what of it is exact."""

from collections.abc import Mapping, Sequence

from lm_assets.model.record import RunRecord

# Where a record's ``extra`` has it.
BEHAVIOUR = "behaviour"
# A digest, where the others are counts.
PLANS = "plans"
# Fewer runs that agree may agree by chance.
FEWEST_RUNS = 3
# What happens to a run, as opposed to what it does: one lost task is no other behaviour.
_OF_CHANCE = frozenset({"failed_tasks", "killed_tasks", "speculative_tasks"})
_LONGEST_DIGEST = 64

Behaviour = Mapping[str, int | str]


def recorded_behaviour(record: RunRecord) -> Behaviour:
    """Return what is recorded of a run; a result line may have a field of that name as well.

    Examples
    --------
    >>> from lm_assets.model.record import SourceObject
    >>> source = SourceObject(key="k", etag="e", line=1)
    >>> run = RunRecord(campaign="c", combination="x", dimensions={}, run_id="1", started_at=None,
    ...     ended_at=None, source_object=source,
    ...     extra={"behaviour": {"tasks": 8, "plans": "1a2b", "failed_tasks": 0, "note": 0.5}})
    >>> recorded_behaviour(run)
    {'tasks': 8, 'plans': '1a2b'}
    """
    found = record.extra.get(BEHAVIOUR)
    if not isinstance(found, Mapping):
        return {}
    return {
        str(name): value
        for name, value in found.items()
        if name not in _OF_CHANCE and _is_usable(str(name), value)
    }


def exact_behaviour(runs: Sequence[RunRecord]) -> Behaviour:
    """Return the counters on which the runs agree to the last digit, three of them or more."""
    counted = [behaviour for run in runs if (behaviour := recorded_behaviour(run))]
    if len(counted) < FEWEST_RUNS:
        return {}
    first = counted[0]
    return {
        name: first[name]
        for name in sorted(first)
        if all(other.get(name) == first[name] for other in counted)
    }


def _is_usable(name: str, value: object) -> bool:
    if name == PLANS:
        return isinstance(value, str) and 0 < len(value) <= _LONGEST_DIGEST
    return isinstance(value, int) and not isinstance(value, bool)
