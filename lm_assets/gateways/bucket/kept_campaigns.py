"""Which campaigns the bucket still holds, how much of them, and since when."""

from dataclasses import dataclass
from datetime import datetime

from lm_assets.gateways.bucket import object_keys
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.object_store.protocol import ObjectInfo, ObjectNotFoundError
from lm_assets.model.campaign import confirmed_campaign


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptObjects:
    """The objects of one campaign under ``raw/`` and ``aggregated/``, as one listing saw them."""

    campaign: str
    objects: tuple[ObjectInfo, ...]

    def has(self, key: str) -> bool:
        """Tell whether there is an object with this key."""
        return any(item.key == key for item in self.objects)

    def written_at(self, key: str) -> datetime | None:
        """Return when the object with this key was written; None when there is none."""
        return next((item.last_modified for item in self.objects if item.key == key), None)

    @property
    def stored_from(self) -> datetime:
        """When the oldest of them was written."""
        return min(item.last_modified for item in self.objects)


def kept_objects(bucket: CampaignBucket, campaign: str) -> KeptObjects:
    """Return what is kept of a campaign; its ``objects`` may be none."""
    prefixes = (object_keys.raw_prefix(campaign), object_keys.aggregated_prefix(campaign))
    objects = tuple(item for prefix in prefixes for item in bucket.store.list(prefix))
    return KeptObjects(campaign=campaign, objects=objects)


def kept_campaigns(bucket: CampaignBucket) -> list[str]:
    """Return every campaign of which something is kept, in the order they were last written."""
    written: dict[str, datetime] = {}
    for prefix in (object_keys.RAW, object_keys.AGGREGATED):
        for item in bucket.store.list(prefix):
            campaign = object_keys.campaign_of(item.key)
            if campaign is not None:
                written[campaign] = max(
                    item.last_modified, written.get(campaign, item.last_modified)
                )
    return sorted(written, key=lambda campaign: (written[campaign], campaign))


def open_campaigns(bucket: CampaignBucket, *, landed_since: datetime) -> list[str]:
    """Return the campaigns that can be judged anew, those with the newest records first.

    All that landed for them landed at or after the moment, so nothing of them has expired.
    """
    newest: dict[str, datetime] = {}
    for item in bucket.store.list(object_keys.RAW):
        campaign = object_keys.campaign_of(item.key)
        if campaign is not None:
            newest[campaign] = max(item.last_modified, newest.get(campaign, item.last_modified))
    landed = bucket.incoming().of_campaigns
    closed = {campaign for campaign, item in landed if item.last_modified < landed_since}
    is_open = newest.keys() & {campaign for campaign, _ in landed} - closed
    return sorted(is_open, key=lambda c: (newest[c], c), reverse=True)


def results_since(bucket: CampaignBucket, campaign: str) -> datetime | None:
    """Return since when a campaign has been over, or judged; None when it never was judged.

    For the name under which fresh runs land, it is the campaign that asked for them.
    """
    judged = confirmed_campaign(campaign) or campaign
    try:
        judged_at = bucket.store.head(object_keys.verdicts_key(judged)).last_modified
    except ObjectNotFoundError:
        return None
    facts = bucket.facts(judged)
    # A verdict is written anew whenever the baselines change; the runs tell the true age.
    ended_at = None if facts is None else facts.ended_at
    return judged_at if ended_at is None else min(judged_at, ended_at)
