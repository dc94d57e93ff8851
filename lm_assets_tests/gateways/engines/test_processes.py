"""Processes: when one was started, so that no other is taken for it, and how it is stopped."""

import os
import signal
import subprocess
import time
from datetime import UTC, datetime, timedelta

from lm_assets.gateways.engines.processes import started_at, undisturbed


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


def test_ctrl_c_waits_for_what_is_being_stopped():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with undisturbed():
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.01)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
