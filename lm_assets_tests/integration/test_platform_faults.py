"""Parts of the running platform are killed, stopped and doubled; the campaign comes out right."""

import os
import random
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lm_assets_tests.integration.fault_trials import CAMPAIGN
from lm_assets_tests.integration.killable_platform import (
    LOOKS_OFTEN,
    KillablePlatform,
    killable_platform,
)
from lm_assets_tests.integration.left_behind import LeftBehind, clear

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

OTHER = "nightly-2026-11-22-other"
STEPS = random.Random(20261122)


def passable(folder: Path) -> Path:
    """Let Postgres pass through, which runs as another user where the tests run as root."""
    folder.chmod(0o711)
    return folder


class Campaign:
    """A campaign on the platform, delivered by turns in some of the two contents."""

    def __init__(self, platform: KillablePlatform, name: str, *, contents: int = 2) -> None:
        self.name = name
        self.platform = platform
        self.runs = platform.runs_of(name)
        self.whole: tuple[LeftBehind, ...] = self.runs.undisturbed(contents)
        self.content = contents - 1
        clear(platform.environment)
        self.runs.withdraw()

    def deliver(self) -> None:
        """Deliver the next content, for which the sensor starts a run."""
        self.content = (self.content + 1) % len(self.whole)
        self.since = time.time()
        self.runs.deliver(self.content)

    def run_in_random_step(self) -> tuple[str, int]:
        run, pid = self.platform.run_in_step(self.name, STEPS.randint(1, 9), since=self.since)
        return run.run_id, pid

    def ends_right(self) -> list[str]:
        """Wait for the end; return how each run of this delivery ended, the newest first."""
        ended = self.platform.ended_well(self.name, since=self.since)
        found, expected = self.runs.left_behind(), self.whole[self.content]
        assert (found.lost(expected), found.doubled(expected)) == ([], [])
        return [run.status.value for run in ended]


@pytest.fixture(scope="module")
def platform() -> Iterator[KillablePlatform]:
    with (
        tempfile.TemporaryDirectory(prefix="lm-test-") as folder,
        killable_platform(passable(Path(folder)) / "state", instance=LOOKS_OFTEN) as platform,
    ):
        yield platform


@pytest.fixture(scope="module")
def campaigns(platform: KillablePlatform) -> tuple[Campaign, Campaign]:
    """Two campaigns, and a daemon that has none of them yet."""
    both = Campaign(platform, CAMPAIGN), Campaign(platform, OTHER, contents=1)
    platform.start_daemon()
    return both


def test_of_two_campaigns_one_is_killed_and_the_others_store_dies(
    platform: KillablePlatform,
    campaigns: tuple[Campaign, Campaign],
    report_count: Callable[[str], None],
):
    """A killed run is noticed and repeated; a store that is away for seconds is waited for."""
    for campaign in campaigns:
        campaign.deliver()
    _, killed = campaigns[0].run_in_random_step()
    os.kill(killed, signal.SIGKILL)
    _, waiting = campaigns[1].run_in_random_step()
    platform.object_store.stop(signal.SIGKILL)
    os.kill(waiting, signal.SIGCONT)
    time.sleep(2)
    platform.object_store.start()
    ends = [campaign.ends_right() for campaign in campaigns]
    assert ends == [["SUCCESS", "FAILURE"], ["SUCCESS"]]
    report_count("two campaigns at once: a run killed, S3 killed; lost 0, doubled 0")


def test_two_daemons_and_two_campaigns_at_once_give_each_its_own_result(
    platform: KillablePlatform,
    campaigns: tuple[Campaign, Campaign],
    report_count: Callable[[str], None],
):
    second = platform.start_daemon()
    for campaign in campaigns:
        campaign.deliver()
    ends = [campaign.ends_right() for campaign in campaigns]
    platform.stop_daemon(second)
    runs = [len(of_campaign) for of_campaign in ends]
    report_count(f"two daemons, two campaigns at once: {runs} runs; lost 0, doubled 0")


def test_a_run_killed_together_with_the_daemon_and_its_server_is_repeated_after_the_restart(
    platform: KillablePlatform,
    campaigns: tuple[Campaign, Campaign],
    report_count: Callable[[str], None],
):
    campaign = campaigns[0]
    campaign.deliver()
    run_id, _ = campaign.run_in_random_step()
    platform.kill_everything_of(run_id)
    platform.start_daemon()
    assert campaign.ends_right() == ["SUCCESS", "FAILURE"]
    report_count("the whole platform killed: run failed and repeated; lost 0, doubled 0")


def test_a_postgres_that_stops_under_a_run_is_waited_for_or_the_run_is_repeated(
    platform: KillablePlatform,
    campaigns: tuple[Campaign, Campaign],
    report_count: Callable[[str], None],
):
    campaign = campaigns[0]
    campaign.deliver()
    _, pid = campaign.run_in_random_step()
    platform.postgres.stop(signal.SIGINT)
    os.kill(pid, signal.SIGCONT)
    time.sleep(2)
    platform.postgres.start()
    ends = campaign.ends_right()
    assert ends in (["SUCCESS"], ["SUCCESS", "FAILURE"])
    report_count(f"Postgres (Dagster's too) stopped under a run: {ends}; lost 0, doubled 0")
