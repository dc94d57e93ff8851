"""Judged campaigns for messages, each read once."""

from collections.abc import Callable
from functools import cache

from lm_assets.alerts.webhook import JudgedCampaign
from lm_assets.collect.collector import campaign_manifest
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.verdict_json import campaign_verdict
from lm_assets.model.errors import LmError

JudgedBy = Callable[[str], JudgedCampaign | None]


def judged_in(bucket: CampaignBucket) -> JudgedBy:
    """Return what finds a campaign as it was judged; None of one that has expired.

    What cannot be read holds up no message: it is told without it.
    """

    @cache
    def judged(campaign: str) -> JudgedCampaign | None:
        try:
            manifest, _ = campaign_manifest(bucket, campaign)
            verdict = campaign_verdict(bucket.verdict_rows(campaign))
        except LmError:
            return None
        return JudgedCampaign(verdict=verdict, manifest=manifest)

    return judged


def nothing_judged(_campaign: str) -> JudgedCampaign | None:
    """Return None: for who tells of alerts and has no campaigns."""
    return None
