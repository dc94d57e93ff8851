"""What a number of runs can see: the smallest change found in 80 of 100 campaigns.

    python -m benchmarks.stats_power     writes the table and the plot of docs/statistics.md

By formula (noncentral t, as `lm judge` reports it), and beside it how often Welch's test really
calls a change of that size in simulated runs.
"""

import argparse
import math
from pathlib import Path

import numpy as np

from benchmarks.figures.pages import DOCS, write_plots, write_section
from benchmarks.figures.svg_plots import Axis, Line, line_plot
from lm_assets.stats.moments import sample_moments
from lm_assets.stats.power import runs_to_detect
from lm_assets.stats.ragged import RaggedSamples
from lm_assets.stats.welch import compare_means

NOISES = (0.05, 0.10, 0.20)
RUNS = (2, 3, 4, 5, 7, 10, 15, 20)
ALPHA, POWER, SEED = 0.05, 0.8, 20260101
_PRECISION = 1e-4


def detectable(noise: float, runs: int) -> float:
    """Return the smallest change, as a fraction, for which this many runs a side are enough."""
    low, high = 0.0, 20.0 * noise
    while high - low > _PRECISION:
        middle = (low + high) / 2.0
        needed = runs_to_detect([noise], middle, alpha=ALPHA, power=POWER)
        is_enough = bool(needed.is_reached[0]) and int(needed.runs[0]) <= runs
        low, high = (low, middle) if is_enough else (middle, high)
    return math.expm1(high)


def share_called(noise: float, runs: int, change: float, *, campaigns: int) -> float:
    """Return how often Welch's test calls a change, over simulated runs."""
    rng = np.random.default_rng([SEED, runs, round(1000 * noise)])
    sides = [rng.normal(at, noise, (campaigns, runs)) for at in (0.0, math.log1p(change))]
    before, now = (sample_moments(RaggedSamples.from_lists(side)) for side in sides)
    return float(np.mean(compare_means(before, now).p < ALPHA))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="1,000 campaigns, writes nothing")
    parser.add_argument("--docs", type=Path, help="write table and plot here, even if quick")
    arguments = parser.parse_args()
    campaigns = 1_000 if arguments.quick else 20_000
    found = {(sd, n): detectable(sd, n) for sd in NOISES for n in RUNS}
    called = {
        (sd, n): share_called(sd, n, change, campaigns=campaigns)
        for (sd, n), change in found.items()
    }
    text = table(found, called)
    print(text)
    docs = arguments.docs or (None if arguments.quick else DOCS)
    if docs is not None:
        write_section(docs, "statistics.md", "power", text)
        write_plots(docs, {"power": plot(found)})
        print(f"wrote the table of {docs}/statistics.md and its plot")


def table(found: dict[tuple[float, int], float], called: dict[tuple[float, int], float]) -> str:
    """Return the changes in Markdown, and how often each was really called."""
    head = "| runs a side | " + " | ".join(f"noise {sd:.0%}" for sd in NOISES) + " |"
    lines = [head, "|---:|" + "---:|" * len(NOISES)]
    for n in RUNS:
        cells = [f"+{found[sd, n]:.0%} ({called[sd, n]:.2f})" for sd in NOISES]
        lines.append(f"| {n} | " + " | ".join(cells) + " |")
    lines.append("")
    lines.append(
        "Smallest change that Welch's test on logs finds in 80 of 100 campaigns; in brackets the "
        "share of simulated campaigns in which it did."
    )
    return "\n".join(lines)


def plot(found: dict[tuple[float, int], float]) -> str:
    """Return the changes by number of runs."""
    return line_plot(
        "Smallest change that is found in 80 of 100 campaigns",
        x=Axis(label="runs a side", low=2, high=20, ticks=[(n, str(n)) for n in RUNS]),
        y=Axis(
            label="change",
            low=0.0,
            high=1.0,
            ticks=[(v / 5, f"+{v / 5:.0%}") for v in range(6)],
        ),
        lines=[
            Line(
                name=f"noise {sd:.0%}",
                colour=colour,
                points=[(n, found[sd, n]) for n in RUNS if found[sd, n] <= 1.0],
            )
            for colour, sd in enumerate(NOISES)
        ],
        mark=(0.2, "the rule: +20 %"),
    )


if __name__ == "__main__":
    main()
