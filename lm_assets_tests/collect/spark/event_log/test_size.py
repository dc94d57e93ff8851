"""An event log of one gigabyte is read in the memory of a small one."""

import json
import subprocess
import sys
from typing import Any

import pytest

from lm_assets_tests.conftest import PROJECT

pytestmark = pytest.mark.timeout(300)


def read_in_a_process(copies: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "lm_assets_tests.fakes.large_log", str(copies)]
    done = subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_log_of_one_gigabyte_takes_the_memory_of_a_small_one() -> None:
    small, large = read_in_a_process(8), read_in_a_process(250)
    assert large["bytes"] > 1e9
    assert (large["tasks"], large["duration_s"]) == (250_000, 9.0)
    # The durations, 4 bytes a task, are all that grows: 1 MB, and what the allocator keeps for it.
    assert large["peak_mb"] < small["peak_mb"] + 8
