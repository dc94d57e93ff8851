"""Where a series changed by the t test of Mozilla's Perfherder, as a program.

python -m benchmarks.rivals.perfherder_series SERIES.npy     prints {"indices": [[…], …]}

Each point is compared over the 12 to 24 points before it and the 12 from it on, the near ones
weighing more; where t is 7 or more, the largest of a stretch is where the series changed.
"""

import json
import math
import sys

import numpy as np

FEWEST_BEFORE, MOST_BEFORE, AFTER, LIMIT = 12, 24, 12, 7.0


def weighted(values: np.ndarray, *, nearest_last: bool) -> tuple[float, float]:
    weights = np.arange(1.0, values.size + 1.0)
    weights = weights if nearest_last else weights[::-1]
    mean = float(np.average(values, weights=weights))
    return mean, float(np.var(values, ddof=1))


def t_at(series: np.ndarray, at: int) -> float:
    before, after = series[max(0, at - MOST_BEFORE) : at], series[at : at + AFTER]
    if before.size < FEWEST_BEFORE or after.size < AFTER:
        return 0.0
    (low, spread), (high, other) = (
        weighted(before, nearest_last=True),
        weighted(after, nearest_last=False),
    )
    error = math.sqrt(spread / before.size + other / after.size)
    return abs(high - low) / error if error else 0.0


def changes(series: np.ndarray) -> list[int]:
    t = np.array([t_at(series, at) for at in range(series.size)])
    found, at = [], 0
    while at < series.size:
        if t[at] < LIMIT:
            at += 1
            continue
        end = at
        while end < series.size and t[end] >= LIMIT:
            end += 1
        found.append(at + int(np.argmax(t[at:end])))
        at = end
    return found


if __name__ == "__main__":
    print(json.dumps({"indices": [changes(row) for row in np.load(sys.argv[1])]}))
