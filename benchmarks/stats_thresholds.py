"""Simulate the thresholds of split_thresholds.py and bimodality.py and print the two tables.

Clipped and standardised scores make the law of change points on noise nearly free of the
noise's distribution; it is simulated on normal noise. Deterministic:
`python benchmarks/stats_thresholds.py` prints the same tables every time, in about four minutes.
"""

import numpy as np

from lm_assets.stats.bimodality import division_statistics
from lm_assets.stats.change_points import find_change_points_of_many

LENGTHS = (
    6,
    7,
    8,
    9,
    10,
    11,
    12,
    13,
    14,
    15,
    17,
    20,
    25,
    30,
    40,
    50,
    70,
    100,
    150,
    200,
    300,
    500,
    1000,
)
SAMPLE_SIZES = (10, 11, 12, 13, 15, 17, 20, 25, 30, 40, 50, 70, 100, 200, 500)
MODE_FALSE_ALARMS = 0.01
# Below 1 %, so that skewed noise stays under 2 %.
SPLIT_FALSE_ALARMS = 0.008
SEED = 20041126
BISECTIONS = 9


def threshold_for(series: np.ndarray, share: float) -> float:
    """Return the threshold at which ``share`` of the series have a change point, by bisection."""
    low, high = 1.0, 6.0
    for _ in range(BISECTIONS):
        middle = (low + high) / 2.0
        found = find_change_points_of_many(series, threshold=middle)
        if np.mean([bool(points.indices) for points in found]) > share:
            low = middle
        else:
            high = middle
    return high


def print_split_thresholds() -> None:
    rng = np.random.default_rng(SEED)
    for n_points in LENGTHS:
        noise = rng.normal(size=(10_000 if n_points <= 200 else 4_000, n_points))
        print(f"    ({n_points}, {threshold_for(noise, SPLIT_FALSE_ALARMS):.3f}),", flush=True)


def print_mode_thresholds() -> None:
    rng = np.random.default_rng(SEED)
    for n in SAMPLE_SIZES:
        samples = np.sort(rng.normal(size=(20_000, n)), axis=1)
        statistics = np.array([division_statistics(row)[0].max() for row in samples])
        print(f"    ({n}, {np.quantile(statistics, 1.0 - MODE_FALSE_ALARMS):.3f}),")


if __name__ == "__main__":
    print("split_thresholds.py, n and strength:")
    print_split_thresholds()
    print("bimodality.py, n and between / within:")
    print_mode_thresholds()
