"""The exporter's HTTP server: /metrics, a page for people, and two questions for a supervisor."""

from collections.abc import Callable, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from lm_assets.exporter.exposition import Exposition

_TEXT = "text/plain; charset=utf-8"
_EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"
# A client that stops reading must not hold its thread for ever.
_CLIENT_TIMEOUT_S = 10.0
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>lm exporter</title>
<h1>lm exporter</h1>
<p>What was judged last, and which alerts are open, for Prometheus.</p>
<ul><li><a href="/metrics">/metrics</a></li>
<li><a href="/-/healthy">/-/healthy</a>: the process answers</li>
<li><a href="/-/ready">/-/ready</a>: the warehouse can be read</li></ul></html>
"""


class ExporterServer(ThreadingHTTPServer):
    """Serves an exposition. Port 0 takes a free one; ``address`` says which.

    Scrapes take turns, so that two Prometheus servers cost the warehouse no more connections.
    """

    daemon_threads = True

    def __init__(self, exposition: Exposition, *, host: str, port: int) -> None:
        super().__init__((host, port), _Handler)
        self.exposition = exposition

    @property
    def address(self) -> str:
        """Return the address of the page."""
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}"


class _Handler(BaseHTTPRequestHandler):
    server: ExporterServer
    timeout = _CLIENT_TIMEOUT_S
    server_version = "lm-exporter"
    sys_version = ""

    def do_GET(self) -> None:
        pages: dict[str, Callable[[], None]] = {
            "/": self._page,
            "/metrics": self._metrics,
            "/-/healthy": self._healthy,
            "/-/ready": self._ready,
        }
        pages.get(self.path.partition("?")[0], self._unknown)()

    def _page(self) -> None:
        self._send(HTTPStatus.OK, "text/html; charset=utf-8", _PAGE.encode())

    def _healthy(self) -> None:
        self._send(HTTPStatus.OK, _TEXT, b"healthy\n")

    def _unknown(self) -> None:
        self._send(HTTPStatus.NOT_FOUND, _TEXT, b"not here; see /\n")

    def _metrics(self) -> None:
        answer = self.server.exposition.answer()
        if "gzip" in self.headers.get("Accept-Encoding", ""):
            headers = (("Content-Encoding", "gzip"),)
            self._send(HTTPStatus.OK, _EXPOSITION, *answer.compressed, headers=headers)
        else:
            self._send(HTTPStatus.OK, _EXPOSITION, *answer.plain)

    def _ready(self) -> None:
        exposition = self.server.exposition
        if exposition.is_ready():
            self._send(HTTPStatus.OK, _TEXT, b"ready\n")
        else:
            fault = f"not ready: {exposition.fault}\n".encode()
            self._send(HTTPStatus.SERVICE_UNAVAILABLE, _TEXT, fault)

    def _send(
        self,
        status: HTTPStatus,
        content_type: str,
        *body: bytes,
        headers: Sequence[tuple[str, str]] = (),
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(sum(map(len, body))))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        for part in body:
            self.wfile.write(part)

    def log_message(self, *_: Any) -> None:
        """Say nothing: a line for each scrape would bury what matters."""
