"""How a campaign stands: judged as it was delivered, not judged yet, or not there at all."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from lm_assets.collect.landing.delivery import delivery_digest
from lm_assets.gateways.bucket import object_keys
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.deliveries import read_delivery
from lm_assets.gateways.bucket.verdict_json import campaign_verdict
from lm_assets.gateways.object_store.protocol import ObjectNotFoundError
from lm_assets.model.delivery import Delivery
from lm_assets.model.verdict import CampaignVerdict

_LOOK_EVERY_S = 2.0


class State(StrEnum):
    """What can be said of a campaign now."""

    JUDGED = "judged"
    WAITING = "waiting"
    ABSENT = "absent"


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """A campaign's state, why it is so, and its verdict where that is of what was delivered."""

    campaign: str
    state: State
    reason: str = ""
    verdict: CampaignVerdict | None = None
    delivery: Delivery = field(default_factory=lambda: Delivery(campaign=""))


def standing(bucket: CampaignBucket, campaign: str) -> Standing:
    """Return how a campaign stands.

    A verdict counts only when it is of exactly the objects that lie under ``incoming/`` now, and
    when every report is at least as new. Of a campaign whose objects have expired it is the last.
    """
    landed = bucket.landed(campaign)
    try:
        judged_at = bucket.store.head(object_keys.verdicts_key(campaign)).last_modified
        verdict = campaign_verdict(bucket.verdict_rows(campaign))
    except ObjectNotFoundError:
        return _never_judged(campaign, landed=len(landed))
    if landed and verdict.delivery_digest != delivery_digest(landed):
        reason = f"what landed ({len(landed)} objects) is not what its stored verdict is of"
        return Standing(campaign=campaign, state=State.WAITING, reason=reason)
    written = {
        item.key: item.last_modified
        for item in bucket.store.list(object_keys.reports_prefix(campaign))
    }
    keys = {name: object_keys.report_key(campaign, name) for name in object_keys.REPORT_NAMES}
    late = [n for n, key in keys.items() if key not in written or written[key] < judged_at]
    if landed and late:
        reason = f"it is judged, and not yet there: {', '.join(late)}"
        return Standing(campaign=campaign, state=State.WAITING, reason=reason)
    delivery = read_delivery(bucket.store, campaign)
    return Standing(campaign=campaign, state=State.JUDGED, verdict=verdict, delivery=delivery)


def wait_for_standing(
    bucket: CampaignBucket,
    campaign: str,
    *,
    wait_s: float,
    report: Callable[[str], None],
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Standing:
    """Return how a campaign stands once it is judged, or when the time is over."""
    begun = clock()
    while True:
        now = standing(bucket, campaign)
        waited = clock() - begun
        if now.state is State.JUDGED or waited >= wait_s:
            return now
        report(f"{waited:4.0f} s of {wait_s:.0f} s: {now.reason}")
        sleep(min(_LOOK_EVERY_S, wait_s - waited))


def _never_judged(campaign: str, *, landed: int) -> Standing:
    if landed:
        reason = f"{landed} objects landed, and it is not judged yet"
        return Standing(campaign=campaign, state=State.WAITING, reason=reason)
    reason = f"nothing of it lies under {object_keys.incoming_prefix(campaign)}"
    return Standing(campaign=campaign, state=State.ABSENT, reason=reason)
