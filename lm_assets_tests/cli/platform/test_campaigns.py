"""``lm campaigns`` and ``lm quarantine``: how things stand, and what was refused."""

import json
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from lm_assets.cli.main import lm
from lm_assets.cli.platform import campaigns as campaigns_module
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.verdict_json import verdict_rows
from lm_assets.model.errors import LmError
from lm_assets.model.verdict import Verdict
from lm_assets_tests.builders import CAMPAIGN, a_cell, a_quarantined_line, a_record, a_verdict
from lm_assets_tests.fakes.object_store import InMemoryObjectStore


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> CampaignBucket:
    """The bucket of the environment is one in memory."""
    store = InMemoryObjectStore()

    class OfEnvironment:
        @staticmethod
        def from_environment(_environment):
            return store

    monkeypatch.setattr(campaigns_module, "S3ObjectStore", OfEnvironment)
    return CampaignBucket(store)


def ended(*arguments: str):
    result = CliRunner().invoke(lm, arguments, standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return result.return_value, result.stdout


def test_none_says_how_to_deliver_one(bucket):
    assert "lm submit FOLDER" in ended("campaigns")[1]


def test_each_campaign_has_its_verdict_or_waits_for_it(bucket):
    bucket.write_records(CAMPAIGN, [a_record()])
    bucket.write_verdict_rows(CAMPAIGN, verdict_rows(a_verdict([a_cell()])))
    bucket.store.write("incoming/ci-2/a/r.jsonl", b"{}")
    bucket.store.write(f"incoming/{CAMPAIGN}-confirm/a/r.jsonl", b"{}")
    rows = {r["campaign"]: r for r in json.loads(ended("campaigns", "--json")[1])["campaigns"]}
    assert set(rows) == {CAMPAIGN, "ci-2"}
    assert (rows[CAMPAIGN]["verdict"], rows[CAMPAIGN]["runs"]) == ("regressed", 1)
    assert (rows["ci-2"]["verdict"], rows["ci-2"]["is_judged"]) == ("waiting", False)
    assert "ci-2" in ended("campaigns")[1]
    assert json.loads(ended("campaigns", "--limit", "1", "--json")[1])["more"] == 1


def test_a_campaign_that_is_compared_with_itself_is_never_shown_as_unchanged(bucket):
    cell = a_cell(verdict=Verdict.UNCHANGED, flags=("own_baseline",))
    bucket.write_verdict_rows(CAMPAIGN, verdict_rows(a_verdict([cell])))
    shown = ended("campaigns")[1]
    assert "compared with itself" in shown
    assert "unchanged" not in shown
    assert json.loads(ended("campaigns", "--json")[1])["campaigns"][0]["is_own_baseline"] is True


def test_the_latest_is_the_one_that_ran_last_whenever_it_was_judged(bucket):
    for day in (3, 1, 2):
        moment = datetime(2026, 11, day, 6, tzinfo=UTC)
        record = a_record(campaign=f"ci-{day}", started_at=moment, ended_at=moment)
        bucket.write_records(f"ci-{day}", [record])
    rows = json.loads(ended("campaigns", "--json")[1])["campaigns"]
    assert [row["campaign"] for row in rows] == ["ci-3", "ci-2", "ci-1"]


def test_the_quarantine_is_listed_line_by_line(bucket):
    bucket.write_quarantine(CAMPAIGN, [a_quarantined_line()])
    code, text = ended("quarantine", CAMPAIGN)
    assert (code, "unknown_combination" in text) == (4, True)
    (line,) = json.loads(ended("quarantine", CAMPAIGN, "--json")[1])["quarantined"]
    assert line["rule"] == "unknown_combination"


def test_an_empty_quarantine_is_well_and_one_of_nothing_is_none(bucket):
    with pytest.raises(LmError, match="nothing of nightly-2026-11-22-1a2b3c4 has landed"):
        ended("quarantine", CAMPAIGN)
    bucket.store.write(f"incoming/{CAMPAIGN}/_SUCCESS", b"")
    assert ended("quarantine", CAMPAIGN) == (0, "")


def test_what_can_be_no_campaign_is_a_usage_error(bucket):
    with pytest.raises(LmError, match="can be no campaign id"):
        ended("quarantine", "a b")
