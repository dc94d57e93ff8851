"""A process that ignores TERM is gone all the same."""

import subprocess
import sys

from lm_assets_tests.integration.ended import end_for_certain

DEAF = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "print(1, flush=True); time.sleep(600)"
)


def test_a_process_that_is_deaf_to_term_is_killed_and_reaped():
    process = subprocess.Popen([sys.executable, "-c", DEAF], stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process.stdout:
        process.stdout.readline()
        end_for_certain(process, grace_s=0.1)
    assert process.returncode == -9


def test_one_that_has_ended_is_reaped_once_more_without_harm():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    end_for_certain(process)
    assert process.returncode == 0
