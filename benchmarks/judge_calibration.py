"""False alarms and recall of the judge over simulated campaigns of known truth.

python -m benchmarks.judge_calibration             writes docs/calibration.md, the table and the
                                                   plots of docs/statistics.md
python -m benchmarks.judge_calibration --quick     a tenth of the campaigns; writes nothing
"""

import argparse
import multiprocessing
import os
import time
from pathlib import Path

import numpy as np

from benchmarks.figures import calibration_page
from benchmarks.figures.calibration_scenarios import (
    METRICS,
    Scenario,
    combinations,
    recall_grid,
    scenarios,
)
from benchmarks.figures.pages import DOCS
from lm_assets.gateways.configuration import load_configuration
from lm_assets.model.campaign import Stage
from lm_assets.model.metric import Scale
from lm_assets.regression.calibration.measures import (
    CalibrationRow,
    KnownCampaign,
    calibration_rows,
    random_cells,
    run_trial,
)
from lm_assets.regression.calibration.simulation import (
    InjectedEffect,
    SimulatedMatrix,
    moved_cells,
    simulate_values,
)

QUICK = 20
# A curve's point has 16 changed cells a campaign: a fifth of the campaigns is plenty.
CAMPAIGNS_A_POINT = 5


def run_scenario(task: tuple[int, int, int]) -> CalibrationRow:
    index, campaigns, seed = task
    scenario = (scenarios() + recall_grid())[index]
    settings = load_configuration(Path(__file__).parents[1] / "config")
    metrics = [settings.metrics[name] for name in METRICS]
    policy = settings.regression.stages[Stage.NIGHTLY]
    trials = []
    for campaign in range(campaigns):
        rng = np.random.default_rng([seed, index, campaign])
        matrix = SimulatedMatrix.draw(combinations(), metrics, rng)
        effects = scenario.effects
        if scenario.cell_share:
            names = [c.id for c in matrix.combinations]
            ratio = [m.name for m in metrics if m.scale is Scale.RATIO]
            effects = random_cells(
                names, ratio, share=scenario.cell_share, factor=scenario.cell_factor, rng=rng
            )
        known = _known(matrix, scenario, effects, rng)
        trials.append(
            run_trial(
                known,
                stage=Stage.NIGHTLY,
                metrics=settings.metrics,
                policy=policy,
                expectation=scenario.expectation,
            )
        )
    return calibration_rows(scenario.name, Stage.NIGHTLY, trials)[0]


def _known(
    matrix: SimulatedMatrix,
    scenario: Scenario,
    effects: tuple[InjectedEffect, ...],
    rng: np.random.Generator,
) -> KnownCampaign:
    def values(put_in: tuple[InjectedEffect, ...] = ()) -> np.ndarray:
        return simulate_values(matrix, scenario.noise, rng, runs=scenario.runs, effects=put_in)

    return KnownCampaign(
        baseline=matrix.table(values()),
        current=matrix.table(values(effects)),
        dimensions=matrix.dimensions,
        moved=moved_cells(matrix, effects),
    )


def tasks(campaigns: int, seed: int, only: str) -> list[tuple[int, int, int]]:
    """Return index, campaigns and seed of every scenario to run."""
    rows, points = scenarios(), recall_grid()
    sizes = [campaigns] * len(rows) + [max(1, campaigns // CAMPAIGNS_A_POINT)] * len(points)
    every = enumerate(zip(rows + points, sizes, strict=True))
    return [(at, size, seed) for at, (scenario, size) in every if only in scenario.name]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--campaigns", type=int, default=200)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} campaigns, writes nothing")
    parser.add_argument("--seed", type=int, default=20260101)
    parser.add_argument("--only", default="", help="scenarios whose name contains this")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--docs", type=Path, help="write pages and plots here, even of a quick run")
    arguments = parser.parse_args()
    campaigns = QUICK if arguments.quick else arguments.campaigns
    chosen = tasks(campaigns, arguments.seed, arguments.only)
    begun = time.perf_counter()
    found: dict[str, CalibrationRow] = {}
    with multiprocessing.Pool(arguments.processes) as pool:
        for row in pool.imap(run_scenario, chosen):
            found[row.scenario] = row
            print(
                f"{row.scenario:75s} false {row.false_alarms:6.2f} plain {row.plain_alarms:6.1f} "
                f"recall {calibration_page.share(row.recall)} "
                f"as demanded {calibration_page.share(row.as_expected)}",
                flush=True,
            )
    judged = sum(row.campaigns for row in found.values())
    print(f"{len(found)} scenarios, {judged} campaigns in {time.perf_counter() - begun:.0f} s")
    docs = arguments.docs or (None if arguments.quick or arguments.only else DOCS)
    if docs is not None:
        calibration_page.write(docs, found, scenarios(), campaigns=campaigns)
        print(f"wrote {docs}/calibration.md, the table of statistics.md, and their plots")


if __name__ == "__main__":
    main()
