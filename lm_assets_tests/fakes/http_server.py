"""A real HTTP server in a thread that answers what a test tells it to."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What was asked."""

    method: str
    target: str
    body: str
    headers: dict[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What to answer; ``declared_length`` lies about the length, ``before`` runs first."""

    body: bytes = b"[]"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    declared_length: int | None = None
    before: Callable[[], object] = bool
    drips_every_s: float | None = None
    repeat: int = 1


@dataclass(slots=True)
class FakeServer:
    """Answers by ``answer``, and keeps every request."""

    answer: Callable[[Request], Answer]
    url: str = ""
    requests: list[Request] = field(default_factory=list)

    @property
    def targets(self) -> list[str]:
        """Paths with queries, in order of arrival."""
        return [request.target for request in self.requests]


@contextmanager
def serving(answer: Callable[[Request], Answer]) -> Iterator[FakeServer]:
    """Serve on a free port of this machine for as long as the block lasts."""
    fake = FakeServer(answer)
    stopping = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Headers and body leave in two writes; the second would wait 40 ms for the first.
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            request = Request(
                method=self.command,
                target=self.path,
                body=self.rfile.read(length).decode(),
                headers=dict(self.headers),
            )
            fake.requests.append(request)
            told = fake.answer(request)
            told.before()
            try:
                self._send(told)
            except (BrokenPipeError, ConnectionResetError):
                # The client had enough: that is what some tests are about.
                self.close_connection = True

        do_POST = do_GET  # noqa: N815 - the standard library chose the name

        def _send(self, told: Answer) -> None:
            length = told.declared_length
            length = len(told.body) * told.repeat if length is None else length
            self.send_response(told.status)
            for name, value in told.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(length))
            self.end_headers()
            for _ in range(told.repeat):
                self.wfile.write(told.body)
                self.wfile.flush()
                if told.drips_every_s is not None and stopping.wait(told.drips_every_s):
                    break
            self.close_connection = told.declared_length is not None

        def log_message(self, *arguments: object) -> None:
            """Keep the tests' output clean."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

    server = Server(("127.0.0.1", 0), Handler)
    fake.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield fake
    finally:
        stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()
