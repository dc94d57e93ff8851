"""Known answers from R, by name (see reference_values/stats/reference.R)."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

# A busy machine makes no statistic wrong.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

REFERENCE = Path(__file__).parents[1] / "reference_values" / "stats" / "reference.txt"


@pytest.fixture(scope="session")
def reference() -> dict[str, np.ndarray]:
    lines = REFERENCE.read_text().splitlines()
    named = (line.split(":", 1) for line in lines)
    return {name.strip(): np.array(numbers.split(), dtype=float) for name, numbers in named}
