"""What reports are made from: put together once for a campaign's four layers, never for two."""

import pandas as pd
import pytest

from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.object_keys import success_key
from lm_assets.gateways.bucket.verdict_json import verdict_rows
from lm_assets.gateways.configuration import load_configuration
from lm_assets.orchestration.report_material import ReportMaterials
from lm_assets.orchestration.tables_of_campaigns import RECORDS, SUMMARIES, VERDICTS
from lm_assets_tests.builders import a_record, a_summary, a_verdict
from lm_assets_tests.conftest import PROJECT
from lm_assets_tests.fakes.object_store import InMemoryObjectStore

FIRST, SECOND = "nightly-1", "nightly-2"


@pytest.fixture(scope="module")
def materials() -> ReportMaterials:
    store = InMemoryObjectStore()
    for campaign in (FIRST, SECOND):
        store.write(success_key(campaign), b"")
    return ReportMaterials(CampaignBucket(store), load_configuration(PROJECT / "config"))


def frames_of(campaign: str) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    return (
        RECORDS.frame([a_record(campaign=campaign)]),
        SUMMARIES.frame([a_summary(campaign=campaign)]),
        VERDICTS.frame(verdict_rows(a_verdict(campaign=campaign))),
    )


def test_layers_of_one_campaign_share_their_material(materials: ReportMaterials) -> None:
    first = materials.of(FIRST, frames_of(FIRST))
    assert materials.of(FIRST, frames_of(FIRST)) is first


def test_another_campaign_has_a_material_of_its_own(materials: ReportMaterials) -> None:
    materials.of(FIRST, frames_of(FIRST))
    second = materials.of(SECOND, frames_of(SECOND))
    assert (second.verdict.campaign, second.manifest.campaign) == (SECOND, SECOND)
    assert {summary.campaign for summary in second.summaries} == {SECOND}
