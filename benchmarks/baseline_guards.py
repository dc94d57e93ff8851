"""How many healthy cells and combinations the guards refuse: the table of docs/baselines.md.

    python -m benchmarks.baseline_guards [--combinations N]

Seven independent ratio metrics a combination, lognormal noise; beside it Student's t with 4 degrees
of freedom. The IQR column is what reports flag, and no ground to refuse.
"""

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lm_assets.gateways.configuration import load_configuration
from lm_assets.model.baseline import Baseline, BaselineStatus, MetricBaseline
from lm_assets.model.metric import Metric, Scale
from lm_assets.model.policy import StagePolicy
from lm_assets.regression.baselines.guards import odd_samples

MOMENT = "2026-11-22T01:02:03+00:00"


def entry_of(samples: npt.NDArray[np.float64], metrics: list[Metric]) -> Baseline:
    values = {
        metric.name: MetricBaseline.of_samples(row.tolist())
        for metric, row in zip(metrics, samples, strict=True)
    }
    return Baseline(
        combination="simulated",
        status=BaselineStatus.ACTIVE,
        sample_size=samples.shape[1],
        created_at=MOMENT,
        updated_at=MOMENT,
        source_campaigns=(),
        reason="simulated",
        metrics=values,
    )


def iqr_flags(samples: npt.NDArray[np.float64]) -> int:
    low, high = np.percentile(samples, [25, 75], axis=1, keepdims=True)
    margin = 1.5 * (high - low)
    return int(((samples < low - margin) | (samples > high + margin)).any(axis=1).sum())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--combinations", type=int, default=600)
    count = parser.parse_args().combinations
    catalogue = load_configuration(Path("config")).metrics
    metrics = [m for m in catalogue if m.scale is Scale.RATIO and m.is_judged]
    generator = np.random.default_rng(1)
    for runs in (5, 10):
        for tails in ("normal", "heavy"):
            for cv in (0.03, 0.10, 0.20, 0.30):
                size = (len(metrics), runs)
                flagged = cells = combinations = 0
                for _ in range(count):
                    normal = generator.normal(0.0, cv, size)
                    heavy = generator.standard_t(4, size) * cv / np.sqrt(2.0)
                    samples = 10.0 * np.exp(normal if tails == "normal" else heavy)
                    entry = entry_of(samples, metrics)
                    found = odd_samples(entry, metrics=catalogue, policy=StagePolicy())
                    names = {finding.metric for finding in found}
                    flagged += iqr_flags(samples)
                    cells += len(names)
                    combinations += bool(names)
                total = count * len(metrics)
                print(
                    f"{runs:2} runs, {tails} noise {cv:.0%}: IQR flags {flagged / total:.1%}, "
                    f"refused {cells / total:.1%} of cells, {combinations / count:.1%} of "
                    f"combinations of {len(metrics)} metrics"
                )


if __name__ == "__main__":
    main()
