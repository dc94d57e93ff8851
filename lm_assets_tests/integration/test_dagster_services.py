"""Dagster's processes end with the command that started them, and leave none behind."""

import os
import signal
import stat
import time
from pathlib import Path

import pytest

from lm_assets.gateways import dagster_services
from lm_assets.gateways.dagster_services import DagsterHome, DagsterServices

pytestmark = pytest.mark.integration

# Ends at TERM and leaves a child that does not.
_DAEMON = """#!/bin/sh
sh -c 'trap "" TERM; echo $$ > {child}; while :; do sleep 0.1; done' &
trap 'exit 0' TERM
while :; do sleep 0.1; done
"""


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "(sh) Z" not in Path(f"/proc/{pid}/stat").read_text()


def test_what_a_service_has_started_and_left_is_ended_with_it(tmp_path, monkeypatch):
    child, program = tmp_path / "child", tmp_path / "daemon"
    program.write_text(_DAEMON.format(child=child))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(dagster_services, "installed_script", lambda _: str(program))
    monkeypatch.setattr(dagster_services, "STOP_GRACE_SECONDS", 1)
    (tmp_path / "logs").mkdir()
    home = DagsterHome(
        directory=tmp_path, workspace=tmp_path / "workspace.yaml", logs=tmp_path / "logs"
    )
    services = DagsterServices(home, {"PATH": os.environ["PATH"]})
    services.start_daemon()
    deadline = time.monotonic() + 20
    while not (child.exists() and child.read_text().strip()) and time.monotonic() < deadline:
        time.sleep(0.02)
    pid = int(child.read_text())
    try:
        assert is_running(pid)
        services.stop()
        assert not is_running(pid)
    finally:
        if is_running(pid):
            os.kill(pid, signal.SIGKILL)
