"""Seeded trials: a campaign's run is disturbed at a random moment, repeated, and looked at.

The campaign is delivered by turns in two contents, each onto the whole result of the other: what a
disturbed run leaves is a mixture of both, and what its repetition leaves must be one of them.
"""

import itertools
import multiprocessing
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from multiprocessing.context import ForkServerProcess

from lm_assets.gateways.bucket import object_keys
from lm_assets.gateways.object_store.s3 import S3ObjectStore
from lm_assets_tests.integration.crash_run import run_campaign
from lm_assets_tests.integration.left_behind import LeftBehind, clear, left_behind
from lm_assets_tests.integration.result_files import land

CAMPAIGN = "nightly-2026-11-22-1a2b3c4"
READ, JOIN, WRITE = (
    "3.5.0_connect_kubernetes_none_read_1gb",
    "4.0.0_connect_kubernetes_none_join_1gb",
    "4.0.0_connect_kubernetes_none_write_1gb",
)
FIVE = (10.0, 10.2, 9.9, 10.1, 10.3)
BROKEN = ["{broken", '{"test_name": "p1_nothing_known", "run_id": "x"}']
DELIVERIES: tuple[tuple[dict[str, tuple[float, ...]], dict[str, list[str]]], ...] = (
    ({READ: FIVE, JOIN: FIVE}, {READ: BROKEN}),
    ({READ: (11.0, 11.2, 10.9, 11.1), WRITE: FIVE}, {WRITE: BROKEN[:1]}),
)
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["lm_assets_tests.integration.crash_run"])
_LONGEST_RUN_S = 400.0
# About as many as an undisturbed run takes; nothing depends on the exact number.
OUTWARD_STEPS = 15

# Breaks something while this run is under way; what it breaks is whole again when it returns.
Disturbance = Callable[[ForkServerProcess], None]


@dataclass
class TrialCounts:
    """What became of the trials; every list must be empty."""

    trials: int = 0
    failed_visibly: int = 0
    places: Counter[int] = field(default_factory=Counter)
    torn: list[str] = field(default_factory=list)
    lost: list[tuple[str, str]] = field(default_factory=list)
    doubled: list[tuple[str, str]] = field(default_factory=list)

    def __add__(self, other: "TrialCounts") -> "TrialCounts":
        return TrialCounts(
            **{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)}
        )

    def __str__(self) -> str:
        return (
            f"{self.trials} trials at {len(self.places)} different places, "
            f"{self.failed_visibly} of them failed visibly and were repeated: "
            f"torn {len(self.torn)}, lost {len(self.lost)}, doubled {len(self.doubled)}"
        )


@dataclass(frozen=True)
class CampaignRuns:
    """Runs of one campaign, each in a process of its own, on servers that the caller owns."""

    environment: Mapping[str, str]
    campaign: str = CAMPAIGN

    def deliver(self, content: int) -> None:
        """Let the campaign's incoming objects be one of the two contents, and nothing else."""
        self.withdraw()
        durations, extra = DELIVERIES[content]
        store = S3ObjectStore.from_environment(self.environment)
        land(store, self.campaign, durations, extra_lines=extra)

    def withdraw(self) -> None:
        """Delete the campaign's incoming objects, first the one that says that it is whole."""
        store = S3ObjectStore.from_environment(self.environment)
        store.delete(object_keys.success_key(self.campaign))
        for item in list(store.list(object_keys.incoming_prefix(self.campaign))):
            store.delete(item.key)

    def left_behind(self) -> LeftBehind:
        """Return what runs of the campaign have left."""
        return left_behind(self.environment, self.campaign)

    def start(self, kill_at: int | None = None) -> "RunProcess":
        """Start the job; it is under way when this returns."""
        passed = _CONTEXT.Value("i", -1)
        process = _CONTEXT.Process(
            target=run_campaign, args=(self.campaign, dict(self.environment), kill_at, passed)
        )
        process.start()
        while passed.value < 0 and process.is_alive():
            time.sleep(0.002)
        return RunProcess(process, passed)

    def complete(self) -> float:
        """Run the job undisturbed; return how long it took, in seconds."""
        run = self.start()
        began = time.monotonic()
        assert run.exit_code() == 0
        return time.monotonic() - began

    def undisturbed(self, contents: int = len(DELIVERIES)) -> tuple[LeftBehind, ...]:
        """Return what each of the contents leaves where there was nothing before."""
        results = []
        for content in range(contents):
            clear(self.environment)
            self.deliver(content)
            self.complete()
            results.append(self.left_behind())
        return tuple(results)


@dataclass(frozen=True)
class RunProcess:
    """A run that is under way."""

    process: ForkServerProcess
    passed: object

    @property
    def points(self) -> int:
        """How many outward steps it has ended."""
        return self.passed.value  # type: ignore[attr-defined]

    def exit_code(self) -> int | None:
        """Wait for its end."""
        self.process.join(_LONGEST_RUN_S)
        assert self.process.exitcode is not None, "the run does not end"
        return self.process.exitcode


def kill(process: ForkServerProcess) -> None:
    """Kill the run itself, without any goodbye."""
    process.kill()
    process.join()


def wait_for_a_moment(
    run: RunProcess, seeded: random.Random, attempt: int, duration_s: float
) -> None:
    """Wait for any moment of a run; every other time for one shortly after a random outward step.

    Most of a run's time is spent in rendering: moments drawn from the clock alone would crowd
    there.
    """
    if attempt % 2:
        time.sleep(seeded.uniform(0, duration_s))
        return
    place = seeded.randint(0, OUTWARD_STEPS)
    while run.points < place and run.process.is_alive():
        time.sleep(0.001)
    time.sleep(seeded.uniform(0, 0.02))


def run_trials(
    runs: CampaignRuns,
    disturb: Disturbance,
    *,
    whole: tuple[LeftBehind, ...],
    trials: int,
    seed: int,
    progress: Callable[[TrialCounts], None] = lambda _: None,
) -> TrialCounts:
    """Disturb runs at random moments until so many were hit; return what was found.

    ``whole`` is what each of the two contents leaves undisturbed.
    """
    seeded = random.Random(seed)
    duration_s = runs.complete()
    counts = TrialCounts()
    attempts = itertools.count()
    while counts.trials < trials:
        attempt = next(attempts)
        assert attempt < 3 * trials + 10, f"runs end before they are disturbed; {counts}"
        content = attempt % len(DELIVERIES)
        runs.deliver(content)
        run = runs.start()
        wait_for_a_moment(run, seeded, attempt, duration_s)
        if run.process.is_alive():
            counts.trials += 1
            counts.places[run.points] += 1
            disturb(run.process)
        if run.exit_code() not in {0, -signal.SIGKILL}:
            counts.failed_visibly += 1
        counts.torn += runs.left_behind().torn(*whole)
        if run.exit_code() != 0:
            duration_s = runs.complete()
        found = runs.left_behind()
        counts.lost += found.lost(whole[content])
        counts.doubled += found.doubled(whole[content])
        progress(counts)
    return counts
