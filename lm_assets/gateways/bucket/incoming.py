"""What load runners left under ``incoming/``, told apart by campaign."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from itertools import chain

from lm_assets.gateways.bucket import object_keys
from lm_assets.gateways.object_store.protocol import ObjectInfo, ObjectStore


@dataclass(frozen=True, kw_only=True, slots=True)
class Incoming:
    """What a look at ``incoming/`` saw: objects with their campaign, and those without one.

    ``passed_over`` are campaigns that are there and whose objects were not looked at.
    """

    of_campaigns: list[tuple[str, ObjectInfo]]
    unusable: list[ObjectInfo]
    passed_over: frozenset[str] = frozenset()


def incoming_objects(store: ObjectStore, *, passing_over: Collection[str] = ()) -> Incoming:
    """Return every landed object, those that lie in no usable campaign's folder apart.

    Of the campaigns ``passing_over`` it is only seen whether they are there.
    """
    if not passing_over:
        return _told_apart(store.list(object_keys.INCOMING))
    children = store.children(object_keys.INCOMING)
    skipped = {object_keys.incoming_prefix(campaign): campaign for campaign in passing_over}
    listed = (store.list(folder) for folder in children.folders if folder not in skipped)
    return replace(
        _told_apart(chain(children.objects, *listed)),
        passed_over=frozenset(skipped[f] for f in children.folders if f in skipped),
    )


def _told_apart(objects: Iterable[ObjectInfo]) -> Incoming:
    of_campaigns: list[tuple[str, ObjectInfo]] = []
    unusable: list[ObjectInfo] = []
    for item in objects:
        campaign = object_keys.campaign_of(item.key)
        if campaign is None:
            unusable.append(item)
        else:
            of_campaigns.append((campaign, item))
    return Incoming(of_campaigns=of_campaigns, unusable=unusable)
