"""Why a statistic has a value or has none: never an unexplained NaN."""

from enum import IntEnum

import numpy as np
import numpy.typing as npt


class State(IntEnum):
    """What became of one cell or one series.

    Array results carry one per cell as ``int8``; every figure of a cell that is not ``OK`` and
    that the state makes undefined is NaN.
    """

    OK = 0
    INSUFFICIENT_DATA = 1
    """Too few values for this statistic."""
    OUTSIDE_SCALE = 2
    """A value that the scale has no place for: zero or below where a logarithm is needed."""
    ZERO_VARIANCE = 3
    """No spread was seen and no noise floor was given: a test would claim certainty."""

    @property
    def label(self) -> str:
        """The name as documents spell it, such as ``insufficient_data``."""
        return self.name.lower()


StateArray = npt.NDArray[np.int8]
