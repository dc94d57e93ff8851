"""Baselines in Dagster: what is observed and what is proposed."""

import dataclasses
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from click.testing import CliRunner

from lm_assets.cli.baseline.group import baseline
from lm_assets.gateways.baseline_file.file import content_digest, read_catalogue, write_catalogue
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.bucket.proposals import write_proposal
from lm_assets.gateways.configuration import Configuration, load_configuration
from lm_assets.model.baseline import BaselineCatalogue
from lm_assets.orchestration import baseline_metadata
from lm_assets.orchestration.assets.baseline_catalogue import baseline_catalogue
from lm_assets.orchestration.assets.judgement import regression_verdicts
from lm_assets.orchestration.assets.proposals import baseline_proposal
from lm_assets.orchestration.tables_of_campaigns import RECORDS
from lm_assets.regression.baselines import initial_entries
from lm_assets_tests.builders import COMBINATION, STARTED, a_record
from lm_assets_tests.conftest import PROJECT
from lm_assets_tests.fakes.object_store import InMemoryObjectStore

WEEKLY, NIGHTLY = "weekly-2026-11-29-7a7a7a7", "nightly-2026-11-29-7a7a7a7"
SOUND = (12.0, 12.1, 12.2, 12.3, 12.4)
NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)


def runs(campaign, *, factor=1.0, after=timedelta(days=7)):
    return [
        a_record(
            campaign=campaign,
            run_id=f"run-{k}",
            started_at=STARTED + after + timedelta(minutes=k),
            ended_at=STARTED + after + timedelta(minutes=k, seconds=12),
            tier3_performance={"duration_s": duration * factor},
        )
        for k, duration in enumerate(SOUND)
    ]


@pytest.fixture
def settings(tmp_path) -> Configuration:
    """The shipped configuration in a folder of the test's own, with one baseline."""
    shutil.copytree(PROJECT / "config", tmp_path / "config")
    configuration = load_configuration(tmp_path / "config")
    before = runs("nightly-2026-11-22-1a2b3c4", after=timedelta(0))
    entries, _ = initial_entries(before, now=STARTED + timedelta(days=1), reason="initial")
    write_catalogue(
        configuration.baselines_path,
        BaselineCatalogue(entries=entries),
        content_digest(configuration.baselines_path),
    )
    return configuration


@pytest.fixture
def bucket() -> CampaignBucket:
    return CampaignBucket(InMemoryObjectStore(now=lambda: NOW))


def land(bucket, campaign, records) -> None:
    bucket.store.write(f"incoming/{campaign}/_SUCCESS", b"")
    bucket.write_records(campaign, records)


def proposed(campaign, records, bucket, settings) -> dg.MaterializeResult:
    land(bucket, campaign, records)
    context = dg.build_asset_context(partition_key=campaign)
    return baseline_proposal(
        context, raw_metrics=RECORDS.frame(records), bucket=bucket, settings=settings
    )


def proposals(bucket) -> dict[str, bytes]:
    return {item.key: bucket.store.read(item.key) for item in bucket.store.list("proposals/")}


class TestProposal:
    def test_a_weekly_campaign_proposes_and_applies_nothing(self, bucket, settings):
        before = settings.baselines_path.read_bytes()
        result = proposed(WEEKLY, runs(WEEKLY, factor=0.7), bucket, settings)
        assert settings.baselines_path.read_bytes() == before
        assert set(proposals(bucket)) == {
            f"proposals/{WEEKLY}/load-test-baselines.yaml",
            f"proposals/{WEEKLY}/pull-request.md",
        }
        assert (result.metadata["proposal"], result.metadata["changed"]) == ("made", 1)
        text = proposals(bucket)[f"proposals/{WEEKLY}/pull-request.md"].decode()
        assert result.metadata["pull_request"].value == text
        assert "**Unacknowledged slow-downs accepted: 0**" in text

    def test_what_the_runs_counted_is_proposed_beside_their_baselines(self, bucket, settings):
        counted = [
            dataclasses.replace(run, extra={"behaviour": {"tasks": 8}})
            for run in runs(WEEKLY, factor=0.7)
        ]
        proposed(WEEKLY, counted, bucket, settings)
        beside = proposals(bucket)[f"proposals/{WEEKLY}/load-test-behaviour.yaml"]
        assert b"tasks: 8" in beside

    def test_a_repeat_is_the_same_to_the_byte(self, bucket, settings):
        proposed(WEEKLY, runs(WEEKLY, factor=0.7), bucket, settings)
        first = proposals(bucket)
        proposed(WEEKLY, runs(WEEKLY, factor=0.7), bucket, settings)
        assert proposals(bucket) == first

    def test_it_is_what_the_command_writes(self, bucket, settings, tmp_path):
        proposed(WEEKLY, runs(WEEKLY, factor=0.7), bucket, settings)
        folder = tmp_path / "proposal"
        arguments = ["propose", "--campaign", WEEKLY, "--output", str(folder)]
        arguments += ["--config", str(settings.directory)]
        done = CliRunner().invoke(baseline, arguments, obj=bucket, standalone_mode=False)
        assert done.return_value == 0, done.output
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
            key.rpartition("/")[2]: content for key, content in proposals(bucket).items()
        }

    def test_noise_proposes_a_text_that_says_so_and_no_catalogue(self, bucket, settings):
        result = proposed(WEEKLY, runs(WEEKLY, factor=1.02), bucket, settings)
        assert list(proposals(bucket)) == [f"proposals/{WEEKLY}/pull-request.md"]
        assert result.metadata["proposal"] == "nothing to change"
        assert result.metadata["not_due"] == 1

    def test_an_accepted_proposal_is_not_made_again(self, bucket, settings):
        proposed(WEEKLY, runs(WEEKLY, factor=0.7), bucket, settings)
        content = proposals(bucket)[f"proposals/{WEEKLY}/load-test-baselines.yaml"]
        settings.baselines_path.write_bytes(content)
        result = proposed(WEEKLY, runs(WEEKLY, factor=0.7), bucket, settings)
        assert result.metadata["already_accepted"] == 1
        assert list(proposals(bucket)) == [f"proposals/{WEEKLY}/pull-request.md"]

    @pytest.mark.parametrize("campaign", [NIGHTLY, "ci-2026-11-29-7a7a7a7"])
    def test_other_stages_propose_nothing_and_say_so(self, bucket, settings, campaign):
        write_proposal(
            bucket.store, campaign, catalogue="earlier", behaviour="earlier", text="earlier"
        )
        result = proposed(campaign, runs(campaign, factor=0.7), bucket, settings)
        assert result.metadata == {"proposal": "not due at this stage"}
        assert proposals(bucket) == {}

    def test_runs_without_times_propose_nothing_and_say_why(self, bucket, settings):
        timeless = [dataclasses.replace(r, started_at=None, ended_at=None) for r in runs(WEEKLY)]
        result = proposed(WEEKLY, timeless, bucket, settings)
        assert "not possible: no run" in result.metadata["proposal"]
        assert proposals(bucket) == {}


def committed(folder: Path) -> str:
    """Commit a folder's content in a repository of its own and return the revision."""
    git = ["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@example.com"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "baselines"]):
        subprocess.run([*git, *arguments], check=True, capture_output=True)
    done = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    return done.stdout.strip()


class TestRevision:
    def shown(self, settings) -> list[object]:
        """The revision that the catalogue, a verdict and a combination's baseline show."""
        definitions = dg.Definitions(
            assets=[baseline_catalogue],
            jobs=[dg.define_asset_job("look", selection=["baseline_catalogue"])],
            resources={"settings": settings},
        )
        done = definitions.resolve_job_def("look").execute_in_process()
        (observed,) = done.asset_observations_for_node("baseline_catalogue")
        bucket = CampaignBucket(InMemoryObjectStore())
        land(bucket, NIGHTLY, runs(NIGHTLY))
        judged = regression_verdicts(
            dg.build_asset_context(partition_key=NIGHTLY),
            raw_metrics=RECORDS.frame(runs(NIGHTLY)),
            confirmation_runs=RECORDS.frame([]),
            bucket=bucket,
            settings=settings,
        )
        catalogue = read_catalogue(settings.baselines_path)
        of_entry = baseline_metadata.of_baseline(
            catalogue.entries[COMBINATION], settings.metrics, revision=catalogue.revision
        )
        assert observed.data_version == observed.metadata["digest"].value == catalogue.digest
        shown = [m.get("baseline_revision") for m in (observed.metadata, judged.metadata, of_entry)]
        return [getattr(value, "value", value) for value in shown]

    def test_without_a_repository_there_is_none(self, settings):
        assert self.shown(settings) == [None, None, None]

    def test_it_is_the_commit_and_says_when_the_file_was_modified_since(self, settings):
        revision = committed(settings.directory)
        assert self.shown(settings) == [revision] * 3
        text = settings.baselines_path.read_text().replace("reason: initial", "reason: other")
        settings.baselines_path.write_text(text)
        assert self.shown(settings) == [f"{revision}-modified"] * 3
