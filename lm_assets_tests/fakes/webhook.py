"""A real HTTP server on the loopback that takes, refuses or delays messages as a test says."""

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What the server says to one request; ``None`` as status hangs up without a word."""

    status: int | None = 200
    body: bytes = b"ok"
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    path: str
    headers: Mapping[str, str]
    body: bytes


class WebhookServer:
    """Gives the answers in turn, then ``200 ok`` for ever; remembers what it received."""

    def __init__(self, *answers: Answer) -> None:
        self.received: list[Received] = []
        self._answers = list(answers)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def _next(self, received: Received) -> Answer:
        self.received.append(received)
        return self._answers.pop(0) if self._answers else Answer()

    def _handler(self) -> Callable[..., Any]:
        take = self._next

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answer = take(Received(path=self.path, headers=dict(self.headers), body=body))
                time.sleep(answer.delay_s)
                if answer.status is None:
                    return
                self.send_response(answer.status)
                for name, value in {
                    "Content-Length": str(len(answer.body)),
                    **answer.headers,
                }.items():
                    self.send_header(name, value)
                # The client may have had enough before the end.
                with suppress(ConnectionError):
                    self.end_headers()
                    self.wfile.write(answer.body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler
