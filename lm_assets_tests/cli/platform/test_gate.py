"""``lm gate``: a stored verdict as an exit code, and what became of its suspicions."""

import json

import pytest
from click.testing import CliRunner

from lm_assets.cli.platform import gate as gate_module
from lm_assets.cli.platform.gate import gate
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.verdict_json import verdict_rows
from lm_assets.model.errors import DataFaultError
from lm_assets.model.verdict import ConfirmationState, Verdict
from lm_assets_tests.builders import CAMPAIGN, a_cell, a_verdict
from lm_assets_tests.fakes.object_store import InMemoryObjectStore


@pytest.fixture
def bucket(monkeypatch) -> CampaignBucket:
    """The bucket of the environment is one in memory."""
    store = InMemoryObjectStore()

    class OfEnvironment:
        @staticmethod
        def from_environment(_environment):
            return store

    monkeypatch.setattr(gate_module, "S3ObjectStore", OfEnvironment)
    return CampaignBucket(store)


def ended(*arguments):
    result = CliRunner().invoke(gate, ["--campaign", CAMPAIGN, *arguments], standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return result.return_value, result.stdout


@pytest.mark.parametrize(
    ("verdict", "exit_code"),
    [
        (Verdict.UNCHANGED, 0),
        (Verdict.REGRESSED, 2),
        (Verdict.SUSPECTED, 3),
        (Verdict.INCONCLUSIVE, 3),
        (Verdict.DATA_FAULT, 4),
    ],
)
def test_the_exit_code_is_the_verdicts(bucket, verdict, exit_code):
    bucket.write_verdict_rows(CAMPAIGN, verdict_rows(a_verdict([a_cell(verdict=verdict)])))
    assert ended()[0] == exit_code
    code, document = ended("--json")
    assert (code, json.loads(document)["verdict"]) == (exit_code, verdict.value)


def test_a_suspicion_says_where_fresh_runs_are_asked_for(bucket):
    verdict = a_verdict(
        [a_cell(verdict=Verdict.SUSPECTED)], confirmation=ConfirmationState(asked=1)
    )
    bucket.write_verdict_rows(CAMPAIGN, verdict_rows(verdict))
    code, text = ended()
    assert code == 3
    assert "Fresh runs are asked for of 1 suspected cell" in text
    assert f"confirmations/{CAMPAIGN}.json" in text
    assert json.loads(ended("--json")[1])["confirmation"] == {
        "asked": 1,
        "left_out": 0,
        "outcomes": {},
    }


def test_a_campaign_that_was_never_judged_is_a_data_fault_and_no_pass(bucket):
    with pytest.raises(DataFaultError, match="has no verdict"):
        ended()
