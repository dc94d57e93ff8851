"""Runs that nobody watches any more: their process is gone, and so is the server that started it.

A code server reports the end of the processes that it started, however they end. When it was
killed together with them (the machine went down, the whole platform was killed), nobody does:
Dagster's run monitoring asks the launcher, and the default launcher cannot tell. Such a run would
stay started for ever, and no other run of its campaign could begin.
"""

import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg

from lm_assets.gateways.engines.processes import started_at

MACHINE_TAG = "lm_assets/machine"
_SERVER_TAG = ".dagster/grpc_info"
# A process younger than the run has been given the number of one that ended.
_CLOCK_STEP = timedelta(seconds=60)
_CONNECT_TIMEOUT_S = 5.0


def lost_runs(instance: dg.DagsterInstance) -> Iterator[tuple[dg.DagsterRun, int]]:
    """Give each run that can never end by itself, with the number of the process it had.

    Only runs of code servers on this machine, and in this container, are looked at: those whose
    Unix socket is here, or was while the run was under way. Elsewhere a number says nothing of a
    process.
    """
    here = _this_machine()
    for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])):
        address = json.loads(run.tags.get(_SERVER_TAG, "{}")).get("socket")
        if address is None:
            continue
        if _answers(address):
            if run.tags.get(MACHINE_TAG) != here:
                instance.add_run_tags(run.run_id, {MACHINE_TAG: here})
            continue
        is_of_here = Path(address).exists() or run.tags.get(MACHINE_TAG) == here
        worker = _worker(instance, run.run_id)
        if not is_of_here or worker is None or _runs(*worker):
            continue
        # It may have ended while it was looked at.
        now = instance.get_run_by_id(run.run_id)
        if now is not None and now.status is dg.DagsterRunStatus.STARTED:
            yield now, worker[0]


def _this_machine() -> str:
    """Return the name of this machine and of the processes that can be seen from here.

    That of a machine outlives a restart, that of a container does not.
    """
    try:
        seen = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        seen = ""
    return f"{socket.gethostname()} {seen}".strip()


def _worker(instance: dg.DagsterInstance, run_id: str) -> tuple[int, datetime] | None:
    """Return the number of the run's process, and a moment at which it was running."""
    for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.ENGINE_EVENT):
        event = entry.dagster_event
        pid = event.engine_event_data.metadata.get("pid") if event else None
        if pid is not None:
            return int(str(pid.value)), datetime.fromtimestamp(entry.timestamp, UTC)
    return None


def _runs(pid: int, seen: datetime) -> bool:
    started = started_at(pid)
    return started is not None and started <= seen + _CLOCK_STEP


def _answers(address: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(_CONNECT_TIMEOUT_S)
        try:
            probe.connect(address)
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        except TimeoutError:
            # It listens and is busy.
            return True
    return True
