"""Start Spark applications so that little disturbs them and little of the machine shows in them."""

import contextlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import settings
from plan import Recording
from tables import DAILY

HERE = Path(__file__).resolve().parent
RUN_TIME_LIMIT_S = 300
EXIT_CODE_OF_A_TIMEOUT = 124


def application(recording: Recording, version: str, *arguments: str) -> int:
    """Run `workloads.py` under one Spark version on one core; return its exit code.

    The environment is emptied and every folder is below the root, so that a recorded event log
    tells nothing else about the machine. Returns when the last process of the application is gone:
    a JVM still on its way out would slow the next run.
    """
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(recording.root),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_HOSTNAME": "localhost",
        "SPARK_USER": "lm-demo",
    }
    with (recording.root / "application.log").open("wb") as log:
        process = subprocess.Popen(
            [recording.interpreters[version], "workloads.py", *arguments],
            cwd=recording.root,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=lambda: _come_first(recording.cpu, recording.nice),  # noqa: PLW1509 (one thread)
        )
        try:
            exit_code = process.wait(timeout=RUN_TIME_LIMIT_S)
        except subprocess.TimeoutExpired:
            exit_code = EXIT_CODE_OF_A_TIMEOUT
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    _wait_for_group(process.pid)
    return exit_code


@contextlib.contextmanager
def neighbour(recording: Recording) -> Iterator[None]:
    """Let another program compute on the same core, at the same priority, all the while."""
    process = subprocess.Popen(
        [sys.executable, "-c", "while True: pass"],
        start_new_session=True,
        preexec_fn=lambda: _come_first(recording.cpu, recording.nice),  # noqa: PLW1509 (one thread)
    )
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _come_first(cpu: int, nice: int) -> None:
    """Pin this process to one core and put it before other work there."""
    os.sched_setaffinity(0, {cpu})
    os.setpriority(os.PRIO_PROCESS, 0, nice)
    # Linux weighs sessions first and processes within a session after that (autogroups): without
    # this line, niceness would not count against work that was started from another terminal.
    autogroup = Path("/proc/self/autogroup")
    if autogroup.exists():
        autogroup.write_text(str(nice))


def _wait_for_group(group: int, limit_s: float = 60.0) -> None:
    """Return when no process of the group is left; end those that outlive the limit."""
    give_up_at = time.monotonic() + limit_s
    while True:
        try:
            os.killpg(group, 0 if time.monotonic() < give_up_at else signal.SIGKILL)
        except ProcessLookupError:
            return
        time.sleep(0.05)


def prepare(recording: Recording) -> None:
    """Make the input data and one archive of loaded classes per Spark version, where missing."""
    for folder in ("data", "tmp", "eventlog"):
        (recording.root / folder).mkdir(parents=True, exist_ok=True)
    for name in ("workloads.py", "tables.py"):
        shutil.copyfile(HERE / name, recording.root / name)
    oldest = min(recording.interpreters)
    if not (recording.root / "data" / "row_counts.json").exists():
        _succeed(recording, oldest, "generate", "--data", "data")
    for version in recording.interpreters:
        archive = settings.class_archive(recording.root, version)
        if not archive.exists():
            options = settings.of_run(
                operation="join", change=None, root=recording.root, version=version
            )
            key = "spark.driver.extraJavaOptions"
            options[key] = options[key].replace("SharedArchiveFile", "ArchiveClassesAtExit")
            _succeed(recording, version, *workload_arguments(recording, "join", "250k", options))
            print(f"classes of Spark {version}: {archive.stat().st_size / 1e6:.0f} MB", flush=True)
    empty(recording.root / "eventlog")


def _succeed(recording: Recording, version: str, *arguments: str) -> None:
    """Run an application that the recording cannot do without."""
    exit_code = application(recording, version, *arguments)
    if exit_code:
        log = recording.root / "application.log"
        raise SystemExit(f"Spark {version} {arguments[0]}: exit code {exit_code}; see {log}")


def workload_arguments(
    recording: Recording, operation: str, size: str, options: dict[str, str]
) -> list[str]:
    """Write the settings file of a run and return the arguments that start it."""
    (recording.root / "settings.json").write_text(json.dumps(options, indent=1))
    (recording.root / "result.json").unlink(missing_ok=True)
    names = {"--operation": operation, "--size": size, "--settings": "settings.json"}
    names |= {"--data": "data", "--out": "out", "--result": "result.json"}
    return ["run", *itertools.chain.from_iterable(names.items())]


def point_to_table(recording: Recording, table: str) -> None:
    """Let the name of the daily table lead to the table of the night."""
    name = recording.root / "data" / f"sales-{DAILY}"
    name.unlink(missing_ok=True)
    name.symlink_to(table)


def empty(folder: Path) -> None:
    """Remove what a stopped recording left in a folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
