"""Dagster's web server that answers no page of another site.

    python -m lm_assets.orchestration.web_server --host 127.0.0.1 --port 3000 -w workspace.yaml

It takes the options of ``dagster-webserver``. That one answers whoever can reach its port, by any
name, and takes mutations from the address of a GET: any page in a browser on this machine could
stop sensors by an image, and read everything by a name of its own that leads to 127.0.0.1.
"""

import os
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from dagster_webserver import app as webserver_app
from dagster_webserver.cli import cli
from dagster_webserver.webserver import DagsterWebserver

from lm_assets.model.addresses import DAGSTER_VARIABLE

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

_THIS_MACHINE = frozenset({"127.0.0.1", "localhost", "::1"})
_POLICY_VIOLATION = 1008


@dataclass(frozen=True, kw_only=True, slots=True)
class SameSite:
    """Which requests are of the web page itself: by the names it has, and by who sends them.

    ``public`` is its address behind a proxy (``LM_DAGSTER_URL``), empty where there is none.
    """

    public: str = ""

    def refusal(self, method: str, path: str, query: str, headers: Mapping[str, str]) -> str:
        """Return why a request is refused; empty where it is answered.

        Parameters
        ----------
        headers : mapping
            By lower-case name.
        """
        host = headers.get("host", "")
        public = urlsplit(self.public).netloc
        is_public = bool(public) and host == public
        if not is_public and _name_of(host) not in _THIS_MACHINE:
            return f"this server has no name {host!r}; {DAGSTER_VARIABLE} says its public one"
        origin = headers.get("origin")
        if origin is not None and origin.partition("://")[2] not in {host, public} - {""}:
            return f"a page of {origin!r} has no business here"
        if method in ("GET", "HEAD") and path.endswith("/graphql") and "query" in parse_qs(query):
            return "GraphQL is asked by POST: the address of a GET can be an image of any page"
        return ""


def public_address(environment: Mapping[str, str]) -> str:
    """Return the web page's address behind a proxy; empty where it has none.

    Raises
    ------
    SystemExit
        Where it is no web address: no request could ever be answered under it.
    """
    said = environment.get(DAGSTER_VARIABLE, "").strip()
    try:
        parts = urlsplit(said)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_address = False
    if said and not is_address:
        raise SystemExit(
            f"{DAGSTER_VARIABLE} is no web address; it should look like https://dagster.example.com"
        )
    return said


def _name_of(host: str) -> str | None:
    """Return the name in a ``Host`` header; None where there is none to be read."""
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


class SameSiteGuard:
    """Refuses what `SameSite` refuses, requests and web sockets alike."""

    def __init__(self, app: Application, site: SameSite) -> None:
        self._app, self._site = app, site

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer, or refuse."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): v.decode("latin-1") for name, v in scope["headers"]}
        query = scope["query_string"].decode("latin-1")
        why = self._site.refusal(scope.get("method", ""), scope["path"], query, headers)
        if not why:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION, "reason": why[:100]})
        else:
            kind = [(b"content-type", b"text/plain; charset=utf-8")]
            await send({"type": "http.response.start", "status": 403, "headers": kind})
            await send({"type": "http.response.body", "body": f"{why}\n".encode()})


class GuardedWebserver(DagsterWebserver):
    """Dagster's application behind the guard."""

    def create_asgi_app(self, **options: Any) -> Application:  # type: ignore[override]
        """Return Dagster's own application, which is asked only what is not refused."""
        site = SameSite(public=public_address(os.environ))
        return SameSiteGuard(super().create_asgi_app(**options), site)


def main() -> None:
    """Run Dagster's own command with the guarded application."""
    webserver_app.DagsterWebserver = GuardedWebserver  # type: ignore[attr-defined]
    cli(prog_name="python -m lm_assets.orchestration.web_server")


if __name__ == "__main__":
    main()
