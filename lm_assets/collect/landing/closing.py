"""When a campaign is closed: so old that its landed objects expire, one by one.

What is left of an expiring campaign is a part of it. Judged anew it would give another verdict in
place of the good one, so from a certain age on nothing starts a campaign by itself: not objects
that vanish, not objects that come late. Delivered anew and whole it is open again.
"""

from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from lm_assets.collect.landing.landed_objects import LandedObject
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.kept_campaigns import results_since
from lm_assets.model.errors import DataFaultError
from lm_assets.model.record import RunRecord


class Closing(StrEnum):
    """What a changed campaign is: ``late`` and ``expiring`` ones are closed."""

    OPEN = "open"
    EXPIRING = "expiring"
    LATE = "late"


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """A campaign's landed objects at one moment: how many, and from when to when they came."""

    objects: int
    oldest: datetime
    newest: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class ClosingRule:
    """From which age on a campaign is closed.

    ``results_since`` gives the moment from which on there are results of a campaign, None when
    there are none. It is asked about campaigns of which it is not known when they were started.
    """

    closing_after: timedelta
    results_since: Callable[[str], datetime | None]


def closing(
    campaign: str,
    now_there: Delivery,
    started_with: Delivery | None,
    *,
    now: datetime,
    rule: ClosingRule,
) -> Closing:
    """Return whether a campaign whose objects have changed may be started with what is there.

    Parameters
    ----------
    now_there : Delivery
        Its objects now.
    started_with : Delivery or None
        Its objects when it was last started; None when that is not known.
    """
    if started_with is None:
        since = rule.results_since(campaign)
        if since is None or now - min(since, now_there.oldest) < rule.closing_after:
            return Closing.OPEN
        return Closing.LATE if now_there.newest > since else Closing.EXPIRING
    if now - started_with.oldest < rule.closing_after or _is_anew(now_there, started_with):
        return Closing.OPEN
    return Closing.LATE if now_there.newest > started_with.newest else Closing.EXPIRING


def refuse_expired(
    campaign: str,
    landed: Iterable[LandedObject],
    *,
    bucket: CampaignBucket,
    now: datetime,
    closing_after: timedelta,
) -> None:
    """Refuse to collect a campaign of which objects have expired that its records came from.

    A person may start any campaign at any time; this keeps a part of one from replacing the whole.

    Raises
    ------
    DataFaultError
        Saying what is gone, and what stays as it is.
    """
    times = {item.key: item.last_modified for item in landed}
    if times and now - min(times.values()) < closing_after:
        return
    refuse_gone_sources(campaign, bucket.records_left(campaign), landed=times.keys())
    if not times and results_since(bucket, campaign) is not None:
        raise DataFaultError(
            f"campaign {campaign!r} has expired: nothing of it is left under incoming/ and raw/; "
            "its results stay as they are. To collect it anew, deliver it whole"
        )


def refuse_gone_sources(campaign: str, stored: Iterable[RunRecord], *, landed: Set[str]) -> None:
    """Refuse to replace stored records when objects that they came from are gone.

    Raises
    ------
    DataFaultError
        Saying what is gone, and what stays as it is.
    """
    sources = {record.source_object.key for record in stored}
    if gone := sorted(sources - landed):
        raise DataFaultError(
            f"campaign {campaign!r} has begun to expire: {len(gone)} of the {len(sources)} objects "
            f"that its records came from are gone, such as {gone[0]}; its records and results stay "
            "as they are. To collect it anew, deliver it whole"
        )


def _is_anew(now_there: Delivery, started_with: Delivery) -> bool:
    is_newer = now_there.oldest > started_with.newest
    return is_newer and now_there.objects >= started_with.objects
