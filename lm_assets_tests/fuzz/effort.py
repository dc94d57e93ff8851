"""How many inputs each property is tried with, and from which seed: both are said at the end."""

import os
from collections.abc import Callable
from typing import Any

from hypothesis import seed, settings

from lm_assets_tests.conftest import FUZZ_SEED_VARIABLE

FACTOR_VARIABLE = "LM_TEST_FUZZ_FACTOR"
# The tests' conftest gives one to every worker.
SEED = int(os.environ[FUZZ_SEED_VARIABLE])
FACTOR = int(os.environ.get(FACTOR_VARIABLE) or 1)


def inputs(count: int) -> Callable[[Callable[..., None]], Callable[..., Any]]:
    """Try a property with so many inputs, times the factor of ``make fuzz``."""

    def decorated(test: Callable[..., None]) -> Callable[..., Any]:
        return seed(SEED)(settings(max_examples=count * FACTOR, database=None)(test))

    return decorated
