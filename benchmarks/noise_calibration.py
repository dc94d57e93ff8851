"""False alarms, recall and wrong `unchanged` of the judge under every kind of noise.

python -m benchmarks noise_calibration                 writes the table of docs/calibration.md
python -m benchmarks noise_calibration --campaigns 5 --only modes     prints only
"""

import argparse
import json
import multiprocessing
import os
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from benchmarks.figures.noise_page import summarised, write_table
from benchmarks.figures.noise_rows import NoiseTrial, noise_rows, noise_trial
from benchmarks.figures.pages import DOCS
from lm_assets.gateways.configuration import load_configuration

CONFIG = Path(__file__).parents[1] / "config"


def _trial(index: int, task: tuple[int, int, bool]) -> NoiseTrial:
    seed, campaign, is_changed = task
    row = noise_rows()[index]
    settings = load_configuration(CONFIG)
    return noise_trial(row, settings, [seed, index, campaign, is_changed], is_changed=is_changed)


def _kept(
    folder: Path | None,
    index: int,
    tasks: list[tuple[int, int, bool]],
    run: Callable[..., list[NoiseTrial]],
) -> list[NoiseTrial]:
    """Return the trials of a kind, from the folder where an earlier run has left them."""
    if folder is None:
        return run(partial(_trial, index), tasks)
    of_what = "changed" if tasks and tasks[0][2] else "unchanged"
    file = folder / f"{index}-{of_what}-{len(tasks)}-{tasks[0][0] if tasks else 0}.json"
    if not file.exists():
        trials = run(partial(_trial, index), tasks)
        file.write_text(json.dumps([asdict(trial) for trial in trials]), encoding="utf-8")
    return [NoiseTrial(**of) for of in json.loads(file.read_text(encoding="utf-8"))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--campaigns", type=int, default=100, help="of each kind, unchanged")
    parser.add_argument("--changed", type=int, default=30, help="of each kind, with effects")
    parser.add_argument("--quick", action="store_true", help="5 campaigns each, writes nothing")
    parser.add_argument("--keep", type=Path, help="folder of trials, to go on after a stop")
    parser.add_argument("--only", default="", help="kinds whose name contains this")
    parser.add_argument("--seed", type=int, default=20260101)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    numbers = (5, 5) if arguments.quick else (arguments.campaigns, arguments.changed)
    found = []
    with multiprocessing.Pool(arguments.processes) as pool:
        for index, row in enumerate(noise_rows()):
            if arguments.only in row.name:
                tasks = [
                    [(arguments.seed, campaign, is_changed) for campaign in range(number)]
                    for number, is_changed in zip(numbers, (False, True), strict=True)
                ]
                trials = [_kept(arguments.keep, index, of_kind, pool.map) for of_kind in tasks]
                found.append(summarised(row, *trials))
                print(found[-1].as_line(), flush=True)
    if not (arguments.quick or arguments.only):
        date = datetime.now(UTC).date().isoformat()
        write_table(DOCS, found, numbers=numbers, date=date)
        print(f"wrote the table of noise in {DOCS}/calibration.md")


if __name__ == "__main__":
    main()
