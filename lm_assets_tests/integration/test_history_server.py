"""A real History Server and the event-log reader, side by side on every log there is."""

import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lm_assets.collect.spark.event_log import local_event_log_parts, parse_event_log
from lm_assets.collect.spark.figures import ApplicationFigures
from lm_assets.collect.spark.history_server_figures import figures_from_answers
from lm_assets.gateways.engines.processes import free_port
from lm_assets.gateways.http.history_server import HistoryServer, UnknownApplicationError
from lm_assets.gateways.retrying import RetryPolicy
from lm_assets_tests.fakes.spark_events import (
    T0,
    application_end,
    event_lines,
    eventful_application,
)
from lm_assets_tests.fakes.spark_home import spark_home
from lm_assets_tests.integration.ended import end_for_certain

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1800)]

PROJECT = Path(__file__).parents[2]
# An application costs the server 0.2 s of CPU. With its own settings it costs several times that:
# it keeps 50 applications attached, and attaching one more goes through the handlers of all. The
# client asks for one after the other, for this server can lock itself up where more are read at
# once than it keeps.
FRUGAL = ("-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
EXTERNAL = (
    *("app-20200706201101-0003", "empty_eventlog", "eventlog_v2_local-1623876083964"),
    *("local-1422981780767", "streaming_eventlog.zstd"),
)


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of event logs: eventful, cut, in two attempts; all external and recorded ones."""
    folder = tmp_path_factory.mktemp("event_logs")
    whole = eventful_application("app-eventful")
    (folder / "app-eventful").write_bytes(event_lines(*whole))
    (folder / "app-cut").write_bytes(event_lines(*eventful_application("app-cut")[:-14]))
    first = eventful_application("app-twice", attempt="1")[:-9]
    (folder / "app-twice_1").write_bytes(event_lines(*first, application_end(T0 + 9_000)))
    (folder / "app-twice_2").write_bytes(
        event_lines(*eventful_application("app-twice", attempt="2"))
    )
    external = PROJECT.parent / "shared" / "data" / "spark" / "event_logs"
    for name in EXTERNAL:
        if (external / name).exists():
            (folder / name).symlink_to(external / name)
    for log in recorded_logs():
        (folder / log.name).symlink_to(log)
    return folder


def recorded_logs() -> list[Path]:
    """Every event log that the demo's campaigns recorded."""
    return sorted((PROJECT / "demo" / "campaigns").glob("**/eventlog/*"))


@pytest.fixture(scope="module")
def server(logs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HistoryServer]:
    """A real History Server that has listed all the logs."""
    java = shutil.which("java")
    if java is None:
        pytest.skip("no java: install a Java 17 runtime")
    port = free_port()
    options = {
        "spark.history.fs.logDirectory": logs.as_uri(),
        "spark.history.ui.port": str(port),
        "spark.history.fs.update.interval": "1s",
        "spark.history.retainedApplications": "2",
    }
    command = [java, *FRUGAL, *(f"-D{name}={value}" for name, value in options.items())]
    command += ["-cp", f"{spark_home()}/jars/*", "org.apache.spark.deploy.history.HistoryServer"]
    output = tmp_path_factory.mktemp("history_server") / "output.txt"
    url = f"http://127.0.0.1:{port}"
    with output.open("wb") as sink:
        environment = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1"}
        process = subprocess.Popen(command, stdout=sink, stderr=sink, env=environment)
        try:
            _await_listing(url, len(list(logs.iterdir())) - 1, process, output)
            history_server = HistoryServer(url, retry=RetryPolicy(attempts=2))
            yield history_server
            history_server.close()
        finally:
            end_for_certain(process)


def _await_listing(
    url: str, applications: int, process: subprocess.Popen[bytes], out: Path
) -> None:
    until = time.monotonic() + 400
    listed = 0
    while listed < applications:
        if process.poll() is not None or time.monotonic() > until:
            pytest.fail(f"{listed} of {applications} listed:\n{out.read_text()[-3_000:]}")
        time.sleep(0.3)
        try:
            with urllib.request.urlopen(f"{url}/api/v1/applications") as answer:
                listed = answer.read().count(b'"attempts"')
        except urllib.error.URLError:
            continue


def comparable(figures: ApplicationFigures) -> ApplicationFigures:
    """Figures without what speaks of the source itself."""
    partial = dict.fromkeys(figures.partial, "each source has its own words")
    return replace(figures, incomplete=(), notes=(), unrecorded=frozenset(), partial=partial)


def test_both_sources_give_the_same_figures_for_every_log(
    server: HistoryServer, logs: Path
) -> None:
    for log in sorted(logs.iterdir()):
        from_log = parse_event_log(local_event_log_parts(log))
        answers = server.read_application(from_log.app_id, from_log.attempt_id)
        assert comparable(figures_from_answers(answers)) == comparable(from_log), log.name
    assert len(recorded_logs()) >= 300


def test_everything_that_is_counted_apart_is_counted_apart(server: HistoryServer) -> None:
    figures = figures_from_answers(server.read_application("app-eventful"))
    # Counted by hand in the events of ``eventful_application``.
    assert (figures.tasks, figures.failed_tasks, figures.killed_tasks) == (12, 2, 2)
    assert (figures.speculative_tasks, figures.resubmitted_tasks) == (2, 1)
    assert (figures.jobs, figures.failed_jobs) == (2, 1)
    assert (figures.stages_run, figures.failed_stages, figures.skipped_stages) == (3, 2, 1)
    assert [executor.executor_id for executor in figures.executors] == ["1", "2", "3"]
    assert (figures.peak_cores, figures.duration_s) == (8, 10.0)
    # 0, 40, 60, 75, 85, 120 and 300 ms succeeded.
    assert figures.task_duration_p50_ms == 75.0
    assert figures.notes == (
        "1 speculative copies failed; not in failed_tasks",
        "22 bytes of memory were spilled, as 11 bytes on disk; shuffle_spill_pct is of the disk",
    )


def test_two_attempts_of_one_application_have_their_own_figures(server: HistoryServer) -> None:
    first, second = (
        figures_from_answers(server.read_application("app-twice", attempt))
        for attempt in ("1", "2")
    )
    assert (first.duration_s, second.duration_s) == (9.0, 10.0)
    assert (first.failed_jobs, second.failed_jobs) == (0, 1)
    assert server.application("app-twice").attempts[0].attempt_id == "2"


def test_an_application_without_end_is_marked_and_has_no_duration(server: HistoryServer) -> None:
    figures = figures_from_answers(server.read_application("app-cut"))
    assert figures.duration_s is None
    assert figures.incomplete == (
        "application is not completed: it is running, or its driver died",
    )


@pytest.mark.parametrize(
    ("app_id", "attempt_id"), [("app-nowhere", None), ("app-twice", "3"), ("../app", None)]
)
def test_what_the_server_does_not_know_is_named(
    server: HistoryServer, app_id: str, attempt_id: str | None
) -> None:
    with pytest.raises(UnknownApplicationError):
        server.read_application(app_id, attempt_id)
