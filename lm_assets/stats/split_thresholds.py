"""How strong the strongest split of a series must be, so that noise seldom makes one."""

import math

import numpy as np

# n and the strength that change points must reach so that 0.8 % of series of normal noise have any;
# from 10,000 simulated series each (4,000 above 200 points), by benchmarks/stats_thresholds.py.
_THRESHOLDS = (
    (6, 2.074),
    (7, 2.250),
    (8, 2.367),
    (9, 2.484),
    (10, 2.572),
    (11, 2.650),
    (12, 2.719),
    (13, 2.758),
    (14, 2.787),
    (15, 2.855),
    (17, 2.953),
    (20, 3.012),
    (25, 3.090),
    (30, 3.197),
    (40, 3.285),
    (50, 3.393),
    (70, 3.529),
    (100, 3.578),
    (150, 3.676),
    (200, 3.812),
    (300, 3.900),
    (500, 4.008),
    (1000, 4.281),
)

MIN_POINTS = _THRESHOLDS[0][0]
"""Two levels of three points each."""


def split_threshold(n_points: int) -> float:
    """Return the strength that 0.8 % of noise series of this length reach.

    Linear in log n between the simulated lengths, and beyond the last by its slope: the quantile
    grows like √(2 log log n), so this errs towards fewer change points.

    Examples
    --------
    >>> split_threshold(200)
    3.812
    """
    if n_points < MIN_POINTS:
        raise ValueError(f"n_points must be {MIN_POINTS} or above, got {n_points}")
    logs, thresholds = zip(*((math.log(n), value) for n, value in _THRESHOLDS), strict=True)
    at = math.log(n_points)
    if at <= logs[-1]:
        return float(np.interp(at, logs, thresholds))
    slope = (thresholds[-1] - thresholds[-2]) / (logs[-1] - logs[-2])
    return float(thresholds[-1] + slope * (at - logs[-1]))
