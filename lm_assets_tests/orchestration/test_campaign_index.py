"""A judged campaign enters the index, and what an earlier version judged is brought in."""

import pytest

from lm_assets.gateways.bucket import index_keys
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.verdict_json import verdict_rows
from lm_assets.gateways.configuration import Configuration, load_configuration
from lm_assets.orchestration.campaign_index import complete_index, put_in_index
from lm_assets_tests.builders import CAMPAIGN, a_record, a_summary, a_verdict
from lm_assets_tests.conftest import PROJECT
from lm_assets_tests.fakes.object_store import InMemoryObjectStore


@pytest.fixture(scope="module")
def settings() -> Configuration:
    return load_configuration(PROJECT / "config")


@pytest.fixture
def judged() -> CampaignBucket:
    """A campaign that is collected and judged, with a report."""
    bucket = CampaignBucket(InMemoryObjectStore())
    bucket.write_records(CAMPAIGN, [a_record()])
    bucket.write_summaries(CAMPAIGN, [a_summary()])
    bucket.write_verdict_rows(CAMPAIGN, verdict_rows(a_verdict()))
    bucket.write_report(CAMPAIGN, "technical.html", b"<p>", "text/html")
    return bucket


def front_page(bucket: CampaignBucket) -> str:
    return bucket.store.read(index_keys.FRONT_PAGE).decode()


def test_a_campaign_stands_there_with_the_reports_that_there_are(judged, settings):
    outcome = put_in_index(judged, a_verdict(), [a_summary()], settings)
    assert outcome.campaigns == 1
    assert f'href="{CAMPAIGN}/technical.html"' in front_page(judged)
    assert "detailed.pdf" not in front_page(judged)
    assert "1a2b3c4" in front_page(judged)


def test_campaigns_without_a_card_are_brought_in(judged, settings):
    by_itself = CampaignBucket(InMemoryObjectStore())
    by_itself.store.objects |= judged.store.objects
    put_in_index(by_itself, a_verdict(), [a_summary()], settings)
    complete_index(judged, settings)
    assert front_page(judged) == front_page(by_itself)


def test_what_is_there_is_not_made_again(judged, settings):
    complete_index(judged, settings)
    assert complete_index(judged, settings).written == ()


def test_a_campaign_that_was_never_judged_is_not_in_the_index(judged, settings):
    judged.write_records(
        "nightly-2026-11-30-later", [a_record(campaign="nightly-2026-11-30-later")]
    )
    assert complete_index(judged, settings).campaigns == 1
