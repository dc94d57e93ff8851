"""The judge beside other programs, on data that anybody can have.

python -m benchmarks scoreboard             writes docs/scoreboard.md
python -m benchmarks scoreboard --quick     a quarter of the deals and series; writes nothing

Every program runs in a process of its own and is given the same files. Of the recorded campaigns in
demo/campaigns it is known what was changed; of steps that are put on recorded noise too. The long
series is of ../shared/data (mongodb/signal-processing-algorithms, Apache-2.0) and is left out where
that is not.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from benchmarks.figures.pages import DOCS
from benchmarks.figures.scoreboard_page import CampaignScore, SeriesScore, page
from benchmarks.stats_trend import otava_python, otavas, ours

PROJECT = Path(__file__).parents[1]
CAMPAIGNS = PROJECT / "demo" / "campaigns"
LONG_SERIES = PROJECT.parent / "shared" / "data" / "series" / "long_series.json"
SLOWER = {
    *("3.5.9_local_join_250k", "3.5.9_local_join_750k", "3.5.9_local_window_750k"),
    *("4.0.5_local_aggregate_250k", "4.0.5_local_aggregate_750k", "4.0.5_local_write_250k"),
}
RULES = ("plain", "welch_bh", "perfherder")
METRIC, SEED = "duration_s", 20261129
DEALS, MOVED, FACTORS = 8, 3, (1.3, 1.5, 2.0)
SERIES, POINTS, AT, NEAR = 60, 120, 70, 3
STEPS = (0.0, 0.05, 0.1, 0.2)
Samples = dict[str, list[float]]


def recorded(campaign: str) -> Samples:
    found: dict[str, list[float]] = defaultdict(list)
    for file in sorted((CAMPAIGNS / campaign).glob("*/run-*.jsonl")):
        row = json.loads(file.read_text(encoding="utf-8").splitlines()[0])
        found[file.parent.name].append(float(row["duration_sec"]))
    return found


def write_samples(path: Path, samples: Samples) -> str:
    rows = (
        {"combination": name, "metric": METRIC, "run": f"{path.stem}{at}", "value": value}
        for name, values in samples.items()
        for at, value in enumerate(values)
    )
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def judged(baseline: str, current: str) -> dict[str, set[str]]:
    """Return the cells that each program says got worse; of lm also those that it suspects."""
    lm = [str(Path(sys.executable).with_name("lm")), "judge", "--json"]
    config = ["--config", str(PROJECT / "config")]
    run = subprocess.run(
        [*lm, "--baseline", baseline, "--current", current, *config],
        capture_output=True,
        text=True,
        check=False,
    )
    cells = json.loads(run.stdout)["cells"]
    found = {
        "lm judge": {c["combination"] for c in cells if c["verdict"] == "regressed"},
        "lm judge, suspected too": {
            c["combination"] for c in cells if c["verdict"] in ("regressed", "suspected")
        },
    }
    for rule in RULES:
        command = [sys.executable, "-m", "benchmarks.rivals.two_samples", rule, baseline, current]
        run = subprocess.run(command, capture_output=True, text=True, check=True, cwd=PROJECT)
        found[rule] = {combination for combination, _ in json.loads(run.stdout)}
    return found


def score(name: str, pairs: Sequence[tuple[Samples, Samples, set[str]]]) -> CampaignScore:
    """Return how many cells each program called rightly and wrongly, over pairs of sides."""
    false: dict[str, int] = defaultdict(int)
    found: dict[str, int] = defaultdict(int)
    with tempfile.TemporaryDirectory() as folder:
        for before, after, moved in pairs:
            files = [
                write_samples(Path(folder) / f"{side}.jsonl", samples)
                for side, samples in (("baseline", before), ("current", after))
            ]
            for program, called in judged(*files).items():
                false[program] += len(called - moved)
                found[program] += len(called & moved)
    return CampaignScore(
        name=name,
        campaigns=len(pairs),
        unmoved=sum(len(before) - len(moved) for before, _, moved in pairs),
        moved=sum(len(moved) for _, _, moved in pairs),
        false=false,
        found=found,
    )


def deals(factor: float, n: int, rng: np.random.Generator) -> list[tuple[Samples, Samples, set]]:
    """Return recorded runs dealt out anew as two sides, some cells of the second made slower."""
    same = [recorded(f"nightly-2026-11-23-{which}") for which in ("baseline", "same")]
    dealt = []
    for _ in range(n):
        names = sorted(same[0])
        moved = set(rng.choice(names, size=MOVED, replace=False).tolist()) if factor > 1 else set()
        before, after = {}, {}
        for name in names:
            runs = rng.permutation([*same[0][name], *same[1][name]])
            before[name] = runs[:5].tolist()
            after[name] = (runs[5:] * (factor if name in moved else 1.0)).tolist()
        dealt.append((before, after, moved))
    return dealt


def perfherder(series: np.ndarray) -> list[list[int]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "series.npy"
        np.save(path, series)
        command = [sys.executable, "-m", "benchmarks.rivals.perfherder_series", str(path)]
        run = subprocess.run(command, capture_output=True, text=True, check=True, cwd=PROJECT)
    return json.loads(run.stdout)["indices"]


def series_score(
    name: str, series: np.ndarray, truth: Sequence[int], programs: dict[str, Callable]
) -> SeriesScore:
    """Return what each program found near the true changes, how near, and what else it said."""
    scores = {}
    for program, find in programs.items():
        said = find(series)
        errors = [
            min(abs(i - at) for i in indices)
            for indices in said
            for at in truth
            if indices and min(abs(i - at) for i in indices) <= NEAR
        ]
        false = sum(all(abs(i - at) > NEAR for at in truth) for indices in said for i in indices)
        scores[program] = (
            false / len(said),
            len(errors) / (len(truth) * len(said)) if truth else None,
            float(np.mean(errors)) if errors else None,
        )
    return SeriesScore(name=name, series=len(series), scores=scores)


def recorded_noise() -> np.ndarray:
    """Return the demo's runs, each as a ratio to the median of its combination and campaign."""
    ratios = [
        np.array(values) / np.median(values)
        for which in ("baseline", "same")
        for values in recorded(f"nightly-2026-11-23-{which}").values()
    ]
    return np.concatenate(ratios)


def levels_of(series: np.ndarray, parts: int) -> list[int]:
    """Return where levels begin by least squares with so many parts: by no program's own rule."""
    n = series.size
    sums, squares = (np.concatenate(([0.0], np.cumsum(series**power))) for power in (1, 2))

    def cost(first: int, last: np.ndarray) -> np.ndarray:
        size = last - first
        return squares[last] - squares[first] - (sums[last] - sums[first]) ** 2 / size

    best = np.full((parts + 1, n + 1), np.inf)
    came = np.zeros((parts + 1, n + 1), dtype=int)
    best[0, 0] = 0.0
    for part in range(1, parts + 1):
        for first in range(n):
            if np.isfinite(best[part - 1, first]):
                last = np.arange(first + 1, n + 1)
                total = best[part - 1, first] + cost(first, last)
                better = total < best[part, last]
                best[part, last[better]] = total[better]
                came[part, last[better]] = first
    ends, at = [], n
    for part in range(parts, 0, -1):
        at = int(came[part, at])
        ends.append(at)
    return sorted(ends)[1:]


def series_scores(share: int, rng: np.random.Generator) -> list[SeriesScore]:
    python = otava_python()
    programs = {
        "lm trend --all": lambda series: ours(series)[1],
        "apache-otava": lambda series: otavas(series, python)[1],
        "Perfherder's t": perfherder,
    }
    noise = recorded_noise()
    # Means of five runs, as a night has them.
    nights = rng.choice(noise, size=(SERIES // share, POINTS, 5)).mean(axis=2)
    found = []
    for step in STEPS:
        series = nights.copy()
        series[:, AT:] *= 1.0 + step
        truth = [AT] if step else []
        found.append(
            series_score(f"step {step:+.0%}" if step else "no step", series, truth, programs)
        )
    if LONG_SERIES.exists():
        real = np.array(json.loads(LONG_SERIES.read_text(encoding="utf-8")))
        found.append(series_score("long series", real[None, :], levels_of(real, 5), programs))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a quarter of it, writes nothing")
    parser.add_argument("--docs", type=Path, help="write the page here, even if quick")
    arguments = parser.parse_args()
    share = 4 if arguments.quick else 1
    rng = np.random.default_rng(SEED)
    before, same, changed = (
        recorded(f"nightly-2026-11-23-{which}") for which in ("baseline", "same", "changed")
    )
    campaigns = [
        score("recorded, nothing changed", [(before, same, set())]),
        score("recorded, six really slower", [(before, changed, SLOWER)]),
        score("dealt anew, nothing changed", deals(1.0, DEALS // share, rng)),
        *(
            score(f"dealt anew, three {factor - 1:+.0%}", deals(factor, DEALS // share, rng))
            for factor in FACTORS
        ),
    ]
    text = page(campaigns, series_scores(share, rng), date=datetime.now(UTC).date().isoformat())
    print(text)
    docs = arguments.docs or (None if arguments.quick else DOCS)
    if docs is not None:
        (docs / "scoreboard.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
