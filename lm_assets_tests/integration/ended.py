"""Processes that tests start are ended for certain, whatever they make of the first signal."""

import signal
import subprocess


def end_for_certain(
    process: "subprocess.Popen[bytes] | subprocess.Popen[str]",
    *,
    first: int = signal.SIGTERM,
    grace_s: float = 20.0,
) -> None:
    """Send the first signal, then KILL, and wait until the process is gone and reaped."""
    if process.poll() is None:
        process.send_signal(first)
    try:
        process.wait(grace_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
