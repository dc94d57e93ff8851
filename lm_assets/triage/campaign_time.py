"""When a campaign stands among the others of its stage."""

from datetime import UTC, datetime

from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.model.campaign import Manifest


def campaign_time(bucket: CampaignBucket, manifest: Manifest, *, now: datetime) -> datetime:
    """Return when a campaign ended, or else the next best that is known of it, in UTC.

    What lies ahead is a runner's clock: it counts as now, or every later campaign would come
    before it.
    """
    facts = bucket.facts(manifest.campaign)
    known = (
        None if facts is None else facts.ended_at,
        None if facts is None else facts.started_at,
        _moment(manifest.created_at),
        min((item.last_modified for item in bucket.landed(manifest.campaign)), default=None),
    )
    at = next((moment for moment in known if moment is not None), now)
    return min(at.astimezone(UTC), now)


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
