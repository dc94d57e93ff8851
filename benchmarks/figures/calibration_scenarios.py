"""What is simulated to calibrate the judge, and what is demanded of it."""

import itertools
from dataclasses import dataclass, field

from lm_assets.model.combination import Combination
from lm_assets.regression.calibration.measures import (
    Expectation,
    at_most_one_false_cell,
    only_a_common_shift,
    only_this_place,
)
from lm_assets.regression.calibration.noise import Noise, NoiseLaw
from lm_assets.regression.calibration.simulation import InjectedEffect

# 200 combinations over five dimensions, and 8 of the metrics that the platform ships.
DIMENSIONS = {
    "spark_version": ("3.5.0", "4.0.0"),
    "extension": ("none", "iceberg", "rapids", "iceberg+rapids"),
    "operation": ("read", "aggregate", "join", "window", "write"),
    "data_size": ("1gb", "10gb", "100gb", "1tb", "10tb"),
}
METRICS = (
    "gc_time_pct",
    "cpu_core_seconds",
    "memory_gib_seconds",
    "duration_s",
    "throughput_rows_s",
    "latency_p50_ms",
    "latency_p95_ms",
    "latency_p99_ms",
)
RUNS = 5


@dataclass(frozen=True)
class Scenario:
    """One row of the table: what is simulated, and what is demanded of the judge."""

    name: str
    noise: Noise
    effects: tuple[InjectedEffect, ...] = ()
    cell_share: float = 0.0
    cell_factor: float = 1.5
    expectation: Expectation = field(default=at_most_one_false_cell)
    demand: str = ""
    runs: int = RUNS


NOISES = (0.05, 0.10, 0.15, 0.20, 0.30)
PROMISED = (0.10, 0.20)
FACTORS = (1.2, 1.3, 1.4, 1.5, 1.75, 2.0)
RUNS_A_SIDE = (3, 5, 10)


def nothing_changed(sd: float) -> str:
    """Return the name of the A/A scenario at this noise."""
    return f"A/A, noise {100 * sd:.0f} %"


def lone_cells(factor: float, runs: int) -> str:
    """Return the name of the recall scenario of this size and number of runs."""
    return f"+{100 * factor - 100:.0f} % in 1 % of cells, noise 10 %, {runs} runs a side"


def recall_grid() -> list[Scenario]:
    """Return the scenarios of the recall curves: lone cells by size and number of runs."""
    return [
        Scenario(lone_cells(factor, runs), Noise(), cell_share=0.01, cell_factor=factor, runs=runs)
        for runs in RUNS_A_SIDE
        for factor in FACTORS
    ]


def scenarios() -> list[Scenario]:
    """Return the rows of the table."""
    everywhere = (InjectedEffect(factor=1.25),)
    rapids, v4 = {"extension": "rapids"}, {"spark_version": "4.0.0"}
    pair = {"extension": "rapids", "operation": "join"}
    heavy = {"law": NoiseLaw.HEAVY_TAILED}
    runs_on_nodes = {"node_sd": 0.1, "nodes": 10}
    pinned = {"node_sd": 0.1, "nodes": 10, "is_pinned": True}
    one = "≤ 1 false cell a campaign"
    recall = "recall ≥ 0.9"
    shift = "1 finding, 0 cells in ≥ 95 %"
    named = "1 finding that names it in ≥ 95 %"
    rows = [
        *(
            Scenario(
                nothing_changed(sd), Noise(relative_sd=sd), demand=one if sd in PROMISED else ""
            )
            for sd in NOISES
        ),
        Scenario("+50 % in 1 % of cells, noise 10 %", Noise(), cell_share=0.01, demand=recall),
        Scenario("+50 % in 1 % of cells, noise 20 %", Noise(relative_sd=0.2), cell_share=0.01),
        *(
            Scenario(
                f"+25 % everywhere, noise {100 * sd:.0f} %",
                Noise(relative_sd=sd),
                everywhere,
                expectation=only_a_common_shift,
                demand=shift if sd <= 0.1 else "",
            )
            for sd in (0.05, 0.1, 0.2)
        ),
        *(
            Scenario(
                f"+{100 * factor - 100:.0f} % in {_place(where)}, noise {100 * sd:.0f} %",
                Noise(relative_sd=sd),
                (InjectedEffect(factor=factor, where=where),),
                expectation=only_this_place(where),
                demand=named if sd <= 0.1 else "",
            )
            for where, factor, sd in (
                (rapids, 1.3, 0.1),
                (rapids, 1.3, 0.2),
                (v4, 1.3, 0.1),
                (pair, 1.3, 0.1),
                (pair, 1.5, 0.1),
            )
        ),
    ]
    for label, kind in (
        ("metrics of a run correlated 0.8", {"shared": 0.8}),
        ("runs spread over slow and fast nodes (sd 10 %)", runs_on_nodes),
        ("combinations pinned to slow and fast nodes (sd 10 %)", pinned),
        ("heavy tails (t, 3 df)", heavy),
    ):
        rows += [
            Scenario(f"A/A, noise 10 %, {label}", Noise(**kind)),
            Scenario(f"A/A, noise 20 %, {label}", Noise(relative_sd=0.2, **kind)),
            Scenario(f"+50 % in 1 % of cells, noise 10 %, {label}", Noise(**kind), cell_share=0.01),
            Scenario(
                f"+25 % everywhere, noise 10 %, {label}",
                Noise(**kind),
                everywhere,
                expectation=only_a_common_shift,
            ),
            Scenario(
                f"+30 % in {_place(rapids)}, noise 10 %, {label}",
                Noise(**kind),
                (InjectedEffect(factor=1.3, where=rapids),),
                expectation=only_this_place(rapids),
            ),
        ]
    return rows


def _place(where: dict[str, str]) -> str:
    return " × ".join(f"{name}={value}" for name, value in where.items())


def combinations() -> tuple[Combination, ...]:
    """Return the simulated matrix."""
    names = list(DIMENSIONS)
    return tuple(
        Combination(id="_".join(values), dimensions=dict(zip(names, values, strict=True)))
        for values in itertools.product(*DIMENSIONS.values())
    )
