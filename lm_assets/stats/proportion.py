"""How often something happened, and how well that is known."""

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
