"""How often something happened, and how well that is known."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from lm_assets.stats.validation import at_least, open_fraction


@dataclass(frozen=True, kw_only=True, slots=True)
class Proportion:
    """Successes of trials with the exact interval; NaN and (0, 1) without a trial."""

    successes: int
    trials: int
    share: float
    low: float
    high: float


def proportion(successes: int, trials: int, *, confidence: float = 0.95) -> Proportion:
    """Return a share with its Clopper–Pearson interval.

    Raises
    ------
    ValueError
        When a number is negative, or there are more successes than trials.

    References
    ----------
    Clopper, Pearson (1934), "The use of confidence or fiducial limits illustrated in the case of
    the binomial", Biometrika 26.

    Examples
    --------
    Nothing seen in 20 trials still leaves room for one in six:

    >>> round(proportion(0, 20).high, 3)
    0.168
    """
    at_least("successes", successes, minimum=0)
    at_least("trials", trials, minimum=successes)
    tail = (1.0 - open_fraction("confidence", confidence)) / 2.0
    failures = trials - successes
    low = float(special.betaincinv(successes, failures + 1, tail)) if successes else 0.0
    high = float(special.betaincinv(successes + 1, failures, 1.0 - tail)) if failures else 1.0
    share = successes / trials if trials else np.nan
    return Proportion(successes=successes, trials=trials, share=share, low=low, high=high)


def clustered_proportion(
    successes: Sequence[int], trials: Sequence[int], *, confidence: float = 0.95
) -> Proportion:
    """Return a share over clusters of trials that may have more in common than chance.

    Parameters
    ----------
    successes, trials : sequence of int, one entry a cluster
        Cells of one campaign share its noise, its shift and its prior: a thousand cells of ten
        campaigns are nearer to ten observations than to a thousand.

    Notes
    -----
    Clopper–Pearson with the number of trials that independent ones of the same variance would be,
    by the linearised variance between clusters, and never more than there were.

    References
    ----------
    Korn, Graubard (1998), "Confidence intervals for proportions with small expected number of
    positive counts estimated from survey data", Survey Methodology 24.

    Examples
    --------
    Two campaigns found all of ten cells, and two found none: that is no 50 % ± 16 %.

    >>> wide = clustered_proportion([10, 10, 0, 0], [10, 10, 10, 10])
    >>> round(wide.low, 2), round(wide.high, 2)
    (0.04, 0.96)
    """
    whole = proportion(sum(successes), sum(trials), confidence=confidence)
    n = len(trials)
    if n < 2 or not 0 < whole.successes < whole.trials:
        return whole
    found, asked = np.asarray(successes, dtype=np.float64), np.asarray(trials, dtype=np.float64)
    deviation = found - whole.share * asked
    variance = n / (n - 1.0) * float(np.sum(deviation**2)) / whole.trials**2
    if variance == 0.0:
        return whole
    effective = min(whole.share * (1.0 - whole.share) / variance, float(whole.trials))
    hits, misses = whole.share * effective, (1.0 - whole.share) * effective
    tail = (1.0 - open_fraction("confidence", confidence)) / 2.0
    return Proportion(
        successes=whole.successes,
        trials=whole.trials,
        share=whole.share,
        low=float(special.betaincinv(hits, misses + 1.0, tail)),
        high=float(special.betaincinv(hits + 1.0, misses, 1.0 - tail)),
    )
