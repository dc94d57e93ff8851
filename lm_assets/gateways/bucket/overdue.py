"""Objects that are past their days and still there: the server does not do what its rules say.

A server expires objects at the midnight after their last day or later, so an object is overdue only
some days after that. Some servers take lifecycle rules and do nothing, some refuse them; what they
leave is removed here.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby

from lm_assets.gateways.bucket import object_keys
from lm_assets.gateways.bucket.retention import wanted_days
from lm_assets.gateways.object_store.protocol import ObjectInfo, ObjectNotFoundError, ObjectStore
from lm_assets.model.retention import RetentionPolicy

# The next midnight, and a day for the server's own round.
GRACE = timedelta(days=2)
# A removal is mostly waiting for the store.
_CONCURRENT_REMOVALS = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class OverdueObjects:
    """What is overdue under one prefix. ``days`` is for how long it is kept."""

    prefix: str
    days: int
    objects: tuple[ObjectInfo, ...]

    @property
    def bytes(self) -> int:
        """Their size in all."""
        return sum(item.size for item in self.objects)

    @property
    def oldest(self) -> datetime | None:
        """When the oldest of them was written."""
        return min((item.last_modified for item in self.objects), default=None)


def overdue_objects(
    store: ObjectStore, policy: RetentionPolicy, *, now: datetime
) -> list[OverdueObjects]:
    """Return what is overdue by prefix, in the order in which it is safe to remove.

    A campaign's objects under a prefix are overdue together, when the newest of them is: of none
    is a part removed.
    """
    days = wanted_days(policy)
    # The facts and verdicts under aggregated/ tell that a campaign was judged: they go last.
    order = [prefix for prefix in days if prefix != object_keys.AGGREGATED]
    return [
        OverdueObjects(
            prefix=prefix,
            days=days[prefix],
            objects=tuple(_overdue(store.list(prefix), now - timedelta(days=days[prefix]) - GRACE)),
        )
        for prefix in [*order, object_keys.AGGREGATED]
    ]


def remove_overdue_objects(store: ObjectStore, overdue: Iterable[OverdueObjects]) -> int:
    """Remove what is overdue and return how many objects went; cut off, a repeat removes the rest.

    An object that was written anew since it was listed stays.
    """
    removed = 0
    with ThreadPoolExecutor(_CONCURRENT_REMOVALS) as pool:
        for found in overdue:
            removed += sum(pool.map(partial(_remove, store), found.objects))
    return removed


def _overdue(objects: Iterable[ObjectInfo], cutoff: datetime) -> Iterator[ObjectInfo]:
    # A listing is in the order of the keys, so a campaign's objects follow each other.
    for _, group in groupby(objects, lambda item: _together(item.key)):
        items = list(group)
        if max(item.last_modified for item in items) < cutoff:
            yield from items


def _together(key: str) -> str:
    """Return what a key shares with those that expire with it: its campaign, or its folder."""
    if key.startswith(object_keys.ALERT_STATES):
        return key.rpartition("/")[0]
    return object_keys.campaign_of(key) or key


def _remove(store: ObjectStore, item: ObjectInfo) -> bool:
    try:
        if store.head(item.key).last_modified != item.last_modified:
            return False
    except ObjectNotFoundError:
        return False
    store.delete(item.key)
    return True
