"""Trend and change points: speed and detection, beside apache-otava on the same series.

    python -m benchmarks.stats_trend             writes its table and plots in docs/statistics.md
    python -m benchmarks.stats_trend --quick     a tenth of the series; writes nothing

10,000 series of 200 points are timed here, on one process. apache-otava (E-divisive with a t-test,
its own defaults: window of 50, p ≤ 0.001) runs on a sample of the same series, since the ratio is
per series, in an environment of its own: --otava-python, or .lm/otava, made when it is not there.
Detection is counted by the same rules for both: false alarms on noise, recall and distance at steps
in the middle, how many points of the new level it takes, and lone spikes.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

import numpy as np

from benchmarks.figures import change_point_page as page
from benchmarks.figures.pages import DOCS
from lm_assets.stats.change_points import find_change_points_of_many
from lm_assets.stats.trend import fit_trends

N_SERIES, N_POINTS, SEED = 10_000, 200, 20040503
OTAVA_SHARE = 20
N_DETECTION = 500
TOLERANCE = 3
OTAVA_VERSION = "apache-otava==0.8.0"
OTAVA_ENVIRONMENT = Path(__file__).parents[1] / ".lm" / "otava"

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
        page.NORMAL: (normal(), None),
        page.HEAVY: (rng.standard_t(3, (n, N_POINTS)), None),
        page.LOG_NORMAL: (rng.lognormal(3, 0.3, (n, N_POINTS)), None),
        page.SPIKE: (with_spike(normal(), at=120, height=10.0), None),
    }
    for height in page.MIDDLE_HEIGHTS:
        cases[page.in_the_middle(height)] = (with_step(normal(), at=100, height=height), 100)
    for height in page.LATE_HEIGHTS:
        for seen in page.POINTS_SEEN:
            at = N_POINTS - seen
            cases[page.points_seen(height, seen)] = (with_step(normal(), at=at, height=height), at)
    return cases


def detection(python: str, rng: np.random.Generator, n: int) -> page.Detection:
    table: dict[str, page.Shares] = {}
    for name, (series, at) in scenarios(rng, n).items():
        found = {page.OURS: ours(series)[1], page.THEIRS: otavas(series, python)[1]}
        table[name] = {
            tool: any_found(indices) if at is None else near(indices, at)
            for tool, indices in found.items()
        }
    return table


def speed(python: str, rng: np.random.Generator, n_series: int) -> dict[str, float]:
    series = rng.normal(100.0, 1.0, (n_series, N_POINTS))
    # Half of the series have a step: noise alone is the cheaper case for both.
    series[::2, N_POINTS // 2 :] += 3.0
    started = time.perf_counter()
    fit_trends(series)
    trend_s = time.perf_counter() - started
    change_points_s, _ = ours(series)
    both_s = trend_s + change_points_s
    sample = series[: n_series // OTAVA_SHARE]
    theirs = otavas(sample, python)[0] / sample.shape[0]
    return {
        "series": float(n_series),
        "points": float(N_POINTS),
        "trend_s": trend_s,
        "change_points_s": change_points_s,
        "both_s": both_s,
        "both_ms_per_series": both_s / n_series * 1e3,
        "otava_ms_per_series": theirs * 1e3,
        "change_points_times_faster": theirs / (change_points_s / n_series),
        "both_times_faster": theirs / (both_s / n_series),
    }


def otava_python() -> str:
    """Return the interpreter of the environment of apache-otava, which is made when not there."""
    python = OTAVA_ENVIRONMENT / "bin" / "python"
    if not python.exists():
        print(f"installing apache-otava into {OTAVA_ENVIRONMENT}", file=sys.stderr, flush=True)
        venv.create(OTAVA_ENVIRONMENT, with_pip=True, clear=True)
        install = [str(python), "-m", "pip", "install", "--quiet", OTAVA_VERSION]
        subprocess.run(install, check=True)
    return str(python)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--otava-python", help="interpreter of an environment with apache-otava")
    parser.add_argument("--detection-series", type=int, default=N_DETECTION, metavar="N")
    parser.add_argument("--quick", action="store_true", help="a tenth of it, writes nothing")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--docs", type=Path, help="write table and plots here, even if quick")
    arguments = parser.parse_args()
    python = arguments.otava_python or otava_python()
    rng = np.random.default_rng(SEED)
    share = 10 if arguments.quick else 1
    figures = speed(python, rng, N_SERIES // share)
    n_series = max(1, arguments.detection_series // share)
    found = detection(python, rng, n_series)
    docs = arguments.docs or (None if arguments.quick else DOCS)
    if docs is not None:
        page.write(docs, found, n_series=n_series)
        print(f"wrote the table of {docs}/statistics.md and its plots", file=sys.stderr)
    if arguments.json:
        print(json.dumps({"speed": figures, "detection": found}, indent=2))
        return
    for name, figure in figures.items():
        print(f"{name:30s} {figure:12.3f}")
    for name, shares in found.items():
        columns = "  ".join(f"{tool} {value:6.3f}" for tool, value in shares.items())
        print(f"{name:62s} {columns}")


if __name__ == "__main__":
    main()
