"""A time limit for an exchange as a whole, whatever the server does meanwhile.

The limits of sockets are for one read: a server that sends a byte of a header, of a chunk's length
or of compressed nothing every few seconds passes them all, for ever.
"""

import os
import socket
import threading
from contextlib import suppress
from typing import Any, Self

import requests
from requests.adapters import HTTPAdapter
from urllib3 import PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

_current = threading.local()


class Deadline:
    """Shuts the connections that its thread uses within the block when the time is up.

    What reads from them then sees an end of the data; ``is_over`` tells it from a true one. Only
    connections of a :class:`WatchedSession` are known.
    """

    def __init__(self, seconds: float) -> None:
        self.is_over = False
        self._watched: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(max(seconds, 0.0), self._end)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        _current.deadline = self
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        _current.deadline = None
        self._timer.cancel()
        with self._lock:
            for watched in self._watched:
                watched.close()
            self._watched.clear()

    def watch(self, connection: socket.socket) -> None:
        """Take a connection along."""
        # A second descriptor of the same connection: the first is taken over where TLS begins.
        watched = socket.socket(fileno=os.dup(connection.fileno()))
        with self._lock:
            self._watched.append(watched)
            if self.is_over:
                _shut(watched)

    def _end(self) -> None:
        with self._lock:
            self.is_over = True
            for watched in self._watched:
                _shut(watched)


def _shut(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _watch(connection: object) -> None:
    deadline: Deadline | None = getattr(_current, "deadline", None)
    if deadline is not None and isinstance(connection, socket.socket):
        deadline.watch(connection)


class _WatchedHttp(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        connection = super()._new_conn()
        _watch(connection)
        return connection

    def request(self, *given: Any, **named: Any) -> None:
        _watch(self.sock)  # one that is used again
        super().request(*given, **named)


class _WatchedHttps(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        connection = super()._new_conn()
        _watch(connection)
        return connection

    def request(self, *given: Any, **named: Any) -> None:
        _watch(self.sock)
        super().request(*given, **named)


class _WatchedHttpPool(HTTPConnectionPool):
    ConnectionCls = _WatchedHttp


class _WatchedHttpsPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedHttps


class _WatchedAdapter(HTTPAdapter):
    def init_poolmanager(self, *given: Any, **named: Any) -> None:
        super().init_poolmanager(*given, **named)
        _make_watched(self.poolmanager)

    def proxy_manager_for(self, *given: Any, **named: Any) -> Any:
        manager = super().proxy_manager_for(*given, **named)
        _make_watched(manager)
        return manager


def _make_watched(manager: PoolManager) -> None:
    manager.pool_classes_by_scheme = {"http": _WatchedHttpPool, "https": _WatchedHttpsPool}


class WatchedSession(requests.Session):
    """A session whose connections a :class:`Deadline` reaches, no more than so many at a time.

    It reads no ``Location``: requests does even where it is not to follow it, and an address that
    is none then raises before anybody can give the connection back.
    """

    def __init__(self, *, max_concurrent: int) -> None:
        super().__init__()
        adapter = _WatchedAdapter(pool_maxsize=max_concurrent, pool_block=True)
        self.mount("http://", adapter)
        self.mount("https://", adapter)

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002
        """Return None: whoever wants to follow looks for it."""
        return None
