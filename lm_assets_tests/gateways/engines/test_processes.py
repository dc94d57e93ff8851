"""When a process was started, so that another with its number is not taken for it."""

import os
import subprocess
from datetime import UTC, datetime, timedelta

from lm_assets.gateways.engines.processes import started_at


def test_a_running_process_was_started_when_it_was():
    before = datetime.now(UTC)
    with subprocess.Popen(["sleep", "60"]) as process:
        started = started_at(process.pid)
        process.kill()
    assert started is not None
    assert abs(started - before) < timedelta(seconds=10)


def test_this_process_was_started_in_the_past():
    started = started_at(os.getpid())
    assert started is not None
    assert started < datetime.now(UTC) + timedelta(seconds=2)


def test_a_process_that_has_ended_has_no_start():
    with subprocess.Popen(["true"]) as process:
        process.wait()
    assert started_at(process.pid) is None
