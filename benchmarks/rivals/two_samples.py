"""Rules for two sides of samples, each run as a program: which cells got worse.

python -m benchmarks.rivals.two_samples RULE BASELINE CURRENT     prints [[combination, metric], …]

``plain``: more than 20 % worse by means, and Welch's p below 0.05. ``welch_bh``: the same with the
Benjamini-Hochberg q of all cells. ``perfherder``: the t of Mozilla's compare view at its "high
confidence" (5 or more), and worse by 2 % or more. Metrics are taken to be better when low.
"""

import json
import math
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
from scipy import stats

THRESHOLD, ALPHA = 0.20, 0.05
HIGH_CONFIDENCE, SMALLEST = 5.0, 0.02


def samples(path: str) -> dict[tuple[str, str], list[float]]:
    found = defaultdict(list)
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        found[row["combination"], row["metric"]].append(float(row["value"]))
    return found


def perfherder_t(before: list[float], after: list[float]) -> float:
    error = math.sqrt(np.var(before, ddof=1) / len(before) + np.var(after, ddof=1) / len(after))
    return abs(np.mean(after) - np.mean(before)) / error if error else math.inf


def called(rule: str, baseline: str, current: str) -> list[tuple[str, str]]:
    before, after = samples(baseline), samples(current)
    cells = sorted(before.keys() & after.keys())
    change = np.array([np.mean(after[c]) / np.mean(before[c]) - 1.0 for c in cells])
    if rule == "perfherder":
        t = np.array([perfherder_t(before[c], after[c]) for c in cells])
        chosen = (t >= HIGH_CONFIDENCE) & (change >= SMALLEST)
    else:
        p = [stats.ttest_ind(after[c], before[c], equal_var=False).pvalue for c in cells]
        if rule == "welch_bh":
            p = stats.false_discovery_control(p)
        chosen = (change > THRESHOLD) & (np.array(p) < ALPHA)
    return [cell for cell, is_worse in zip(cells, chosen, strict=True) if is_worse]


if __name__ == "__main__":
    print(json.dumps(called(*sys.argv[1:4])))
