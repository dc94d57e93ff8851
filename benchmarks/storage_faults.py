"""Counts what is torn, lost or doubled when a campaign's run is disturbed at random moments.

The run's process is killed, the S3 server under it is killed, or Postgres under it is stopped or
crashes; what was stopped is started again, a run that failed is repeated, and every object and row
is compared with what an undisturbed run leaves.

    python -m benchmarks storage_faults                 20 trials of each
    python -m benchmarks storage_faults --trials 200    for a night, or before a release
"""

import argparse
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from lm_assets.gateways.warehouse import Warehouse
from lm_assets_tests.conftest import PROJECT
from lm_assets_tests.integration.fault_trials import (
    CampaignRuns,
    Disturbance,
    TrialCounts,
    kill,
    run_trials,
)
from lm_assets_tests.integration.own_servers import OwnObjectStore, OwnPostgres

LONGEST_OUTAGE_S = 3.0


def outage(
    server: OwnObjectStore | OwnPostgres, signals: list[signal.Signals], seeded: random.Random
) -> Disturbance:
    """Return a disturbance that takes a server away and brings it back."""

    def disturb(_process: ForkServerProcess) -> None:
        server.stop(seeded.choice(signals))
        time.sleep(seeded.uniform(0, LONGEST_OUTAGE_S))
        server.start()

    return disturb


@contextmanager
def own_servers() -> Iterator[tuple[OwnObjectStore, OwnPostgres]]:
    with tempfile.TemporaryDirectory(prefix="lm-faults-") as name:
        Path(name).chmod(0o711)
        folder = Path(name) / "state"
        folder.mkdir(mode=0o711)
        object_store, postgres = OwnObjectStore(folder / "s3"), OwnPostgres(folder / "postgres")
        try:
            yield object_store, postgres
        finally:
            object_store.stop()
            postgres.stop()


def show(name: str) -> Callable[[TrialCounts], None]:
    def progress(counts: TrialCounts) -> None:
        if sys.stderr.isatty():
            print(f"\r{name}: {counts.trials}", end="", file=sys.stderr, flush=True)

    return progress


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--trials", type=int, default=20, help="of each kind")
    arguments.add_argument("--seed", type=int, default=20261122)
    asked = arguments.parse_args()
    seeded = random.Random(asked.seed)
    wrong = 0
    with own_servers() as (object_store, postgres):
        environment = {
            **object_store.environment,
            **postgres.environment,
            "LM_CONFIG_DIR": str(PROJECT / "config"),
        }
        with Warehouse.from_environment(environment) as warehouse:
            warehouse.migrate()
        kinds: dict[str, Disturbance] = {
            "run killed": kill,
            "S3 killed": outage(object_store, [signal.SIGKILL], seeded),
            "Postgres stopped": outage(postgres, [signal.SIGINT, signal.SIGQUIT], seeded),
        }
        runs = CampaignRuns(environment)
        whole = runs.undisturbed()
        for name, disturb in kinds.items():
            counts = run_trials(
                runs,
                disturb,
                whole=whole,
                trials=asked.trials,
                seed=asked.seed,
                progress=show(name),
            )
            print(f"{name}: {counts}", flush=True)
            wrong += len(counts.torn) + len(counts.lost) + len(counts.doubled)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
