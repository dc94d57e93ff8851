"""A run killed at any point and started again leaves what an undisturbed run leaves, once."""

import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets.gateways.warehouse import Warehouse
from lm_assets_tests.conftest import PROJECT
from lm_assets_tests.integration.fault_trials import CampaignRuns, TrialCounts, kill, run_trials
from lm_assets_tests.integration.left_behind import LeftBehind, clear

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

# Of two campaigns beside each other.
RANDOM_TRIALS = 10
SEEDS = (20261122, 20261123)


@pytest.fixture
def runs(service_environment: dict[str, str]) -> CampaignRuns:
    environment = {**service_environment, "LM_CONFIG_DIR": str(PROJECT / "config")}
    with Warehouse.from_environment(environment) as warehouse:
        warehouse.migrate()
    return CampaignRuns(environment)


def test_a_run_killed_at_any_point_and_repeated_loses_and_doubles_nothing(
    runs: CampaignRuns, report_count: Callable[[str], None]
):
    runs.deliver(0)
    first = runs.start()
    assert first.exit_code() == 0
    undisturbed = runs.left_behind()
    assert first.points > 10
    assert undisturbed.count("load_runs") == 10
    assert len(undisturbed.keys("quarantine/")) == 2

    for kill_at in range(1, first.points + 1):
        clear(runs.environment)
        assert runs.start(kill_at).exit_code() == -signal.SIGKILL, f"outlived point {kill_at}"
        runs.complete()
        assert runs.left_behind() == undisturbed, f"killed at {kill_at}"
    report_count(f"runs killed at each outward step: {first.points} trials, lost 0, doubled 0")


def test_a_run_killed_at_random_moments_and_repeated_loses_and_doubles_nothing(
    runs: CampaignRuns, report_count: Callable[[str], None]
):
    campaigns = [replace(runs, campaign=f"{runs.campaign}-{seed}") for seed in SEEDS]
    undisturbed = [campaign.undisturbed() for campaign in campaigns]

    def trials(campaign: CampaignRuns, whole: tuple[LeftBehind, ...], seed: int) -> TrialCounts:
        return run_trials(campaign, kill, whole=whole, trials=RANDOM_TRIALS, seed=seed)

    with ThreadPoolExecutor(len(campaigns)) as pool:
        first, second = pool.map(trials, campaigns, undisturbed, SEEDS)
    counts = first + second
    assert (counts.torn, counts.lost, counts.doubled) == ([], [], [])
    assert len(counts.places) >= 5, "the kills did not spread over the run"
    report_count(f"runs killed at random moments (seeds {SEEDS}): {counts}")


def test_a_repeat_without_reports_writes_them_byte_for_byte_again(runs: CampaignRuns):
    runs.deliver(0)
    runs.complete()
    before = runs.left_behind()
    store = S3ObjectStore.from_environment(runs.environment)
    reports = before.keys("reports/")
    assert len(reports) == 4
    for key in reports:
        store.delete(key)
    runs.complete()
    assert runs.left_behind() == before
