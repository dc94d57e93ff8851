"""Trend and change points: speed and detection, beside apache-otava on the same series.

    python -m venv /path/to/otava && /path/to/otava/bin/pip install apache-otava
    python benchmarks/stats_trend.py --otava-python /path/to/otava/bin/python [--json]

10,000 series of 200 points are timed here, on one process. apache-otava (E-divisive with a t-test,
its own defaults: window of 50, p ≤ 0.001) runs in its own environment on a sample of the same
series, since the ratio is per series. Detection is counted by the same rules for both: false alarms
on noise, recall and distance at steps in the middle, how many points of the new level it takes, and
lone spikes. Without --otava-python its columns are left out and said to be.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from lm_assets.stats.change_points import find_change_points_of_many
from lm_assets.stats.trend import fit_trends

N_SERIES, N_POINTS, SEED = 10_000, 200, 20040503
OTAVA_SHARE = 20
TOLERANCE = 3

# Runs in the other environment: it reads an array and writes times and indices.
OTAVA = """
import json, sys, time
import numpy as np
from otava.analysis import compute_change_points

series = np.load(sys.argv[1])
rows = [list(row) for row in series]
compute_change_points(rows[0], window_len=50, max_pvalue=0.001)
started = time.perf_counter()
found = [compute_change_points(row, window_len=50, max_pvalue=0.001)[0] for row in rows]
seconds = time.perf_counter() - started
json.dump({"seconds": seconds, "indices": [[int(c.index) for c in f] for f in found]}, sys.stdout)
"""


def with_step(noise: np.ndarray, *, at: int, height: float) -> np.ndarray:
    series = noise.copy()
    series[:, at:] += height
    return series


def with_spike(noise: np.ndarray, *, at: int, height: float) -> np.ndarray:
    series = noise.copy()
    series[:, at] += height
    return series


def ours(series: np.ndarray) -> tuple[float, list[list[int]]]:
    started = time.perf_counter()
    found = find_change_points_of_many(series)
    return time.perf_counter() - started, [list(points.indices) for points in found]


def otavas(series: np.ndarray, python: str) -> tuple[float, list[list[int]]]:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "series.npy"
        np.save(path, series)
        run = subprocess.run(
            [python, "-c", OTAVA, str(path)], capture_output=True, text=True, check=True
        )
    answer = json.loads(run.stdout)
    return answer["seconds"], answer["indices"]


def any_found(found: list[list[int]]) -> float:
    return float(np.mean([bool(indices) for indices in found]))


def near(found: list[list[int]], at: int) -> float:
    return float(np.mean([any(abs(i - at) <= TOLERANCE for i in indices) for indices in found]))


def scenarios(rng: np.random.Generator, n: int) -> dict[str, tuple[np.ndarray, int | None]]:
    def normal() -> np.ndarray:
        return rng.normal(100.0, 1.0, (n, N_POINTS))

    cases: dict[str, tuple[np.ndarray, int | None]] = {
        "noise, normal: series with any": (normal(), None),
        "noise, t with 3 df: series with any": (rng.standard_t(3, (n, N_POINTS)), None),
        "noise, log-normal 0.3: series with any": (rng.lognormal(3, 0.3, (n, N_POINTS)), None),
        "lone spike of 10 sd: series with any": (with_spike(normal(), at=120, height=10.0), None),
    }
    for height in (1.0, 2.0, 3.0):
        name = f"step of {height:g} sd in the middle: found within 3 points"
        cases[name] = (with_step(normal(), at=100, height=height), 100)
    for height in (2.0, 3.0, 5.0):
        for seen in (3, 5, 7, 10):
            name = f"step of {height:g} sd, {seen} points of it seen: found within 3 points"
            at = N_POINTS - seen
            cases[name] = (with_step(normal(), at=at, height=height), at)
    return cases


def detection(python: str | None, rng: np.random.Generator) -> dict[str, dict[str, float]]:
    table: dict[str, dict[str, float]] = {}
    for name, (series, at) in scenarios(rng, 500).items():
        tools = {"lm-assets": ours(series)[1]}
        if python:
            tools["apache-otava"] = otavas(series, python)[1]
        table[name] = {
            tool: any_found(found) if at is None else near(found, at)
            for tool, found in tools.items()
        }
    return table


def speed(python: str | None, rng: np.random.Generator) -> dict[str, float]:
    series = rng.normal(100.0, 1.0, (N_SERIES, N_POINTS))
    # Half of the series have a step: noise alone is the cheaper case for both.
    series[::2, N_POINTS // 2 :] += 3.0
    started = time.perf_counter()
    fit_trends(series)
    trend_s = time.perf_counter() - started
    change_points_s, _ = ours(series)
    figures = {
        "series": float(N_SERIES),
        "points": float(N_POINTS),
        "trend_s": trend_s,
        "change_points_s": change_points_s,
        "both_s": trend_s + change_points_s,
        "both_ms_per_series": (trend_s + change_points_s) / N_SERIES * 1e3,
    }
    if python:
        sample = series[: N_SERIES // OTAVA_SHARE]
        seconds, _ = otavas(sample, python)
        per_series = seconds / sample.shape[0]
        figures["otava_ms_per_series"] = per_series * 1e3
        figures["change_points_times_faster"] = per_series / (change_points_s / N_SERIES)
        figures["both_times_faster"] = per_series / (figures["both_s"] / N_SERIES)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--otava-python", help="interpreter of an environment with apache-otava")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    arguments = parser.parse_args()
    rng = np.random.default_rng(SEED)
    result = {
        "speed": speed(arguments.otava_python, rng),
        "detection": detection(arguments.otava_python, rng),
    }
    if not arguments.otava_python:
        print("apache-otava was not run: give --otava-python", file=sys.stderr)
    if arguments.json:
        print(json.dumps(result, indent=2))
        return
    for name, figure in result["speed"].items():
        print(f"{name:30s} {figure:12.3f}")
    for name, shares in result["detection"].items():
        columns = "  ".join(f"{tool} {share:6.3f}" for tool, share in shares.items())
        print(f"{name:62s} {columns}")


if __name__ == "__main__":
    main()
