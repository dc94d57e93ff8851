"""History Server gateway on a fake server: every fault has a name, and nothing is guessed."""

import base64
import gzip
import json
import socket
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from lm_assets.gateways.http.faults import RemoteError, RemoteFault
from lm_assets.gateways.http.history_server import (
    HistoryServer,
    LoadingApplicationError,
    Patience,
    UnknownApplicationError,
)
from lm_assets.gateways.http.json_http import HttpLimits
from lm_assets.gateways.retrying import RetryPolicy
from lm_assets.model.errors import ConfigurationError
from lm_assets_tests.fakes.http_server import Answer, FakeServer, Request, serving

ATTEMPT = {"startTimeEpoch": 1_000, "endTimeEpoch": 61_000, "completed": True}
APPLICATION = {"id": "app-1", "name": "load", "attempts": [ATTEMPT]}
STAGE_SUMS = (
    *("executorRunTime", "executorCpuTime", "jvmGcTime", "memoryBytesSpilled"),
    *("diskBytesSpilled", "inputBytes", "inputRecords", "outputBytes", "outputRecords"),
    *("shuffleReadBytes", "shuffleReadRecords", "shuffleWriteBytes", "shuffleWriteRecords"),
)


def answer_json(value: Any, **told: Any) -> Answer:
    return Answer(body=json.dumps(value).encode(), **told)


def stage(stage_id: int, **changes: Any) -> dict[str, Any]:
    return {
        **dict.fromkeys(STAGE_SUMS, 0),
        "status": "COMPLETE",
        "stageId": stage_id,
        "attemptId": 0,
        "numCompleteTasks": 1,
        "numFailedTasks": 0,
        "numKilledTasks": 0,
        **changes,
    }


def task(task_id: int) -> dict[str, Any]:
    return {"taskId": task_id, "status": "SUCCESS", "speculative": False, "duration": 5}


def whole_api(*, tasks: int = 1, application: Any = APPLICATION) -> Callable[[Request], Answer]:
    """Answer as a History Server does that knows one application."""

    def answer(request: Request) -> Answer:
        path, _, query = request.target.partition("?")
        if path.endswith("taskList"):
            page = dict(pair.split("=") for pair in query.split("&"))
            first, length = int(page["offset"]), int(page["length"])
            return answer_json([task(i) for i in range(tasks)][first : first + length])
        answers = {
            "app-1": application,
            "stages": [stage(0, numCompleteTasks=tasks)],
            "jobs": [{"jobId": 0, "status": "SUCCEEDED"}],
            "allexecutors": [{"id": "driver", "isActive": True, "totalCores": 0, "addTime": "x"}],
            "environment": {"sparkProperties": [["spark.app.id", "app-1"]]},
        }
        return answer_json(answers.get(path.rsplit("/", 1)[-1], []))

    return answer


class Waits(list[float]):
    """Every wait that was asked for; nobody really waits."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


@contextmanager
def trickling(beginning: bytes) -> Iterator[str]:
    """Serve a beginning, and then a byte now and then until the client has enough."""
    listener = socket.create_server(("127.0.0.1", 0))
    stopping = threading.Event()

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, suppress(OSError):
                    connection.recv(65_536)
                    connection.sendall(beginning)
                    while not stopping.wait(0.02):
                        connection.sendall(b"1")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        stopping.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


@pytest.fixture
def waits() -> Waits:
    return Waits()


def connect(url: str, waits: Waits, *, attempts: int = 3, **limits: Any) -> HistoryServer:
    retry = RetryPolicy(attempts=attempts, first_delay_s=0.5, sleep=waits)
    return HistoryServer(url, retry=retry, limits=HttpLimits(**limits), tasks_per_page=10)


def fault_of(server: FakeServer, waits: Waits, **options: Any) -> RemoteError:
    history_server = connect(server.url, waits, **options)
    with pytest.raises(RemoteError) as caught:
        history_server.application("app-1")
    history_server.close()
    return caught.value


@pytest.mark.parametrize(
    ("told", "fault", "asked_times"),
    [
        pytest.param(Answer(status=500), RemoteFault.SERVER_ERROR, 3, id="500"),
        pytest.param(Answer(status=503), RemoteFault.OVERLOADED, 3, id="503"),
        pytest.param(Answer(status=429), RemoteFault.OVERLOADED, 3, id="429"),
        pytest.param(Answer(status=401), RemoteFault.REFUSED, 1, id="401"),
        pytest.param(Answer(body=b"<html>Sign in</html>"), RemoteFault.NOT_JSON, 1, id="HTML"),
        pytest.param(Answer(body=b""), RemoteFault.NOT_JSON, 1, id="nothing"),
        pytest.param(Answer(body=b'{"id":"app-1","na'), RemoteFault.CUT, 3, id="cut JSON"),
        pytest.param(
            Answer(body=b'{"id":"app-1"', declared_length=999), RemoteFault.CUT, 3, id="cut body"
        ),
        pytest.param(
            Answer(body=b"not gzip", headers={"Content-Encoding": "gzip"}),
            RemoteFault.CUT,
            3,
            id="damaged gzip",
        ),
        pytest.param(Answer(body=b'{"id":1}'), RemoteFault.UNEXPECTED_SHAPE, 1, id="other shape"),
        pytest.param(
            Answer(body=b'{"id":"a","name":"b","attempts":[{}]}'),
            RemoteFault.UNEXPECTED_SHAPE,
            1,
            id="field missing",
        ),
    ],
)
def test_each_fault_has_its_name_and_only_passing_ones_are_retried(
    told: Answer, fault: RemoteFault, asked_times: int, waits: Waits
) -> None:
    with serving(lambda _request: told) as server:
        error = fault_of(server, waits)
    assert (error.fault, len(server.requests)) == (fault, asked_times)
    assert f"GET /api/v1/applications/app-1: {fault}: " in str(error)


def test_a_fault_that_passes_is_not_seen(waits: Waits) -> None:
    told = iter([Answer(status=500), Answer(status=503), answer_json(APPLICATION)])
    with serving(lambda _request: next(told)) as server:
        history_server = connect(server.url, waits)
        assert history_server.application("app-1").id == "app-1"
        history_server.close()
    assert waits == [0.5, 1.0]


@pytest.mark.parametrize(
    ("header", "waited_s"),
    [("7", 7.0), ("9999", 60.0), ("-1", 0.5), ("nan", 0.5), ("Fri, 01 Jan 2027", 0.5)],
)
def test_retry_after_is_honoured_within_bounds(header: str, waited_s: float, waits: Waits) -> None:
    told = Answer(status=503, headers={"Retry-After": header})
    with serving(lambda _request: told) as server:
        fault_of(server, waits, attempts=2)
    assert waits == [waited_s]


def test_a_server_that_is_down_is_unreachable(waits: Waits) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = fault_of(FakeServer(lambda _request: Answer(), f"http://127.0.0.1:{port}"), waits)
    assert error.fault is RemoteFault.UNREACHABLE
    assert len(waits) == 2


def test_a_server_that_hangs_is_given_up(waits: Waits) -> None:
    released = threading.Event()
    with serving(lambda _request: Answer(before=released.wait)) as server:
        error = fault_of(server, waits, attempts=1, read_timeout_s=0.1)
        released.set()
    assert error.fault is RemoteFault.TIMED_OUT


def test_a_server_that_ignores_the_offset_is_found_out_at_the_second_page(waits: Waits) -> None:
    def answer(request: Request) -> Answer:
        if "taskList" in request.target:
            return answer_json([task(number) for number in range(10)])
        return whole_api(tasks=1_000)(request)

    with serving(answer) as server:
        history_server = connect(server.url, waits)
        with pytest.raises(RemoteError, match="unexpected_shape: tasks given twice at offset 10"):
            history_server.read_application("app-1")
        history_server.close()
        assert sum("taskList" in target for target in server.targets) == 2


def test_pages_that_never_end_are_left_at_the_deadline_of_the_application(waits: Waits) -> None:
    seconds = iter(range(1_000_000))

    def answer(request: Request) -> Answer:
        if "taskList" in request.target:
            first = int(request.target.split("offset=")[1].split("&")[0])
            return answer_json([task(first + number) for number in range(10)])
        return whole_api(tasks=1_000)(request)

    with serving(answer) as server:
        history_server = HistoryServer(
            server.url,
            tasks_per_page=10,
            application_deadline_s=20.0,
            monotonic_s=lambda: float(next(seconds)),
        )
        with pytest.raises(RemoteError, match="timed_out: not asked"):
            history_server.read_application("app-1")
        history_server.close()


@pytest.mark.parametrize(
    "location",
    [
        pytest.param("http://[", id="half an address"),
        pytest.param("http://caf\u00e9:1/", id="Latin-1"),
        pytest.param("//\u00ff\u00fe", id="bytes that are no UTF-8"),
        pytest.param("http://host:99999/", id="a port that is none"),
        pytest.param("http://" + "a" * 300 + "/", id="a host too long"),
        pytest.param("mailto:x", id="no web address"),
        pytest.param("http://%00/", id="NUL"),
    ],
)
def test_a_location_that_is_none_is_a_named_fault(location: str, waits: Waits) -> None:
    told = Answer(status=302, headers={"Location": location})
    with serving(lambda _request: told) as server:
        error = fault_of(server, waits, attempts=1)
    assert error.fault in {RemoteFault.REDIRECTED, RemoteFault.UNREADABLE}


def test_a_redirect_to_the_same_server_is_followed_with_the_credentials(waits: Waits) -> None:
    def answer(request: Request) -> Answer:
        if "moved" in request.target:
            return answer_json(APPLICATION)
        return Answer(status=302, headers={"Location": f"{server.url}/moved"})

    with serving(answer) as server:
        history_server = connect(server.url.replace("://", "://u:p%2Fw@"), waits)
        assert history_server.application("app-1").id == "app-1"
        history_server.close()
        sent = {request.headers.get("Authorization") for request in server.requests}
    assert sent == {"Basic " + base64.b64encode(b"u:p/w").decode()}


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nX-Slow: ", id="a header without end"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", id="a chunk's length"
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", id="a body without end"
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n", id="a body that ends with the connection"),
    ],
)
def test_whatever_trickles_in_ends_at_the_deadline(sent: bytes, waits: Waits) -> None:
    with trickling(sent) as url:
        history_server = connect(url, waits, attempts=3, deadline_s=0.4)
        with pytest.raises(RemoteError, match=r"timed_out: answer not complete after 0\.4 s"):
            history_server.application("app-1")
        history_server.close()


def test_a_server_that_drips_is_given_up_at_the_deadline(waits: Waits) -> None:
    told = Answer(body=b" ", repeat=10_000, drips_every_s=0.02)
    with serving(lambda _request: told) as server:
        error = fault_of(server, waits, attempts=1, deadline_s=0.2)
    assert (error.fault, error.detail) == (
        RemoteFault.TIMED_OUT,
        "answer not complete after 0.2 s",
    )


def test_an_answer_of_200_megabytes_is_bounded(waits: Waits) -> None:
    told = Answer(body=b" " * 2**20, repeat=200)
    tracemalloc.start()
    with serving(lambda _request: told) as server:
        error = fault_of(server, waits, max_answer_bytes=4 * 2**20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert error.fault is RemoteFault.TOO_LARGE
    assert peak < 24 * 2**20


def test_a_compressed_answer_is_bounded_by_what_it_becomes(waits: Waits) -> None:
    bomb = Answer(body=gzip.compress(bytes(64 * 2**20)), headers={"Content-Encoding": "gzip"})
    with serving(lambda _request: bomb) as server:
        error = fault_of(server, waits, max_answer_bytes=2**20)
    assert error.fault is RemoteFault.TOO_LARGE


def test_a_redirect_to_another_host_is_refused_and_not_followed(waits: Waits) -> None:
    with serving(lambda _request: answer_json(APPLICATION)) as other:
        told = Answer(status=302, headers={"Location": f"{other.url}/api"})
        with serving(lambda _request: told) as server:
            error = fault_of(server, waits)
    assert error.fault is RemoteFault.REDIRECTED
    assert other.requests == []


def test_a_redirect_on_the_same_host_is_followed_but_not_for_ever(waits: Waits) -> None:
    with serving(lambda _request: Answer(status=302, headers={"Location": "/again"})) as server:
        error = fault_of(server, waits)
    assert (error.fault, len(server.requests)) == (RemoteFault.REDIRECTED, 4)


def test_a_server_that_repeats_the_credentials_is_not_quoted(waits: Waits) -> None:
    def repeating(request: Request) -> Answer:
        return Answer(status=403, body=f"no: {request.headers['Authorization']}".encode())

    with serving(repeating) as server:
        url = server.url.replace("http://", "http://user:hunter2@")
        with pytest.raises(RemoteError) as refused:
            connect(url, waits).application("app-1")
    assert "Basic" not in str(refused.value)
    assert "which is not shown" in str(refused.value)


def test_credentials_in_the_url_are_never_told(waits: Waits) -> None:
    with serving(lambda _request: Answer(status=401)) as server:
        url = server.url.replace("http://", "http://user:hunter2@")
        with pytest.raises(RemoteError) as caught:
            connect(url, waits).application("app-1")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "history:18080", "", "http://", "http://["])
def test_only_http_urls_are_taken(url: str) -> None:
    with pytest.raises(ConfigurationError, match="must be http"):
        HistoryServer(url)


def test_an_unknown_application_is_a_state_of_its_own(waits: Waits) -> None:
    with serving(lambda _request: Answer(status=404, body=b"unknown app: app-1")) as server:
        history_server = connect(server.url, waits)
        with pytest.raises(UnknownApplicationError, match="'app-1' is unknown"):
            history_server.read_application("app-1")
        history_server.close()
    assert len(server.requests) == 1


@pytest.mark.parametrize("hostile", ["../../etc", "a/b?x=1#y", "a%2Fb"])
def test_an_application_id_cannot_leave_its_place_in_the_path(hostile: str, waits: Waits) -> None:
    with serving(lambda _request: Answer(status=404)) as server:
        history_server = connect(server.url, waits)
        with pytest.raises(UnknownApplicationError):
            history_server.application(hostile)
        history_server.close()
    (target,) = server.targets
    assert target.startswith("/api/v1/applications/")
    assert target.count("/") == 4
    assert "?" not in target


def test_an_application_that_appears_and_completes_later_is_waited_for(waits: Waits) -> None:
    running = {**APPLICATION, "attempts": [{**ATTEMPT, "completed": False}]}
    states = iter([Answer(status=404), answer_json(running), answer_json(APPLICATION)])
    api = whole_api()

    def answer(request: Request) -> Answer:
        return next(states) if request.target.endswith("/app-1") else api(request)

    with serving(answer) as server:
        history_server = connect(server.url, waits)
        patience = Patience(wait_s=10.0, sleep=waits)
        answers = history_server.read_application("app-1", patience=patience)
        history_server.close()
    assert answers.attempt.completed
    assert waits == [2.0, 2.0]


def test_an_application_that_never_completes_is_returned_as_not_completed(waits: Waits) -> None:
    running = {**APPLICATION, "attempts": [{**ATTEMPT, "completed": False}]}
    with serving(whole_api(application=running)) as server:
        history_server = connect(server.url, waits)
        patience = Patience(wait_s=5.0, sleep=waits)
        answers = history_server.read_application("app-1", patience=patience)
        history_server.close()
    assert not answers.attempt.completed
    assert waits == [2.0, 2.0, 2.0]


def test_an_application_that_is_listed_and_not_served_is_still_being_loaded(waits: Waits) -> None:
    api = whole_api()
    loaded = iter([False, True])

    def answer(request: Request) -> Answer:
        if request.target.endswith("/stages") and not next(loaded, True):
            return Answer(status=404, body=b"no such app")
        return api(request)

    with serving(answer) as server:
        history_server = connect(server.url, waits)
        answers = history_server.read_application(
            "app-1", patience=Patience(wait_s=10.0, sleep=waits)
        )
        history_server.close()
    assert answers.attempt.completed
    assert waits == [2.0]


def test_what_is_never_loaded_is_a_state_of_its_own(waits: Waits) -> None:
    api = whole_api()

    def answer(request: Request) -> Answer:
        return Answer(status=404) if request.target.endswith("/jobs") else api(request)

    with serving(answer) as server:
        history_server = connect(server.url, waits)
        with pytest.raises(LoadingApplicationError, match="is listed, but the History Server"):
            history_server.read_application("app-1")
        history_server.close()


@pytest.mark.parametrize("part", ["stages", "jobs", "allexecutors", "taskList"])
@pytest.mark.parametrize("times", [1, 9])
def test_an_application_dropped_while_it_is_read_is_read_again_or_said_to_be_torn(
    part: str, times: int, waits: Waits
) -> None:
    api = whole_api()
    dropped = iter([True] * times)

    def answer(request: Request) -> Answer:
        is_part = request.target.partition("?")[0].endswith(part)
        return answer_json([]) if is_part and next(dropped, False) else api(request)

    with serving(answer) as server:
        history_server = connect(server.url, waits)
        answers = history_server.read_application("app-1")
        history_server.close()
    assert answers.is_torn == (times > 1)


def test_a_server_out_of_reach_for_many_calls_is_left_alone(waits: Waits) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    history_server = connect(url, waits, attempts=1)
    details = []
    for _ in range(12):
        with pytest.raises(RemoteError) as caught:
            history_server.application("app-1")
        details.append(caught.value.detail)
    history_server.close()
    assert [detail.startswith("not asked: 10 calls in a row") for detail in details] == [
        *[False] * 10,
        True,
        True,
    ]


@pytest.mark.parametrize(("tasks", "pages"), [(0, 0), (9, 1), (10, 2), (25, 3)])
def test_task_rows_are_read_page_by_page_and_completely(
    tasks: int, pages: int, waits: Waits
) -> None:
    with serving(whole_api(tasks=tasks)) as server:
        history_server = connect(server.url, waits)
        answers = history_server.read_application("app-1")
        history_server.close()
    rows = answers.tasks.get((0, 0), [])
    assert [row.task_id for row in rows] == list(range(tasks))
    assert sum("taskList" in target for target in server.targets) == pages


def two_attempts() -> dict[str, Any]:
    attempts = [{**ATTEMPT, "attemptId": "2"}, {**ATTEMPT, "attemptId": "1", "endTimeEpoch": 9_000}]
    return {**APPLICATION, "attempts": attempts}


@pytest.mark.parametrize(("asked", "read"), [(None, "2"), ("1", "1"), ("2", "2")])
def test_two_attempts_of_one_application_are_two(
    asked: str | None, read: str, waits: Waits
) -> None:
    with serving(whole_api(application=two_attempts())) as server:
        history_server = connect(server.url, waits)
        answers = history_server.read_application("app-1", asked)
        history_server.close()
    assert answers.attempt.attempt_id == read
    assert f"/api/v1/applications/app-1/{read}/jobs" in server.targets


def test_an_attempt_that_is_not_there_is_unknown(waits: Waits) -> None:
    with serving(whole_api(application=two_attempts())) as server:
        history_server = connect(server.url, waits)
        with pytest.raises(UnknownApplicationError, match="no attempt '3', only 2, 1"):
            history_server.read_application("app-1", "3")
        history_server.close()


def test_no_more_calls_than_allowed_are_under_way_at_one_time(waits: Waits) -> None:
    under_way, most, lock = 0, 0, threading.Lock()
    all_in = threading.Barrier(3)

    def arrive() -> None:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        all_in.wait(timeout=10)
        with lock:
            under_way -= 1

    def answer(_request: Request) -> Answer:
        return answer_json(APPLICATION, before=arrive)

    with serving(answer) as server, ThreadPoolExecutor(12) as pool:
        history_server = connect(server.url, waits, max_concurrent=3)
        list(pool.map(history_server.application, ["app-1"] * 12))
        history_server.close()
    assert most == 3


def test_the_server_is_taken_from_the_environment_or_is_none() -> None:
    assert HistoryServer.from_environment({}) is None
    assert HistoryServer.from_environment({"LM_HISTORY_SERVER_URL": "http://h:18080"}) is not None
