"""Step 3: which cells would still be called when it is remembered how many were asked."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lm_assets.regression.cells.comparison import CellComparisons
from lm_assets.regression.matrix.dimension_fit import FittedMetric
from lm_assets.stats.multiplicity import benjamini_hochberg
from lm_assets.stats.validation import FloatArray


@dataclass(frozen=True, kw_only=True, slots=True)
class CampaignQ:
    """q of every compared cell, NaN elsewhere; arrays of shape (cells,).

    ``q`` is what cells are judged by. ``beyond_effects`` is that of what is left of each cell when
    the material effects of dimension values are taken off.
    """

    q: FloatArray
    beyond_effects: FloatArray


def campaign_q(comparisons: CellComparisons, fitted: Sequence[FittedMetric] = ()) -> CampaignQ:
    """Return the Benjamini–Hochberg q of every compared cell over the whole campaign.

    Parameters
    ----------
    fitted : sequence of FittedMetric
        Dimension values that moved as a whole.

    Notes
    -----
    A false-discovery rate allows one false alarm for every so many true ones: a dimension value
    that regressed in 64 cells would buy three false alarms elsewhere. Such an effect is one
    discovery and not 64, so that cells outside of it are ranked in a family in which its cells
    stand with what is left of them. The cells of the effect keep their rank among all.

    Count cells without a single event on either side could not have been called whatever had
    happened elsewhere: their total, on which the exact test conditions, says so before the test.
    They are no test, dilute nothing, and have q = 1.

    References
    ----------
    Tarone (1990), "A modified Bonferroni method for discrete data", Biometrics 46.
    """
    rates = comparisons.rates
    silent = comparisons.rate_cells[rates.baseline_events + rates.current_events == 0]
    p = comparisons.deciding_p.copy()
    p[silent] = np.nan
    q = benjamini_hochberg(p)
    beyond = q
    explained = np.zeros(p.size, dtype=np.bool_)
    for metric in fitted:
        inside = metric.is_explained
        explained[metric.cells[inside]] = True
        p[metric.cells[inside]] = metric.residual_p[inside]
    if explained.any():
        beyond = benjamini_hochberg(p)
        q = np.where(explained, q, beyond)
    q[silent] = beyond[silent] = 1.0
    return CampaignQ(q=q, beyond_effects=beyond)
