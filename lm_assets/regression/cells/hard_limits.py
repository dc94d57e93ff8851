"""Hard limits: a bound on every single run, whatever the baseline says."""

import numpy as np

from lm_assets.regression.cells.alignment import Cells
from lm_assets.stats.validation import BoolArray


def runs_over_limit(cells: Cells) -> BoolArray:
    """Tell which current samples are above the hard limit of their metric."""
    limits = np.array([np.inf if m.limit is None else m.limit for m in cells.metrics])
    ragged = cells.current.ragged
    over: BoolArray = ragged.values > limits[cells.metric_code][ragged.cells]
    return over
