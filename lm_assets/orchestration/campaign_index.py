"""The index over campaigns, from what the bucket keeps of them."""

from collections.abc import Sequence

from lm_assets.gateways.bucket import object_keys
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.campaign_index import (
    IndexPage,
    RebuiltIndex,
    card_objects,
    rebuild_index,
    write_card,
)
from lm_assets.gateways.bucket.kept_campaigns import kept_campaigns
from lm_assets.gateways.bucket.verdict_json import campaign_verdict
from lm_assets.gateways.configuration import Configuration
from lm_assets.model.campaign_card import CampaignCard
from lm_assets.model.summary import MetricSummary
from lm_assets.model.verdict import CampaignVerdict
from lm_assets.reports.index.card import campaign_card
from lm_assets.reports.index.page import PAGE_VERSION, index_page


def put_in_index(
    bucket: CampaignBucket,
    verdict: CampaignVerdict,
    summaries: Sequence[MetricSummary],
    settings: Configuration,
) -> RebuiltIndex:
    """Write a campaign's card and bring the pages of the index to it."""
    _write_card(bucket, verdict, summaries, settings)
    return refresh_index(bucket)


def refresh_index(bucket: CampaignBucket) -> RebuiltIndex:
    """Bring the pages of the index to the cards that there are."""
    return rebuild_index(bucket.store, render=_rendered, version=PAGE_VERSION)


def complete_index(bucket: CampaignBucket, settings: Configuration) -> RebuiltIndex:
    """Make the cards of judged campaigns that have none, and bring the pages to all of them.

    For campaigns that an earlier version judged, and for cards that were lost.
    """
    known = {card.campaign for card in card_objects(bucket.store)}
    for campaign in kept_campaigns(bucket):
        if campaign not in known and bucket.store.exists(object_keys.verdicts_key(campaign)):
            verdict = campaign_verdict(bucket.verdict_rows(campaign))
            _write_card(bucket, verdict, bucket.summaries(campaign), settings)
    return refresh_index(bucket)


def _write_card(
    bucket: CampaignBucket,
    verdict: CampaignVerdict,
    summaries: Sequence[MetricSummary],
    settings: Configuration,
) -> None:
    reports = bucket.store.children(object_keys.reports_prefix(verdict.campaign)).objects
    names = {item.key.rpartition("/")[2] for item in reports}
    card = campaign_card(
        verdict,
        facts=bucket.facts(verdict.campaign),
        summaries=summaries,
        metrics=settings.metrics,
        matrix=settings.matrix,
        reports=[name for name in object_keys.REPORT_NAMES if name in names],
    )
    write_card(bucket.store, card)


def _rendered(page: IndexPage, cards: Sequence[CampaignCard]) -> bytes:
    return index_page(
        cards,
        title=page.title,
        to_reports=page.to_reports,
        links=page.links,
        campaigns=page.campaigns,
    )
