"""Small campaigns written out by hand, and matrices of them by a seeded generator."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lm_assets.model.campaign import Stage
from lm_assets.model.metric import Metric, MetricCatalogue, Scale
from lm_assets.model.policy import StagePolicy
from lm_assets.model.verdict import CampaignVerdict, CellVerdict
from lm_assets.regression.cells.sample_table import SampleTable
from lm_assets.regression.judge import judge
from lm_assets_tests.builders import a_metric_catalogue

Cells = Mapping[tuple[str, str], Sequence[float]]

FLOORS = {Scale.RATIO: 0.01, Scale.POINTS: 0.5, Scale.COUNT: 0.0}
CATALOGUE = MetricCatalogue(
    tuple(replace(metric, noise_floor=FLOORS[metric.scale]) for metric in a_metric_catalogue())
)
DIMENSIONS = {
    "extension": ("none", "iceberg", "rapids", "iceberg+rapids"),
    "operation": ("read", "aggregate", "join", "window", "write"),
    "data_size": ("1gb", "10gb"),
}
MATRIX = {
    "_".join(values): dict(zip(DIMENSIONS, values, strict=True))
    for values in itertools.product(*DIMENSIONS.values())
}
STEADY = (100.0, 101.0, 99.0, 100.5, 99.5)


def table(cells: Cells) -> SampleTable:
    """Samples by (combination, metric), runs numbered from 1."""
    return SampleTable.from_rows(
        (combination, metric, f"run-{number}", value)
        for (combination, metric), values in cells.items()
        for number, value in enumerate(values, start=1)
    )


def judged(
    baseline: Cells | SampleTable, current: Cells | SampleTable, **changes: Any
) -> CampaignVerdict:
    """The verdict of samples under the default policy; any argument of the judge by name."""
    sides = [s if isinstance(s, SampleTable) else table(s) for s in (baseline, current)]
    arguments: dict[str, Any] = {
        "campaign": "nightly-1",
        "stage": Stage.NIGHTLY,
        "baseline": sides[0],
        "current": sides[1],
        "metrics": CATALOGUE,
        "policy": StagePolicy(),
    }
    return judge(**{**arguments, **changes})


def one_cell(
    baseline: Sequence[float], current: Sequence[float], metric: str = "duration_s", **changes: Any
) -> CellVerdict:
    """The verdict of a campaign of one cell."""
    key = ("a", metric)
    verdict = judged(
        {key: baseline} if len(baseline) else {}, {key: current} if len(current) else {}, **changes
    )
    (cell,) = verdict.cells
    return cell


def noisy(
    metrics: Sequence[str],
    *,
    seed: int,
    factors: Mapping[tuple[str, str], float] | None = None,
    noise: float = 0.05,
    runs: int = 5,
) -> dict[tuple[str, str], list[float]]:
    """Log-normal samples about 100 for every cell of the matrix, multiplied by its factor."""
    rng = np.random.default_rng(seed)
    return {
        (name, metric): (
            100.0 * (factors or {}).get((name, metric), 1.0) * np.exp(noise * rng.normal(size=runs))
        ).tolist()
        for name in MATRIX
        for metric in metrics
    }


def slower(metric: str, factor: float, **where: str) -> dict[tuple[str, str], float]:
    """Factors of the cells that have these dimension values."""
    return {
        (name, metric): factor
        for name, values in MATRIX.items()
        if all(values[key] == value for key, value in where.items())
    }


def metric_of(name: str) -> Metric:
    """A metric of the catalogue."""
    return CATALOGUE[name]
