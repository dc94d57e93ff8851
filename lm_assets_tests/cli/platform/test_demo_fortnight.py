"""The recorded fortnight tells what was done in it, and nothing else."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from lm_assets.cli.platform.demo_run import NIGHTS, OF_THE_NIGHTS, initial_plan
from lm_assets.collect.collector import CollectedCampaign, collect_campaign
from lm_assets.gateways.baseline_file.file import read_catalogue
from lm_assets.gateways.bucket.campaign_bucket import CampaignBucket
from lm_assets.gateways.clock import SystemClock
from lm_assets.gateways.configuration import Configuration, load_configuration
from lm_assets.gateways.object_store.folder import FolderStore
from lm_assets.model.baseline import BaselineCatalogue
from lm_assets.model.campaign import Stage
from lm_assets.model.history import HistoryPoint, MetricHistory
from lm_assets.model.verdict import Verdict
from lm_assets.regression.campaign_judgement import judge_campaign
from lm_assets.regression.history.of_combination import judge_combination_history
from lm_assets.regression.summaries import summarise
from lm_assets_tests.cli.platform.test_demo_baselines import DEMO, demo_configuration

SHIFTED = "4.0.5_local_join_daily"
GROWING = "4.0.5_local_read_daily"
DISTURBED = "3.5.9_local_aggregate_daily"


@dataclass(frozen=True)
class Fortnight:
    """The nights as they are collected, with the baselines of the first two."""

    settings: Configuration
    nights: dict[str, CollectedCampaign]
    catalogue: BaselineCatalogue

    def regressed(self, night: int) -> set[str]:
        """Return the combinations of which a cell regressed in a night."""
        collected = self.nights[NIGHTS[night - 1]]
        verdict = judge_campaign(
            collected.manifest,
            collected.records,
            catalogue=self.catalogue,
            metrics=self.settings.metrics,
            policy=self.settings.regression,
            matrix=self.settings.matrix,
        )
        return {cell.combination for cell in verdict.cells if cell.verdict is Verdict.REGRESSED}

    def duration(self, combination: str) -> MetricHistory:
        """Return what the weekly stage says of a combination's durations."""
        means = {
            night: summary
            for night, collected in self.nights.items()
            for summary in summarise(collected.records, self.settings.metrics)
            if (summary.combination, summary.metric) == (combination, "duration_s")
        }
        points = [
            HistoryPoint(campaign=night, value=summary.mean, runs=summary.n)
            for night, summary in means.items()
            if summary.mean is not None
        ]
        (history,) = judge_combination_history(
            {"duration_s": points},
            metrics=self.settings.metrics,
            policy=self.settings.regression.stages[Stage.WEEKLY],
        )
        return history


def collected(campaign: str, settings: Configuration) -> CollectedCampaign:
    folder = DEMO / "fortnight" / campaign
    prefix = f"incoming/{campaign}/"
    objects = {
        prefix + path.relative_to(folder).as_posix(): path
        for path in folder.rglob("*")
        if path.is_file()
    }
    return collect_campaign(
        campaign,
        bucket=CampaignBucket(FolderStore(objects=objects)),
        matrix=settings.matrix,
        metrics=settings.metrics,
        now=SystemClock().now(),
    )


@pytest.fixture(scope="module")
def fortnight(tmp_path_factory) -> Fortnight:
    folder: Path = demo_configuration(tmp_path_factory.mktemp("config"))
    settings = load_configuration(folder)
    nights = {campaign: collected(campaign, settings) for campaign in NIGHTS}
    first = [r for campaign in OF_THE_NIGHTS.campaigns for r in nights[campaign].records]
    plan = initial_plan(first, settings, read_catalogue(settings.baselines_path), OF_THE_NIGHTS)
    assert plan.refusals == ()
    return Fortnight(settings=settings, nights=nights, catalogue=plan.catalogue)


def test_every_run_of_every_night_is_there(fortnight):
    for night in fortnight.nights.values():
        assert (len(night.records), night.quarantined, night.absent_combinations) == (18, (), ())
        assert not any(record.is_failed for record in night.records)


def test_the_nights_stand_in_their_order_by_the_start_and_by_the_end_of_their_runs(fortnight):
    starts = [min(r.started_at for r in night.records) for night in fortnight.nights.values()]
    ends = [max(r.ended_at for r in night.records) for night in fortnight.nights.values()]
    assert starts == sorted(starts)
    assert ends == sorted(ends)


@pytest.mark.parametrize("night", range(1, 15))
def test_what_was_done_is_what_regresses(fortnight, night):
    expected = {SHIFTED} if night >= 9 else {DISTURBED} if night == 5 else set()
    assert fortnight.regressed(night) - {GROWING} == expected


def test_the_shift_is_found_in_its_night(fortnight):
    history = fortnight.duration(SHIFTED)
    assert history.verdict is Verdict.REGRESSED
    assert [change.campaign for change in history.change_points] == [NIGHTS[8]]


def test_the_growth_is_found_as_a_trend(fortnight):
    history = fortnight.duration(GROWING)
    assert history.verdict is Verdict.REGRESSED
    assert history.mann_kendall_p < 0.001
    assert 0.15 < history.change < 0.5


@pytest.mark.parametrize(
    "combination",
    [
        DISTURBED,
        "3.5.9_local_join_daily",
        "3.5.9_local_read_daily",
        "4.0.5_local_aggregate_daily",
    ],
)
def test_a_spike_is_no_shift_and_the_untouched_stay_as_they_were(fortnight, combination):
    assert fortnight.duration(combination).verdict is Verdict.UNCHANGED
