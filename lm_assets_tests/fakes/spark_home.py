"""Where this machine has Spark's jars, if it has them."""

import importlib.util
import os
from pathlib import Path

import pytest

# Read at import: the tests themselves see no LM_ variable of whoever runs them.
_GIVEN = os.environ.get("LM_TEST_SPARK_HOME", "")


def spark_home() -> Path:
    """Return the folder that holds ``jars``, or skip the test and say so."""
    if _GIVEN:
        return Path(_GIVEN)
    found = importlib.util.find_spec("pyspark")
    if found is None or found.origin is None:
        pytest.skip("no Spark: install the extra `spark` or set LM_TEST_SPARK_HOME")
    return Path(found.origin).parent
