"""Servers that answer with bytes of a test's choice, read by the gateways' own decoding."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from lm_assets.collect.collection_config import parse_collection_config
from lm_assets.collect.run_sources import Servers
from lm_assets.gateways.http.history_server import HistoryServer
from lm_assets.gateways.http.json_http import decoded
from lm_assets.gateways.http.prometheus import Prometheus
from lm_assets_tests.fuzz.one_of_fifty import settings

T = TypeVar("T")
Answering = Callable[[str, Mapping[str, Any]], bytes]


class _Answers:
    """Takes the place of the connection; what it gives is decoded as what came over one."""

    def __init__(self, answer: Answering) -> None:
        self._answer = answer

    def get(self, path: str, params: Mapping[str, Any] | None = None, *, answer: type[T]) -> T:
        return decoded(f"GET /{path}", self._answer(path, params or {}), answer)

    def quotable(self, said: str) -> str:
        return said

    def post_form(self, path: str, form: Mapping[str, Any], *, answer: type[T]) -> T:
        return decoded(f"POST /{path}", self._answer(path, form), answer)


def prometheus_that(answer: Answering) -> Servers:
    """Return servers of which Prometheus answers so."""
    server = Prometheus("http://127.0.0.1:9")
    server.close()
    server._http = _Answers(answer)  # type: ignore[assignment]
    config = parse_collection_config(settings().collection).prometheus
    return Servers(prometheus=server, prometheus_config=config)


def history_server_that(answer: Answering) -> Servers:
    """Return servers of which the History Server answers so, in pages of ten tasks."""
    server = HistoryServer("http://127.0.0.1:9", tasks_per_page=10)
    server.close()
    server._http = _Answers(answer)  # type: ignore[assignment]
    return Servers(history_server=server)
