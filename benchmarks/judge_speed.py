"""Speed of the judge, beside a loop that calls SciPy per cell, in one run.

Run: ``python benchmarks/judge_speed.py``.
"""

import argparse
import itertools
import math
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy import optimize, stats

from lm_assets.gateways.configuration import load_configuration
from lm_assets.model.campaign import Stage
from lm_assets.model.combination import Combination
from lm_assets.model.metric import Direction, Metric, Scale
from lm_assets.regression.calibration.noise import Noise
from lm_assets.regression.calibration.simulation import SimulatedMatrix, simulate_values
from lm_assets.regression.judge import judge

# 1,280 combinations; halves of the last dimension give the smaller matrices of the growth law.
DIMENSIONS = {
    "spark_version": ("3.5.0", "4.0.0"),
    "orchestrator": ("airflow", "connect"),
    "mode": ("kubernetes", "standalone"),
    "extension": ("none", "iceberg", "rapids", "iceberg+rapids"),
    "operation": ("read", "aggregate", "join", "window", "write"),
    "data_size": tuple(f"{size}gb" for size in (1, 2, 5, 10, 20, 50, 100, 200)),
}
METRICS = 15
RUNS = 5
LOOP_CELLS = 600


def campaign(settings, data_sizes: int):
    names = list(DIMENSIONS)
    values = [*list(DIMENSIONS.values())[:-1], DIMENSIONS["data_size"][:data_sizes]]
    combinations = [
        Combination(id="_".join(v), dimensions=dict(zip(names, v, strict=True)))
        for v in itertools.product(*values)
    ]
    metrics = [m for m in settings.metrics if m.is_judged][:METRICS]
    rng = np.random.default_rng(7)
    matrix = SimulatedMatrix.draw(combinations, metrics, rng)
    sides = [simulate_values(matrix, Noise(), rng, runs=RUNS) for _ in range(2)]
    return matrix, sides


def seconds(action: Callable[[], object], repeats: int = 5) -> float:
    taken = []
    for _ in range(repeats):
        begun = time.process_time()
        action()
        taken.append(time.process_time() - begun)
    return min(taken)


def scipy_tests(metric: Metric, before, after) -> tuple[float, ...]:
    """The two tests alone: on logs and on the raw scale, or of the rates."""
    if metric.scale is Scale.COUNT:
        events = int(before.sum() + after.sum())
        return (stats.binomtest(int(after.sum()), events, 0.5).pvalue if events else 1.0,)
    raw = stats.ttest_ind(after, before, equal_var=False).pvalue
    if metric.scale is Scale.RATIO:
        before, after = np.log(before), np.log(after)
    return raw, stats.ttest_ind(after, before, equal_var=False).pvalue


def scipy_cell(metric: Metric, before, after) -> tuple[float, ...]:
    """What the judge reports of a cell, by SciPy's own functions, without the shared variance."""
    tests = scipy_tests(metric, before, after)
    if metric.scale is Scale.COUNT:
        return tests
    if metric.scale is Scale.RATIO:
        before, after = np.log(before), np.log(after)
    interval = stats.ttest_ind(after, before, equal_var=False).confidence_interval(0.95)
    low, high = -math.log(1.2), math.log(1.2)
    lower = stats.ttest_ind(after - low, before, equal_var=False, alternative="greater")
    upper = stats.ttest_ind(after - high, before, equal_var=False, alternative="less")
    fences = [np.quantile(side, (0.25, 0.75)) for side in (before, after)]
    spread = math.sqrt((before.var(ddof=1) + after.var(ddof=1)) / 2)
    detectable = optimize.brentq(lambda d: _power(d, spread, RUNS) - 0.8, 1e-6, 100 * spread)
    sign = -1.0 if metric.direction is Direction.HIGHER else 1.0
    degradation = sign * math.expm1(float(after.mean() - before.mean()))
    decided = lower.pvalue, upper.pvalue, interval.low, degradation, detectable
    return (*tests, *decided, *fences)


def _power(difference: float, spread: float, runs: int) -> float:
    df, error = 2 * runs - 2, spread * math.sqrt(2 / runs)
    return stats.nct.sf(stats.t.ppf(0.975, df), df, difference / error)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    settings = load_configuration(Path(__file__).parents[1] / "config")
    policy = settings.regression.stages[Stage.NIGHTLY]
    points = []
    for data_sizes in (1, 2, 4, 8):
        matrix, sides = campaign(settings, data_sizes)
        baseline, current = (matrix.table(values) for values in sides)

        def run(baseline=baseline, current=current, matrix=matrix):
            return judge(
                campaign="speed",
                stage=Stage.NIGHTLY,
                baseline=baseline,
                current=current,
                metrics=settings.metrics,
                policy=policy,
                dimensions=matrix.dimensions,
            )

        took = seconds(run, arguments.repeats)
        cells = len(run().cells)
        points.append((len(matrix.combinations), took))
        print(
            f"{len(matrix.combinations):5d} combinations × {METRICS} metrics: {took:.3f} s CPU, "
            f"{1e6 * took / cells:.1f} µs a cell"
        )
    (n_small, t_small), (n_large, t_large) = points[0], points[-1]
    print(
        "exponent over combinations: "
        f"{math.log(t_large / t_small) / math.log(n_large / n_small):.2f}"
    )
    rng = np.random.default_rng(1)
    chosen = rng.choice(sides[0].shape[0] * METRICS, size=LOOP_CELLS, replace=False)

    for name, of_cell in (
        ("two tests a cell", scipy_tests),
        ("all that is reported of a cell", scipy_cell),
    ):

        def loop(of_cell=of_cell):
            for at in chosen.tolist():
                c, m = divmod(at, METRICS)
                of_cell(matrix.metrics[m], sides[0][c, m], sides[1][c, m])

        per_cell = seconds(loop, 2) / LOOP_CELLS
        whole = per_cell * n_large * METRICS
        print(
            f"a loop over SciPy, {name}: {1e6 * per_cell:.0f} µs a cell ({LOOP_CELLS} timed), "
            f"{whole:.1f} s for {n_large * METRICS} cells: "
            f"the judge with all of its steps is {whole / t_large:.0f} × faster"
        )


if __name__ == "__main__":
    main()
