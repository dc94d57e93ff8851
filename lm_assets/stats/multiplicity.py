"""False-discovery-rate control over the judged cells of a campaign: q beside every p."""

import numpy as np
import numpy.typing as npt

from lm_assets.stats.validation import FloatArray


def benjamini_hochberg(p: npt.ArrayLike) -> FloatArray:
    """Return the Benjamini–Hochberg q value of every p.

    Parameters
    ----------
    p : array, shape (cells,)
        Two-sided p values; NaN marks a cell that was not tested. It stays NaN and does not count
        as a test.

    Returns
    -------
    array, shape (cells,)
        The smallest false-discovery rate at which the cell would still be called; never below p.

    Raises
    ------
    ValueError
        When a p is below 0 or above 1.

    Notes
    -----
    Controls the rate for independent and positively dependent tests. Many metrics of one load run
    are positively dependent; opposed ones (duration and throughput) are on opposite sides of the
    same shift, which two-sided tests do not see as negative dependence.

    References
    ----------
    Benjamini, Hochberg (1995), "Controlling the False Discovery Rate", JRSS B 57.

    Examples
    --------
    Of four cells at p = 0.01 … 0.04, each is expected to be in a list with 4 % false alarms:

    >>> benjamini_hochberg([0.01, 0.02, 0.03, 0.04])
    array([0.04, 0.04, 0.04, 0.04])
    """
    return _step_up(p, is_dependent=False)


def benjamini_yekutieli(p: npt.ArrayLike) -> FloatArray:
    """Return the q value of every p that holds under any dependence between the tests.

    Parameters and degenerate cases are those of `benjamini_hochberg`; every q is larger by the
    harmonic number of the tests, and at most 1.

    References
    ----------
    Benjamini, Yekutieli (2001), "The control of the false discovery rate in multiple testing under
    dependency", Annals of Statistics 29.

    Examples
    --------
    >>> benjamini_yekutieli([0.01, 0.5])
    array([0.03, 0.75])
    """
    return _step_up(p, is_dependent=True)


def _step_up(p: npt.ArrayLike, *, is_dependent: bool) -> FloatArray:
    array = np.asarray(p, dtype=np.float64)
    if array.ndim != 1:
        raise ValueError(f"p must have one dimension, got shape {array.shape}")
    outside = (array < 0.0) | (array > 1.0)
    if outside.any():
        raise ValueError(f"p must be from 0 to 1, got {array[outside][0]}")
    q = np.full(array.shape, np.nan)
    tested = np.flatnonzero(~np.isnan(array))
    if not tested.size:
        return q
    order = tested[np.argsort(array[tested], kind="stable")]
    ranks = np.arange(1, order.size + 1)
    factor = np.sum(1.0 / ranks) if is_dependent else 1.0
    # n/rank is at least 1 before p is multiplied in, so that rounding cannot bring q below p.
    scaled = array[order] * (factor * (order.size / ranks))
    q[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return q
