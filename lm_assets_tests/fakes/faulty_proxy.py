"""A TCP proxy before a real server that breaks connections the way networks and servers do."""

import socket
import threading
import time
from contextlib import suppress
from enum import Enum
from typing import Self


class Fault(Enum):
    """What becomes of one connection."""

    HANG_UP = "closed before the request is read"
    UNAVAILABLE = "answered 503 by something in between"
    NOT_XML = "answered 200 with something that is not S3"
    SILENT = "never answered"
    HALF = "the answer breaks off"
    ALTERED = "a byte of the sent content changes on the way"


_UNAVAILABLE = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_NOT_XML = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: 16\r\n"
    b"Connection: close\r\n\r\n<html>half of it"
)


class FaultyProxy:
    """Passes connections through, after breaking the first of them with the given faults."""

    def __init__(self, host: str, port: int, *faults: Fault, half_bytes: int = 2_000) -> None:
        self._upstream = (host, port)
        self.faults = list(faults)
        self._half_bytes = half_bytes
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets = [self._listener]
        self._threads: list[threading.Thread] = []

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        for connection in self._sockets:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        for thread in self._threads:
            thread.join(timeout=5)

    def _start(self, target: object, *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._sockets.append(client)
                fault = self.faults.pop(0) if self.faults else None
                self._start(self._serve, client, fault)

    def _serve(self, client: socket.socket, fault: Fault | None) -> None:
        with client, suppress(OSError):
            if fault is Fault.HANG_UP:
                return
            if fault in {Fault.UNAVAILABLE, Fault.NOT_XML}:
                client.recv(65_536)
                client.sendall(_UNAVAILABLE if fault is Fault.UNAVAILABLE else _NOT_XML)
                return
            if fault is Fault.SILENT:
                time.sleep(3)
                return
            with socket.create_connection(self._upstream) as server:
                self._sockets.append(server)
                self._start(_pump, client, server, None, fault is Fault.ALTERED)
                _pump(server, client, self._half_bytes if fault is Fault.HALF else None)


def _pump(
    source: socket.socket, target: socket.socket, budget: int | None, is_altered: bool = False
) -> None:
    """Copy until the source ends, or the budget of bytes is spent.

    What is altered is the last byte of a large piece, where content is and no header.
    """
    with suppress(OSError):
        while data := source.recv(65_536 if budget is None else min(budget, 65_536)):
            if is_altered and len(data) > 8_192:
                data = data[:-1] + bytes([data[-1] ^ 1])
            target.sendall(data)
            if budget is not None:
                budget -= len(data)
                if budget <= 0:
                    break
        target.shutdown(socket.SHUT_WR)
