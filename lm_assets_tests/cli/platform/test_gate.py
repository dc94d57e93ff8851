"""``lm gate``: a stored verdict as an exit code, and what became of its suspicions."""

import dataclasses
import json

import click
import pytest
from click.testing import CliRunner

from lm_assets.cli.platform import gate as gate_module
from lm_assets.cli.platform.gate import Duration, gate
from lm_assets.cli.platform.standing import wait_for_standing
from lm_assets.collect.landing.delivery import delivery_digest
from lm_assets.gateways.bucket import object_keys
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.deliveries import write_delivery
from lm_assets.gateways.bucket.verdict_json import verdict_rows
from lm_assets.model.delivery import Delivery
from lm_assets.model.errors import DataFaultError
from lm_assets.model.verdict import ConfirmationState, Verdict
from lm_assets.reports.gate.documents import FORMATS
from lm_assets_tests.architecture.project import PROJECT
from lm_assets_tests.builders import CAMPAIGN, a_cell, a_verdict
from lm_assets_tests.fakes.object_store import InMemoryObjectStore


@pytest.fixture(autouse=True)
def no_warehouse(monkeypatch):
    monkeypatch.delenv("LM_POSTGRES_URL", raising=False)


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


def deliver(bucket, content=b"1"):
    bucket.store.write(f"incoming/{CAMPAIGN}/a/r.jsonl", content)
    bucket.store.write(object_keys.success_key(CAMPAIGN), b"")


def judge(bucket, *, reports=object_keys.REPORT_NAMES):
    verdict = a_verdict([a_cell(verdict=Verdict.UNCHANGED)])
    digest = delivery_digest(bucket.landed(CAMPAIGN))
    bucket.write_verdict_rows(
        CAMPAIGN, verdict_rows(dataclasses.replace(verdict, delivery_digest=digest))
    )
    for name in reports:
        bucket.write_report(CAMPAIGN, name, b"-", "text/plain")


def waiting(bucket):
    code, text = ended("--json")
    document = json.loads(text)
    assert (code, document["state"], document["exit_code"]) == (5, "waiting", 5)
    return document["reason"]


class TestBoundToWhatWasDelivered:
    def test_a_campaign_that_landed_is_not_judged_yet(self, bucket):
        deliver(bucket)
        assert waiting(bucket) == "2 objects landed, and it is not judged yet"
        assert ended()[0] == 5

    def test_a_verdict_of_exactly_this_content_counts(self, bucket):
        deliver(bucket)
        judge(bucket)
        code, text = ended("--json")
        assert (code, json.loads(text)["state"]) == (0, "judged")

    def test_a_verdict_of_an_earlier_delivery_does_not(self, bucket):
        deliver(bucket)
        judge(bucket)
        deliver(bucket, b"2")
        assert "is not what its stored verdict is of" in waiting(bucket)

    def test_a_verdict_without_all_its_reports_does_not(self, bucket):
        deliver(bucket)
        judge(bucket, reports=["executive.md", "technical.html"])
        assert waiting(bucket) == "it is judged, and not yet there: detailed.pdf, raw.jsonl"

    def test_what_was_quarantined_is_told(self, bucket):
        deliver(bucket)
        judge(bucket)
        write_delivery(bucket.store, Delivery(campaign=CAMPAIGN, quarantined={"time": 5}))
        assert "quarantined: 5 × time" in ended()[1]
        assert json.loads(ended("--json")[1])["quarantined"] == {"time": 5}

    def test_nothing_at_all_is_one_document_too(self, bucket):
        code, text = ended("--json")
        assert (code, json.loads(text)["state"]) == (4, "absent")


def test_waiting_ends_with_the_verdict_or_with_the_time(bucket):
    said, slept = [], []

    def sleep(seconds):
        slept.append(seconds)
        if len(slept) == 2:
            deliver(bucket)
            judge(bucket)

    def look(wait_s):
        return wait_for_standing(
            bucket,
            CAMPAIGN,
            wait_s=wait_s,
            report=said.append,
            sleep=sleep,
            clock=lambda: sum(slept),
        )

    assert look(1.5).state == "absent"
    assert slept == [1.5]
    assert look(100.0).state == "judged"
    assert "nothing of it lies under incoming/" in said[0]


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("90s", 90), ("15m", 900), ("1h", 3600)])
def test_a_length_of_time_is_read_with_its_unit(text, seconds):
    assert Duration().convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["", "m", "15 m", "-1", "1d", "15mm"])
def test_what_is_no_length_of_time_is_a_usage_error(text):
    with pytest.raises(click.BadParameter, match="no length of time"):
        Duration().convert(text, None, None)


class TestDocuments:
    def judged(self, bucket):
        bucket.write_verdict_rows(CAMPAIGN, verdict_rows(a_verdict([a_cell()])))

    def test_several_are_written_at_once_and_the_table_is_printed_beside_them(
        self, bucket, tmp_path
    ):
        self.judged(bucket)
        wanted = {"markdown": "comment.md", "junit": "junit.xml", "sarif": "lm.sarif"}
        options = [
            word
            for name, file in wanted.items()
            for word in ("--format", name, "--out", str(tmp_path / file))
        ]
        code, printed = ended(*options)
        assert (code, "REGRESSED" in printed) == (2, True)
        assert (
            (tmp_path / "comment.md").read_text().startswith("<!-- lm-assets gate: stage=nightly")
        )
        assert (tmp_path / "junit.xml").read_text().startswith("<?xml")
        assert json.loads((tmp_path / "lm.sarif").read_text())["version"] == "2.1.0"

    def test_a_lone_format_goes_to_standard_output_in_the_tables_place(self, bucket):
        self.judged(bucket)
        code, printed = ended("--format", "github")
        assert code == 2
        assert all(line.startswith("::") for line in printed.splitlines())

    def test_the_text_says_that_no_alerts_are_known(self, bucket):
        self.judged(bucket)
        assert "LM_POSTGRES_URL is not set" in ended()[1]

    def test_the_json_says_what_is_left_without_the_known_losses(self, bucket):
        self.judged(bucket)
        document = json.loads(ended("--json")[1])
        assert document["gate"]["exit_code"] == document["exit_code"] == 2
        assert document["gate"]["known_cells"] == []

    @pytest.mark.parametrize(
        ("options", "rule"),
        [
            (("--format", "junit", "--format", "sarif"), "an --out of its own"),
            (("--out", "x"), "an --out of its own"),
            (("--format", "junit", "--out", "-", "--format", "text", "--out", "-"), "one document"),
            (("--format", "junit", "--json"), "give it an --out FILE"),
        ],
    )
    def test_what_has_no_place_is_refused(self, bucket, options, rule):
        self.judged(bucket)
        with pytest.raises(click.UsageError, match=rule):
            ended(*options)

    def test_a_place_that_cannot_be_written_is_named(self, bucket, tmp_path):
        self.judged(bucket)
        with pytest.raises(click.FileError) as refused:
            ended("--format", "junit", "--out", str(tmp_path / "none" / "junit.xml"))
        assert "junit.xml" in refused.value.format_message()

    def test_a_campaign_without_a_verdict_is_written_as_none_and_no_pass(self, bucket, tmp_path):
        comment = tmp_path / "comment.md"
        with pytest.raises(DataFaultError, match="no verdict"):
            ended("--format", "markdown", "--out", str(comment))
        assert "no pass" in comment.read_text()

    def test_every_format_is_told_of_on_the_page(self):
        page = (PROJECT / "docs" / "ci.md").read_text(encoding="utf-8")
        for name in ("text", *FORMATS):
            assert f"| `{name}` |" in page
